// sojourn send FILE PEER PORT: a file over a stream, with a progress bar on a terminal. It is done when the peer has read all of it.

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import type { Endpoint } from '../node/endpoint.ts'
import { type Peer, parsePeer } from '../node/peer.ts'
import { Journey } from './journey.ts'
import { notes } from './notes.ts'
import { roundMs } from './output.ts'
import { countOption, openEndpoint, type PlaceFlags, portOption, withPlace } from './place.ts'
import { formatBytes, formatRate, Progress } from './progress.ts'

interface SendFlags extends PlaceFlags {
  readonly timeout: number
}

/** The command `send`. */
export function sendCommand(stop: AbortSignal): Command {
  const command = new Command('send')
    .description('send a file to a peer that runs "sojourn receive"')
    .argument('<file>', 'file, or - for stdin')
    .argument('<peer>', 'HIT@ADDR:PORT or HIT@[IPV6]:PORT, more places after commas')
    .argument('<port>', 'port inside the association', portOption)
    .option('--timeout <ms>', 'how long to wait for the association', countOption, 5_000)
    .addHelpText('after', '\nExample:\n  sojourn send picture.jpg HIT@192.0.2.1:10500 7')
  return withPlace(command).action(async (file: string, peer: string, port: number, flags: SendFlags) => {
    const to = parsePeer(peer)
    // A file that is not there is told before anybody is bothered.
    const total = file === '-' ? undefined : (await stat(file)).size
    const endpoint = await openEndpoint(flags, stop)
    try {
      await send(endpoint, { file, total }, to, port, flags, stop)
    } finally {
      await endpoint.close()
    }
  })
}

async function send(
  endpoint: Endpoint,
  { file, total }: { readonly file: string; readonly total: number | undefined },
  peer: Peer,
  port: number,
  flags: SendFlags,
  signal: AbortSignal,
): Promise<void> {
  const out = notes(flags.json ?? false)
  const journey = new Journey(endpoint, peer.hit)
  const stream = endpoint.connect(peer, port, { timeoutMs: flags.timeout })
  const source = file === '-' ? process.stdin : createReadStream(file)
  const progress = new Progress(journey, total, () => stream.bytesWritten)
  // The receiver ends its direction when it has kept everything: what it says before is of no interest.
  stream.resume()
  const kept = new Promise<void>((resolve, reject) => stream.once('end', resolve).once('error', reject))
  kept.catch(() => undefined)
  let path: string | undefined
  stream.once('connect', () => {
    path = journey.path
  })
  try {
    await pipeline(source, stream, { signal })
    await kept
  } finally {
    progress.stop()
  }
  const { bytesWritten: bytes } = stream
  const ms = progress.elapsedMs
  const moved = journey.moves === 0 ? '' : `, ${journey.moves} moves`
  out.line(`${file}: ${formatBytes(bytes)} to ${peer.hit}, ${formatRate(bytes, ms)}${moved}`, {
    bytes,
    ms: roundMs(ms),
    hit: peer.hit,
    port,
    path: journey.path ?? path ?? null,
    moves: journey.moves,
  })
}
