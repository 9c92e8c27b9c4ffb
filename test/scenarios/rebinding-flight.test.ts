// MOVING §5: P1, P2, P3 and the ACK of P3, in order and out of it.

import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/base/bytes.ts'
import { hitText } from '../../src/crypto/hit.ts'
import {
  converse,
  freeze,
  type Label,
  labelOf,
  labelsBy,
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

describe('a move that nothing disturbs', () => {
  it('takes P1, P2, P3 and an ACK, one of each, and no base exchange', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    expect(labelsBy(cast, a2, since)).toEqual(['P1', 'P3'])
    expect(labelsBy(cast, cast.b, since)).toEqual(['P2', 'ACK'])
    expect(a2.told).toContain('resumed')
    expect(cast.b.events).toContainEqual({ type: 'rebound', peer: a2.engine.hit, epoch: 2 })
    expect(cast.b.engine.association(a2.engine.hit)).toMatchObject({
      state: 'established',
      locator: a2.at,
      peerEpoch: 2,
    })
    expect(a2.engine.association(cast.b.engine.hit)?.baseExchanges).toBe(1)
  })

  it('carries words both ways afterwards, and none under a key and number used before', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'before')
    cast.wire.run(50)
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    expect(converse(cast, a2, cast.b)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it('lets P3 wait for data under the new keys, which commits the peer just as well, and sends it to whoever asks', () => {
    const cast = stage()
    const { wire, b } = cast
    const since = wire.sent.length
    wire.patient = true
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    expect(converse(cast, a2, b)).toBe(true)
    expect(labelsBy(cast, a2, since)).toEqual(['P1', 'ESP'])
    expect(a2.engine.owes()).toBe(true)
    wire.patient = false
    wire.run(100)
    expect(those(cast, 'P3', a2, since)).toHaveLength(1)
    expect(those(cast, 'ACK', b, since)).toHaveLength(1)
    expect(a2.engine.owes()).toBe(false)
    expect(converse(cast, a2, b)).toBe(true)
  })

  it('forgets what it owes when it is frozen, and the next start asks anew', () => {
    const cast = stage()
    cast.wire.patient = true
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    const state = freeze(cast, a2)
    cast.wire.patient = false
    const a3 = thaw(cast, cast.alice, state, 3, place(4))
    cast.wire.run(200)
    expect(converse(cast, a3, cast.b)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it('has what MOVING lists in every packet of it', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    const p1 = updateOf(those(cast, 'P1', a2, since)[0])
    expect(p1.seq).toBe(0)
    expect(p1.packet.bytes.length).toBe(1_200)
    for (const field of [
      'espInfo',
      'locators',
      'dh',
      'epoch',
      'reserveSpi',
      'finals',
      'padding',
      'instance',
      'signature',
    ])
      expect(p1, field).toHaveProperty(field)
    expect(p1.epoch).toMatchObject({ baseEpoch: 1, sender: { epoch: 2 }, addressee: { epoch: 1 } })
    expect(p1.epoch?.receipt.length).toBeGreaterThan(100)
    const p2 = updateOf(those(cast, 'P2', cast.b, since)[0])
    for (const field of ['espInfo', 'seq', 'dh', 'echoRequestSigned', 'epoch', 'reserveSpi', 'finals', 'signature'])
      expect(p2, field).toHaveProperty(field)
    expect(p2.ack).toEqual([0])
    expect(p2.epoch?.receipt.length).toBe(0)
    const p3 = updateOf(those(cast, 'P3', a2, since)[0])
    expect(p3.ack).toEqual([p2.seq])
    expect(p3.echoResponseSigned).toEqual(p2.echoRequestSigned)
    expect(p3.epoch?.resumptionId).not.toEqual(p2.epoch?.resumptionId)
    expect(p1.espInfo?.newSpi).not.toBe(p2.espInfo?.newSpi)
    expect(hitText(p1.sender)).toBe(a2.engine.hit)
  })
})

describe('losing', () => {
  const flight: readonly Label[] = ['P1', 'P2', 'P3', 'ACK']
  const losses = flight.flatMap((label) => [1, 2, 3].map((times) => [label, times] as const))

  it.each(losses)('%s %i times delays the move and does not stop it', (label, times) => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const rule = cast.filters.lose(label, times)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(8_000)
    expect(rule.met).toBe(times)
    expect(stateAt(a2, cast.b)).toBe('established')
    expect(stateAt(cast.b, a2)).toBe('established')
    expect(converse(cast, a2, cast.b)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it.each(losses)('%s %i times, with words under way both ways, loses no word that is repeated', (label, times) => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose(label, times)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    for (let n = 0; n < 20; n++) {
      say(cast, a2, cast.b, `a ${n}`)
      say(cast, cast.b, a2, `b ${n}`)
      cast.wire.run(200)
    }
    cast.wire.run(3_000)
    expect(converse(cast, a2, cast.b)).toBe(true)
    expect(new Set(cast.b.datagrams()).size).toBe(cast.b.datagrams().length)
    expect(new Set(a2.datagrams()).size).toBe(a2.datagrams().length)
    expect(cast.spy.reused).toEqual([])
  })
})

describe('copies', () => {
  it('of every packet of the flight change nothing', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.copy(['P1', 'P2', 'P3', 'ACK', 'ESP'])
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    say(cast, a2, cast.b, 'once')
    cast.wire.run(12)
    say(cast, cast.b, a2, 'once')
    cast.wire.run(2_000)
    expect(cast.b.datagrams()).toEqual(['once'])
    expect(a2.datagrams()).toEqual(['once'])
    expect(a2.told.filter((type) => type === 'resumed')).toEqual(['resumed'])
    expect(cast.b.told.filter((type) => type === 'rebound')).toEqual(['rebound'])
    expect(cast.spy.reused).toEqual([])
  })

  it('of a P1 get the same P2, byte for byte', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P2', 3)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(6_000)
    const offers = those(cast, 'P1', a2)
    const answers = those(cast, 'P2', cast.b)
    expect(offers.length).toBeGreaterThan(1)
    expect(answers.length).toBeGreaterThan(2)
    for (const { bytes } of offers) expect(equalBytes(bytes, offers[0]?.bytes ?? bytes)).toBe(true)
    for (const { bytes } of answers) expect(equalBytes(bytes, answers[0]?.bytes ?? bytes)).toBe(true)
  })

  it('of a P2 that come late get P3 again, as long as its ACK has not come', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose('ACK')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(35)
    const before = those(cast, 'P3', a2).length
    const p2 = those(cast, 'P2', cast.b)[0]
    if (p2 === undefined) throw new Error('no P2')
    cast.wire.inject(p2)
    expect(those(cast, 'P3', a2).length).toBe(before + 1)
    lost.stop()
  })

  it('of a P3 get its ACK each, long after the first', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    cast.wire.run(3_000)
    const acks = those(cast, 'ACK', cast.b).length
    const p3 = those(cast, 'P3', a2)[0]
    if (p3 === undefined) throw new Error('no P3')
    cast.wire.inject(p3)
    cast.wire.inject(p3)
    expect(those(cast, 'ACK', cast.b).length).toBe(acks + 2)
  })

  it('of P1 that come after the move is settled do not begin it again', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    const p1 = those(cast, 'P1', a2)[0]
    if (p1 === undefined) throw new Error('no P1')
    const since = cast.wire.sent.length
    cast.wire.inject(p1)
    expect(labelsBy(cast, cast.b, since)).not.toContain('P2')
    expect(converse(cast, a2, cast.b)).toBe(true)
  })
})

