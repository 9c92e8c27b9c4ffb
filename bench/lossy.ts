// Goodput over links that lose, share and move. Whole engines on simulated links in virtual time: each row of the table of what the
// Linux kernel's CUBIC reaches there (TUN emulator, 15 s, slow start included), with our gate; fairness, among ourselves and beside
// a plain CUBIC sender (sharing.ts); what a move costs; what peers who attack leave to others (attacks.ts). Then one such link between
// real processes, emulated by a relay.

import type { EmulatedLink, LinkCounts } from '../test/support/link-emulator.ts'
import { afterNarrowing, disturbedShare, VirtualJourney } from '../test/support/virtual-moves.ts'
import { goodput } from '../test/support/virtual-transfer.ts'
import { acknowledging, stalling } from './attacks.ts'
import { type BenchOptions, wanted } from './options.ts'
import type { Report } from './report.ts'
import { crossing, crowding, fairness } from './sharing.ts'
import { Child, spread } from './support.ts'

const SECONDS = 15
/** A link with random loss is another one in each run. */
const LOSSY_RUNS = 5

/** What the kernel's CUBIC reaches, and what we have to, in Mbit/s. */
const ROWS = [
  { mbit: 10, rttMs: 30, percent: 0, kernel: 9.61, gate: 9 },
  { mbit: 10, rttMs: 30, percent: 1, kernel: 4.23, gate: 3.8 },
  { mbit: 20, rttMs: 100, percent: 0, kernel: 18.8, gate: 17.5 },
  { mbit: 20, rttMs: 100, percent: 0.1, kernel: 10.5, gate: 9 },
  { mbit: 20, rttMs: 100, percent: 1, kernel: 3.37, gate: 3 },
  { mbit: 20, rttMs: 100, percent: 3, kernel: 0.72, gate: 0.7 },
  { mbit: 100, rttMs: 100, percent: 0, kernel: 92.2, gate: 70 },
  { mbit: 100, rttMs: 100, percent: 0.1, kernel: 11.8, gate: 10 },
  { mbit: 100, rttMs: 20, percent: 1, kernel: 7.2, gate: 6.5 },
] as const

const EMULATED: EmulatedLink = { mbitPerSecond: 20, delayMs: 50, queueBytes: 250_000, loss: 0.01 }
const EMULATED_RUNS = 3
const EMULATED_GATE = 3

export async function lossy(report: Report, options: BenchOptions): Promise<boolean> {
  const parts: Readonly<Record<string, (report: Report) => boolean | Promise<boolean>>> = {
    // First, while the process has nothing else in its memory.
    'attacks/gaps': acknowledging,
    links,
    fairness,
    crossing,
    crowding,
    moving,
    'attacks/stalled': stalling,
    emulated,
  }
  let ok = true
  for (const [name, part] of Object.entries(parts)) if (wanted(options, name)) ok = (await part(report)) && ok
  return ok
}

function links(report: Report): boolean {
  let ok = true
  for (const { mbit, rttMs, percent, kernel, gate } of ROWS) {
    const runs = percent === 0 ? 1 : LOSSY_RUNS
    const rates = Array.from({ length: runs }, (_, n) => goodput({ mbit, rttMs, loss: percent / 100 }, n + 1, SECONDS))
    const name = `simulated/${mbit} Mbit/s ${rttMs} ms ${percent} %`
    const { median } = spread(rates)
    report.figure(name, 'goodput', 'Mbit/s', spread(rates))
    report.ratio(name, `kernel CUBIC at ${kernel} Mbit/s`, [median / kernel])
    ok = report.bar(name, median, { atLeast: gate }) && ok
  }
  return ok
}

// ── Moves ────────────────────────────────────────────────────────────────────

function moving(report: Report): boolean {
  return [narrowed(report), widened(report), disturbed(report, 'move'), disturbed(report, 'rebind')].every(Boolean)
}

const MOVE_RTT_MS = 50
/** Packets lost by overshoot: two initial windows. */
const OVERSHOOT_MAX = 20
const FILLED_TRIPS_MAX = 15

/** To a link that is twenty times slower: what its queue loses in the first second, beside a transfer that begins there. */
function narrowed(report: Report): boolean {
  const fresh = new VirtualJourney(5, MOVE_RTT_MS)
  fresh.run(1_200)
  const journey = afterNarrowing(MOVE_RTT_MS)
  journey.run(1_000)
  const lost = journey.down.overflowed
  report.figure('simulated/move from 100 to 5 Mbit/s', 'packets lost in a second', '', spread([lost]))
  report.ratio('simulated/move from 100 to 5 Mbit/s', 'a start at 5 Mbit/s', [lost / fresh.down.overflowed])
  return report.bar('simulated/move from 100 to 5 Mbit/s, packets lost', lost, { atMost: OVERSHOOT_MAX })
}

/** To a link that is twenty times faster: round trips until nine tenths of it are used. */
function widened(report: Report): boolean {
  const journey = new VirtualJourney(5, MOVE_RTT_MS)
  journey.run(3_000)
  journey.mbit = 100
  journey.move()
  let trips = 0
  for (let bytesPerMs = 0; bytesPerMs < 0.9 * 0.95 * 100 * 125 && trips < 100; trips++) {
    const before = journey.read
    journey.run(MOVE_RTT_MS)
    bytesPerMs = (journey.read - before) / MOVE_RTT_MS
  }
  report.figure('simulated/move from 5 to 100 Mbit/s', 'round trips until 90 %', '', spread([trips]))
  return report.bar('simulated/move from 5 to 100 Mbit/s, round trips', trips, { atMost: FILLED_TRIPS_MAX })
}

/** Something that happens all the time for a minute: the share that is still carried. */
function disturbed(report: Report, what: 'move' | 'rebind'): boolean {
  const [everyMs, gate] = what === 'move' ? [1_000, 0.4] : [5_000, 0.95]
  const name = `simulated/${what} every ${everyMs / 1_000} s for a minute`
  const share = disturbedShare(what, everyMs, 60_000)
  report.ratio(name, 'undisturbed', [share])
  return report.bar(`${name}, of undisturbed`, share, { atLeast: gate })
}

// ── Between processes ────────────────────────────────────────────────────────

async function emulated(report: Report): Promise<boolean> {
  const rates: number[] = []
  for (let run = 1; run <= EMULATED_RUNS; run++) rates.push(await emulatedRun(run))
  const name = 'emulated/20 Mbit/s 100 ms 1 %'
  report.figure(name, 'goodput', 'Mbit/s', spread(rates))
  return report.bar(name, spread(rates).median, { atLeast: EMULATED_GATE })
}

async function emulatedRun(seed: number): Promise<number> {
  const [receiver, relay, sender] = [new Child('lossy'), new Child('lossy'), new Child('lossy')]
  try {
    const { hit, port } = await receiver.ask<{ hit: string; port: number }>({ ask: 'listen' })
    const { address } = await relay.ask<{ address: string }>({ ask: 'link', port, link: EMULATED, seed })
    await sender.ask({ ask: 'fill', hit, address })
    const startedAt = performance.now()
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000))
    const { read } = await receiver.ask<{ read: number }>({ ask: 'read' })
    const ms = performance.now() - startedAt
    const { counts } = await relay.ask<{ counts: { forth: LinkCounts } }>({ ask: 'counts' })
    const { offered, overflowed, unlucky } = counts.forth
    console.error(`lossy: ${offered} packets offered, ${overflowed} found the queue full, ${unlucky} were unlucky`)
    return (read * 8) / ms / 1_000
  } finally {
    await Promise.all([receiver, relay, sender].map((child) => child.stop()))
  }
}
