// Findings of a hostile review: each test fails as long as the defect is there.

import { describe, expect, it } from 'vitest'
import { Engine } from '../../src/core/engine.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { seeded } from '../support/actors.ts'
import { End, freeze, hip, isP1, isP2, isP3, pair, place, send, thaw } from '../support/pair.ts'

describe('a pair', () => {
  it('talks and moves', () => {
    const { wire, alice, a, b } = pair()
    send(wire, a, b, 'one')
    wire.run(100)
    expect(b.datagrams()).toEqual(['one'])
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    send(wire, a2, b, 'two')
    wire.run(300)
    expect(a2.told).toContain('resumed')
    expect(b.datagrams()).toEqual(['one', 'two'])
  })
})

describe('a former host', () => {
  it('with the identity key alone never replaces an association of the next epoch', () => {
    const { wire, alice, a, b } = pair()
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    wire.run(500)
    expect(b.engine.association(a2.engine.hit)?.peerEpoch).toBe(2)
    const real = alice.start(2)
    // All a former host has: X's identity key, and epoch and incarnation as they stand in any R1 or P1. No receipt, no INSTANCE.
    const start = {
      epoch: 2,
      incarnation: real.incarnation,
      instance: Identity.generate(seeded(666)),
      receipt: undefined,
      ledgerKey: undefined,
    }
    const thief = new End(
      new Engine({ identity: alice.identity, start, entropy: seeded(667), locators: [place(66)], now: wire.now }),
      place(66),
    )
    wire.add(thief)
    thief.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
    wire.run(2_000)
    expect(thief.told).not.toContain('associated')
    expect(b.told).not.toContain('ended')
  })

  it('with the identity key alone is not taken for the identity by those who look for it', () => {
    const { wire, alice, a, b } = pair()
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    wire.run(500)
    a2.engine.close(wire.now, b.engine.hit)
    wire.run(20_000)
    wire.remove(a2)
    const start = {
      epoch: 2,
      incarnation: alice.start(2).incarnation,
      instance: Identity.generate(seeded(666)),
      receipt: undefined,
      ledgerKey: undefined,
    }
    const options = { identity: alice.identity, start, entropy: seeded(667), locators: [place(66)], now: wire.now }
    wire.add(new End(new Engine(options), place(66)))
    b.events.length = 0
    b.engine.associate(wire.now, { hit: alice.identity.hit, locators: [place(66)] })
    wire.run(6_000)
    expect(b.told).not.toContain('associated')
  })
})

describe('an address', () => {
  const VICTIM = place(99)

  it('is not verified by the answer of a rekey that comes from elsewhere', () => {
    const { wire, a, b } = pair()
    wire.bend = (flying) => [isP2(flying.bytes) ? { ...flying, from: VICTIM } : flying]
    a.engine.rekey(wire.now, b.engine.hit)
    wire.run(100)
    expect(a.engine.association(b.engine.hit)?.locator).toEqual(b.at)
  })

  it('is not verified by a P2 that comes from where no P1 was sent', () => {
    const { wire, alice, a, b } = pair()
    const state = freeze(wire, a)
    wire.bend = (flying) => [isP2(flying.bytes) ? { ...flying, from: VICTIM } : flying]
    const a2 = thaw(wire, alice, state, 2, place(3))
    wire.run(100)
    const view = a2.engine.association(b.engine.hit)
    const verified = view?.state === 'established' && view.locator?.address === VICTIM.address
    expect(verified).toBe(false)
  })

  it('is not verified by a P3 that comes from where no P2 was sent', () => {
    const { wire, alice, a, b } = pair()
    const state = freeze(wire, a)
    const a2 = thaw(wire, alice, state, 2, place(3))
    let toVictim = 0
    wire.bend = (flying) => {
      if (flying.to.address === VICTIM.address) toVictim += flying.bytes.length
      return [isP3(flying.bytes) && flying.from.address === a2.at.address ? { ...flying, from: VICTIM } : flying]
    }
    wire.run(30)
    for (let n = 0; n < 100; n++) send(wire, b, a2, 'x'.repeat(1_000))
    wire.run(30)
    expect(b.engine.association(a2.engine.hit)?.locator).not.toEqual(VICTIM)
    expect(toVictim).toBeLessThan(3 * 500)
  })

  it('is not verified by an R2 that comes from where no I2 was sent', () => {
    const { wire, a, b } = pair()
    a.engine.close(wire.now, b.engine.hit)
    wire.run(20_000)
    wire.bend = (flying) => [hip(flying.bytes)?.kind === 'R2' ? { ...flying, from: VICTIM } : flying]
    a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
    wire.run(100)
    const view = a.engine.association(b.engine.hit)
    expect(view?.state === 'established' && view.locator?.address === VICTIM.address).toBe(false)
  })
})

describe('a datagram under the interim key', () => {
  it('is delivered once, though the peer thaws before the ratchet is confirmed', () => {
    const { wire, alice, bob, a, b } = pair()
    const a2 = (() => {
      const state = freeze(wire, a)
      // Nothing comes back to the thawed side: P1 stays unanswered.
      wire.bend = (flying) => (flying.from.address === b.at.address ? [] : [flying])
      return thaw(wire, alice, state, 2, place(3))
    })()
    send(wire, a2, b, 'pay 100')
    wire.run(100)
    expect(b.datagrams()).toEqual(['pay 100'])
    const recorded = wire.sent.filter(({ from, bytes }) => from.address === '192.0.2.3' && bytes[0] !== 0)
    const p1 = wire.sent.findLast(({ bytes }) => isP1(bytes))
    expect(recorded.length).toBe(1)
    const b2 = thaw(wire, bob, freeze(wire, b), 2, b.at)
    if (p1 !== undefined) wire.inject({ ...p1, to: b2.at })
    for (const flying of recorded) wire.inject({ ...flying, to: b2.at })
    wire.run(50)
    expect(b2.datagrams()).toEqual([])
  })
})