describe('P3', () => {
  it('is repeated until it is acknowledged, even when data has already committed the peer', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P3', 3)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(25)
    say(cast, a2, cast.b, 'commits')
    cast.wire.run(4_000)
    expect(cast.b.datagrams()).toEqual(['commits'])
    expect(those(cast, 'P3', a2).length).toBeGreaterThan(3)
    expect(those(cast, 'ACK', cast.b).length).toBeGreaterThan(0)
    // Nothing is unconfirmed any more, so FREEZE waits for nothing.
    const before = cast.wire.now
    freeze(cast, cast.b)
    expect(cast.wire.now).toBe(before)
  })

  it('measures no round trip when it is a repetition: data had overtaken the first', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose('P3')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(25)
    say(cast, a2, cast.b, 'overtakes')
    cast.wire.run(400)
    lost.stop()
    cast.wire.run(4_000)
    expect(a2.engine.association(cast.b.engine.hit)?.rttMs).toBeLessThan(50)
    expect(cast.b.engine.association(a2.engine.hit)?.rttMs ?? 0).toBeLessThan(50)
  })

  it('stops when it is acknowledged', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    cast.wire.run(10_000)
    expect(those(cast, 'P3', a2).length).toBe(1)
    expect(stateAt(a2, cast.b)).toBe('established')
    expect(a2.told).not.toContain('parked')
  })

  it('is not satisfied by an ACK under the old HIP key', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('ACK')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(60)
    // P2 names its ACK of P1 only; whatever the old key could say of P3 is what a former host could say.
    const acks = sentBy(cast, cast.b).filter(({ bytes }) => labelOf(bytes) === 'ACK')
    for (const ack of acks) {
      const { epoch } = updateOf(ack)
      expect(epoch?.resumptionId).toEqual(updateOf(those(cast, 'P3', a2)[0]).epoch?.resumptionId)
    }
    expect(acks.length).toBeGreaterThan(0)
  })
})

