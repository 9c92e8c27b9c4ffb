// RFC 8047 §4.2.3: a path that goes silent is left for one that answers within three PTO, in virtual time, from the first packet that was
// lost to data that is accepted over another path.

import { describe, expect, it } from 'vitest'
import type { OwnLocator } from '../../src/core/own-locators.ts'
import { A1, A2, A6, B1, B2, B6, bare, cut, gap, meet, pathAt, settledPto } from '../support/homes.ts'
import { converse, place, say, those } from '../support/stage.ts'

describe('a path that goes silent', () => {
  it.each([[1], [5], [10], [25], [60], [150]])(
    'is left for one that answers within three PTO, %i ms away',
    (delayMs) => {
      // Nobody says anything by itself, so that whoever talks alone asks and learns how long a round trip takes.
      const cast = meet([A1, A2], [B1], { delayMs, config: { config: { passiveKeepaliveMs: Infinity } } })
      const pto = settledPto(cast, cast.b, cast.a)
      cut(cast, A1)
      expect(gap(cast, cast.b, cast.a, 1, 20 * pto)).toBeLessThan(3 * pto)
      expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: bare(A2), state: 'active', why: 'failover' })
      expect(cast.b.events.filter((event) => event.type === 'path')).toMatchObject([
        { locator: bare(A2), why: 'failover' },
      ])
    },
  )

  it('is not left for one that is as dead, but for one that answers', () => {
    const cast = meet([A1, A2, { ...place(201), apart: true }], [B1])
    const pto = settledPto(cast, cast.b, cast.a)
    cut(cast, A1)
    cut(cast, A2)
    expect(gap(cast, cast.b, cast.a, 1, 20 * pto)).toBeLessThan(3 * pto)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: place(201), why: 'failover' })
    expect(cast.b.told.filter((type) => type === 'path').length).toBe(1)
  })

  it('is left by the end with the locators too, from another one, and its peer is told that', () => {
    const cast = meet([A1, A2], [B1])
    const pto = settledPto(cast, cast.a, cast.b)
    cut(cast, A1)
    const since = cast.wire.sent.length
    expect(gap(cast, cast.a, cast.b, 1, 20 * pto)).toBeLessThan(3 * pto)
    cast.wire.run(100)
    expect(pathAt(cast.a, cast.b)).toMatchObject({ local: bare(A2), remote: bare(B1), why: 'failover' })
    expect(those(cast, 'READDRESS', cast.a, since).map(({ from }) => bare(from))).toEqual([bare(A2)])
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: bare(A2), preferred: true, state: 'active' })
  })

  it('is left by both ends while both talk, and both keep talking', () => {
    const cast = meet([A1, A2], [B1, B2])
    const pto = Math.max(settledPto(cast, cast.a, cast.b), settledPto(cast, cast.b, cast.a))
    cut(cast, A1, B1)
    const began = cast.wire.now
    const [heardA, heardB] = [cast.a.datagrams().length, cast.b.datagrams().length]
    while (cast.wire.now < began + 3 * pto) {
      say(cast, cast.a, cast.b, 'to b')
      say(cast, cast.b, cast.a, 'to a')
      cast.wire.run(1)
    }
    expect(cast.a.datagrams().length).toBeGreaterThan(heardA)
    expect(cast.b.datagrams().length).toBeGreaterThan(heardB)
    cast.wire.run(2_000)
    const told = [cast.a, cast.b].map(({ events }) => events.filter(({ type }) => type === 'path').length)
    for (let n = 0; n < 100; n++) converse(cast, cast.a, cast.b, 30)
    // They have come to rest, and do not follow each other for ever.
    const after = [cast.a, cast.b].map(({ events }) => events.filter(({ type }) => type === 'path').length)
    expect(after).toEqual(told)
  })

  it('is left for the other family, and for IPv4 again', () => {
    const cast = meet([A1, A6], [B1, B6])
    const pto = settledPto(cast, cast.a, cast.b)
    const four = cut(cast, A1)
    expect(gap(cast, cast.a, cast.b, 1, 20 * pto)).toBeLessThan(3 * pto)
    expect(pathAt(cast.a, cast.b)).toMatchObject({ local: bare(A6), remote: bare(B6) })
    cast.wire.run(200)
    four.stop()
    cut(cast, A6)
    expect(gap(cast, cast.a, cast.b, 1, 20 * pto)).toBeLessThan(3 * pathAt(cast.a, cast.b).ptoMs)
    expect(pathAt(cast.a, cast.b)).toMatchObject({ local: bare(A1), remote: bare(B1), why: 'failover' })
  })

  it('is not left because the peer has nothing to say', () => {
    const cast = meet([A1, A2], [B1])
    for (let n = 0; n < 500; n++) {
      say(cast, cast.b, cast.a, `${n}`)
      cast.wire.run(10)
    }
    expect(cast.b.told).not.toContain('path')
    expect(pathAt(cast.b, cast.a).remote).toEqual(bare(A1))
  })

  it('is not left because one packet was lost', () => {
    const cast = meet([A1, A2], [B1])
    for (let n = 0; n < 100; n++) {
      cast.filters.lose('ESP', 1)
      converse(cast, cast.a, cast.b, 45)
    }
    expect([cast.a.told, cast.b.told].flat()).not.toContain('path')
  })

  it('costs no more than eight questions at once', () => {
    const many = Array.from({ length: 8 }, (_, n): OwnLocator => ({ ...place(20 + n), apart: true }))
    const cast = meet(many, [B1, B2])
    const [at] = many
    const { ptoMs } = pathAt(cast.b, cast.a)
    if (at === undefined) throw new Error('eight')
    cut(cast, at)
    const since = cast.wire.sent.length
    say(cast, cast.b, cast.a, 'hello?')
    cast.wire.run(ptoMs + 5)
    expect(those(cast, 'CHECK', cast.b, since).length).toBeLessThanOrEqual(8)
    expect(pathAt(cast.b, cast.a).alternatives.length).toBeGreaterThan(10)
  })

  it('is taken again, if the peer prefers it, but not at once', () => {
    const cast = meet([A1, A2], [B1])
    settledPto(cast, cast.b, cast.a)
    const dead = cut(cast, A1, B1)
    gap(cast, cast.b, cast.a, 1, 1_000)
    expect(pathAt(cast.b, cast.a).remote).toEqual(bare(A2))
    dead.stop()
    cast.wire.run(14_000)
    expect(pathAt(cast.b, cast.a).remote).toEqual(bare(A2))
    cast.wire.run(2_000)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: bare(A1), why: 'preferred' })
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('is left by a rekey that nobody answers', () => {
    const cast = meet([A1, A2], [B1])
    cut(cast, A1)
    cast.b.engine.rekey(cast.wire.now, cast.a.engine.hit)
    cast.wire.run(2_000)
    expect(cast.b.told).toContain('rekeyed')
    expect(pathAt(cast.b, cast.a).remote).toEqual(bare(A2))
  })
})
