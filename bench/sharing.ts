// The part of `lossy` about others at the same bottleneck: how ours share it among themselves and with plain CUBIC, which is somebody else's
// sender and none of our code, with other round trips than theirs, and how long packets wait in its queue.

import { crossTraffic, crowded, type Kind, unfairness } from '../test/support/virtual-bottleneck.ts'
import { jain } from '../test/support/virtual-network.ts'
import { besideCubic, shares } from '../test/support/virtual-transfer.ts'
import type { Report } from './report.ts'
import { spread } from './support.ts'

const FAIR_LINK = { mbit: 20, rttMs: 40 }
const FAIR_SECONDS = 30
const CROSS_BYTES = 25_000_000
const CROSS_SECONDS_MAX = 180
/** So much more than plain CUBIC. */
const WORSE_MAX = 1.1
const CROWD_SECONDS = 60
/** Who loses when is chance: the ratio of two flows differs by a tenth from seed to seed. Those of plain CUBIC cost little. */
const UNFAIR_SEEDS = { ours: 4, plain: 16 } as const
const QUEUE_SEEDS = 3
const FAIR_SEEDS = 5

export function fairness(report: Report): boolean {
  let ok = true
  for (const { count, gate } of [
    { count: 2, gate: 0.95 },
    { count: 4, gate: 0.97 },
  ]) {
    const runs = seeds(FAIR_SEEDS).map((seed) => shares(FAIR_LINK, count, FAIR_SECONDS, seed))
    const name = `simulated/${count} of ours share 20 Mbit/s`
    report.figure(name, 'share', 'Mbit/s', spread(runs.flat()))
    ok = evenly(report, name, runs, gate) && ok
  }
  const runs = seeds(FAIR_SEEDS).map((seed) => besideCubic(FAIR_LINK, FAIR_SECONDS, seed))
  const name = 'simulated/ours beside plain CUBIC'
  report.figure(name, 'share', 'Mbit/s', spread(runs.map(([ours]) => ours)))
  const smaller = mean(runs.map(([ours, cubic]) => Math.min(ours, cubic) / (ours + cubic)))
  const bars = [evenly(report, name, runs, 0.95), report.bar(`${name}, the smaller share`, smaller, { atLeast: 0.4 })]
  return bars.every(Boolean) && ok
}

/** Jain's index, of all seeds the mean. */
function evenly(report: Report, name: string, runs: readonly (readonly number[])[], gate: number): boolean {
  const indices = runs.map((rates) => jain(rates))
  report.figure(name, 'Jain', '', spread(indices))
  return report.bar(`${name}, Jain`, mean(indices), { atLeast: gate })
}

function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, n) => n + 1)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** 25 MB of ours while plain CUBIC fills the link, as in the QUIC Interop Runner. */
export function crossing(report: Report): boolean {
  const name = 'simulated/25 MB over 10 Mbit/s beside plain CUBIC'
  const { seconds, plainMbit } = crossTraffic(CROSS_BYTES)
  report.figure(name, 'goodput', 'Mbit/s', spread([(CROSS_BYTES * 8) / seconds / 1_000_000]))
  report.figure(name, 'goodput of the other', 'Mbit/s', spread([plainMbit]))
  return report.bar(`${name}, seconds`, seconds, { atMost: CROSS_SECONDS_MAX })
}

/** What two flows of a kind do to each other, by their round trips, and to the queue, beside what two of plain CUBIC do. */
export function crowding(report: Report): boolean {
  const name = (kind: Kind, what: string): string => `simulated/${kind === 'ours' ? 'ours' : 'plain CUBIC'}, ${what}`
  const uneven = (kind: 'ours' | 'plain'): number => unfairness(kind, CROWD_SECONDS, UNFAIR_SEEDS[kind])
  const [mine, theirs] = [uneven('ours'), uneven('plain')]
  const what = '20 ms beside 80 ms'
  report.figure(name('ours', what), 'ratio of shares', '', spread([mine]))
  report.figure(name('plain', what), 'ratio of shares', '', spread([theirs]))
  const bars = [report.bar(`simulated/${what}, of what plain CUBIC does`, mine / theirs, { atMost: WORSE_MAX })]
  for (const rttsMs of [[40], [40, 40]]) {
    const flows = rttsMs.length === 1 ? 'one flow' : 'two flows'
    const [ours, plain] = (['ours', 'plain'] as const).map((kind) => {
      const crowd = { kind, rttsMs, mbit: FAIR_LINK.mbit, warmSeconds: 15, seconds: FAIR_SECONDS }
      const waits = seeds(QUEUE_SEEDS).map((seed) => crowded(crowd, seed).p95Ms)
      report.figure(name(kind, flows), 'p95 in the queue', 'ms', spread(waits))
      return spread(waits).median
    })
    const ratio = (ours ?? Number.NaN) / (plain ?? Number.NaN)
    bars.push(report.bar(`simulated/${flows}, p95 in the queue, of plain CUBIC`, ratio, { atMost: WORSE_MAX }))
  }
  return bars.every(Boolean)
}
