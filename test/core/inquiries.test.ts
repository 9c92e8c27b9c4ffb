// Opportunistic mode (RFC 7401 §4.1.8) of those who ask: I1s for nobody in particular, and what they believe of the answers.

import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import { actor, type Cast, type End, enter, place, type Setting, stage } from '../support/stage.ts'

const ANSWERS: Setting = { associate: false, opportunistic: true }

function answers(end: End): readonly string[] {
  return eventsOf(end).map(({ type }) => type)
}

function eventsOf(end: End): readonly MachineEvent[] {
  return end.events.filter(({ type }) => type === 'found' || type === 'nobody')
}

function ask(cast: Cast, ...lasts: readonly number[]): number | undefined {
  const inquiry = cast.a.engine.inquiries?.begin(
    cast.wire.now,
    lasts.map((last) => place(last)),
  )
  cast.wire.drain()
  return inquiry
}

describe('a question for who is at an address', () => {
  it('is answered with the HIT of who is there, and an association can be begun with it', () => {
    const cast = stage(ANSWERS)
    const inquiry = ask(cast, 2)
    cast.wire.run(100)
    expect(eventsOf(cast.a)).toEqual([{ type: 'found', inquiry, peer: cast.b.engine.hit, locator: cast.b.at }])
    expect(cast.a.engine.association(cast.b.engine.hit)).toBeUndefined()
    cast.a.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(200)
    expect(cast.a.engine.association(cast.b.engine.hit)?.state).toBe('established')
  })

  it('is not answered by whoever does not want to be found, and ends when an exchange would', () => {
    const cast = stage({ associate: false })
    const inquiry = ask(cast, 2)
    cast.wire.run(DEFAULTS.baseExchangeMs - 1)
    expect(answers(cast.a)).toEqual([])
    cast.wire.run(2)
    expect(eventsOf(cast.a)).toEqual([{ type: 'nobody', inquiry }])
    expect(cast.b.engine.counters['i1-opportunistic']).toBeGreaterThan(2)
    expect(cast.a.engine.inquiries?.deadline).toBe(Infinity)
  })

  it('is asked again when it or its answer is lost', () => {
    const cast = stage(ANSWERS)
    cast.filters.lose('I1', 1)
    cast.filters.lose('R1', 1)
    ask(cast, 2)
    cast.wire.run(4_000)
    expect(answers(cast.a)).toEqual(['found'])
  })

  it('is asked at three of many places at once and then at one by turns', () => {
    const cast = stage(ANSWERS)
    ask(cast, 41, 42, 43, 2)
    cast.wire.run(400)
    expect(answers(cast.a)).toEqual([])
    cast.wire.run(4_000)
    expect(answers(cast.a)).toEqual(['found'])
  })

  it('believes no R1 that its key has not signed', () => {
    const cast = stage(ANSWERS)
    const forged = cast.filters.change('R1', (flying) => {
      const bytes = flying.bytes.slice()
      bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1
      return { ...flying, bytes }
    })
    ask(cast, 2)
    cast.wire.run(300)
    expect(answers(cast.a)).toEqual([])
    expect(cast.a.engine.counters['inquiry-r1-signature']).toBe(1)
    forged.stop()
    cast.wire.run(1_000)
    expect(answers(cast.a)).toEqual(['found'])
  })

  it('hears only those who were asked', () => {
    const cast = stage(ANSWERS)
    ask(cast, 9)
    cast.a.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(200)
    expect(answers(cast.a)).toEqual([])
  })

  it('finds another one where somebody was found before', () => {
    const cast = stage(ANSWERS)
    ask(cast, 2)
    cast.wire.run(100)
    cast.wire.remove(cast.b)
    const other = enter(cast, actor(77), 1, cast.b.at, { opportunistic: true })
    ask(cast, 2)
    cast.wire.run(100)
    expect(eventsOf(cast.a).map((event) => event.type === 'found' && event.peer)).toEqual([
      cast.b.engine.hit,
      other.engine.hit,
    ])
  })

  it('that nobody waits for any more is not answered', () => {
    const cast = stage(ANSWERS)
    const inquiry = ask(cast, 2)
    if (inquiry !== undefined) cast.a.engine.inquiries?.abandon(inquiry)
    cast.wire.run(6_000)
    expect(answers(cast.a)).toEqual([])
  })

  it('does not take ourselves for somebody', () => {
    const cast = stage(ANSWERS)
    cast.a.engine.inquiries?.begin(cast.wire.now, [cast.a.at])
    cast.wire.run(6_000)
    expect(answers(cast.a)).toEqual(['nobody'])
  })

  it('has so many questions open at once, and asks no more', () => {
    const cast = stage({ ...ANSWERS, config: { inquiriesMax: 3 } })
    expect([ask(cast, 51), ask(cast, 52), ask(cast, 53), ask(cast, 54)]).toEqual([1, 2, 3, undefined])
    cast.wire.run(6_000)
    expect(answers(cast.a)).toEqual(['nobody', 'nobody', 'nobody'])
    expect(ask(cast, 54)).toBe(4)
  })

  it('is forgotten when the process is frozen', () => {
    const cast = stage(ANSWERS)
    ask(cast, 59)
    cast.a.engine.freeze(cast.wire.now)
    cast.wire.drain()
    expect(cast.a.engine.inquiries).toBeUndefined()
    cast.wire.run(6_000)
    expect(answers(cast.a)).toEqual([])
  })
})
