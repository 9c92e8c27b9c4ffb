// RFC 7401 §4.4.4 and §6.6 to §6.10: when the packets of a base exchange are sent, and what a late, doubled or broken one does.

import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { flippedAt } from '../support/altered.ts'
import {
  actor,
  type Cast,
  type End,
  enter,
  labelOf,
  labelsBy,
  messagesOf,
  place,
  say,
  sentBy,
  stage,
  stateAt,
  those,
} from '../support/stage.ts'

function open(cast: Cast, from: End, to: End): void {
  from.engine.associate(cast.wire.now, { hit: to.engine.hit, locators: [to.at] })
}

function initiatorAt(end: End, peer: End): boolean | undefined {
  return end.engine.association(peer.engine.hit)?.initiator
}

describe('an R1', () => {
  it('that cannot be read, or whose signature is wrong, is passed over in silence, and the right one is answered', () => {
    const cast = stage({ associate: false })
    const held = cast.filters.hold('R1')
    open(cast, cast.a, cast.b)
    cast.wire.run(50)
    const r1 = held.held[0]
    if (r1 === undefined) throw new Error('no R1')
    const since = cast.wire.sent.length
    const broken = [r1.bytes.subarray(0, 99), flippedAt(r1.bytes, r1.bytes.length - 9), flippedAt(r1.bytes, 130)]
    for (const bytes of broken) cast.wire.inject({ ...r1, bytes })
    expect([labelsBy(cast, cast.a, since), stateAt(cast.a, cast.b)]).toEqual([[], 'opening'])
    cast.filters.release(held)
    cast.wire.run(50)
    expect(stateAt(cast.a, cast.b)).toBe('established')
  })
})

describe('an Initiator', () => {
  it('sends its first I1 to three places at most, and every later one to one at a time', () => {
    const cast = stage({ associate: false })
    const locators = [60, 61, 62, 63, 64].map((last) => place(last))
    cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators })
    cast.wire.run(4_000)
    const moments = those(cast, 'I1').map(({ at }) => at)
    const together = [...new Set(moments)].map((moment) => moments.filter((at) => at === moment).length)
    expect([together[0], together.length > 2]).toEqual([3, true])
    expect(together.slice(1).every((count) => count === 1)).toBe(true)
  })

  it('sends its I2 three times, then begins again with an I1', () => {
    const cast = stage({ associate: false })
    cast.filters.lose('I2')
    open(cast, cast.a, cast.b)
    cast.wire.run(4_400)
    expect(labelsBy(cast, cast.a).slice(0, 6)).toEqual(['I1', 'I2', 'I2', 'I2', 'I1', 'I2'])
    const [first, second, , later] = messagesOf(sentBy(cast, cast.a), 'I2')
    expect(second?.solution.j).toEqual(first?.solution.j)
    expect(later?.solution.j).not.toEqual(first?.solution.j)
  })

  it('answers the R1 with the larger counter, also after its I2 has gone out', () => {
    const cast = stage({ associate: false, config: { r1GenerationMs: 100 } })
    cast.filters.lose('I2')
    open(cast, cast.a, cast.b)
    cast.wire.run(30)
    const [i1] = those(cast, 'I1')
    const [old] = those(cast, 'R1')
    if (i1 === undefined || old === undefined) throw new Error('no exchange')
    cast.wire.run(100)
    cast.wire.inject(i1)
    cast.wire.run(15)
    cast.wire.inject(old)
    cast.wire.run(15)
    const counters = messagesOf(sentBy(cast, cast.a), 'I2').map(({ counter }) => counter?.low)
    expect(counters).toEqual([1, 2])
  })

  it('stops searching when the lifetime of the puzzle is over, and begins again with an I1', () => {
    const cast = stage({ associate: false, config: { puzzleTriesPerSlice: 1 } })
    // 2^(27 − 32) s are 31 ms, in which 31 of some 8,192 tries are made.
    const hard = { puzzleDifficulty: 13, puzzleLifetimeExponent: 27 }
    const harsh = enter(cast, actor(21), 1, place(41), { config: hard })
    open(cast, cast.a, harsh)
    cast.wire.run(52)
    expect(labelsBy(cast, cast.a)).toEqual(['I1', 'I1'])
    cast.wire.run(1_000)
    expect([stateAt(cast.a, harsh), those(cast, 'I2')]).toEqual(['opening', []])
  })
})

describe('two ends that open at once', () => {
  it.each(['I1', 'I2'] as const)('agree who is the Responder by their HITs, though their %ss cross', (label) => {
    const cast = stage({ associate: false })
    const [lesser, greater] = [cast.a, cast.b].sort((x, y) =>
      compareBytes(hitBytes(x.engine.hit), hitBytes(y.engine.hit)),
    )
    if (lesser === undefined || greater === undefined) throw new Error('no two ends')
    const held = cast.filters.hold(label === 'I2' ? 'I2' : () => false, 1, lesser)
    open(cast, lesser, greater)
    open(cast, greater, lesser)
    cast.wire.run(label === 'I2' ? 540 : 100)
    cast.filters.release(held)
    cast.wire.run(3_000)
    expect(lesser.engine.counters[label === 'I1' ? 'i1-crossed' : 'i2-crossed'] ?? 0).toBeGreaterThan(0)
    expect([stateAt(lesser, greater), stateAt(greater, lesser)]).toEqual(['established', 'established'])
    expect([initiatorAt(lesser, greater), initiatorAt(greater, lesser)]).toEqual([true, false])
  })
})

describe('data for a peer without an association', () => {
  it('is refused with that reason, and goes once there has been a base exchange', () => {
    const cast = stage({ associate: false })
    expect(say(cast, cast.a, cast.b, 'too early')).toBe('no-association')
    open(cast, cast.a, cast.b)
    expect(say(cast, cast.a, cast.b, 'soon')).toBe('queued')
    cast.wire.run(200)
    expect(cast.b.datagrams()).toEqual(['soon'])
    expect(cast.wire.sent.map(({ bytes }) => labelOf(bytes)).slice(0, 4)).toEqual(['I1', 'R1', 'I2', 'R2'])
  })
})

describe('two identities in one process', () => {
  it('each have an association with the same peer', () => {
    const cast = stage()
    const other = enter(cast, actor(21), 1, place(41))
    open(cast, other, cast.b)
    cast.wire.run(200)
    expect([stateAt(cast.b, cast.a), stateAt(cast.b, other)]).toEqual(['established', 'established'])
    say(cast, other, cast.b, 'from the other')
    cast.wire.run(50)
    expect(cast.b.datagrams()).toEqual(['from the other'])
  })
})
