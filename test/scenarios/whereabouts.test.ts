// MOVING §2, §6, §8: what a ledger or a stub says of where a peer is. It raises the floor and adds places to look; it never
// binds, never moves data, and an older word never counts.

import { describe, expect, it } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import { buildWhereabouts } from '../../src/core/moving/whereabouts.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { seeded } from '../support/actors.ts'
import {
  type Actor,
  actor,
  type Cast,
  converse,
  enter,
  freeze,
  move,
  place,
  say,
  sentBy,
  stage,
  stateAt,
  thaw,
  those,
} from '../support/stage.ts'

/** What `who` would publish at `epoch`. */
function published(
  who: Actor,
  epoch: number,
  version: number,
  at: readonly Locator[],
  instance?: Identity,
): Uint8Array {
  const start = who.start(epoch)
  if (start.receipt === undefined || start.ledgerKey === undefined) throw new Error('whereabouts need a ledger')
  return buildWhereabouts({
    identity: who.identity,
    instance: instance ?? start.instance,
    start,
    version,
    locators: at,
    ledger: start.ledgerKey,
    receipt: start.receipt,
  })
}

function learn({ wire, a }: Cast, bytes: Uint8Array, of: Actor): string | undefined {
  return a.engine.learn(wire.now, of.identity.hit, bytes)
}

