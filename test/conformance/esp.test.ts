// RFC 7402 §3.3.1 and appendix B: whose the data is, and until when.

import { describe, expect, it } from 'vitest'
import { spiOf } from '../../src/wire/esp.ts'
import { place, say, stage, those, updateOf } from '../support/stage.ts'

describe('ESP of an association that has ended', () => {
  it('leads nowhere at either end', () => {
    const cast = stage()
    const held = cast.filters.hold('ESP')
    say(cast, cast.a, cast.b, 'late')
    say(cast, cast.b, cast.a, 'late')
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(200)
    expect(held.held.length).toBe(2)
    cast.filters.release(held)
    for (const end of [cast.a, cast.b]) {
      expect(end.engine.counters['spi-unknown']).toBe(1)
      expect(end.datagrams()).toEqual([])
    }
  })
})

describe('ESP with an SPI that is nobody’s', () => {
  it('is discarded without a word', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'one')
    cast.wire.run(50)
    const [packet] = those(cast, 'ESP', cast.a)
    if (packet === undefined) throw new Error('no ESP')
    const [sent, told] = [cast.wire.sent.length, cast.b.told.length]
    for (let n = 0; n < 9; n++) {
      const bytes = packet.bytes.slice()
      bytes.set([0x7f, 0, 0, n])
      cast.wire.inject({ ...packet, bytes })
    }
    expect([cast.b.engine.counters['spi-unknown'], cast.wire.sent.length, cast.b.told.length]).toEqual([9, sent, told])
  })
})

describe('a rekey', () => {
  it('names an SPI that was not in use, and data goes under it', () => {
    const cast = stage()
    for (let n = 0; n < 3; n++) {
      cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
      cast.wire.run(500)
      say(cast, cast.a, cast.b, `after ${n}`)
      say(cast, cast.b, cast.a, `after ${n}`)
      cast.wire.run(50)
    }
    const rekeys = [...those(cast, 'U1'), ...those(cast, 'U2')].map(updateOf)
    expect(rekeys.filter(({ espInfo }) => espInfo?.newSpi === espInfo?.oldSpi)).toEqual([])
    expect(new Set(rekeys.map(({ espInfo }) => espInfo?.newSpi)).size).toBe(6)
    for (const [by, answer] of [
      [cast.a, 'U2'],
      [cast.b, 'U1'],
    ] as const)
      expect(spiOf(those(cast, 'ESP', by).at(-1)?.bytes ?? new Uint8Array(8))).toBe(
        updateOf(those(cast, answer).at(-1)).espInfo?.newSpi,
      )
  })
})

describe('data that comes', () => {
  it('is told with the HIT of its peer, wherever it came from', () => {
    const cast = stage()
    cast.filters.change('ESP', (flying) => ({ ...flying, from: place(77) }), cast.a)
    say(cast, cast.a, cast.b, 'from somewhere')
    cast.wire.run(50)
    const [datagram] = cast.b.events.filter((event) => event.type === 'datagram')
    expect([datagram?.peer, datagram?.sourcePort, datagram?.port]).toEqual([cast.a.engine.hit, 7, 7])
  })
})
