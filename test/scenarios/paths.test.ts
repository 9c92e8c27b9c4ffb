// RFC 8046 §4, §5; RFC 8047 §4, §5: ends with more than one locator. What is listed is verified before it is needed, preference and
// kinds of traffic are honoured, and what was only copied moves nothing for good.

import { describe, expect, it } from 'vitest'
import { sameLocator } from '../../src/base/address.ts'
import type { OwnLocator } from '../../src/core/own-locators.ts'
import { A1, A2, A6, B1, B2, B6, bare, cut, gap, meet, pathAt } from '../support/homes.ts'
import { actor, type Cast, converse, enter, labelOf, place, say, sentBy, stage, those } from '../support/stage.ts'

describe('an end with several locators', () => {
  it('lists them all in the exchange, and each is verified before it is needed', () => {
    const cast = meet([A1, A2], [B1])
    const path = pathAt(cast.b, cast.a)
    expect([path.remote, path.state, path.preferred, path.why]).toEqual([bare(A1), 'active', true, 'exchange'])
    expect(path.alternatives.map(({ remote, state }) => [remote, state])).toEqual([[bare(A2), 'active']])
    expect(those(cast, 'READDRESS')).toEqual([])
  })

  it('tells which of them it uses', () => {
    const cast = meet([A1, A6], [B1, B6])
    expect(pathAt(cast.a, cast.b)).toMatchObject({ local: bare(A1), remote: bare(B1) })
    expect(pathAt(cast.a, cast.b).alternatives).toMatchObject([{ local: bare(A6), remote: bare(B6), state: 'active' }])
  })

  it('is asked at no more than eight of them', () => {
    const many = Array.from({ length: 12 }, (_, n): OwnLocator => ({ ...place(20 + n), apart: true }))
    const cast = meet(many, [B1])
    expect([pathAt(cast.b, cast.a).remote, ...pathAt(cast.b, cast.a).alternatives.map(({ remote }) => remote)]).toEqual(
      many.slice(0, 8).map(bare),
    )
  })

  it('gets data where it prefers it, as soon as that is verified', () => {
    const cast = meet([A1, A2], [B1])
    const since = cast.wire.sent.length
    cast.a.engine.readdress(cast.wire.now, [A2, A1])
    cast.wire.run(100)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: bare(A2), why: 'preferred' })
    // It was verified long ago.
    expect(those(cast, 'CHECK', cast.b, since)).toEqual([])
    say(cast, cast.b, cast.a, 'there')
    cast.wire.run(100)
    expect(those(cast, 'ESP', cast.b, since).map(({ to }) => to)).toEqual([bare(A2)])
  })

  it('stays where it is while what it prefers does not answer', () => {
    const cast = meet([A1], [B1])
    cut(cast, A2)
    cast.a.engine.readdress(cast.wire.now, [A2, A1])
    cast.wire.run(5_000)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    expect(pathAt(cast.b, cast.a).remote).toEqual(bare(A1))
    expect(those(cast, 'CHECK', cast.b).filter(({ to }) => sameLocator(to, A2)).length).toBeLessThanOrEqual(4)
  })

  it('gets signalling and data where it wants either', () => {
    const [data, signalling]: OwnLocator[] = [
      { ...A1, traffic: 'data' },
      { ...A2, traffic: 'signalling' },
    ]
    if (data === undefined || signalling === undefined) throw new Error('two')
    const cast = meet([data, signalling], [B1])
    const since = cast.wire.sent.length
    cast.b.engine.rekey(cast.wire.now, cast.a.engine.hit)
    say(cast, cast.b, cast.a, 'data')
    cast.wire.run(200)
    expect(cast.b.told).toContain('rekeyed')
    expect(those(cast, 'U1', cast.b, since).map(({ to }) => to)).toEqual([bare(A2)])
    expect(those(cast, 'ESP', cast.b, since).map(({ to }) => to)).toEqual([bare(A1)])
  })

  it('never gets data at a locator that is for signalling, even if the other one is dead', () => {
    const cast = meet([A1, { ...A2, traffic: 'signalling' }], [B1])
    cut(cast, A1)
    const since = cast.wire.sent.length
    gap(cast, cast.b, cast.a, 10, 3_000)
    expect(those(cast, 'ESP', cast.b, since).filter(({ to }) => sameLocator(to, A2))).toEqual([])
  })

  it('is asked four times in all at a place that is not its own, from however many of ours', () => {
    const cast = meet([A1], [B1, B2])
    const victim = place(99)
    const since = cast.wire.sent.length
    cast.a.engine.readdress(cast.wire.now, [A1, { ...victim, apart: true }])
    for (let n = 0; n < 100; n++) {
      converse(cast, cast.a, cast.b, 200)
      if (n % 20 === 0) cast.a.engine.readdress(cast.wire.now, [A1, { ...victim, apart: true }])
    }
    expect(sentBy(cast, cast.b, since).filter(({ to }) => sameLocator(to, victim)).length).toBe(4)
  })

  it('is believed no multicast address', () => {
    const cast = stage()
    const wrong = ['224.0.0.1', '255.255.255.255', '0.0.0.0', 'ff02::1', '::'].map((address) => ({ address, port: 5 }))
    const since = cast.wire.sent.length
    cast.a.engine.readdress(cast.wire.now, [...wrong, cast.a.at])
    cast.wire.run(5_000)
    expect(new Set(sentBy(cast, cast.b, since).map(({ to }) => to.address))).toEqual(new Set([A1.address]))
  })
})

