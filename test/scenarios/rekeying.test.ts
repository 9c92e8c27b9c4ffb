// MOVING §3: an ordinary rekey runs the same states as a move, with fresh Diffie–Hellman values of both sides; it is begun by
// packets or by time, by one end or by both, and loses no packet.

import { describe, expect, it } from 'vitest'
import { spiOf } from '../../src/wire/esp.ts'
import { EspSuite } from '../../src/wire/registry.ts'
import {
  type Cast,
  converse,
  enter,
  type Flying,
  type Label,
  labelOf,
  labelsBy,
  place,
  say,
  stage,
  stateAt,
  those,
  updateOf,
} from '../support/stage.ts'

function rekeyed(cast: Cast): number[] {
  return [cast.a, cast.b].map((end) => end.told.filter((type) => type === 'rekeyed').length)
}

function rekey(cast: Cast): void {
  expect(cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)).toBe(true)
}

describe('a rekey', () => {
  it('takes U1, U2, U3 and an ACK', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    rekey(cast)
    cast.wire.run(200)
    expect(labelsBy(cast, cast.a, since)).toEqual(['U1', 'P3'])
    expect(labelsBy(cast, cast.b, since)).toEqual(['U2', 'ACK'])
    expect(rekeyed(cast)).toEqual([1, 1])
  })

  it('has fresh Diffie–Hellman values of both sides each time, KEYMAT index 0, new SPIs and a new S', () => {
    const cast = stage()
    for (let n = 0; n < 3; n++) {
      rekey(cast)
      cast.wire.run(2_000)
    }
    const offers = those(cast, 'U1').map(updateOf)
    const answers = those(cast, 'U2').map(updateOf)
    for (const updates of [offers, answers]) {
      expect(updates.length).toBe(3)
      const values = updates.map(({ dh }) => Buffer.from(dh?.publicValue ?? []).toString('hex'))
      expect(new Set(values).size).toBe(3)
      expect(new Set(updates.map(({ espInfo }) => espInfo?.newSpi)).size).toBe(3)
      expect(updates.every(({ espInfo }) => espInfo?.keymatIndex === 0)).toBe(true)
      expect(new Set(updates.map(({ epoch }) => Buffer.from(epoch?.resumptionId ?? []).toString('hex'))).size).toBe(3)
    }
  })

  it('is not ended by the refusal of a question under the old S, though the refusal overtakes the last ACK', () => {
    const cast = stage()
    const questions = cast.filters.hold('CHECK', Infinity, cast.a)
    cast.filters.lose('ESP', 1, cast.a)
    say(cast, cast.a, cast.b, 'lost, so that it asks')
    cast.wire.run(1_100)
    expect(questions.met).toBe(1)
    const acks = cast.filters.hold('ACK', 1, cast.b)
    rekey(cast)
    cast.wire.run(45)
    cast.filters.release(questions)
    cast.wire.run(25)
    expect([acks.met, those(cast, 'NOTIFY', cast.b).length]).toEqual([1, 1])
    cast.filters.release(acks)
    cast.wire.run(2_000)
    expect([stateAt(cast.a, cast.b), stateAt(cast.b, cast.a)]).toEqual(['established', 'established'])
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    expect(rekeyed(cast)).toEqual([1, 1])
  })

  it('loses no packet and repeats no number, with data both ways all the time', () => {
    const cast = stage()
    let n = 0
    for (let round = 0; round < 10; round++) {
      rekey(cast)
      for (let step = 0; step < 10; step++) {
        say(cast, cast.a, cast.b, `a ${n}`)
        say(cast, cast.b, cast.a, `b ${n++}`)
        cast.wire.run(7)
      }
      cast.wire.run(500)
    }
    expect(cast.a.datagrams().length).toBe(n)
    expect(cast.b.datagrams().length).toBe(n)
    expect(rekeyed(cast)).toEqual([10, 10])
    expect(cast.spy.reused).toEqual([])
  })

  const losses = (['U1', 'U2', 'P3', 'ACK'] as const).flatMap((label) =>
    [1, 2, 3].map((times) => [label, times] as const),
  )

  it.each(losses)('whose %s is lost %i times comes about all the same, and loses no data', (label, times) => {
    const cast = stage()
    cast.filters.lose(label, times)
    rekey(cast)
    for (let n = 0; n < 20; n++) {
      say(cast, cast.a, cast.b, `a ${n}`)
      say(cast, cast.b, cast.a, `b ${n}`)
      cast.wire.run(300)
    }
    cast.wire.run(3_000)
    expect(rekeyed(cast)).toEqual([1, 1])
    expect([cast.a.datagrams().length, cast.b.datagrams().length]).toEqual([20, 20])
    expect(cast.spy.reused).toEqual([])
  })

  it('that both ends begin at once comes about once', () => {
    const cast = stage()
    rekey(cast)
    cast.b.engine.rekey(cast.wire.now, cast.a.engine.hit)
    cast.wire.run(3_000)
    const [one, other] = rekeyed(cast)
    expect(one).toBe(other)
    expect(one).toBeGreaterThanOrEqual(1)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it('is not begun while another one is unfinished', () => {
    const cast = stage()
    cast.filters.lose('ACK', 1)
    rekey(cast)
    cast.wire.run(20)
    expect(cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)).toBe(false)
    cast.wire.run(3_000)
    expect(cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)).toBe(true)
  })

  it('meets a change of address in the middle, and both come about', () => {
    const cast = stage()
    rekey(cast)
    const outside = place(31)
    cast.wire.bend = (flying: Flying) => {
      if (flying.from === cast.a.at) return [{ ...flying, from: outside }]
      return flying.to.address === outside.address ? [{ ...flying, to: cast.a.at }] : [flying]
    }
    cast.a.engine.readdress(cast.wire.now, [outside])
    cast.wire.run(3_000)
    expect(rekeyed(cast)).toEqual([1, 1])
    expect(cast.b.engine.association(cast.a.engine.hit)).toMatchObject({ locator: outside, state: 'established' })
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })
})

