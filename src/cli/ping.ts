// sojourn ping PEER: an echo inside an association, answered by every endpoint (DESIGN §8).

import { Command } from 'commander'
import { formatLocator } from '../base/address.ts'
import type { Association } from '../node/association.ts'
import { messageOf } from '../node/errors.ts'
import { type Peer, parsePeer } from '../node/peer.ts'
import { EXIT } from './exit.ts'
import { pause } from './kindly.ts'
import { type Printer, printer, roundMs } from './output.ts'
import { countOption, openEndpoint, type PlaceFlags, withPlace } from './place.ts'

interface PingFlags extends PlaceFlags {
  readonly count: number
  readonly interval: number
  readonly timeout: number
}

/** The command `ping`. */
export function pingCommand(stop: AbortSignal): Command {
  const command = new Command('ping')
    .description('ask a peer whether it is there')
    .argument('<peer>', 'HIT@ADDR:PORT or HIT@[IPV6]:PORT, more places after commas')
    .option('-c, --count <n>', 'how many times', countOption, 4)
    .option('-i, --interval <ms>', 'time between two', countOption, 1_000)
    .option('--timeout <ms>', 'how long to wait for the association', countOption, 5_000)
    .addHelpText(
      'after',
      '\nExamples:\n  sojourn ping 2001:25:9952:e1b6:84ad:ea37:f69b:e377@192.0.2.1:10500 -c 3\n' +
        '  sojourn ping 2001:25:9952:e1b6:84ad:ea37:f69b:e377@[2001:db8::1]:10500 --json',
    )
  return withPlace(command).action((peer: string, flags: PingFlags) => ping(parsePeer(peer), flags, stop))
}

async function ping(peer: Peer, flags: PingFlags, stop: AbortSignal): Promise<void> {
  const out = printer(flags.json ?? false)
  const endpoint = await openEndpoint(flags, stop)
  try {
    const options = { signal: stop, timeoutMs: flags.timeout }
    const association = await endpoint.associate(peer, options).catch((error: unknown) => {
      // The last line for machines is the summary, whatever happened (DESIGN §10).
      if (out.json) summarise(peer, { sent: 0, rtts: [], paths: new Set() }, out)
      throw error
    })
    const tally = await pingAll(association, flags, out, stop)
    summarise(peer, tally, out)
    if (tally.rtts.length === 0) process.exitCode = EXIT.unreachable
  } finally {
    await endpoint.close()
  }
}

interface Tally {
  sent: number
  readonly rtts: number[]
  readonly paths: Set<string>
}

async function pingAll(association: Association, flags: PingFlags, out: Printer, stop: AbortSignal): Promise<Tally> {
  const tally: Tally = { sent: 0, rtts: [], paths: new Set() }
  const answers: Promise<void>[] = []
  for (let sequence = 1; sequence <= flags.count && !stop.aborted; sequence++) {
    tally.sent++
    answers.push(pingOnce(association, sequence, tally, out))
    if (sequence < flags.count) await pause(flags.interval, stop)
  }
  await Promise.all(answers)
  return tally
}

async function pingOnce(association: Association, sequence: number, tally: Tally, out: Printer): Promise<void> {
  try {
    const pong = await association.ping()
    const rttMs = roundMs(pong.rttMs)
    const path = pong.path === undefined ? '?' : formatLocator(pong.path)
    tally.rtts.push(pong.rttMs)
    tally.paths.add(path)
    out.line(`answer from ${path}: sequence ${sequence}, ${rttMs.toFixed(2)} ms`, { sequence, rttMs, path })
  } catch (error) {
    out.line(`sequence ${sequence}: ${messageOf(error)}`, undefined)
  }
}

function summarise(peer: Peer, tally: Tally, out: Printer): void {
  const { sent, rtts } = tally
  const sorted = [...rtts].sort((a, b) => a - b)
  const received = sorted.length
  const lost = sent - received
  const at = (share: number): number | null => {
    // Nearest rank.
    const value = sorted[Math.max(0, Math.ceil(share * received) - 1)]
    return value === undefined ? null : roundMs(value)
  }
  const [p50Ms, p99Ms] = [at(0.5), at(0.99)]
  const times = p50Ms === null || p99Ms === null ? '' : `, median ${p50Ms.toFixed(2)} ms, 99 % ${p99Ms.toFixed(2)} ms`
  const text = `${peer.hit}: ${sent} sent, ${received} answered, ${lost} lost${times}`
  out.line(text, { sent, received, lost, p50Ms, p99Ms, hit: peer.hit, paths: [...tally.paths] })
}
