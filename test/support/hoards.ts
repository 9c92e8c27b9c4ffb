// That a limit holds memory back, read from the memory. Things are pushed in, far more of them than the limit lets stay, and what is then
// kept is weighed; and so it is where there is no limit: if that were not much more, nothing would have been tested.

import { expect } from 'vitest'
import { keptBytes, roughlyKeptBytes } from './heap.ts'

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
  readonly fill: (limits: Limits) => Push
}

const OUT_OF_THE_WAY = 2 ** 30
/** Less than this could be anybody's: code that is compiled, names that are seen for the first time. */
const KEPT_BYTES_MIN = 128 * 1024
/** What else a process does now and then weighs something, too: then all is weighed again. */
const TRIES_MAX = 3

export function placesOf<Limits>(
  { at, lifted = OUT_OF_THE_WAY, pushes, fill }: Hoard<Limits>,
  limited: (value: number) => Limits,
): Places {
  return { pushes, held: fill(limited(at)), free: fill(limited(lifted)) }
}

/** With the limit less than a fourth is kept of what is kept without. */
export function expectHeldBack(places: () => Places): void {
  for (let tries = 1; ; tries++) {
    const { held, free } = weighed(places(), tries === 1 ? roughlyKeptBytes : keptBytes)
    if (tries < TRIES_MAX && (free < KEPT_BYTES_MIN || held > free / 4)) continue
    expect(free).toBeGreaterThan(KEPT_BYTES_MIN)
    expect(held).toBeLessThan(free / 4)
    return
  }
}

/** Without the limit comes first: what is made once, whatever is pushed, is made by then. Nothing is let go before the end. */
function weighed({ pushes, held, free }: Places, read: () => number): { readonly held: number; readonly free: number } {
  const before = read()
  const readings = [free, held].map((push) => {
    for (let n = 0; n < pushes; n++) push(n)
    return read()
  })
  for (const push of [free, held]) push(pushes)
  const [between = 0, after = 0] = readings
  return { free: between - before, held: after - between }
}