describe('a rekey begins by itself', () => {
  it('after so many packets, and the old SA is sealed with no more', () => {
    const cast = stage({ config: { rekeyPackets: 20 } })
    for (let n = 0; n < 100; n++) {
      say(cast, cast.a, cast.b, `${n}`)
      cast.wire.run(40)
    }
    cast.wire.run(500)
    expect(rekeyed(cast)[0]).toBeGreaterThanOrEqual(4)
    const perSpi = new Map<number, number>()
    for (const { bytes } of those(cast, 'ESP', cast.a)) perSpi.set(spiOf(bytes), (perSpi.get(spiOf(bytes)) ?? 0) + 1)
    expect(Math.max(...perSpi.values())).toBeLessThanOrEqual(20 + 5)
    expect(cast.b.datagrams().length).toBe(100)
  })

  it('after so many bytes', () => {
    const cast = stage({ config: { rekeyBytes: 20_000 } })
    for (let n = 0; n < 40; n++) {
      say(cast, cast.a, cast.b, `${n}`.padEnd(1_000))
      cast.wire.run(40)
    }
    cast.wire.run(500)
    expect(rekeyed(cast)).toEqual([2, 2])
    const perSpi = new Map<number, number>()
    for (const { bytes } of those(cast, 'ESP', cast.a))
      perSpi.set(spiOf(bytes), (perSpi.get(spiOf(bytes)) ?? 0) + bytes.length)
    expect(Math.max(...perSpi.values())).toBeLessThanOrEqual(20_000 + 5_000)
    expect(cast.b.datagrams().length).toBe(40)
  })

  it('256 times as soon where a tag has 8 bytes', () => {
    const cast = stage({ config: { rekeyPackets: 2_560 }, espSuites: [EspSuite.AES_GCM_8] })
    for (let n = 0; n < 15; n++) say(cast, cast.a, cast.b, `${n}`)
    cast.wire.run(500)
    expect(rekeyed(cast)).toEqual([1, 1])
    expect(cast.b.datagrams().length).toBe(15)
  })

  it('at the receiver, of a peer that should have begun one long ago', () => {
    const cast = stage({ associate: false, config: { rekeyPackets: 2 ** 23, sealedPacketsMax: 2 ** 25 } })
    const strict = enter(cast, cast.bob, 1, place(3), { config: { sealedPacketsMax: 10 } })
    cast.a.engine.associate(0, { hit: strict.engine.hit, locators: [strict.at] })
    cast.wire.run(100)
    for (let n = 0; n < 9; n++) say(cast, cast.a, strict, `${n}`)
    cast.wire.run(100)
    expect(those(cast, 'U1').length).toBe(0)
    for (let n = 0; n < 9; n++) say(cast, cast.a, strict, `${n}`)
    cast.wire.run(500)
    expect(those(cast, 'U1', strict).length).toBe(1)
    expect(strict.told.filter((type) => type === 'rekeyed').length).toBe(1)
  })

  it('after so long', () => {
    const cast = stage({ config: { rekeyMs: 60_000 } })
    cast.wire.run(59_000)
    expect(rekeyed(cast)).toEqual([0, 0])
    cast.wire.run(3_000)
    expect(rekeyed(cast)[0]).toBeGreaterThanOrEqual(1)
    cast.wire.run(600_000)
    expect(rekeyed(cast)[0]).toBeGreaterThanOrEqual(8)
    expect(stateAt(cast.a, cast.b)).toBe('established')
  })

  it('and nothing is sealed beyond the last number of an SA, whatever becomes of it', () => {
    const cast = stage({ config: { rekeyPackets: 10, sealedPacketsMax: 15 } })
    cast.filters.lose('U1')
    for (let n = 0; n < 40; n++) say(cast, cast.a, cast.b, `${n}`)
    cast.wire.run(1_000)
    expect(those(cast, 'ESP', cast.a).length).toBe(15)
    expect(cast.b.datagrams().length).toBe(15)
  })
})

