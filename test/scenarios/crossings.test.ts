// MOVING §6: whose packet belongs to which pair of starts, and what happens when both ends move, or one moves again at once.

import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import {
  type Cast,
  converse,
  type End,
  enter,
  freeze,
  type Label,
  labelOf,
  labelsBy,
  messagesOf,
  move,
  place,
  say,
  sentBy,
  stage,
  stateAt,
  thaw,
  those,
  updateOf,
} from '../support/stage.ts'

/** Both ends frozen. */
function bothFrozen(cast: Cast): readonly [FrozenState, FrozenState] {
  expect(converse(cast, cast.a, cast.b)).toBe(true)
  return [freeze(cast, cast.a), freeze(cast, cast.b)]
}

function thawBoth(cast: Cast, [first, second]: readonly [FrozenState, FrozenState]): readonly [End, End] {
  return [thaw(cast, cast.alice, first, 2, cast.a.at), thaw(cast, cast.bob, second, 2, cast.b.at)]
}

function expectOne(cast: Cast, a: End, b: End): void {
  expect([stateAt(a, b), stateAt(b, a)]).toEqual(['established', 'established'])
  expect([a.told, b.told].map((told) => told.filter((type) => type === 'resumed').length)).toEqual([1, 1])
  expect(converse(cast, a, b)).toBe(true)
  expect(cast.spy.reused).toEqual([])
}

describe('when both ends thaw at once', () => {
  it('their P1s cross and one new S comes of it', () => {
    const cast = stage()
    const [a, b] = thawBoth(cast, bothFrozen(cast))
    cast.wire.run(1_000)
    expectOne(cast, a, b)
    expect(labelsBy(cast).filter((label) => label === 'P3').length).toBeGreaterThan(0)
  })

  it('every answer repeats the Diffie–Hellman value of its sender’s P1, with receipt and INSTANCE', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    const [a, b] = thawBoth(cast, bothFrozen(cast))
    cast.wire.run(1_000)
    for (const end of [a, b]) {
      const offer = updateOf(those(cast, 'P1', end, since)[0])
      const answers = those(cast, 'P2', end, since)
      expect(answers.length).toBeGreaterThan(0)
      for (const answer of answers.map(updateOf)) {
        expect(answer.dh).toEqual(offer.dh)
        expect(answer.epoch?.receipt).toEqual(offer.epoch?.receipt)
        expect(answer.instance?.key).toEqual(offer.instance?.key)
      }
    }
  })

  const lost = (['P1', 'P2', 'P3', 'ACK'] as const).flatMap((label) =>
    (['one', 'the other', 'both'] as const).map((who) => [label, who] as const),
  )

  it.each(lost)('the first %s of %s may be lost', (label, who) => {
    const cast = stage()
    const states = bothFrozen(cast)
    const gone: Partial<Record<string, number>> = {}
    cast.filters.lose((flying) => {
      const mine = flying.from.address === cast.a.at.address
      if ((who === 'one' && !mine) || (who === 'the other' && mine)) return false
      if (!isLabel(flying.bytes, label)) return false
      gone[flying.from.address] = (gone[flying.from.address] ?? 0) + 1
      return gone[flying.from.address] === 1
    })
    const [a, b] = thawBoth(cast, states)
    cast.wire.run(6_000)
    expectOne(cast, a, b)
  })

  it('data under both interim keys come at once and once', () => {
    const cast = stage()
    const states = bothFrozen(cast)
    const [a, b] = thawBoth(cast, states)
    for (let n = 0; n < 10; n++) {
      say(cast, a, b, `a ${n}`)
      say(cast, b, a, `b ${n}`)
    }
    cast.wire.run(3_000)
    expectOne(cast, a, b)
    for (const end of [a, b]) expect(new Set(end.datagrams()).size).toBe(end.datagrams().length)
  })

  it('no key serves both directions, even if both reserve SPIs happen to be the same number', () => {
    // Both ends draw the same SPIs.
    const spis = (seed: number): Entropy => {
      const [same, own] = [new Prng(77), new Prng(seed)]
      return (length) => (length === 4 ? same : own).bytes(length)
    }
    const cast = stage({ associate: false })
    const means = (seed: number) => ({ entropy: spis(seed) })
    const a = enterAs(cast, 'a', means(1))
    const b = enterAs(cast, 'b', means(2))
    a.engine.associate(cast.wire.now, { hit: b.engine.hit, locators: [b.at] })
    cast.wire.run(200)
    const states = [freeze(cast, a), freeze(cast, b)] as const
    expect(states[0].associations[0]?.reserveIn).toBe(states[1].associations[0]?.reserveIn)
    const a2 = thaw(cast, cast.alice, states[0], 2, a.at, means(3))
    const b2 = thaw(cast, cast.bob, states[1], 2, b.at, means(4))
    for (const [from, to] of [
      [a2, b2],
      [b2, a2],
    ] as const)
      for (let n = 0; n < 5; n++) say(cast, from, to, `${n}`)
    cast.wire.run(2_000)
    expect(cast.spy.reused).toEqual([])
    expect(converse(cast, a2, b2)).toBe(true)
  })
})

