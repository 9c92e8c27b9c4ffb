import { describe, expect, it } from 'vitest'
import { type Cast, type End, freeze, place, say, stage, thaw } from '../support/stage.ts'

describe('a former host that goes on', () => {
  function fenced(): { cast: Cast; a2: End; zombie: End } {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(500)
    cast.wire.add(cast.a)
    cast.a.engine.unfreeze(cast.wire.now)
    return { cast, a2, zombie: cast.a }
  }

  it('learns it also when it sends nothing but data, because it asks when nobody answers', () => {
    const { cast, zombie } = fenced()
    cast.wire.run(3_000)
    say(cast, zombie, cast.b, 'hello?')
    cast.wire.run(5_000)
    expect(cast.b.datagrams()).toEqual([])
    expect(zombie.told).toContain('fenced')
  })
})
