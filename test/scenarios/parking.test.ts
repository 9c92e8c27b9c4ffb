// MOVING §6: silence, probes, parking and waking; keepalives that let a rebinding show.

import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { espSuiteInfo } from '../../src/crypto/suites.ts'
import {
  converse,
  endedAt,
  freeze,
  labelsBy,
  move,
  place,
  say,
  sentBy,
  stage,
  stateAt,
  thaw,
  those,
} from '../support/stage.ts'

/** Times between consecutive sendings. */
function pauses(sent: readonly { readonly at: number }[]): number[] {
  return sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0))
}

describe('an association whose peer has gone silent', () => {
  it('is probed, then parked, and the ledger is asked; it does not end', () => {
    const cast = stage()
    cast.filters.lose(() => true)
    say(cast, cast.a, cast.b, 'hello?')
    cast.wire.run(60_000)
    expect(cast.a.told.filter((type) => type === 'parked')).toEqual(['parked'])
    expect(cast.a.told).toContain('lookup')
    expect(stateAt(cast.a, cast.b)).toBe('parked')
    expect(endedAt(cast.a)).toEqual([])
  })

  it('is not asked for anything while both have nothing to say: keepalives are enough', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    cast.wire.run(120_000)
    for (const who of [cast.a, cast.b]) {
      expect(labelsBy(cast, who, since)).not.toContain('CHECK')
      expect(sentBy(cast, who, since).length).toBeGreaterThanOrEqual(7)
    }
  })

  it('is noticed by an idle end within two keepalives, and parked', () => {
    const cast = stage()
    cast.wire.run(60_000)
    cast.filters.lose(() => true)
    const since = cast.wire.sent.length
    cast.wire.run(32_000)
    expect(labelsBy(cast, cast.a, since)).toContain('CHECK')
    cast.wire.run(60_000)
    expect(stateAt(cast.a, cast.b)).toBe('parked')
  })

  it('is asked first after three PTO, or a second, and not before', () => {
    const cast = stage()
    cast.filters.lose(() => true)
    const began = cast.wire.now
    say(cast, cast.a, cast.b, 'hello?')
    cast.wire.run(5_000)
    const first = those(cast, 'CHECK', cast.a)[0]
    expect(first?.at).toBeGreaterThanOrEqual(began + 1_000)
    expect(first?.at).toBeLessThanOrEqual(began + 1_500)
  })

  it('is probed at doubling intervals of at most half a minute while parked, and by nothing else', () => {
    const cast = stage()
    cast.filters.lose(() => true)
    say(cast, cast.a, cast.b, 'hello?')
    for (let ms = 0; !cast.a.told.includes('parked') && ms < 60_000; ms += 100) cast.wire.run(100)
    const since = cast.wire.sent.length
    for (let n = 0; n < 30; n++) {
      say(cast, cast.a, cast.b, `${n}`)
      cast.wire.run(10_000)
    }
    const probes = sentBy(cast, cast.a, since)
    expect(new Set(labelsBy(cast, cast.a, since))).toEqual(new Set(['CHECK']))
    expect(probes.length).toBeGreaterThan(8)
    const between = pauses(probes)
    expect(Math.max(...between)).toBeLessThanOrEqual(30_000)
    for (const [index, pause] of between.slice(1).entries())
      expect(pause).toBeGreaterThanOrEqual((between[index] ?? 0) - 1)
  })

  it('spends no turn on an old address that it may not send to', () => {
    const cast = stage()
    const b2 = move(cast, cast.bob, cast.b, 2, place(4))
    cast.filters.lose(() => true)
    say(cast, cast.a, b2, 'hello?')
    for (let ms = 0; !cast.a.told.includes('parked') && ms < 60_000; ms += 100) cast.wire.run(100)
    const since = cast.wire.sent.length
    cast.wire.run(300_000)
    const probes = sentBy(cast, cast.a, since)
    expect(new Set(probes.map(({ to }) => to.address))).toEqual(new Set([b2.at.address]))
    expect(Math.max(...pauses(probes))).toBeLessThanOrEqual(30_000)
  })

  it('is parked too if its new address was never verified and nobody has anything to say', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    // P3 comes from elsewhere than P2 went, so it verifies nothing; the checks that it causes are lost, and then the peer is gone.
    cast.filters.change('P3', (flying) => ({ ...flying, from: place(9) }))
    cast.filters.lose('CHECK')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(100)
    cast.wire.remove(a2)
    cast.wire.run(1_000)
    expect(stateAt(cast.b, cast.a)).toBe('moving')
    expect(cast.b.told).not.toContain('parked')
    cast.wire.run(120_000)
    expect(stateAt(cast.b, cast.a)).toBe('parked')
  })

  it('ends after ten minutes of that, and says so', () => {
    const cast = stage()
    cast.filters.lose(() => true)
    say(cast, cast.a, cast.b, 'hello?')
    cast.wire.run(599_000)
    expect(endedAt(cast.a)).toEqual([])
    cast.wire.run(60_000)
    expect(endedAt(cast.a).map(({ reason }) => reason)).toEqual(['expired'])
    cast.wire.run(30_000)
    expect(cast.a.engine.deadline).toBe(Infinity)
  })

  it('wakes when anything comes, and sends what has waited', () => {
    const cast = stage()
    const lost = cast.filters.lose(() => true)
    say(cast, cast.a, cast.b, 'hello?')
    cast.wire.run(60_000)
    expect(stateAt(cast.a, cast.b)).toBe('parked')
    say(cast, cast.a, cast.b, 'waited')
    lost.stop()
    cast.wire.run(45_000)
    expect(cast.a.told).toContain('woken')
    expect(cast.b.datagrams()).toContain('waited')
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('wakes at both ends after a partition that both had given up on', () => {
    const cast = stage()
    const lost = cast.filters.lose(() => true)
    say(cast, cast.a, cast.b, 'hello?')
    say(cast, cast.b, cast.a, 'hello?')
    cast.wire.run(200_000)
    expect([stateAt(cast.a, cast.b), stateAt(cast.b, cast.a)]).toEqual(['parked', 'parked'])
    lost.stop()
    cast.wire.run(45_000)
    expect([stateAt(cast.a, cast.b), stateAt(cast.b, cast.a)]).toEqual(['established', 'established'])
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('wakes when the peer rebinds it from elsewhere', () => {
    const cast = stage()
    const state = freeze(cast, cast.b)
    say(cast, cast.a, cast.b, 'hello?')
    cast.wire.run(60_000)
    expect(stateAt(cast.a, cast.b)).toBe('parked')
    const b2 = thaw(cast, cast.bob, state, 2, place(4))
    cast.wire.run(500)
    expect(cast.a.told).toContain('woken')
    expect(converse(cast, cast.a, b2)).toBe(true)
  })
})

describe('a thawed side whose peer is nowhere', () => {
  it('sends its P1 to every place by turns, and parks with nothing but P1', () => {
    const cast = stage()
    cast.b.engine.readdress(cast.wire.now, [cast.b.at, place(22), place(23)])
    cast.wire.run(200)
    const state = freeze(cast, cast.a)
    cast.wire.remove(cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(300_000)
    expect(stateAt(a2, cast.b)).toBe('parked')
    expect(new Set(labelsBy(cast, a2))).toEqual(new Set(['P1']))
    expect(new Set(those(cast, 'P1', a2).map(({ to }) => to.address))).toEqual(
      new Set([place(2).address, place(22).address, place(23).address]),
    )
    expect(Math.max(...pauses(those(cast, 'P1', a2)))).toBeLessThanOrEqual(30_000)
  })

  it('is answered whenever the peer is back', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.wire.remove(cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(300_000)
    cast.wire.add(cast.b)
    cast.wire.run(45_000)
    expect(a2.told).toContain('resumed')
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('takes no measure of the round trip from a P2 for a P1 of before it was parked', () => {
    const cast = stage()
    const stale = cast.filters.hold('ESP', 1, cast.b)
    say(cast, cast.b, cast.a, 'under way')
    const state = freeze(cast, cast.a)
    cast.filters.lose(() => true, Infinity, cast.b)
    const answers = cast.filters.hold('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(60_000)
    expect(stateAt(a2, cast.b)).toBe('parked')
    cast.filters.release(stale, { to: a2.at })
    expect(a2.told).toContain('woken')
    cast.filters.release(answers)
    expect(a2.told).toContain('resumed')
    expect(a2.engine.association(cast.b.engine.hit)?.rttMs).toBeUndefined()
  })

  it('gives up after ten minutes', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.wire.remove(cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(700_000)
    expect(endedAt(a2).map(({ reason }) => reason)).toEqual(['expired'])
  })
})

describe('a quiet association', () => {
  it('is kept open by a dummy of 64 bytes or more every fifteen to twenty seconds, never more often', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    cast.wire.run(101_000)
    for (const end of [cast.a, cast.b]) {
      const dummies = those(cast, 'ESP', end, since)
      expect(dummies.length).toBeGreaterThanOrEqual(5)
      expect(Math.min(...pauses(dummies))).toBeGreaterThanOrEqual(15_000)
      const info = espSuiteInfo(13)
      const overhead = 8 + (info?.ivBytes ?? 0) + (info?.icvBytes ?? 0)
      for (const { bytes } of dummies) expect(bytes.length - overhead).toBeGreaterThanOrEqual(64)
    }
    expect([cast.a.datagrams(), cast.b.datagrams()]).toEqual([[], []])
  })

  it('says so when its SPI has it, so that a thousand that fell silent together do not speak up together', () => {
    const waited = Array.from({ length: 24 }, (_, turn) => {
      const cast = stage({ seeds: [100 + turn, 200 + turn] })
      const since = cast.wire.sent.length
      cast.wire.run(45_000)
      return pauses(those(cast, 'ESP', cast.a, since))[0] ?? 0
    })
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(15_000)
    expect(Math.max(...waited)).toBeLessThanOrEqual(20_000 + DEFAULTS.keepaliveBeatMs)
    // In each second of the five some.
    for (let second = 15; second < 20; second++)
      expect(
        waited.some((ms) => Math.floor(ms / 1_000) === second),
        `${second} s`,
      ).toBe(true)
  })

  it('says so at a beat that all have in common, so that ten thousand do not wake the process one by one', () => {
    for (const keepaliveBeatMs of [100, 1_000]) {
      const cast = stage({ config: { keepaliveBeatMs } })
      cast.wire.run(77.7)
      const since = cast.wire.sent.length
      cast.wire.run(101_000)
      const dummies = [cast.a, cast.b].flatMap((end) => those(cast, 'ESP', end, since))
      expect(dummies.length).toBeGreaterThanOrEqual(8)
      for (const { at } of dummies) expect(at % keepaliveBeatMs).toBe(0)
    }
  })

  it('costs at most a dummy, a probe and its answer every fifteen seconds and end, and is never in doubt', () => {
    const cast = stage()
    const since = cast.wire.sent.length
    cast.wire.run(600_000)
    expect(sentBy(cast, undefined, since).length).toBeLessThanOrEqual(2 * 3 * 40)
    expect([...cast.a.told, ...cast.b.told]).not.toContain('parked')
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })
})

describe('an end that only listens', () => {
  /** One end says a word every `everyMs`, for half a minute; what the other sends meanwhile. */
  function monologue(everyMs: number, passiveKeepaliveMs: number) {
    const cast = stage({ config: { passiveKeepaliveMs } })
    cast.wire.run(1_000)
    const since = cast.wire.sent.length
    for (let at = 0; at < 30_000; at += everyMs) {
      say(cast, cast.a, cast.b, `${at}`)
      cast.wire.run(everyMs)
    }
    const questions = labelsBy(cast, cast.a, since).filter((label) => label === 'CHECK').length
    return { cast, questions, dummies: those(cast, 'ESP', cast.b, since) }
  }

  it('says by a dummy that it is there, before the peer has to ask', () => {
    for (const everyMs of [20, 400, 3_000]) {
      const { questions, dummies } = monologue(everyMs, DEFAULTS.passiveKeepaliveMs)
      expect(questions).toBe(0)
      expect(dummies.length).toBeGreaterThanOrEqual(9)
      expect(Math.min(...pauses(dummies))).toBeGreaterThanOrEqual(DEFAULTS.passiveKeepaliveMs)
    }
  })

  it('is asked if it does not', () => {
    const { questions, dummies } = monologue(400, Infinity)
    expect(questions).toBeGreaterThanOrEqual(15)
    expect(dummies.length).toBeLessThanOrEqual(2)
  })

  it('sends none when it has answered, and none for a dummy', () => {
    const cast = stage()
    cast.wire.run(1_000)
    const since = cast.wire.sent.length
    for (let n = 0; n < 100; n++) converse(cast, cast.a, cast.b, 100)
    cast.wire.run(2_000)
    // Both speak at once, so each has a last word that is followed by nothing but a dummy.
    expect(sentBy(cast, undefined, since).length).toBe(202)
  })
})
