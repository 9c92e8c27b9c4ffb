// A short transfer of a sender that skips numbers to a receiver that tells the truth, on a link that is bad in a way of its own for each
// seed: rate, delay, queue, what is lost on the way there and back, and what comes late.

import { Prng } from '../../src/base/prng.ts'
import { Flow } from './recovery-flow.ts'
import { VirtualClock, VirtualLink } from './virtual-link.ts'

const BYTES = 150_000
const SECONDS = 20

export interface HonestRun {
  /** Acknowledgements that were taken for lies. */
  readonly faults: number
  /** Numbers that were left out, and packets that were called lost. */
  readonly skipped: number
  readonly lost: number
}

export function honestRun(seed: number): HonestRun {
  const prng = new Prng(seed)
  const between = (least: number, most: number): number => least + (most - least) * prng.next()
  const clock = new VirtualClock()
  const options = () => ({
    mbitPerSecond: between(2, 200),
    delayMs: between(1, 60),
    queueBytes: between(6_000, 200_000),
    loss: between(0, 0.15),
    reorder: between(0, 0.1),
    lateMs: between(0, 50),
  })
  const forth = new VirtualLink(clock, seed, options())
  const back = new VirtualLink(clock, seed + 1, options())
  const flow = new Flow({ clock, forth, back, seed, available: () => BYTES })
  flow.pump()
  clock.runUntil(SECONDS * 1_000)
  return { faults: flow.faults, skipped: flow.skipped, lost: flow.lost }
}