describe('a spurious move', () => {
  const X = place(99)

  /** Somebody on the way carries everything between the ends over a place of its own. */
  function relay(cast: Cast): { stop(): void } {
    let on = true
    const bend = cast.wire.bend
    cast.wire.bend = (flying) => {
      if (sameLocator(flying.to, X)) return on ? [{ ...flying, to: cast.a.at }] : []
      if (on && sameLocator(flying.from, cast.a.at)) return [{ ...flying, from: X }]
      return bend(flying)
    }
    return {
      stop: () => {
        on = false
      },
    }
  }

  it('to a place that answered and then fell silent is taken back within three PTO', () => {
    const cast = meet([place(1)], [place(2)])
    const relaying = relay(cast)
    say(cast, cast.a, cast.b, 'carried')
    cast.wire.run(100)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: X, why: 'observed' })
    relaying.stop()
    const pto = pathAt(cast.b, cast.a).ptoMs
    expect(gap(cast, cast.b, cast.a, 1, 20 * pto)).toBeLessThan(3 * pto)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: cast.a.at, why: 'failover' })
  })

  it('is taken back when the old place speaks again', () => {
    const cast = meet([place(1)], [place(2)])
    const relaying = relay(cast)
    say(cast, cast.a, cast.b, 'carried')
    cast.wire.run(100)
    relaying.stop()
    say(cast, cast.a, cast.b, 'here I am')
    cast.wire.run(100)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: cast.a.at, why: 'reverted' })
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('to a place that does not answer its check moves nothing', () => {
    const cast = meet([A1, A2], [B1])
    const rule = cast.filters.change('ESP', (flying) => ({ ...flying, from: X }), cast.a)
    for (let n = 0; n < 20; n++) converse(cast, cast.a, cast.b, 50)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: bare(A1), why: 'exchange' })
    rule.stop()
    expect(cast.b.told).not.toContain('path')
  })

  it('between two places that the peer has signed for happens only if one of them is silent', () => {
    const cast = meet([A1, A2], [B1])
    cast.wire.bend = (flying) =>
      labelOf(flying.bytes) === 'ESP' && sameLocator(flying.from, A1) ? [{ ...flying, from: A2 }] : [flying]
    for (let n = 0; n < 50; n++) converse(cast, cast.a, cast.b, 50)
    expect(pathAt(cast.b, cast.a)).toMatchObject({ remote: bare(A1), why: 'exchange' })
    expect(cast.b.told).not.toContain('path')
  })
})

