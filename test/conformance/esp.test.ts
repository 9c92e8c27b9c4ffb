// RFC 7402 §3.3.1 and appendix B: whose the data is, and until when.

import { describe, expect, it } from 'vitest'
import { place, say, stage, those } from '../support/stage.ts'

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
