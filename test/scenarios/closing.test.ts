// RFC 7401 §4.4.3, §6.14, §6.15: the echo of CLOSE_ACK, a CLOSE before the R2, and an association that nobody uses for UAL.

import { describe, expect, it } from 'vitest'
import { buildClose } from '../../src/core/association/update.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { encodeEchoResponseSigned } from '../../src/wire/update.ts'
import { seeded } from '../support/actors.ts'
import { converse, endedAt, reasons, say, stage, stateAt, those, unanswered } from '../support/stage.ts'

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

describe('CLOSE_ACK', () => {
  it('ends nothing unless it echoes the CLOSE that it answers (RFC 7401 §6.15)', () => {
    const { a, b, wire, close, envelope } = unanswered()
    const answer = (echo: Uint8Array): void => {
      const packet = buildClose(envelope, 'CLOSE_ACK', [encodeEchoResponseSigned(echo)])
      wire.inject({ from: b.at, to: a.at, bytes: wrapHip(packet) })
    }
    answer(new Uint8Array(16))
    answer(close.echoRequestSigned.slice(1))
    expect([reasons(a), a.engine.counters['close-ack-forged'], stateAt(a, b)]).toEqual([[], 2, 'closing'])
    answer(close.echoRequestSigned)
    expect(reasons(a)).toEqual(['closed'])
  })
})

describe('a CLOSE before the R2 has come', () => {
  it.each([true, false])('ends the exchange only under the keys of our I2 (genuine: %s)', (genuine) => {
    const cast = stage({ associate: false })
    const { a, b, wire } = cast
    cast.filters.lose('R2')
    a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
    wire.run(45)
    if (genuine) b.engine.close(wire.now, a.engine.hit)
    const twin = stage({ entropy: seeded(5) })
    twin.b.engine.close(twin.wire.now, twin.a.engine.hit)
    twin.wire.run(50)
    const [other] = those(twin, 'CLOSE')
    if (!genuine && other !== undefined) wire.inject({ from: b.at, to: a.at, bytes: other.bytes })
    wire.run(40)
    expect(reasons(a)).toEqual(genuine ? ['closed-by-peer'] : [])
    expect(those(cast, 'CLOSE_ACK', a).length).toBe(genuine ? 1 : 0)
    expect(stateAt(a, b)).toBe(genuine ? undefined : 'opening')
    expect(reasons(b)).toEqual(genuine ? ['closed'] : [])
  })
})