describe('a move to the other family', () => {
  it.each([
    ['from IPv4 to IPv6', A1, A6],
    ['from IPv6 to IPv4', A6, A1],
  ])('%s is followed, of an end that has the one and then the other', (_, from, to) => {
    const others = [B1, B6]
    const cast = meet([from], from === A1 ? others : [...others].reverse())
    const moved = cast.wire.add(Object.assign(Object.create(cast.a), { at: bare(to), all: [bare(to)] }))
    expect(moved.engine).toBe(cast.a.engine)
    cast.a.engine.readdress(cast.wire.now, [to])
    cast.wire.run(200)
    const six = to === A6
    expect(pathAt(cast.a, cast.b)).toMatchObject({ local: bare(to), remote: bare(six ? B6 : B1) })
    expect(pathAt(cast.b, cast.a)).toMatchObject({ local: bare(six ? B6 : B1), remote: bare(to) })
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })
})

describe('silence on every path', () => {
  it('is told once, after three PTO and a question in vain', () => {
    const cast = meet([place(1)], [place(2)])
    const { ptoMs } = pathAt(cast.a, cast.b)
    cut(cast, cast.a.at)
    const began = cast.wire.now
    say(cast, cast.a, cast.b, 'hello?')
    let at = Infinity
    while (cast.wire.now < began + 10_000) {
      cast.wire.run(5)
      if (at === Infinity && cast.a.told.includes('silent')) at = cast.wire.now - began
    }
    expect(at).toBeGreaterThan(3 * ptoMs)
    expect(at).toBeLessThan(1_000 + 3 * ptoMs)
    expect(cast.a.told.filter((type) => type === 'silent').length).toBe(1)
  })

  it('ends when the owner has opened another port and said so', () => {
    const cast = meet([place(1)], [place(2)])
    cut(cast, cast.b.at)
    say(cast, cast.b, cast.a, 'hello?')
    cast.wire.run(3_000)
    expect(cast.b.told).toContain('silent')
    const fresh = place(2, 20_000)
    cast.wire.remove(cast.b)
    const again = cast.wire.add(Object.assign(Object.create(cast.b), { at: fresh, all: [fresh] }))
    expect(again.engine).toBe(cast.b.engine)
    cast.b.engine.readdress(cast.wire.now, [fresh])
    cast.wire.run(1_000)
    expect(pathAt(cast.a, cast.b)).toMatchObject({ remote: fresh, why: 'readdressed' })
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('is not told while another peer is heard', () => {
    const cast = meet([place(1)], [place(2)])
    const third = enter(cast, actor(13), 1, place(3))
    third.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(200)
    cut(cast, cast.a.at)
    say(cast, cast.b, cast.a, 'hello?')
    for (let n = 0; n < 30; n++) converse(cast, third, cast.b, 100)
    expect(cast.b.told).not.toContain('silent')
  })

  it('is told once a minute at most', () => {
    const cast = meet([place(1)], [place(2)])
    const peers = [3, 4, 5].map((n) => enter(cast, actor(10 + n), 1, place(n)))
    for (const peer of peers) peer.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(1_000)
    const silences = (): number => cast.b.told.filter((type) => type === 'silent').length
    const dead = cut(cast, cast.b.at)
    for (const peer of [cast.a, ...peers]) say(cast, cast.b, peer, 'hello?')
    cast.wire.run(30_000)
    expect(silences()).toBe(1)
    dead.stop()
    // They have been parked, and wake up.
    for (const peer of [cast.a, ...peers]) say(cast, peer, cast.b, 'hello!')
    cast.wire.run(35_000)
    cut(cast, cast.b.at)
    for (const peer of [cast.a, ...peers]) say(cast, cast.b, peer, 'hello?')
    cast.wire.run(10_000)
    expect(silences()).toBe(2)
  })
})
