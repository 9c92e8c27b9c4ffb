// Findings of a hostile review, second part: each test fails as long as the defect is there.

import { describe, expect, it } from 'vitest'
import { concat } from '../../src/base/bytes.ts'
import { offerOf } from '../../src/core/association/exchange-offer.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { buildNotify, epochOf } from '../../src/core/association/update.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import { signInstance } from '../../src/core/moving/receipt.ts'
import { generateDh } from '../../src/crypto/dh.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { encodeDiffieHellman } from '../../src/wire/exchange.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { coveredByR1, decodePacket } from '../../src/wire/packet.ts'
import { encodeReserveSpi } from '../../src/wire/private.ts'
import { Notification, Parameter } from '../../src/wire/registry.ts'
import { encodeAck, encodeEchoRequestSigned, encodeEspInfo, encodeSeq } from '../../src/wire/update.ts'
import { seeded } from '../support/actors.ts'
import {
  actor,
  End,
  engineOf,
  freeze,
  hip,
  isEsp,
  isP1,
  isP2,
  isP3,
  pair,
  place,
  send,
  thaw,
  Wire,
} from '../support/pair.ts'
import { Mallory } from './mallory.ts'

const dhValue = () =>
  encodeDiffieHellman({ group: 7, publicValue: generateDh(7, seeded(5))?.publicValue ?? new Uint8Array() })

describe('no packet of a peer throws:', () => {
  it('an answer to a rekey without SEQ', () => {
    const { wire, bob, a, b } = pair()
    const state = freeze(wire, b)
    a.engine.rekey(wire.now, b.engine.hit)
    wire.drain()
    const u1 = wire.sent.map(({ bytes }) => hip(bytes)).findLast((message) => message?.kind === 'UPDATE')
    const seq = u1?.kind === 'UPDATE' ? (u1.seq ?? 0) : 0
    const answer = new Mallory(bob, 1, state).update([
      encodeEspInfo({ keymatIndex: 0, oldSpi: 0x4000, newSpi: 0x4001 }),
      encodeAck([seq]),
      dhValue(),
      encodeReserveSpi(0x4002),
    ])
    expect(() => wire.inject({ from: b.at, to: a.at, bytes: answer })).not.toThrow()
  })

  it('a CLOSE with a long echo, to a start whose P1 is unanswered', () => {
    const { wire, alice, bob, a, b } = pair()
    const bobs = freeze(wire, b)
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    wire.run(20)
    const close = new Mallory(bob, 1, bobs).close([encodeEchoRequestSigned(new Uint8Array(1_700))])
    expect(() => wire.inject({ from: b.at, to: a2.at, bytes: close })).not.toThrow()
  })

  it('an address check with a long echo, to a start whose P1 is unanswered', () => {
    const { wire, alice, bob, a, b } = pair()
    const bobs = freeze(wire, b)
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    wire.run(20)
    const check = new Mallory(bob, 1, bobs, alice.start(2)).update(
      [encodeSeq(77), encodeEchoRequestSigned(new Uint8Array(1_800))],
      false,
    )
    expect(() => wire.inject({ from: b.at, to: a2.at, bytes: check })).not.toThrow()
  })
})

describe('an R1 with a value that is no point of the curve', () => {
  it('ends the attempt in time, and takes no SPI with it', () => {
    const wire = new Wire()
    const alice = actor(11)
    const bob = actor(12)
    const a = wire.add(new End(engineOf(alice, 1, place(1), 0), place(1)))
    a.engine.associate(0, { hit: bob.identity.hit, locators: [place(2)] })
    wire.drain()
    const pool = new R1Pool({
      config: DEFAULTS,
      identity: bob.identity,
      hitBytes: hitBytes(bob.identity.hit),
      start: bob.start(1),
      entropy: seeded(4),
      ...offerOf({ espSuites: [13] }),
      keylog: () => undefined,
    })
    // The pool of a malicious Responder: the same R1, signed again over another public value.
    const i1 = wire.sent.map(({ bytes }) => hip(bytes)).find((message) => message?.kind === 'I1')
    if (i1?.kind !== 'I1') throw new Error('no I1')
    const answer = pool.answer(0, i1, place(1))
    if (!('r1' in answer)) throw new Error('no R1')
    const forged = resign(answer.r1, bob.identity)
    wire.inject({ from: place(2), to: a.at, bytes: wrapHip(forged) })
    wire.run(60_000)
    expect(a.engine.counters['r1-dh-value']).toBeGreaterThan(0)
    expect(a.told).toContain('ended')
  })
})

