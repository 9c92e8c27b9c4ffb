// Packets that somebody with the keys has sealed, and that are no answer to what was asked: signature and MAC are right, and yet they
// are found. Where the question is not in the capture nothing is said.

import { describe, expect, it } from 'vitest'
import { hitBytes } from '../../src/crypto/hit.ts'
import { type Finding, inspect } from '../../src/inspect/inspect.ts'
import type { KeyLog } from '../../src/inspect/key-log.ts'
import { HEARD_MAX, UPDATE_IDS_MAX } from '../../src/inspect/said.ts'
import * as wire from '../../src/wire.ts'
import { askForR1, type End, end, exchange } from '../support/exchange.ts'
import { sound } from '../wire/fixtures.ts'

type Change = (parameters: wire.ParameterValue[]) => readonly wire.ParameterValue[]

const { Parameter } = wire
const config = { puzzleDifficulty: 6 }
const [initiator, responder] = [end(1, { config }), end(2, { config })]
const [i, r] = [initiator, responder].map(({ identity }) => hitBytes(identity.hit)) as [Uint8Array, Uint8Array]
const { r1, sent, r2, initiated, responded, pool } = exchange(initiator, responder)
const log: KeyLog = {
  kijs: responder.keylogged.flatMap((entry): KeyLog['kijs'][number][] =>
    entry.kind === 'KIJ' ? [{ pair: [entry.a, entry.b], kij: entry.kij }] : [],
  ),
  esp: [],
}

function judge(...packets: readonly Uint8Array[]): readonly Finding[] {
  return [
    ...inspect(
      packets.map((payload, at) => ({ frame: at + 1, by: 'hip' as const, payload, missing: 0 })),
      log,
    ),
  ]
}

function last(...packets: readonly Uint8Array[]): Finding {
  const finding = judge(...packets).at(-1)
  if (finding === undefined) throw new Error('nothing was judged')
  return finding
}

/** Of the parameters, sealed again by whoever sent them: what stands behind HIP_MAC stays away. */
function sealed(type: number, from: End, parameters: readonly wire.ParameterValue[]): Uint8Array {
  const mine = from === initiator
  const ordered = [...parameters].filter((one) => one.type < Parameter.HIP_MAC).sort((a, b) => a.type - b.type)
  // An R1 is signed without its receiver, opaque and I.
  const bytes = wire.encodePacket(type, mine ? i : r, mine ? r : i, ordered)
  const { hip } = (mine ? initiated : responded).keys
  const { suite } = initiated.context
  const isR1 = type === wire.PacketType.R1
  const hostId = sound(wire.decodePacket(r1)).parameters.find((one) => one.type === Parameter.HOST_ID)
  const macType = type === wire.PacketType.R2 ? Parameter.HIP_MAC_2 : Parameter.HIP_MAC
  const tlv = r1.subarray(hostId?.start, hostId?.end)
  const covered = macType === Parameter.HIP_MAC ? bytes : wire.macTwoInput(bytes, tlv)
  const maced = isR1 ? bytes : wire.appendParameter(bytes, macType, suite.mac(hip.send.integrity, covered))
  const signatureType = isR1 ? Parameter.HIP_SIGNATURE_2 : Parameter.HIP_SIGNATURE
  const empty = wire.appendParameter(maced, signatureType, new Uint8Array(2))
  const input = isR1 ? wire.coveredByR1(sound(wire.decodePacket(empty)), signatureType) : maced
  const signature = { algorithm: from.identity.publicKey.algorithm, bytes: from.identity.sign(input) }
  return wire.appendParameter(maced, signatureType, wire.encodeSignature(signatureType, signature).contents)
}

/** A packet of the exchange with other parameters, sealed again. */
function changed(bytes: Uint8Array, from: End, change: Change): Uint8Array {
  const packet = sound(wire.decodePacket(bytes))
  return sealed(packet.type, from, change(packet.parameters.map(({ type, contents }) => ({ type, contents }))))
}

/** Another value in the place of the one of its type. */
function put(value: wire.ParameterValue): Change {
  return (all) => [...all.filter(({ type }) => type !== value.type), value]
}

