// sojourn receive PORT: takes one stream and writes it to stdout or to a file; what "sojourn send" sends to.

import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { formatLocator } from '../base/address.ts'
import type { Endpoint } from '../node/endpoint.ts'
import { SojournError } from '../node/errors.ts'
import type { SojournStream } from '../node/stream.ts'
import { Journey } from './journey.ts'
import { notes } from './notes.ts'
import { roundMs } from './output.ts'
import { openEndpoint, type PlaceFlags, portOption, withPlace } from './place.ts'
import { formatBytes, formatRate, Progress } from './progress.ts'

interface ReceiveFlags extends PlaceFlags {
  readonly out?: string
  readonly from?: string
}

/** The command `receive`. */
export function receiveCommand(stop: AbortSignal): Command {
  const command = new Command('receive')
    .description('take one stream, and write it to stdout')
    .argument('<port>', 'port inside the association', portOption)
    .option('--out <file>', 'write it to a new file instead')
    .option('--from <hit>', 'take it from this peer only')
    .addHelpText('after', '\nExample:\n  sojourn receive 7 > picture.jpg')
  return withPlace(command).action(async (port: number, flags: ReceiveFlags) => {
    const endpoint = await openEndpoint(flags, stop)
    try {
      await receive(endpoint, port, flags, stop)
    } finally {
      await endpoint.close()
    }
  })
}

async function receive(endpoint: Endpoint, port: number, flags: ReceiveFlags, signal: AbortSignal): Promise<void> {
  const out = notes(flags.json ?? false)
  const allow = flags.from === undefined ? undefined : [flags.from]
  const listener = endpoint.listen(port, { allow, signal })
  const { hit, peer, locator } = endpoint
  out.line(`sojourn send FILE ${peer} ${port}`, { hit, port, locator: formatLocator(locator), peer })
  const stream = await first(listener)
  if (stream === undefined) return
  const journey = new Journey(endpoint, stream.remoteAddress)
  const progress = new Progress(journey, undefined, () => stream.bytesRead)
  try {
    await keep(stream, flags.out, signal)
    stream.end()
  } catch (error) {
    // The sender takes an end for success.
    stream.resetAndDestroy()
    throw error
  } finally {
    progress.stop()
  }
  const { bytesRead: bytes, remoteAddress: from } = stream
  const ms = progress.elapsedMs
  out.line(`${formatBytes(bytes)} from ${from}, ${formatRate(bytes, ms)}`, {
    bytes,
    ms: roundMs(ms),
    hit: from,
    port,
    path: journey.path ?? null,
    moves: journey.moves,
  })
}

async function first(
  listener: AsyncIterable<SojournStream> & { close(): Promise<void> },
): Promise<SojournStream | undefined> {
  for await (const stream of listener) {
    await listener.close()
    return stream
  }
  return undefined
}

/** Resolves when every byte is written. */
async function keep(stream: SojournStream, file: string | undefined, signal: AbortSignal): Promise<void> {
  if (file === undefined) return pipeline(stream, process.stdout, { end: false, signal })
  try {
    await pipeline(stream, createWriteStream(file, { flags: 'wx' }), { signal })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw new SojournError('ERR_SOJOURN_ARGUMENT', `${file} is there already: name a new file`)
  }
}