function resign(r1: Uint8Array, identity: Identity): Uint8Array {
  const bytes = concat(r1)
  const packet = decodePacket(bytes)
  if (isMalformed(packet)) throw new Error('malformed')
  const at = (type: number) => packet.parameters.find((parameter) => parameter.type === type)
  const dh = at(Parameter.DIFFIE_HELLMAN)
  const instance = at(Parameter.INSTANCE)
  const signature = at(Parameter.HIP_SIGNATURE_2)
  if (dh === undefined || signature === undefined) throw new Error('no DH')
  bytes.fill(1, dh.start + 4 + 3, dh.start + 4 + 3 + 64)
  const again = () => {
    const read = decodePacket(bytes)
    if (isMalformed(read)) throw new Error('malformed')
    return read
  }
  if (instance !== undefined)
    bytes.set(signInstance(actor(12).start(1).instance, coveredByR1(again(), Parameter.INSTANCE)), instance.start + 4)
  bytes.set(identity.sign(coveredByR1(again(), Parameter.HIP_SIGNATURE_2)), signature.start + 4 + 2)
  return bytes
}

describe('both ends thawed', () => {
  it('resume, though one has not yet had a place for its P1', () => {
    const { wire, alice, bob, a, b } = pair()
    const stateA = freeze(wire, a)
    const stateB = freeze(wire, b)
    const b2 = thaw(wire, bob, stateB, 2, b.at, { offersOutstandingMax: 0 })
    const a2 = thaw(wire, alice, stateA, 2, place(3))
    wire.run(30_000)
    expect(a2.told).toContain('resumed')
    expect(b2.told).not.toContain('ended')
  })
})

describe('a former host', () => {
  it('cannot reset an association after the ratchet with a NOTIFY', () => {
    const { wire, alice, a, b } = pair()
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    wire.run(1_000)
    expect(a2.told).toContain('resumed')
    // b asks for a rekey; the former host sees the packet on the wire and refuses it in the name of a.
    b.engine.rekey(wire.now, a2.engine.hit)
    wire.drain()
    const u1 = wire.sent.findLast(({ bytes }) => isP1(bytes))?.bytes.subarray(4) ?? new Uint8Array()
    const invented = { ...alice.start(2), epoch: 4_000_000_000, incarnation: new Uint8Array(16).fill(9) }
    const epoch = epochOf(invented, undefined, 0, new Uint8Array(8), false)
    const notification = { type: Notification.RESUME_REFUSED, data: sha256(u1) }
    const self = { hitBytes: hitBytes(alice.identity.hit), identity: alice.identity }
    const notify = buildNotify(self, hitBytes(b.engine.hit), epoch, notification)
    wire.inject({ from: place(66), to: b.at, bytes: wrapHip(notify) })
    wire.run(10)
    expect(b.told).not.toContain('ended')
  })
})

describe('a thief of the MAC key who has no identity key', () => {
  it.each([[false], [true]])('cannot make a peer deaf to the real one (control without the thief: %s)', (control) => {
    const { wire, bob, a, b } = pair()
    // A copy of b's state, read without stopping b.
    b.engine.freeze(wire.now)
    const state = b.engine.frozenState([], new Uint8Array())
    b.engine.unfreeze(wire.now)
    const poison = new Mallory(bob, 1, state).update([encodeSeq(0x4000_0000)], false)
    if (!control) wire.inject({ from: place(66), to: a.at, bytes: poison })
    b.engine.rekey(wire.now, a.engine.hit)
    wire.run(5_000)
    expect(b.told).toContain('rekeyed')
  })
})

describe('keepalives', () => {
  const dummies = (wire: Wire, end: End, since: number) =>
    wire.sent.filter(({ from, bytes, at }) => at >= since && from === end.at && isEsp(bytes)).length

  it('go on after a thaw', () => {
    const { wire, alice, a, b } = pair()
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    wire.run(120_000)
    expect(b.told).not.toContain('ended')
    expect(dummies(wire, a2, 30_000)).toBeGreaterThan(3)
  })

  it('go on after an association was parked and woken', () => {
    const { wire, a, b } = pair()
    send(wire, a, b, 'lost')
    wire.bend = () => []
    wire.run(60_000)
    expect(a.told).toContain('parked')
    wire.bend = (flying) => [flying]
    wire.run(60_000)
    expect(a.told).toContain('woken')
    const since = wire.now
    wire.run(120_000)
    expect(dummies(wire, a, since)).toBeGreaterThan(4)
  })
})

describe('an UPDATE for an association that has just ended', () => {
  it('is refused, as one that never was', () => {
    const { wire, bob, a, b } = pair()
    const state = freeze(wire, b)
    wire.add(b)
    a.engine.close(wire.now, b.engine.hit)
    wire.bend = () => []
    wire.run(8_000)
    expect(a.told).toContain('ended')
    const before = wire.sent.length
    wire.inject({ from: b.at, to: a.at, bytes: new Mallory(bob, 1, state).update([encodeSeq(5)], false) })
    const said = wire.sent.slice(before).map(({ bytes }) => hip(bytes)?.kind)
    expect(said).toContain('NOTIFY')
  })
})

describe('events', () => {
  it('tell both ends of a rekey, whatever arrives first', () => {
    const { wire, a, b } = pair()
    wire.bend = (flying) => (isP3(flying.bytes) ? [] : [flying])
    a.engine.rekey(wire.now, b.engine.hit)
    wire.run(25)
    send(wire, a, b, 'data before U3')
    wire.run(15)
    wire.bend = (flying) => [flying]
    wire.run(5_000)
    expect(a.told).toContain('rekeyed')
    expect(b.told).toContain('rekeyed')
  })
})