function solution(change: Partial<wire.Solution>): Change {
  const raw = sound(wire.decodePacket(sent.bytes)).parameters.find(({ type }) => type === Parameter.SOLUTION)
  const present = sound(wire.decodeSolution(raw?.contents ?? new Uint8Array(0), 0))
  return put(wire.encodeSolution({ ...present, ...change }))
}

const i2 = (change: Change): Uint8Array => changed(sent.bytes, initiator, change)
const index = responded.keys.keymatLength - 40
const update = (from: End, ...parameters: readonly wire.ParameterValue[]): Uint8Array =>
  sealed(wire.PacketType.UPDATE, from, parameters)

describe('an I2', () => {
  it('that is sealed again as it was is right', () => {
    const found = judge(
      r1,
      i2((all) => all),
      r2,
    )
    expect(found.flatMap(({ errors }) => errors)).toEqual([])
    expect(found[1]?.checks).toEqual({ hit: true, signature: true, puzzle: true, mac: true })
  })

  it.each([
    ['a K that R1 did not ask for', solution({ k: 0 }), 'SOLUTION (321), byte', 'K 0, where R1 asked for 6'],
    ['another opaque', solution({ opaque: Uint8Array.of(9, 9) }), 'SOLUTION (321), byte', 'opaque 0909, where R1 had'],
  ])('with %s has not solved the puzzle', (_what, change, where, what) => {
    const { ok, checks, errors } = last(r1, i2(change))
    expect([ok, checks.signature, checks.mac, checks.puzzle, errors.length]).toEqual([false, true, true, false, 1])
    expect(errors[0]).toContain(where)
    expect(errors[0]).toContain(what)
  })

  it('with an I of no R1 has not solved the puzzle, and none is asked for where an R1 is missing', () => {
    const foreign = i2(solution({ i: new Uint8Array(32).fill(7), k: 0 }))
    expect(last(r1, foreign).errors.join()).toContain('SOLUTION (321), byte 72: I is that of no R1 from')
    expect(last(r1, foreign).checks.puzzle).toBe(false)
    const bent = r1.slice()
    bent[200] = (bent[200] ?? 0) ^ 1
    expect(last(r1, bent, foreign).errors.join()).not.toContain('of no R1')
  })

  it.each([
    ['group', wire.encodeDiffieHellman({ group: 3, publicValue: new Uint8Array(192).fill(5) }), 'group 3 (MODP_1536)'],
    ['cipher', { type: Parameter.HIP_CIPHER, contents: Uint8Array.of(0, 1) }, 'cipher 1 (NULL)'],
    ['ESP suite', wire.encodeEspTransform([7]), 'ESP suite 7 (NULL_HMAC_SHA256)'],
    ['transport', wire.encodeTransportFormatList([4094]), 'transport format 4094'],
    ['counter', wire.encodeR1Counter({ high: 7, low: 7 }), '7/7'],
  ])('that chooses a %s that R1 did not offer is wrong', (_what, value, words) => {
    const found = last(r1, i2(put(value)))
    expect(found.ok).toBe(false)
    expect(found.errors.join('\n')).toContain(`: ${words}, where R1 `)
    // Without the R1 nothing is said of that, nor that the puzzle of the R1 is solved.
    const alone = last(i2(put(value)))
    expect(alone.errors.join()).not.toContain('R1')
    expect(alone.checks.puzzle).toBeUndefined()
  })

  it('fits whichever R1 it answers: an earlier one, a later one, one of a pool that others were sent', () => {
    const later = askForR1(0, initiator, responder, pool)
    const other = exchange(initiator, end(2, { config: { puzzleDifficulty: 3 } })).r1
    for (const r1s of [
      [r1, other],
      [other, r1],
      [later, r1, later],
      [other, other, r1, other],
    ])
      expect(last(...r1s, sent.bytes).errors, `${r1s.length}`).toEqual([])
    const third = exchange(end(3, { config }), responder, pool).r1
    expect(last(third, sent.bytes).checks.puzzle).toBeUndefined()
  })

  it('is compared with no R1 that was forged on the way', () => {
    const forged = r1.slice()
    const puzzle = sound(wire.decodePacket(r1)).parameters.find(({ type }) => type === Parameter.PUZZLE)?.start ?? 0
    forged[puzzle + 4] = 0
    expect(last(forged, sent.bytes).errors).toEqual([])
    expect(last(forged, i2(solution({ k: 0 }))).checks.puzzle).toBeUndefined()
  })

  it('is left alone once so many R1s have come that its own may be forgotten', () => {
    const more = Array.from({ length: HEARD_MAX }, (_, n) =>
      changed(
        r1,
        responder,
        put(wire.encodePuzzle({ k: 6, lifetime: 37, opaque: Uint8Array.of(0, n), i: new Uint8Array(32).fill(n) })),
      ),
    )
    expect(judge(...more).flatMap(({ errors }) => errors)).toEqual([])
    expect(last(r1, ...more, sent.bytes).errors).toEqual([])
    expect(last(r1, ...more, sent.bytes).checks.puzzle).toBeUndefined()
    expect(last(r1, ...more.slice(1), sent.bytes).checks.puzzle).toBe(true)
  })
})

