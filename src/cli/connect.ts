// sojourn connect PEER PORT: stdin goes to a stream, what comes from it to stdout, as with nc.

import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import type { Endpoint } from '../node/endpoint.ts'
import { type Peer, parsePeer } from '../node/peer.ts'
import { Journey } from './journey.ts'
import { notes } from './notes.ts'
import { countOption, openEndpoint, type PlaceFlags, portOption, withPlace } from './place.ts'

interface ConnectFlags extends PlaceFlags {
  readonly timeout: number
}

/** The command `connect`. */
export function connectCommand(stop: AbortSignal): Command {
  const command = new Command('connect')
    .description('a stream to a port of a peer: from stdin, to stdout')
    .argument('<peer>', 'HIT@ADDR:PORT or HIT@[IPV6]:PORT, more places after commas')
    .argument('<port>', 'port inside the association', portOption)
    .option('--timeout <ms>', 'how long to wait for the association', countOption, 5_000)
    .addHelpText(
      'after',
      '\nExamples:\n  echo hello | sojourn connect HIT@192.0.2.1:10500 7\n  sojourn connect HIT@192.0.2.1:10500 7 --json 2>log',
    )
  return withPlace(command).action(async (peer: string, port: number, flags: ConnectFlags) => {
    const endpoint = await openEndpoint(flags, stop)
    try {
      await connect(endpoint, parsePeer(peer), port, flags, stop)
    } finally {
      await endpoint.close()
    }
  })
}

async function connect(
  endpoint: Endpoint,
  peer: Peer,
  port: number,
  flags: ConnectFlags,
  stop: AbortSignal,
): Promise<void> {
  const out = notes(flags.json ?? false)
  const journey = new Journey(endpoint, peer.hit)
  const stream = endpoint.connect(peer, port, { timeoutMs: flags.timeout })
  stop.addEventListener('abort', () => stream.destroy(), { once: true })
  const path = stream.opened.then(() => journey.path).catch(() => undefined)
  const sending = pipeline(process.stdin, stream, { end: true })
  // A terminal stays open when the peer has ended: nobody waits for more to be typed.
  if (process.stdin.isTTY) stream.once('end', () => stream.end())
  const receiving = pipeline(stream, process.stdout, { end: false })
  try {
    await Promise.all([receiving, process.stdin.isTTY ? undefined : sending])
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    sending.catch(() => undefined)
    process.stdin.destroy()
    const { bytesWritten: sent, bytesRead: received } = stream
    out.line(undefined, { sent, received, hit: peer.hit, port, path: (await path) ?? null, moves: journey.moves })
  }
}
