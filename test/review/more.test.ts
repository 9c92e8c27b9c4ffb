// Findings of a hostile review, third part.

import { describe, expect, it } from 'vitest'
import { generateDh } from '../../src/crypto/dh.ts'
import { encodeDiffieHellman } from '../../src/wire/exchange.ts'
import { encodeReserveSpi } from '../../src/wire/private.ts'
import { encodeEspInfo, encodeSeq } from '../../src/wire/update.ts'
import { seeded } from '../support/actors.ts'
import { freeze, hip, pair, place, send, thaw } from '../support/pair.ts'
import { Mallory } from './mallory.ts'

describe('an R1', () => {
  it('of an old exchange, replayed, does not keep an initiator from the peer that answers', () => {
    const { wire, a, b } = pair()
    const old = wire.sent.find(({ bytes }) => hip(bytes)?.kind === 'R1')
    if (old === undefined) throw new Error('no R1')
    a.engine.close(wire.now, b.engine.hit)
    // The generation of that R1 is long retired.
    wire.run(600_000)
    a.events.length = 0
    a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
    wire.drain()
    wire.inject({ ...old, from: place(66), to: a.at })
    wire.run(10_000)
    expect(a.told).toContain('associated')
  })
})

describe('an SPI of 0', () => {
  it('is no SPI to seal to: it would look like HIP', () => {
    const { wire, bob, a, b } = pair()
    const state = freeze(wire, b)
    const offer = new Mallory(bob, 1, state).update([
      encodeEspInfo({ keymatIndex: 0, oldSpi: 0x4000, newSpi: 0 }),
      encodeSeq(3),
      encodeDiffieHellman({ group: 7, publicValue: generateDh(7, seeded(5))?.publicValue ?? new Uint8Array() }),
      encodeReserveSpi(0x4002),
    ])
    const before = wire.sent.length
    wire.inject({ from: b.at, to: a.at, bytes: offer })
    expect(wire.sent.length).toBe(before)
  })
})

describe('P1 to a peer that closes at that moment', () => {
  it('is answered with a word within 20 s: the association is gone', () => {
    const { wire, alice, a, b } = pair()
    const state = freeze(wire, a)
    b.engine.close(wire.now, a.engine.hit)
    wire.run(50)
    const a2 = thaw(wire, alice, state, 2, place(3))
    wire.run(20_000)
    expect(b.told).toContain('ended')
    expect(a2.told).toContain('ended')
  })
})

describe('rekeying a thawed association that waits for its place', () => {
  it('does not take its P1 away', () => {
    const { wire, alice, a, b } = pair()
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3), { offersOutstandingMax: 0 })
    expect(a2.engine.rekey(wire.now, b.engine.hit)).toBe(false)
  })
})

describe('a parked association', () => {
  it('is not polled every PTO by its rekey timer', () => {
    const { wire, a, b } = pair({ config: { rekeyMs: 20_000, keepaliveMs: 15_000 } })
    wire.bend = () => []
    send(wire, a, b, 'lost')
    wire.run(19_000)
    let turns = 0
    const start = wire.now
    while (wire.now < start + 60_000 && turns < 5_000) {
      const next = a.engine.deadline
      if (next === Infinity) break
      wire.now = Math.max(wire.now, next)
      a.engine.expire(wire.now)
      wire.drain()
      turns += 1
    }
    expect(turns).toBeLessThan(100)
  })
})