describe('a KEYMAT index', () => {
  const info = (keymatIndex: number, spi = 0x1000): Change =>
    put(wire.encodeEspInfo({ keymatIndex, oldSpi: 0, newSpi: spi }))

  it('of an I2 or R2 is where the keys of ESP begin, with or without an R1', () => {
    const wrong = i2(info(index + 1))
    expect(last(wrong).errors).toEqual([`ESP_INFO (65), byte 40: KEYMAT index ${index + 1}, where ${index} is right`])
    const answer = changed(r2, responder, info(index + 1, 0x2000))
    const found = last(r1, sent.bytes, answer)
    expect(found.checks.mac).toBe(true)
    expect(found.errors).toEqual([`ESP_INFO (65), byte 40: KEYMAT index ${index + 1}, where ${index} is right`])
    expect(last(r1, answer).errors.join()).not.toContain('KEYMAT')
  })

  it('of a rekey is zero with a Diffie–Hellman value, and otherwise behind the keys of the exchange', () => {
    const rekey = (keymatIndex: number) => wire.encodeEspInfo({ keymatIndex, oldSpi: 0x1000, newSpi: 0x1002 })
    const dh = wire.encodeDiffieHellman({ group: 7, publicValue: initiator.identity.publicKey.bytes })
    const errorsOf = (...parameters: readonly wire.ParameterValue[]) =>
      last(r1, sent.bytes, r2, update(initiator, wire.encodeSeq(0), ...parameters)).errors
    expect(errorsOf(rekey(0), dh)).toEqual([])
    expect(errorsOf(rekey(1), dh).join()).toContain(
      'KEYMAT index 1, where 0, with a new Diffie–Hellman value, is right',
    )
    const end = responded.keys.keymatLength
    expect(errorsOf(rekey(end))).toEqual([])
    expect(errorsOf(rekey(end - 1)).join()).toContain(`KEYMAT index ${end - 1}, where ${end} or more`)
    // The answer to a value of the other end begins anew; so may it where the exchange was not seen.
    const theirs = update(responder, wire.encodeSeq(0), rekey(0), dh)
    const answer = update(initiator, wire.encodeSeq(0), rekey(0))
    expect(last(r1, sent.bytes, r2, theirs, answer).errors).toEqual([])
    expect(last(answer).errors).toEqual([])
  })
})