describe('the last byte of an SA', () => {
  it('and nothing is sealed beyond the last byte of an SA', () => {
    const cast = stage({ config: { rekeyBytes: 5_000, sealedBytesMax: 10_000 } })
    cast.filters.lose('U1')
    for (let n = 0; n < 40; n++) say(cast, cast.a, cast.b, `${n}`.padEnd(1_000))
    cast.wire.run(1_000)
    const bytes = those(cast, 'ESP', cast.a).reduce((sum, flying) => sum + flying.bytes.length, 0)
    expect(bytes).toBeLessThanOrEqual(10_000)
    expect(bytes).toBeGreaterThan(8_500)
  })
})

describe('old SAs', () => {
  it('still open for three PTO after the rekey, and then never again', () => {
    const cast = stage()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    const held = cast.filters.hold('ESP', 2, cast.a)
    say(cast, cast.a, cast.b, 'late')
    say(cast, cast.a, cast.b, 'too late')
    rekey(cast)
    cast.wire.run(60)
    const [late, tooLate] = held.held
    if (late === undefined || tooLate === undefined) throw new Error('nothing was held')
    cast.wire.inject(late)
    expect(cast.b.datagrams()).toContain('late')
    cast.wire.run(5_000)
    cast.wire.inject(tooLate)
    expect(cast.b.datagrams()).not.toContain('too late')
  })

  it('do not take an old U3, or any old UPDATE, for news', () => {
    const cast = stage()
    rekey(cast)
    cast.wire.run(1_000)
    const old = cast.wire.sent.filter(({ bytes }) => (['U1', 'U2', 'P3', 'ACK'] as Label[]).includes(labelOf(bytes)))
    rekey(cast)
    cast.wire.run(1_000)
    for (const flying of old) cast.wire.inject(flying)
    cast.wire.run(1_000)
    expect(rekeyed(cast)).toEqual([2, 2])
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })
})
