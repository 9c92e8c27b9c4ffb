// MOVING §6: where the peer is. An address counts when it has answered; data to any other is paid for; nothing moves because
// somebody copied a packet.

import { describe, expect, it } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import {
  type Cast,
  converse,
  type End,
  type Flying,
  freeze,
  labelOf,
  labelsBy,
  messagesOf,
  place,
  say,
  sentBy,
  stage,
  thaw,
  those,
  updateOf,
} from '../support/stage.ts'

const VICTIM = place(99)

/** From now on a's packets come from `outside`, and what is sent there reaches a: a translator between the two. */
function translate(cast: Cast, end: End, outside: Locator): void {
  cast.wire.bend = (flying) => {
    if (flying.from === end.at) return [{ ...flying, from: outside }]
    if (flying.to.address === outside.address && flying.to.port === outside.port) return [{ ...flying, to: end.at }]
    return [flying]
  }
}

function locatorOf(at: End, of: End): Locator | undefined {
  return at.engine.association(of.engine.hit)?.locator
}

function bytesTo(cast: Cast, from: End, to: Locator, since = 0): number {
  return sentBy(cast, from, since)
    .filter((flying) => flying.to.address === to.address)
    .reduce((sum, { bytes }) => sum + bytes.length + 28, 0)
}

describe('an end that changes its address', () => {
  it('tells its peer from the new one, is asked there, answers, and is followed', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    const outside = place(31)
    translate(cast, cast.a, outside)
    cast.a.engine.readdress(cast.wire.now, [outside])
    cast.wire.run(100)
    expect(labelsBy(cast, cast.a, since).slice(0, 2)).toEqual(['READDRESS', 'ACK'])
    expect(labelsBy(cast, cast.b, since)[0]).toBe('CHECK')
    expect(locatorOf(cast.b, cast.a)).toEqual(outside)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('is told that it was heard, even if that is lost at first', () => {
    const cast = stage()
    cast.filters.lose('CHECK', 2)
    cast.a.engine.readdress(cast.wire.now, [cast.a.at, place(31)])
    cast.filters.lose('ACK', 1)
    cast.wire.run(4_000)
    expect(cast.a.engine.association(cast.b.engine.hit)?.state).toBe('established')
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('cannot have its UPDATE of long ago replayed to send its peer back', () => {
    const cast = stage()
    cast.a.engine.readdress(cast.wire.now, [place(31)])
    cast.wire.run(100)
    const old = those(cast, 'READDRESS', cast.a)[0]
    cast.a.engine.readdress(cast.wire.now, [place(32)])
    cast.wire.run(100)
    if (old === undefined) throw new Error('no UPDATE')
    const since = cast.wire.sent.length
    cast.wire.inject({ ...old, from: place(31) })
    cast.wire.run(3_000)
    expect(locatorOf(cast.b, cast.a)).toEqual(cast.a.at)
    expect(sentBy(cast, cast.b, since).filter(({ to }) => to.address === place(31).address).length).toBeLessThan(3)
  })
})

describe('a translator that forgets', () => {
  it('in the middle of a conversation is followed within a round trip, because the next packet starts a check', () => {
    const cast = stage()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    translate(cast, cast.a, { ...cast.a.at, port: 40_001 })
    say(cast, cast.a, cast.b, 'from a new port')
    cast.wire.run(45)
    expect(cast.b.datagrams()).toContain('from a new port')
    expect(locatorOf(cast.b, cast.a)?.port).toBe(40_001)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('in the middle of a rekey is followed by what the peer still seals under the old keys', () => {
    const cast = stage()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(15)
    const outside = place(31)
    translate(cast, cast.b, outside)
    const { bend } = cast.wire
    cast.wire.bend = (flying) => (flying.to.address === cast.b.at.address ? [] : bend(flying))
    cast.wire.run(100)
    expect(cast.a.told).not.toContain('rekeyed')
    say(cast, cast.b, cast.a, 'from here')
    cast.wire.run(5_000)
    expect(locatorOf(cast.a, cast.b)).toEqual(outside)
    expect([cast.a.told, cast.b.told].map((told) => told.includes('rekeyed'))).toEqual([true, true])
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('while nobody talks shows at the next keepalive', () => {
    const cast = stage()
    cast.wire.run(20_000)
    translate(cast, cast.a, { ...cast.a.at, port: 40_001 })
    cast.wire.run(16_000)
    expect(locatorOf(cast.b, cast.a)?.port).toBe(40_001)
  })

  it('every five seconds for a minute loses no association', () => {
    const cast = stage()
    for (let n = 0; n < 12; n++) {
      translate(cast, cast.a, { ...cast.a.at, port: 40_000 + n })
      for (let m = 0; m < 10; m++) {
        say(cast, cast.a, cast.b, `${n}.${m}`)
        cast.wire.run(500)
      }
      expect(locatorOf(cast.b, cast.a)?.port).toBe(40_000 + n)
    }
    expect(cast.b.datagrams().length).toBe(120)
    expect(cast.spy.reused).toEqual([])
  })
})

describe('bare ESP from a new place', () => {
  it('starts a check there and moves nothing by itself', () => {
    const cast = stage()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    const since = cast.wire.sent.length
    cast.filters.change('ESP', (flying) => ({ ...flying, from: VICTIM }), cast.a)
    say(cast, cast.a, cast.b, 'copied on the way')
    cast.wire.run(15)
    expect(cast.b.datagrams()).toContain('copied on the way')
    expect(locatorOf(cast.b, cast.a)).toEqual(cast.a.at)
    const check = those(cast, 'CHECK', cast.b, since)
    expect(check.map(({ to }) => to.address)).toEqual([VICTIM.address])
    expect(updateOf(check[0]).signature).toBeUndefined()
    for (let n = 0; n < 50; n++) say(cast, cast.b, cast.a, 'x'.repeat(1_000))
    cast.wire.run(5_000)
    expect(locatorOf(cast.b, cast.a)).toEqual(cast.a.at)
    expect(cast.a.datagrams().filter((text) => text.startsWith('x')).length).toBe(50)
    expect(those(cast, 'ESP', cast.b).filter(({ to }) => to.address === VICTIM.address)).toEqual([])
  })

  it('costs the place no more than three times what came from it, and four checks', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    let came = 0
    cast.filters.change(
      'ESP',
      (flying) => {
        came += flying.bytes.length + 28
        return { ...flying, from: VICTIM }
      },
      cast.a,
    )
    for (let n = 0; n < 30; n++) {
      say(cast, cast.a, cast.b, 'copied')
      cast.wire.run(1_000)
    }
    expect(bytesTo(cast, cast.b, VICTIM, since)).toBeLessThanOrEqual(3 * came)
  })

  it('with a number that is not the highest starts nothing', () => {
    const cast = stage()
    const held = cast.filters.hold('ESP', 1)
    say(cast, cast.a, cast.b, 'first')
    say(cast, cast.a, cast.b, 'second')
    cast.wire.run(20)
    const since = cast.wire.sent.length
    cast.filters.release(held, { from: VICTIM })
    cast.wire.run(2_000)
    expect(cast.b.datagrams()).toEqual(['second', 'first'])
    expect(sentBy(cast, cast.b, since).filter(({ to }) => to.address === VICTIM.address)).toEqual([])
  })

  it('that is not authentic starts nothing, and leaves nothing behind', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'one')
    cast.wire.run(20)
    const packet = those(cast, 'ESP', cast.a)[0]
    if (packet === undefined) throw new Error('no ESP')
    const since = cast.wire.sent.length
    for (let n = 0; n < 50; n++) {
      const bytes = packet.bytes.slice()
      bytes[7] = 200
      bytes[bytes.length - 1] = n
      cast.wire.inject({ from: place(99, 1_000 + n), to: cast.b.at, bytes })
    }
    cast.wire.run(2_000)
    expect(bytesTo(cast, cast.b, VICTIM, since)).toBe(0)
    expect(cast.b.engine.counters['esp-forged']).toBe(50)
    // A forged number does not move the window either.
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('that races every packet of the right place neither moves nor stops the conversation', () => {
    const cast = stage()
    cast.wire.bend = (flying) =>
      flying.from === cast.a.at && labelOf(flying.bytes) === 'ESP' ? [{ ...flying, from: VICTIM }, flying] : [flying]
    for (let n = 0; n < 200; n++) {
      say(cast, cast.a, cast.b, `a ${n}`)
      say(cast, cast.b, cast.a, `b ${n}`)
      cast.wire.run(30)
    }
    expect(cast.b.datagrams().length).toBe(200)
    expect(cast.a.datagrams().length).toBeGreaterThan(160)
    expect(locatorOf(cast.b, cast.a)).toEqual(cast.a.at)
  })
})

describe('an echo', () => {
  it('counts only from the place that was asked', () => {
    const cast = stage()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    translate(cast, cast.a, place(31))
    const bend = cast.wire.bend
    // The answer comes from elsewhere: an attacker who carries the question to the right end.
    cast.wire.bend = (flying: Flying) =>
      bend(flying).map((bent) =>
        bent.from.address === place(31).address && labelOf(bent.bytes) === 'ACK' ? { ...bent, from: VICTIM } : bent,
      )
    say(cast, cast.a, cast.b, 'hello')
    cast.wire.run(300)
    expect([cast.a.at.address]).toContain(locatorOf(cast.b, cast.a)?.address)
  })

  it('that nobody asked for changes nothing', () => {
    const cast = stage()
    cast.a.engine.readdress(cast.wire.now, [cast.a.at])
    cast.wire.run(100)
    translate(cast, cast.a, place(31))
    say(cast, cast.a, cast.b, 'hello')
    cast.wire.run(100)
    const echo = those(cast, 'ACK', cast.a).at(-1)
    expect(messagesOf(echo === undefined ? [] : [echo], 'UPDATE')[0]?.echoResponseSigned).toBeDefined()
    if (echo !== undefined) cast.wire.inject({ ...echo, from: VICTIM })
    expect(locatorOf(cast.b, cast.a)?.address).toBe(place(31).address)
  })
})

describe('a peer that lists places which are not its own', () => {
  it('cannot have any of them flooded: each is asked four times at most, and all of it is paid for by what came', () => {
    const cast = stage()
    const victims = Array.from({ length: 8 }, (_, n) => place(90 + n))
    const since = cast.wire.sent.length
    cast.a.engine.readdress(cast.wire.now, victims)
    for (let n = 0; n < 50; n++) {
      say(cast, cast.b, cast.a, 'x'.repeat(1_000))
      cast.wire.run(100)
    }
    const each = victims.map(
      (victim) => those(cast, 'CHECK', cast.b, since).filter(({ to }) => to.address === victim.address).length,
    )
    for (const asked of each) expect(asked).toBeLessThanOrEqual(4)
    const came = sentBy(cast, cast.a).reduce((sum, { bytes }) => sum + bytes.length + 28, 0)
    const went = victims.map((victim) => bytesTo(cast, cast.b, victim, since)).reduce((sum, bytes) => sum + bytes, 0)
    expect(went).toBeGreaterThan(0)
    expect(went).toBeLessThanOrEqual(came)
  })

  it('cannot have them flooded by a thaw either', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const since = cast.wire.sent.length
    thaw(cast, cast.alice, state, 2, place(3), { locators: [VICTIM, place(98)] })
    for (let n = 0; n < 20; n++) {
      say(cast, cast.b, cast.a, 'x'.repeat(1_000))
      cast.wire.run(100)
    }
    expect(bytesTo(cast, cast.b, VICTIM, since)).toBeLessThanOrEqual(4 * 600)
  })
})

describe('credit', () => {
  it('is what came since the thaw: a peer that sent much before it cannot spend that now', () => {
    const cast = stage()
    for (let n = 0; n < 100; n++) say(cast, cast.a, cast.b, 'x'.repeat(1_000))
    cast.wire.run(100)
    const state = freeze(cast, cast.a)
    cast.filters.lose('P3')
    const since = cast.wire.sent.length
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(12)
    for (let n = 0; n < 20; n++) say(cast, cast.b, a2, 'y'.repeat(500))
    cast.wire.run(5)
    const came = sentBy(cast, a2, since).reduce((sum, { bytes }) => sum + bytes.length + 28, 0)
    const data = those(cast, 'ESP', cast.b, since).reduce((sum, { bytes }) => sum + bytes.length + 28, 0)
    expect(data).toBeGreaterThan(0)
    expect(data).toBeLessThanOrEqual(came)
  })

  it('ages: after a minute of silence less than a fifth is left', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const rule = cast.filters.lose(['P3', 'P2', 'ACK', 'CHECK'])
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    for (let n = 0; n < 10; n++) say(cast, a2, cast.b, 'x'.repeat(1_000))
    cast.wire.run(12)
    const since = cast.wire.sent.length
    cast.wire.remove(a2)
    cast.wire.run(60_000)
    for (let n = 0; n < 50; n++) say(cast, cast.b, a2, 'y'.repeat(200))
    cast.wire.run(10)
    const data = those(cast, 'ESP', cast.b, since).reduce((sum, { bytes }) => sum + bytes.length + 28, 0)
    expect(data).toBeLessThan(0.2 * 12_000)
    rule.stop()
  })
})
