// Two ends with several locators each, and what befalls the ways between them.

import { expect } from 'vitest'
import { type Locator, sameLocator } from '../../src/base/address.ts'
import type { Path } from '../../src/core/engine.ts'
import type { OwnLocator } from '../../src/core/own-locators.ts'
import {
  actor,
  type Cast,
  converse,
  type End,
  enter,
  Filters,
  type Flying,
  place,
  Spy,
  say,
  stateAt,
  Wire,
} from './stage.ts'

export const A1: OwnLocator = { ...place(1), apart: true }
export const A2: OwnLocator = { ...place(101), apart: true }
export const A6: OwnLocator = { address: '2001:db8::1', port: 10_500, apart: true }
export const B1: OwnLocator = { ...place(2), apart: true }
export const B2: OwnLocator = { ...place(102), apart: true }
export const B6: OwnLocator = { address: '2001:db8::2', port: 10_500, apart: true }

interface Setting {
  readonly delayMs?: number
  readonly config?: Parameters<typeof enter>[4]
}

/** Alice at `own` and Bob at `others`, associated over the first of each, with everything told that there is to tell. */
export function meet(
  own: readonly OwnLocator[],
  others: readonly OwnLocator[],
  { delayMs = 10, config }: Setting = {},
): Cast {
  const wire = new Wire(delayMs)
  const spy = new Spy()
  const filters = new Filters(wire)
  const [alice, bob] = [actor(11), actor(12)]
  const a = enter({ wire, spy }, alice, 1, first(own), { ...config, locators: own })
  const b = enter({ wire, spy }, bob, 1, first(others), { ...config, locators: others })
  const cast = { wire, spy, filters, alice, bob, a, b }
  a.engine.associate(0, { hit: b.engine.hit, locators: [b.at] })
  wire.run(10 * delayMs + 10)
  for (let n = 0; n < 20; n++) converse(cast, a, b, 3 * delayMs)
  wire.run(20_000)
  for (let n = 0; n < 20; n++) converse(cast, a, b, 3 * delayMs)
  expect([stateAt(a, b), stateAt(b, a)]).toEqual(['established', 'established'])
  return cast
}

function first(locators: readonly OwnLocator[]): Locator {
  const [{ address, port } = place(0)] = locators
  return { address, port }
}

export function bare({ address, port }: Locator): Locator {
  return { address, port }
}

export function pathAt(at: End, of: End): Path {
  const path = at.engine.association(of.engine.hit)?.path
  if (path === undefined) throw new Error('no path')
  return path
}

/** Nothing passes any more between two locators, or to and from one. */
export function cut(cast: Cast, one: Locator, other?: Locator): { stop(): void } {
  const between = ({ from, to }: Flying): boolean =>
    other === undefined
      ? sameLocator(from, one) || sameLocator(to, one)
      : (sameLocator(from, one) && sameLocator(to, other)) || (sameLocator(from, other) && sameLocator(to, one))
  return cast.filters.lose(between)
}

/** One end talks alone until its PTO is what it can be (RFC 9002 §6.2.1): a round trip of a calm wire, and little more. */
export function settledPto(cast: Cast, end: End, of: End): number {
  const rtt = 2 * cast.wire.delayMs
  for (let n = 0; n < 1_000 && pathAt(end, of).ptoMs > Math.max(25, 1.2 * rtt); n++) {
    say(cast, end, of, `${n}`)
    cast.wire.run(rtt)
  }
  const { ptoMs } = pathAt(end, of)
  expect(ptoMs).toBeLessThanOrEqual(Math.max(25, 1.2 * rtt))
  cast.wire.run(10 * rtt)
  return ptoMs
}

/** Sends a word every `everyMs` from one end, and says how long after the first lost one the peer had one again. */
export function gap(cast: Cast, from: End, to: End, everyMs: number, lasts: number): number {
  const began = cast.wire.now
  const before = to.datagrams().length
  for (let n = 0; cast.wire.now < began + lasts; n++) {
    say(cast, from, to, `${n}`)
    cast.wire.run(everyMs)
    if (to.datagrams().length > before) return cast.wire.now - began
  }
  return Infinity
}