function enterAs(cast: Cast, which: 'a' | 'b', means: { readonly entropy: Entropy }): End {
  const [who, at] = which === 'a' ? ([cast.alice, place(21)] as const) : ([cast.bob, place(22)] as const)
  return enter(cast, who, 1, at, means)
}

function isLabel(bytes: Uint8Array, label: Label): boolean {
  return labelOf(bytes) === label
}

describe('one that moves again before its P1 is answered', () => {
  it('is taken at the later epoch by a peer that saw nothing of the earlier one', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose(() => true)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(50)
    const again = freeze(cast, a2)
    lost.stop()
    const a3 = thaw(cast, cast.alice, again, 3, place(4))
    cast.wire.run(1_000)
    expect(cast.b.engine.association(a3.engine.hit)).toMatchObject({ peerEpoch: 3, state: 'established' })
    expect(converse(cast, a3, cast.b)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it('is taken by a peer that answered and whose P2 was lost: the old S is still there', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    say(cast, a2, cast.b, 'under the interim key')
    cast.wire.run(50)
    expect(cast.b.datagrams()).toEqual(['under the interim key'])
    const again = freeze(cast, a2)
    lost.stop()
    const a3 = thaw(cast, cast.alice, again, 3, place(4))
    cast.wire.run(1_000)
    expect(a3.told).toContain('resumed')
    expect(cast.b.told).not.toContain('ended')
    expect(converse(cast, a3, cast.b)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it('closes its earlier interim SA with that: a packet of it that comes late is dropped', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose('P2')
    const held = cast.filters.hold('ESP')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    say(cast, a2, cast.b, 'late')
    cast.wire.run(50)
    const again = freeze(cast, a2)
    lost.stop()
    held.stop()
    const a3 = thaw(cast, cast.alice, again, 3, place(4))
    cast.wire.run(500)
    cast.filters.release(held)
    expect(cast.b.datagrams()).toEqual([])
    expect(converse(cast, a3, cast.b)).toBe(true)
  })
})

describe('a second P1 of the same start with other contents', () => {
  it.each(['P3', 'nothing'] as const)('is dropped, with %s lost', (lost) => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    if (lost === 'P3') cast.filters.lose('P3')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(60)
    // A copy of the machine, with its very instance key.
    const copy = thaw(cast, cast.alice, state, 2, place(66))
    cast.wire.run(100)
    expect(those(cast, 'P1', copy).length).toBeGreaterThan(0)
    expect(those(cast, 'P2', cast.b).filter(({ to }) => to.address === place(66).address)).toEqual([])
    expect(cast.b.told.filter((type) => type === 'rebound')).toEqual(['rebound'])
    cast.wire.remove(copy)
    cast.wire.bend = (flying) => [flying]
    cast.wire.run(3_000)
    expect(converse(cast, a2, cast.b)).toBe(true)
  })
})

describe('a peer that moves in the last half round trip', () => {
  it('before it knows that its P2 came is still understood: S is dropped at P3 or its ACK, not before', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose('P3')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(40)
    expect(a2.told).toContain('resumed')
    // Bob has heard nothing under the new keys: his capsule carries the old S.
    const b2 = thaw(cast, cast.bob, freeze(cast, cast.b), 2, place(6))
    lost.stop()
    cast.wire.run(3_000)
    expect([...a2.told, ...b2.told]).not.toContain('ended')
    expect(converse(cast, a2, b2)).toBe(true)
  })
})

describe('a packet for an older start', () => {
  it('is neither acted on nor acknowledged, but its signed locators are where the next P1 goes', () => {
    const cast = stage()
    const { wire, b } = cast
    const state = freeze(cast, cast.a)
    // Bob changes his address while Alice is frozen.
    const moved = place(9)
    const held = cast.filters.hold('READDRESS')
    b.engine.readdress(wire.now, [moved])
    wire.drain()
    const readdress = those(cast, 'READDRESS', b)[0]
    if (readdress === undefined) throw new Error('no UPDATE')
    wire.remove(b)
    held.stop()
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    wire.run(100)
    const since = wire.sent.length
    wire.inject({ ...readdress, from: moved, to: a2.at })
    wire.run(3_000)
    const acks = messagesOf(sentBy(cast, a2, since), 'UPDATE').flatMap(({ ack }) => ack ?? [])
    expect(acks).toEqual([])
    expect(a2.engine.association(b.engine.hit)?.state).toBe('moving')
    expect(those(cast, 'P1', a2, since).some(({ to }) => to.address === moved.address)).toBe(true)
  })

  it('that acknowledges does not satisfy the UPDATE of a later start with the same number', () => {
    const cast = stage()
    for (const last of [31, 32, 33]) {
      cast.a.engine.readdress(cast.wire.now, [cast.a.at, place(last)])
      cast.wire.run(100)
    }
    const acks = those(cast, 'ACK', cast.b)
    expect(acks.map((ack) => updateOf(ack).ack)).toEqual([[0], [1], [2]])
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose(['ACK', 'CHECK'], Infinity, cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(40)
    const before = those(cast, 'P3', a2).length
    for (const ack of acks) cast.wire.inject({ ...ack, to: a2.at })
    cast.wire.run(1_000)
    expect(those(cast, 'P3', a2).length).toBeGreaterThan(before)
    lost.stop()
    cast.wire.run(3_000)
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('is not missed: Update IDs restart with the epoch, however far they had come', () => {
    const cast = stage()
    for (let n = 0; n < 70; n++) {
      cast.a.engine.readdress(cast.wire.now, [cast.a.at])
      cast.wire.run(50)
    }
    const state = freeze(cast, cast.a)
    cast.filters.lose('ESP')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(3_000)
    expect(updateOf(those(cast, 'P1', a2)[0]).seq).toBe(0)
    expect(those(cast, 'P3', a2).length).toBe(1)
    expect([stateAt(a2, cast.b), stateAt(cast.b, a2)]).toEqual(['established', 'established'])
  })
})

describe('chains of moves', () => {
  it('of both ends by turns keep one association through ten starts', () => {
    const cast = stage()
    let [a, b] = [cast.a, cast.b]
    for (let epoch = 2; epoch <= 6; epoch++) {
      a = move(cast, cast.alice, a, epoch, place(10 + epoch))
      b = move(cast, cast.bob, b, epoch, place(20 + epoch))
      expect(converse(cast, a, b)).toBe(true)
    }
    expect(cast.spy.reused).toEqual([])
    expect([...a.told, ...b.told]).not.toContain('ended')
  })
})