describe('an echo', () => {
  const asked = new Uint8Array(16).fill(3)
  const other = new Uint8Array(16).fill(4)
  const unlike = (finding: Finding) => finding.errors.filter((error) => error.includes('echoes what no ECHO_REQUEST'))

  it.each([
    ['CLOSE_ACK', wire.PacketType.CLOSE_ACK, 'CLOSE', wire.PacketType.CLOSE, [], []],
    ['UPDATE', wire.PacketType.UPDATE, 'UPDATE', wire.PacketType.UPDATE, [wire.encodeSeq(3)], [wire.encodeAck([3])]],
  ])('of %s (%i) is that of %s', (_answer, answer, _question, question, seq, ack) => {
    const request = sealed(question, responder, [...seq, wire.encodeEchoRequestSigned(asked)])
    const response = (opaque: Uint8Array) => sealed(answer, initiator, [...ack, wire.encodeEchoResponseSigned(opaque)])
    expect(last(r1, sent.bytes, r2, request, response(asked)).errors).toEqual([])
    const found = last(r1, sent.bytes, r2, request, response(other))
    expect([found.ok, found.checks.mac]).toEqual([false, true])
    expect(found.errors.join()).toMatch(
      /^ECHO_RESPONSE_SIGNED \(961\), byte \d+: echoes what no ECHO_REQUEST_SIGNED had$/,
    )
    // Nobody was seen to ask, or the question was not seen as it was sent.
    expect(unlike(last(r1, sent.bytes, r2, response(other)))).toEqual([])
    const bent = request.slice()
    bent[request.length - 20] = (bent[request.length - 20] ?? 0) ^ 1
    expect(unlike(last(r1, sent.bytes, r2, bent, response(other)))).toEqual([])
  })

  it('of an I2 is that of an R1, and of an R2 that of an I2', () => {
    const asking = changed(r1, responder, put(wire.encodeEchoRequestSigned(asked)))
    expect(last(asking).errors).toEqual([])
    const answer = (opaque: Uint8Array) => i2(put(wire.encodeEchoResponseSigned(opaque)))
    expect(last(asking, answer(asked)).errors).toEqual([])
    expect(unlike(last(asking, answer(other)))).toHaveLength(1)
    const unsigned = wire.appendParameter(sent.bytes, Parameter.ECHO_REQUEST_UNSIGNED, asked)
    const r2With = (opaque: Uint8Array) => wire.appendParameter(r2, Parameter.ECHO_RESPONSE_UNSIGNED, opaque)
    expect(unlike(last(r1, unsigned, r2With(asked)))).toEqual([])
    expect(unlike(last(r1, unsigned, r2With(other)))).toHaveLength(1)
  })
})

describe('an ACK', () => {
  const ack = (...ids: readonly number[]) => update(initiator, wire.encodeAck(ids))
  const seq = (id: number) => update(responder, wire.encodeSeq(id))
  const opened = [r1, sent.bytes, r2]

  it('is of an Update ID that the other end has given', () => {
    expect(last(...opened, seq(5), ack(5)).errors).toEqual([])
    const found = last(...opened, seq(5), ack(5, 77))
    expect([found.ok, found.checks.mac]).toEqual([false, true])
    expect(found.errors).toEqual([
      `ACK (449), byte 40: acknowledges Update ID 77, which no UPDATE from ${responder.identity.hit} has`,
    ])
    // Captures of two places that were merged: the question may come later.
    expect(judge(...opened, ack(5), seq(5)).flatMap(({ errors }) => errors)).toEqual([])
  })

  it('is left alone where the capture began later, has one direction only, or has an UPDATE that was not read', () => {
    expect(last(seq(5), ack(77)).errors).toEqual([])
    expect(last(r1, sent.bytes, ack(77)).errors).toEqual([])
    const bent = seq(5)
    bent[47] = 9
    expect(last(...opened, bent, ack(5)).errors).toEqual([])
    expect(last(...opened, seq(5).subarray(0, 60), ack(5)).errors).toEqual([])
  })

  it('is left alone once more Update IDs have come than are remembered', () => {
    // Signed by nobody, as address checks are.
    const { integrity } = responded.keys.hip.send
    const flood = Array.from({ length: UPDATE_IDS_MAX + 1 }, (_, id) => {
      const bytes = wire.encodePacket(wire.PacketType.UPDATE, r, i, [wire.encodeSeq(id)])
      return wire.appendParameter(bytes, Parameter.HIP_MAC, initiated.context.suite.mac(integrity, bytes))
    })
    const said = (packets: readonly Uint8Array[]) => last(...opened, ...packets, ack(70_000)).errors.length
    expect([said(flood.slice(0, -1)), said(flood)]).toEqual([1, 0])
  })
})