describe('data beside the flight', () => {
  it('goes at once under the interim key, ten packets before P2 and not one more', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const since = cast.wire.sent.length
    const lost = cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    for (let n = 0; n < 30; n++) say(cast, a2, cast.b, `${n}`)
    cast.wire.run(1_500)
    expect(those(cast, 'ESP', a2, since).length).toBe(10)
    expect(cast.b.datagrams()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    lost.stop()
    cast.wire.run(5_000)
    expect(new Set(cast.b.datagrams()).size).toBe(30)
  })

  it('of the peer goes at once after P2, under the new keys', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(10)
    expect(labelsBy(cast, cast.b).at(-1)).toBe('P2')
    say(cast, cast.b, a2, 'at once')
    expect(labelsBy(cast, cast.b).at(-1)).toBe('ESP')
    cast.wire.run(10)
    expect(a2.datagrams()).toEqual(['at once'])
  })

  it('overtaking P2 waits for its key and is delivered then', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const held = cast.filters.hold('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(10)
    for (let n = 0; n < 5; n++) say(cast, cast.b, a2, `${n}`)
    cast.wire.run(15)
    expect(a2.datagrams()).toEqual([])
    cast.filters.release(held)
    expect(a2.datagrams().slice(0, 2)).toEqual(['0', '1'])
    held.stop()
    cast.wire.run(3_000)
    expect(a2.datagrams()).toEqual(['0', '1', '2', '3', '4'])
    expect(a2.engine.counters['early-packet-lost']).toBeUndefined()
  })

  it('overtaking P2 counts as a failure after one second, and only then', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(10)
    say(cast, cast.b, a2, 'early')
    cast.wire.run(15)
    expect(a2.engine.counters['esp-forged']).toBeUndefined()
    cast.wire.run(900)
    expect(a2.engine.counters['early-packet-lost']).toBeUndefined()
    cast.wire.run(200)
    expect(a2.engine.counters['early-packet-lost']).toBe(1)
  })

  it('overtaking P2 waits eight packets deep and no deeper', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'earns')
    const state = freeze(cast, cast.a)
    const held = cast.filters.hold('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    for (let n = 0; n < 10; n++) say(cast, a2, cast.b, 'x'.repeat(500))
    cast.wire.run(10)
    for (let n = 0; n < 12; n++) say(cast, cast.b, a2, `${n}`)
    cast.wire.run(12)
    const answered = those(cast, 'ESP', cast.b).length
    expect(answered).toBe(12)
    cast.filters.release(held)
    expect(a2.datagrams().length).toBe(8)
    expect(a2.engine.counters['early-packets-full']).toBe(4)
  })
})

describe('the address of the thawed side', () => {
  it('is verified by the echo in its P3', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const held = cast.filters.hold('P3')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(40)
    expect(stateAt(cast.b, a2)).toBe('moving')
    held.stop()
    cast.filters.release(held)
    expect(stateAt(cast.b, a2)).toBe('established')
  })

  it('gets at most four P2s of their own accord while nothing comes back', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P1', Infinity)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.drain()
    const p1 = those(cast, 'P1', a2)[0]
    if (p1 === undefined) throw new Error('no P1')
    cast.wire.remove(a2)
    cast.wire.inject(p1)
    cast.wire.run(30_000)
    const answers = those(cast, 'P2', cast.b)
    expect(answers.length).toBeLessThanOrEqual(4)
    expect(answers.length).toBeGreaterThan(1)
  })

  it('gets at most three times what came from it, and no more than came since the thaw, before it is verified', () => {
    const cast = stage()
    for (let n = 0; n < 50; n++) say(cast, cast.a, cast.b, 'x'.repeat(1_000))
    cast.wire.run(100)
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose(['P3', 'CHECK'])
    const since = cast.wire.sent.length
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(12)
    for (let n = 0; n < 50; n++) say(cast, cast.b, a2, 'y'.repeat(1_000))
    cast.wire.run(400)
    const ip = (flying: { readonly bytes: Uint8Array }): number => flying.bytes.length + 28
    const came = sentBy(cast, a2, since).reduce((sum, flying) => sum + ip(flying), 0)
    const went = those(cast, 'ESP', cast.b, since).reduce((sum, flying) => sum + ip(flying), 0)
    expect(went).toBeGreaterThan(0)
    expect(went).toBeLessThanOrEqual(3 * came)
    expect(went).toBeLessThanOrEqual(came)
    lost.stop()
  })
})
