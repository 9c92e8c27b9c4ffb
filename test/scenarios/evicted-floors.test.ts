// What is known of a peer while there is an association with it does not depend on its floor, which so many others may have pushed
// out: who has shown an epoch or a ledger does not lose them (MOVING §2).

import { describe, expect, it } from 'vitest'
import { signReceipt } from '../../src/core/moving/receipt.ts'
import { buildWhereabouts } from '../../src/core/moving/whereabouts.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { ESP_SUITES } from '../support/abroad.ts'
import { HOST_A, identity, seeded } from '../support/actors.ts'
import { ForeignPeer } from '../support/foreign-peer.ts'
import { type Actor, actor, type Cast, endedAt, enter, freeze, place, say, stage, thaw } from '../support/stage.ts'

const FLOORS_MAX = 2

/** Alice and Bob, and as many others that Bob's floor is gone. */
function evicted(before: (cast: Cast) => void = () => undefined): Cast {
  const identities = [41, 42].map((seed) => Identity.generate(seeded(seed), 'ecdsa-p256'))
  const [own, peer] = identities
  if (own === undefined || peer === undefined) throw new Error('two identities')
  const cast = stage({ identities: [own, peer], espSuites: ESP_SUITES, config: { floorsMax: FLOORS_MAX } })
  before(cast)
  for (const seed of [21, 22, 23]) {
    const other = enter(cast, actor(seed), 1, place(40 + seed), { espSuites: ESP_SUITES })
    other.engine.associate(cast.wire.now, { hit: cast.a.engine.hit, locators: [cast.a.at] })
    cast.wire.run(300)
  }
  return cast
}

/** Bob's key at `.9`, which calls Alice as one that knows only the RFCs. */
function callsPlain(cast: Cast): ForeignPeer {
  const former = new ForeignPeer(cast.bob.identity, place(9))
  cast.wire.bend = (flying) => {
    if (flying.to.address !== former.at.address) return [flying]
    former.receive(flying.bytes, flying.from)
    return []
  }
  former.associate(cast.a.engine.hit, cast.a.at)
  for (let ms = 0; ms < 300; ms += 5) {
    cast.wire.run(5)
    for (const flying of former.sent.splice(0)) cast.wire.inject(flying)
  }
  return former
}

/** Bob's starts as another ledger vouches for them. */
function elsewhere({ bob }: Cast): Actor {
  const ledger = identity(66)
  return {
    ...bob,
    start: (epoch) => {
      const { instance, incarnation } = bob.start(epoch)
      const of = { hit: hitBytes(bob.identity.hit), epoch, incarnation, host: hitBytes(HOST_A.hit) }
      const receipt = signReceipt({ ...of, ledger: ledger.publicKey, timeMs: 0 }, ledger)
      return { epoch, incarnation, instance, receipt, ledgerKey: ledger.publicKey }
    },
  }
}

function calls(cast: Cast, who: Actor, epoch: number): void {
  const end = enter(cast, who, epoch, place(9), { espSuites: ESP_SUITES })
  end.engine.associate(cast.wire.now, { hit: cast.a.engine.hit, locators: [cast.a.at] })
  cast.wire.run(300)
}

function expectUntouched(cast: Cast): void {
  const { a, b } = cast
  expect([endedAt(a), a.engine.association(b.engine.hit)?.peerEpoch]).toEqual([[], 1])
  cast.wire.bend = (flying) => [flying]
  cast.wire.add(b)
  say(cast, b, a, 'still me')
  cast.wire.run(100)
  expect(a.datagrams()).toEqual(['still me'])
}

describe('an association whose floor has made way for others', () => {
  it('is not taken by its peer’s key without an epoch', () => {
    const cast = evicted()
    const former = callsPlain(cast)
    expect(former.state).toBe('I2-SENT')
    expect(cast.a.engine.counters).toMatchObject({ 'i2-without-epoch': 1 })
    expectUntouched(cast)
  })

  it.each<[string, (cast: Cast) => Actor, number]>([
    ['a higher epoch that another ledger vouches for', elsewhere, 2],
    ['a first epoch that no ledger vouches for', ({ bob }) => actor(99, false, bob.identity), 1],
  ])('is not taken by %s', (_, who, epoch) => {
    const cast = evicted()
    calls(cast, who(cast), epoch)
    expect(cast.a.engine.counters['i2-below-floor']).toBeGreaterThan(0)
    expectUntouched(cast)
  })

  it('is not taken by an epoch below the one that whereabouts have told of', () => {
    const cast = evicted(({ a, bob, wire }) => {
      const start = bob.start(3)
      const { instance, ledgerKey: ledger, receipt } = start
      if (ledger === undefined || receipt === undefined) throw new Error('whereabouts need a ledger')
      const said = buildWhereabouts({
        identity: bob.identity,
        instance,
        start,
        version: 1,
        locators: [],
        ledger,
        receipt,
      })
      expect(a.engine.learn(wire.now, bob.identity.hit, said)).toBeUndefined()
    })
    calls(cast, cast.bob, 2)
    expect(cast.a.engine.counters['i2-below-floor']).toBeGreaterThan(0)
    expectUntouched(cast)
  })

  it('goes on with its peer’s next start, by a move and by an exchange', () => {
    const cast = evicted()
    const { a, wire } = cast
    const moved = thaw(cast, cast.bob, freeze(cast, cast.b), 2, place(6), { espSuites: ESP_SUITES })
    wire.run(500)
    expect(moved.told).toContain('resumed')
    calls(cast, cast.bob, 3)
    expect(a.engine.association(moved.engine.hit)).toMatchObject({ peerEpoch: 3, state: 'established' })
  })
})
