// RFC 7401 §4.4.1, §4.4.3: an association that nobody uses for UAL is closed, if its owner wants that.

import { describe, expect, it } from 'vitest'
import { converse, type End, endedAt, say, stage, stateAt, those } from '../support/stage.ts'

function reasons(end: End): string[] {
  return endedAt(end).map(({ reason }) => reason)
}

describe('CLOSE', () => {
  it('ends what nobody has used for UAL, and dummies, checks and rekeys are no use', () => {
    const cast = stage({ config: { idleMs: 120_000, rekeyMs: 50_000 } })
    cast.wire.run(100_000)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    cast.a.engine.ping(cast.wire.now, cast.b.engine.hit, 1, 1, new Uint8Array(8))
    const used = cast.wire.now
    cast.wire.run(used + 120_000 - cast.wire.now - 20)
    expect([reasons(cast.a), reasons(cast.b)]).toEqual([[], []])
    expect(those(cast, 'U1').length).toBeGreaterThan(1)
    expect(those(cast, 'ESP').length).toBeGreaterThan(10)
    cast.wire.run(200)
    const both = [...reasons(cast.a), ...reasons(cast.b)]
    expect(both.sort()).toEqual(['closed', 'closed-by-peer'])
    expect([...endedAt(cast.a), ...endedAt(cast.b)].map(({ detail }) => detail)).toContain('idle')
    expect(those(cast, 'CLOSE')[0]?.at).toBeGreaterThanOrEqual(used + 120_000)
  })

  it('is not said for UAL while somebody cannot be reached: what is parked has a time of its own', () => {
    const cast = stage({ config: { idleMs: 60_000 } })
    cast.wire.remove(cast.b)
    say(cast, cast.a, cast.b, 'nobody')
    cast.wire.run(300_000)
    expect(stateAt(cast.a, cast.b)).toBe('parked')
    expect(those(cast, 'CLOSE', cast.a).length).toBe(0)
  })
})
