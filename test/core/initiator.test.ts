// What an Initiator makes of R1s and R2s that are not what they should be (RFC 7401 §6.8, §6.10).

import { describe, expect, it } from 'vitest'
import { acceptR1, acceptR2, buildI2 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import * as parameters from '../../src/wire/exchange.ts'
import { encodeMessage } from '../../src/wire/messages.ts'
import { appendParameter, type ParameterValue } from '../../src/wire/packet.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { encodeEchoRequestSigned, encodeEchoRequestUnsigned } from '../../src/wire/update.ts'
import { identity } from '../support/actors.ts'
import {
  answerR1,
  askForR1,
  type End,
  end,
  exchange,
  OPEN_DOOR,
  offerI2,
  read,
  startOf,
  unwrapped,
} from '../support/exchange.ts'

describe('an Initiator', () => {
  const initiator = end(1)
  const responder = end(2)
  /** An R1 of `responder` with some parameters replaced, signed by `signer`. */
  function forgedR1(changes: readonly ParameterValue[], signer: Identity = responder.identity): Uint8Array {
    const { packet } = read('R1', askForR1(0, initiator, responder, new R1Pool(responder)))
    const changed = new Set(changes.map(({ type }) => type))
    const kept = packet.parameters.filter(({ type }) => type < Parameter.HIP_SIGNATURE_2 && !changed.has(type))
    const all = [...kept, ...changes]
    const blank = all.map((value) =>
      value.type === Parameter.PUZZLE ? { ...value, contents: blanked(value.contents) } : value,
    )
    const covered = encodeMessage('R1', packet.sender, new Uint8Array(16), blank)
    const bytes = encodeMessage('R1', packet.sender, packet.receiver, all)
    const signature = { algorithm: signer.publicKey.algorithm, bytes: signer.sign(covered) }
    const { type, contents } = parameters.encodeSignature(Parameter.HIP_SIGNATURE_2, signature)
    return appendParameter(bytes, type, contents)
  }
  const blanked = (contents: Uint8Array) =>
    Uint8Array.of(...contents.subarray(0, 2), ...new Uint8Array(contents.length - 2))
  const judged = (r1: Uint8Array, as: End = initiator) => {
    const result = acceptR1(as, responder.identity.hit, read('R1', r1))
    return 'drop' in result ? result.drop : 'accepted'
  }
  const hostIdOf = ({ publicKey: { algorithm, label, bytes } }: Identity) =>
    parameters.encodeHostId({ algorithm, label, key: bytes })

  it('takes an R1 as the test forges it, if nothing is wrong with it', () => {
    expect(judged(forgedR1([]))).toBe('accepted')
  })

  it.each<[string, string, readonly ParameterValue[]]>([
    ['none of its groups', 'r1-dh-group', [parameters.encodeDhGroupList([9, 11])]],
    [
      'a list that its own choice does not follow',
      'r1-dh-group',
      [
        parameters.encodeDhGroupList([7]),
        parameters.encodeDiffieHellman({ group: 8, publicValue: new Uint8Array(96) }),
      ],
    ],
    ['no support for its HIT suite', 'r1-hit-suite', [parameters.encodeHitSuiteList([1, 2])]],
    [
      'a puzzle harder than it will solve',
      'r1-puzzle-too-difficult',
      [parameters.encodePuzzle({ k: 21, lifetime: 37, opaque: new Uint8Array(2), i: new Uint8Array(32) })],
    ],
    [
      'a puzzle of another length than its hash',
      'r1-puzzle',
      [parameters.encodePuzzle({ k: 0, lifetime: 37, opaque: new Uint8Array(2), i: new Uint8Array(48) })],
    ],
    ['no cipher but NULL', 'r1-cipher', [parameters.encodeHipCipher([1])]],
    ['no ESP suite of its own', 'r1-esp-suite', [parameters.encodeEspTransform([7, 1])]],
    ['no ESP at all', 'r1-esp-suite', [parameters.encodeTransportFormatList([1234])]],
  ])('leaves an R1 alone that has %s', (_what, reason, changes) => {
    expect(judged(forgedR1(changes))).toBe(reason)
  })

  it('follows the first of the groups it offered, wherever unknown ones stand', () => {
    expect(judged(forgedR1([parameters.encodeDhGroupList([9, 7, 11])]))).toBe('accepted')
    expect(judged(forgedR1([parameters.encodeDhGroupList([8, 7, 4])]))).toBe('r1-dh-group')
  })

  it('knows an imposter by the key before it looks at the signature', () => {
    const stranger = identity(77)
    expect(judged(forgedR1([hostIdOf(stranger)], stranger))).toBe('r1-imposter')
  })

  it('does not take the right key with the signature of another', () => {
    expect(judged(forgedR1([], identity(77)))).toBe('r1-signature')
  })

  it('does not take an R1 that is meant for somebody else', () => {
    expect(judged(forgedR1([]), end(9))).toBe('r1-hits')
  })

  it('never runs into a public value that is no point of the curve', () => {
    const offCurve = parameters.encodeDiffieHellman({ group: 7, publicValue: new Uint8Array(64).fill(1) })
    const accepted = unwrapped(acceptR1(initiator, responder.identity.hit, read('R1', forgedR1([offCurve]))))
    const spis = { inboundSpi: 256, reserveIn: 257 }
    expect(buildI2(initiator, accepted, new Uint8Array(32), spis)).toEqual({ drop: 'r1-dh-value' })
  })

  it('answers the echoes of an R1, as far as they fit', () => {
    const asked = [encodeEchoRequestSigned(Uint8Array.of(1, 2, 3))]
    const r1 = appendParameter(forgedR1(asked), Parameter.ECHO_REQUEST_UNSIGNED, Uint8Array.of(4, 5))
    const i2 = read('I2', answerR1(initiator, responder, r1).bytes)
    expect(i2.echoResponseSigned).toEqual(Uint8Array.of(1, 2, 3))
    const last = i2.packet.parameters.at(-1)
    expect([last?.type, last?.contents]).toEqual([Parameter.ECHO_RESPONSE_UNSIGNED, Uint8Array.of(4, 5)])

    const long = encodeEchoRequestUnsigned(new Uint8Array(1600))
    const unsigned = read(
      'I2',
      answerR1(initiator, responder, appendParameter(forgedR1([]), long.type, long.contents)).bytes,
    )
    expect(unsigned.packet.parameters.at(-1)?.type).toBe(Parameter.HIP_SIGNATURE)

    const huge = forgedR1([encodeEchoRequestSigned(new Uint8Array(1500))])
    const accepted = unwrapped(acceptR1(initiator, responder.identity.hit, read('R1', huge)))
    expect(buildI2(initiator, accepted, new Uint8Array(32), { inboundSpi: 256, reserveIn: 257 })).toEqual({
      drop: 'r1-echo',
    })
  })

  it('does not stumble over a Responder whose name is as long as a packet', () => {
    const { algorithm, label, bytes } = responder.identity.publicKey
    const long = parameters.encodeHostId({ algorithm, label, key: bytes, domain: new Uint8Array(1400) })
    const sent = answerR1(initiator, responder, forgedR1([long]))
    const { r2 } = exchange(initiator, responder)
    const grown = appendParameter(r2, Parameter.ECHO_REQUEST_UNSIGNED, new Uint8Array(500))
    expect(acceptR2(initiator, sent, read('R2', grown))).toEqual({ drop: 'r2-mac' })
  })

  it('solves a puzzle in slices and sends nothing before', () => {
    const hard = end(4, { config: { puzzleDifficulty: 8 } })
    const { responded, pool } = exchange(initiator, hard)
    expect(responded.context.j).toHaveLength(32)
    const accepted = unwrapped(acceptR1(initiator, hard.identity.hit, read('R1', askForR1(0, initiator, hard, pool))))
    let slices = 1
    while (accepted.solver.step(10) === undefined) slices += 1
    expect(slices).toBeGreaterThan(1)
    expect(accepted.lifetimeMs).toBe(32_000)
  })

  it('wants from R2 the start that made the R1, and its own as addressee', () => {
    const { sent, r2, pool } = exchange(initiator, responder)
    const later: End = { ...responder, start: startOf(responder.identity, identity(50), 2, false) }
    const outcome = offerI2(0, later, pool, sent.bytes, OPEN_DOOR)
    expect(outcome).not.toHaveProperty('seed')
    const other: End = { ...initiator, start: startOf(initiator.identity, identity(51), 1, false) }
    expect(acceptR2(other, sent, read('R2', r2))).toEqual({ drop: 'r2-start' })
    for (const peerStart of [undefined, { epoch: 2, incarnation: responder.start.incarnation }]) {
      const accepted = { ...sent.accepted, peerStart }
      expect(acceptR2(initiator, { ...sent, accepted }, read('R2', r2))).toEqual({ drop: 'r2-start' })
    }
  })

  it('believes no start without proof: a receipt copied from an R1, or of another incarnation', () => {
    const proven = end(2, { ledger: true, epoch: 5 })
    const copied: End = {
      ...proven,
      start: {
        ...startOf(proven.identity, identity(60), 5, false),
        receipt: proven.start.receipt,
        ledgerKey: undefined,
      },
    }
    const first = acceptR1(
      initiator,
      proven.identity.hit,
      read('R1', askForR1(0, initiator, copied, new R1Pool(copied))),
    )
    expect(first).toEqual({ drop: 'r1-receipt-other-incarnation' })
    const thief: End = { ...proven, start: { ...proven.start, instance: identity(60) } }
    const second = acceptR1(
      initiator,
      proven.identity.hit,
      read('R1', askForR1(0, initiator, thief, new R1Pool(thief))),
    )
    expect(second).toEqual({ drop: 'r1-instance-forged' })
  })
})