describe('whereabouts', () => {
  it('of a later start raise the floor and bind nothing: its P1 is still what moves the association', () => {
    const cast = stage()
    const state = freeze(cast, cast.b)
    expect(learn(cast, published(cast.bob, 2, 1, [place(4)]), cast.bob)).toBeUndefined()
    expect(cast.a.engine.association(cast.b.engine.hit)).toMatchObject({ peerEpoch: 1, locator: cast.b.at })
    const b2 = thaw(cast, cast.bob, state, 2, place(4))
    cast.wire.run(500)
    expect(b2.told).toContain('resumed')
    expect(cast.a.engine.association(cast.b.engine.hit)).toMatchObject({ peerEpoch: 2, locator: b2.at })
    expect(converse(cast, cast.a, b2)).toBe(true)
  })

  it('of a later start refuse every start between: the floor is what the ledger said', () => {
    const cast = stage()
    const state = freeze(cast, cast.b)
    expect(learn(cast, published(cast.bob, 3, 1, [place(4)]), cast.bob)).toBeUndefined()
    thaw(cast, cast.bob, state, 2, place(66))
    cast.wire.run(1_000)
    expect(cast.a.told).not.toContain('rebound')
    expect(cast.a.engine.association(cast.b.engine.hit)?.peerEpoch).toBe(1)
  })

  it('do not disturb the association that still runs: packets of the bound epoch count', () => {
    const cast = stage()
    expect(learn(cast, published(cast.bob, 2, 1, [place(4)]), cast.bob)).toBeUndefined()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    cast.b.engine.readdress(cast.wire.now, [cast.b.at])
    cast.wire.run(200)
    expect(stateAt(cast.b, cast.a)).toBe('established')
  })

  it('of a lower version of the same epoch are old news, and so is the same once more', () => {
    const cast = stage()
    expect(learn(cast, published(cast.bob, 1, 7, [place(41)]), cast.bob)).toBeUndefined()
    expect(learn(cast, published(cast.bob, 1, 6, [place(42)]), cast.bob)).toBe('not-newer')
    expect(learn(cast, published(cast.bob, 1, 7, [place(43)]), cast.bob)).toBe('not-newer')
    expect(learn(cast, published(cast.bob, 1, 8, [place(44)]), cast.bob)).toBeUndefined()
  })

  it('of an older version send no P1 where the peer has not been for long', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.wire.remove(cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    const hit = cast.b.engine.hit
    expect(a2.engine.learn(cast.wire.now, hit, published(cast.bob, 1, 9, [place(49)]))).toBeUndefined()
    expect(a2.engine.learn(cast.wire.now, hit, published(cast.bob, 1, 2, [place(42)]))).toBe('not-newer')
    cast.wire.run(10_000)
    const places = new Set(those(cast, 'P1', a2).map(({ to }) => to.address))
    expect([...places].sort()).toEqual([place(2).address, place(49).address])
  })

  it('of a lower epoch are refused, whatever their version', () => {
    const cast = stage()
    const b2 = move(cast, cast.bob, cast.b, 2, place(4))
    expect(b2.told).toContain('resumed')
    expect(learn(cast, published(cast.bob, 1, 99, [place(41)]), cast.bob)).toBe('lower-epoch')
  })

  it('of a later epoch count, although their version is lower', () => {
    const cast = stage()
    expect(learn(cast, published(cast.bob, 1, 99, [place(41)]), cast.bob)).toBeUndefined()
    expect(learn(cast, published(cast.bob, 2, 1, [place(42)]), cast.bob)).toBeUndefined()
  })

  it('by a former host, with a copied receipt and an instance key of its own, are refused', () => {
    const cast = stage()
    const forged = published(cast.bob, 2, 1, [place(66)], Identity.generate(seeded(99)))
    expect(learn(cast, forged, cast.bob)).toBe('not-instance')
  })

  it('of somebody else are refused', () => {
    const cast = stage()
    expect(learn(cast, published(actor(13), 1, 1, [place(66)]), cast.bob)).toBe('other-identity')
  })

  it('send no data anywhere before the place has answered', () => {
    const cast = stage()
    expect(learn(cast, published(cast.bob, 1, 5, [place(66)]), cast.bob)).toBeUndefined()
    for (let n = 0; n < 20; n++) say(cast, cast.a, cast.b, `${n}`)
    cast.wire.run(500)
    expect(sentBy(cast, cast.a).filter(({ to }) => to.address === place(66).address)).toEqual([])
  })

  it('that came before an end was parked are where it looks first', () => {
    const cast = stage()
    cast.filters.lose(() => true)
    expect(learn(cast, published(cast.bob, 2, 1, [place(4)]), cast.bob)).toBeUndefined()
    say(cast, cast.a, cast.b, 'hello?')
    for (let ms = 0; !cast.a.told.includes('parked') && ms < 60_000; ms += 100) cast.wire.run(100)
    const since = cast.wire.sent.length
    cast.wire.run(30_000)
    expect(sentBy(cast, cast.a, since)[0]?.to).toEqual(place(4))
  })

  it('replace older ones: of a later start, a parked end asks only there', () => {
    const cast = stage()
    cast.filters.lose(() => true)
    say(cast, cast.a, cast.b, 'hello?')
    for (let ms = 0; !cast.a.told.includes('parked') && ms < 60_000; ms += 100) cast.wire.run(100)
    expect(learn(cast, published(cast.bob, 1, 2, [place(41)]), cast.bob)).toBeUndefined()
    cast.wire.run(10_000)
    expect(learn(cast, published(cast.bob, 2, 1, [place(42)]), cast.bob)).toBeUndefined()
    cast.wire.run(10_000)
    const since = cast.wire.sent.length
    expect(learn(cast, published(cast.bob, 3, 1, [place(4)]), cast.bob)).toBeUndefined()
    cast.wire.run(200_000)
    const places = sentBy(cast, cast.a, since).map(({ to }) => to.address)
    expect(places.length).toBeGreaterThan(5)
    expect(new Set(places)).toEqual(new Set([place(4).address]))
  })

  it('that replace others are where the next P1 goes, too', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.wire.remove(cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    const hit = cast.b.engine.hit
    expect(a2.engine.learn(cast.wire.now, hit, published(cast.bob, 1, 2, [place(41)]))).toBeUndefined()
    cast.wire.run(2_000)
    const since = cast.wire.sent.length
    expect(a2.engine.learn(cast.wire.now, hit, published(cast.bob, 2, 1, [place(4)]))).toBeUndefined()
    cast.wire.run(10_000)
    const places = those(cast, 'P1', a2, since).map(({ to }) => to.address)
    expect(places.slice(0, 2)).toEqual([place(4).address, place(4).address])
  })

  it('show a P1 the way at once', () => {
    const cast = stage()
    const states = [freeze(cast, cast.a), freeze(cast, cast.b)] as const
    const a2 = thaw(cast, cast.alice, states[0], 2, place(3))
    const b2 = thaw(cast, cast.bob, states[1], 2, place(4))
    cast.wire.run(600)
    expect([a2.told, b2.told].flat()).toContain('lookup')
    const since = cast.wire.sent.length
    a2.engine.learn(cast.wire.now, b2.engine.hit, b2.engine.whereabouts(1) ?? new Uint8Array(0))
    cast.wire.drain()
    expect(those(cast, 'P1', a2, since).map(({ to }) => to.address)).toEqual([b2.at.address])
    cast.wire.run(1_000)
    expect(converse(cast, a2, b2)).toBe(true)
  })

  it('are said by a running start with a ledger only, and are its own locators and epoch', () => {
    const cast = stage({ ledger: false })
    expect(cast.a.engine.whereabouts(1)).toBeUndefined()
    const other = stage()
    const bytes = other.b.engine.whereabouts(3)
    expect(bytes && learn(other, bytes, other.bob)).toBeUndefined()
  })
})

describe('a floor', () => {
  it('travels in the capsule: a former host of the peer finds it on the new host, too', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    const b2 = move(cast, cast.bob, cast.b, 2, place(4))
    a2.engine.close(cast.wire.now, b2.engine.hit)
    cast.wire.run(15_000)
    const zombie = enter(cast, cast.alice, 1, place(66))
    zombie.engine.associate(cast.wire.now, { hit: b2.engine.hit, locators: [b2.at] })
    cast.wire.run(6_000)
    expect(zombie.told).not.toContain('associated')
  })

  it('travels in the capsule even without an association that knows the peer', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    a2.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(15_000)
    const state = freeze(cast, cast.b)
    expect(state.associations).toEqual([])
    expect(state.floors.map(({ epoch }) => epoch)).toContain(2)
    const b2 = thaw(cast, cast.bob, state, 2, place(4))
    const zombie = enter(cast, cast.alice, 1, place(66))
    zombie.engine.associate(cast.wire.now, { hit: b2.engine.hit, locators: [b2.at] })
    cast.wire.run(6_000)
    expect(zombie.told).not.toContain('associated')
  })
})
