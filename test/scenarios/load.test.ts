// A Responder under load: those who ask later get harder puzzles, everybody who solves one is served, and it passes.

import { describe, expect, it } from 'vitest'
import { actor, type Cast, type End, enter, messagesOf, place, stage, stateAt } from '../support/stage.ts'

/** So many newcomers, one every `everyMs`. */
function arrive(cast: Cast, count: number, everyMs: number, first: number): End[] {
  return Array.from({ length: count }, (_, n) => {
    const end = enter(cast, actor(first + n), 1, place(40 + first + n))
    end.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(everyMs)
    return end
  })
}

describe('a Responder to whom more come than it has planned for', () => {
  it('asks for more and more, serves all of them, and asks for nothing again when it is quiet', () => {
    const config = { puzzleRiseExchangesPerSecond: 3, puzzleFallExchangesPerSecond: 1 }
    const cast = stage({ associate: false, config })
    const busy = arrive(cast, 40, 100, 20)
    cast.wire.run(1_000)
    const ks = messagesOf(cast.wire.sent, 'R1').map(({ puzzle }) => puzzle.k)
    expect(ks[0]).toBe(0)
    expect(Math.max(...ks)).toBeGreaterThanOrEqual(3)
    expect(busy.map((end) => stateAt(end, cast.b))).toEqual(busy.map(() => 'established'))
    cast.wire.run(20_000)
    const since = cast.wire.sent.length
    const [late] = arrive(cast, 1, 200, 80)
    expect(messagesOf(cast.wire.sent.slice(since), 'R1').map(({ puzzle }) => puzzle.k)).toEqual([0])
    expect(late && stateAt(late, cast.b)).toBe('established')
  })

  it('serves at the old K those whose R1 was on its way when K rose', () => {
    const config = { puzzleRiseExchangesPerSecond: 3, puzzleFallExchangesPerSecond: 1 }
    const cast = stage({ associate: false, config })
    const early = enter(cast, actor(90), 1, place(90))
    const held = cast.filters.hold('R1', 1)
    early.engine.associate(0, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(400)
    // Its own repetitions get nothing; only the first R1 will reach it.
    const lost = cast.filters.lose((flying) => flying.from === early.at)
    arrive(cast, 30, 100, 20)
    lost.stop()
    const [last] = messagesOf(cast.wire.sent, 'R1').slice(-1)
    expect(last?.puzzle.k).toBeGreaterThan(0)
    cast.filters.release(held)
    cast.wire.run(30)
    expect(stateAt(early, cast.b)).toBe('established')
    expect(messagesOf(cast.wire.sent, 'I2').at(-1)?.solution.k).toBe(0)
  })
})
