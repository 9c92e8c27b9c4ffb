// RFC 7401 §5.1: the fixed header, of every packet that is sent and of packets that are not quite as ours.

import { describe, expect, it } from 'vitest'
import { acceptR1, encodeI1 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { resignedR1 } from '../support/altered.ts'
import { end, read, SOURCE, unwrapped } from '../support/exchange.ts'
import { hip, labelOf, move, place, stage } from '../support/stage.ts'

describe('every packet that we send', () => {
  it('has its reserved bits zero, its fixed bits as drawn, and nothing after it', () => {
    const cast = stage()
    cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(200)
    cast.a.engine.readdress(cast.wire.now, [cast.a.at])
    cast.wire.run(200)
    const moved = move(cast, cast.alice, cast.a, 2, place(3))
    moved.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(200)
    const sent = cast.wire.sent.filter(({ bytes }) => hip(bytes) !== undefined)
    const kinds = new Set(sent.map(({ bytes }) => labelOf(bytes)))
    for (const kind of ['I1', 'R1', 'I2', 'R2', 'U1', 'U2', 'P1', 'P2', 'P3', 'ACK', 'CLOSE', 'CLOSE_ACK'] as const)
      expect(kinds).toContain(kind)
    for (const { bytes } of sent) {
      const [nextHeader, length = 0, type = 0, version, ...rest] = bytes.subarray(4)
      expect([nextHeader, 8 * (length + 1), type & 0x80, version]).toEqual([59, bytes.length - 4, 0, 0x21])
      // Checksum and controls.
      expect(rest.slice(0, 4)).toEqual([0, 0, 0, 0])
    }
  })
})

describe('the control bits', () => {
  it('of a packet change nothing', () => {
    const initiator = end(1)
    const responder = end(2)
    const i1 = encodeI1(initiator, responder.hitBytes).fill(0xff, 6, 8)
    const answer = new R1Pool(responder).answer(0, read('I1', i1), SOURCE)
    const r1 = resignedR1(unwrapped(answer).r1, responder.identity, [], [], 0xffff)
    expect(read('R1', r1).controls).toBe(0xffff)
    expect('drop' in acceptR1(initiator, responder.identity.hit, read('R1', r1))).toBe(false)
  })
})

describe('a checksum that is not zero', () => {
  it('has its packet dropped in silence', () => {
    const cast = stage({ associate: false })
    const held = cast.filters.hold('I1')
    cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(50)
    const [i1] = held.held
    if (i1 === undefined) throw new Error('no I1')
    const since = cast.wire.sent.length
    cast.wire.inject({ ...i1, bytes: i1.bytes.with(4 + 4, 1) })
    expect([cast.wire.sent.length, cast.b.told]).toEqual([since, []])
    cast.filters.release(held)
    expect(cast.wire.sent.length).toBe(since + 1)
  })
})