describe('a refusal that is due', () => {
  it('is not starved by packets of strangers', () => {
    const { wire, bob, a, b } = pair()
    const stateB = freeze(wire, b)
    const mallory = new Mallory(bob, 1, stateB)
    // a has lost its association (and the memory of it).
    a.engine.close(wire.now, b.engine.hit)
    wire.run(60_000)
    for (let n = 0; n < 20; n++) {
      const junk = concat(mallory.update([encodeSeq(5)], false))
      junk[4 + 8 + 15] = n // another sender HIT
      wire.inject({ from: place(100 + n), to: a.at, bytes: junk })
    }
    const before = wire.sent.length
    wire.inject({ from: b.at, to: a.at, bytes: mallory.update([encodeSeq(5)], false) })
    expect(wire.sent.slice(before).map(({ bytes }) => hip(bytes)?.kind)).toContain('NOTIFY')
  })
})

describe('the peer of a process that moves back', () => {
  it.each([
    ['to where it was', 1],
    ['to where it never was', 4],
  ])('may send at once what three times P1 allows: %s', (_, last) => {
    const { wire, alice, a, b } = pair()
    const a2 = thaw(wire, alice, freeze(wire, a), 2, place(3))
    wire.run(2_000)
    const state = freeze(wire, a2)
    const since = wire.now
    // P2 and P3 tell nothing here: nothing but P1 comes from there.
    wire.bend = (flying) => (isP2(flying.bytes) ? [] : [flying])
    const a3 = thaw(wire, alice, state, 3, place(last))
    wire.run(12)
    send(wire, b, a3, 'x'.repeat(200))
    wire.drain()
    const data = wire.sent.filter(({ at, from, bytes }) => at >= since && from === b.at && isEsp(bytes))
    expect(data.length).toBe(1)
  })
})

describe('P3 behind the data it follows', () => {
  it('still verifies the address', () => {
    const { wire, alice, a, b } = pair()
    const state = freeze(wire, a)
    const held: {
      from: { address: string; port: number }
      to: { address: string; port: number }
      bytes: Uint8Array
    }[] = []
    wire.bend = (flying) => {
      if (!isP3(flying.bytes) || held.length > 0) return [flying]
      held.push(flying)
      return []
    }
    const a2 = thaw(wire, alice, state, 2, place(3))
    wire.run(21)
    send(wire, a2, b, 'data')
    wire.run(15)
    const [p3] = held
    if (p3 === undefined) throw new Error('no P3')
    wire.inject(p3)
    expect(b.engine.counters['echo-unexpected'] ?? 0).toBe(0)
    expect(b.engine.association(a2.engine.hit)?.state).toBe('established')
  })
})

describe('a recorded UPDATE', () => {
  it('does not keep a dead peer alive', () => {
    const { wire, a, b } = pair()
    send(wire, a, b, 'one')
    wire.run(100)
    b.engine.readdress(wire.now, [b.at])
    wire.run(100)
    const recorded = wire.sent.findLast(
      ({ from, bytes }) =>
        from === b.at && hip(bytes)?.kind === 'UPDATE' && (hip(bytes) as { locators?: unknown }).locators !== undefined,
    )
    if (recorded === undefined) throw new Error('no UPDATE')
    wire.remove(b)
    for (let n = 0; n < 120; n++) {
      send(wire, a, b, 'into the void')
      wire.run(500)
      wire.inject({ ...recorded, to: a.at })
    }
    expect(a.told).toContain('parked')
  })
})

describe('a process that moves fast', () => {
  it('keeps its associations over six moves within three PTO', () => {
    const { wire, alice, a, b } = pair({ delayMs: 50 })
    let end = a
    for (let move = 0; move < 6; move++) {
      send(wire, end, b, `m${move}`)
      send(wire, b, end, `n${move}`)
      wire.run(60)
      end = thaw(wire, alice, freeze(wire, end), 2 + move, place(20 + move))
      wire.run(120)
    }
    wire.run(3_000)
    expect(b.told).not.toContain('ended')
    expect(end.told).toContain('resumed')
  })

  it('keeps them when the ratchet never gets to its end', () => {
    const { wire, alice, a, b } = pair({ delayMs: 50 })
    let end = a
    for (let move = 0; move < 6; move++) {
      const state = freeze(wire, end)
      end = thaw(wire, alice, state, 2 + move, place(20 + move))
      wire.run(105)
      send(wire, end, b, `m${move}`)
      send(wire, b, end, `n${move}`)
      wire.run(55)
    }
    wire.run(3_000)
    expect(b.told).not.toContain('ended')
    expect(end.engine.counters['answer-finals-too-low'] ?? 0).toBe(0)
    expect(end.told).toContain('resumed')
  })
})
