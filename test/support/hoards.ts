// That a limit holds memory back, read from the memory. Things are pushed in, far more of them than the limit lets stay, and what is then
// kept is weighed; and so it is where there is no limit: if that were not much more, nothing would have been tested.

import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { expect } from 'vitest'
import { keptBytes } from './heap.ts'

// Optimised code holds on to what it has met, long after nobody else does. So tests that weigh have a process of their own.
setFlagsFromString('--no-opt')

/** Pushes the nth thing in: it is kept, or would be without a limit. */
export type Push = (n: number) => unknown

/** The same place twice, empty: once with its limit, and once without. */
export interface Places {
  readonly pushes: number
  readonly held: Push
  readonly free: Push
}

/** A limit that can be set. */
export interface Hoard<Limits> {
  /** So low that what it lets stay is little … */
  readonly at: number
  /** … and out of the way. */
  readonly lifted?: number
  readonly pushes: number
  readonly fill: (limits: Limits) => Push | Promise<Push>
}

const OUT_OF_THE_WAY = 2 ** 30
const WARM_PUSHES = 5
/** Less than this could be anybody's: names that are seen for the first time, counters. */
const KEPT_BYTES_MIN = 128 * 1024

export async function placesOf<Limits>(
  { at, lifted = OUT_OF_THE_WAY, pushes, fill }: Hoard<Limits>,
  limited: (value: number) => Limits,
): Promise<Places> {
  await warm(await fill(limited(at)))
  return { pushes, held: await fill(limited(at)), free: await fill(limited(lifted)) }
}

/** What is made once, such as code, is made before anything is weighed. */
async function warm(push: Push): Promise<void> {
  for (let n = 0; n < WARM_PUSHES; n++) await push(n)
}

/** The same of a limit that is looked up when it is needed: it is set anew for everything that is pushed. */
export async function placesUnder(
  { at, lifted = OUT_OF_THE_WAY, pushes, fill }: Hoard<void>,
  set: (value: number) => void,
): Promise<Places> {
  const under = async (value: number): Promise<Push> => {
    set(value)
    const push = await fill()
    return (n) => {
      set(value)
      return push(n)
    }
  }
  await warm(await under(at))
  return { pushes, held: await under(at), free: await under(lifted) }
}

/**
 * With the limit less than a fourth is kept of what is kept without. Without comes first: if anything is made only now, it does not count
 * against the limit. Nothing is let go before the end.
 */
export async function expectHeldBack(places: () => Places | Promise<Places>): Promise<void> {
  const { pushes, held, free } = await places()
  const readings = [await kept()]
  for (const push of [free, held]) {
    for (let n = 0; n < pushes; n++) await push(n)
    readings.push(await kept())
  }
  for (const push of [free, held]) push(pushes)
  const [before = 0, between = 0, after = 0] = readings
  expect(between - before).toBeGreaterThan(KEPT_BYTES_MIN)
  expect(after - between).toBeLessThan((between - before) / 4)
}

/** What waits for its turn on the event loop has it first. */
async function kept(): Promise<number> {
  await setImmediate()
  return keptBytes()
}
