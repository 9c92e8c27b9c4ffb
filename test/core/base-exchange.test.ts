// I1, R1, I2, R2 between two ends in memory (RFC 7401 §4.1, RFC 7402 §5.2, MOVING §2).

import { describe, expect, it } from 'vitest'
import { concat } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { acceptR1, acceptR2, buildI2, encodeI1 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { acceptI2 } from '../../src/core/association/responder.ts'
import type { IdentityAlgorithm } from '../../src/crypto/identity.ts'
import * as parameters from '../../src/wire/exchange.ts'
import { encodeMessage } from '../../src/wire/messages.ts'
import { appendParameter } from '../../src/wire/packet.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { LEDGER } from '../support/actors.ts'
import {
  answerR1,
  askForR1,
  type End,
  end,
  exchange,
  OPEN_DOOR,
  offerI2,
  read,
  SOURCE,
  tryRead,
  unwrapped,
} from '../support/exchange.ts'

const NOTHING = new Uint8Array(0)
const ALGORITHMS: readonly IdentityAlgorithm[] = ['ed25519', 'ecdsa-p256']
const PAIRS = ALGORITHMS.flatMap((initiator) => ALGORITHMS.map((responder) => ({ initiator, responder })))

describe.each(PAIRS)('$initiator to $responder', (pair) => {
  const initiator = end(1, { algorithm: pair.initiator, ledger: true })
  const responder = end(2, { algorithm: pair.responder, ledger: true, epoch: 7 })
  const { initiated, responded, sent, r1 } = exchange(initiator, responder)

  it('gives both ends the same keys, each the other half', () => {
    expect(initiated.keys.hip.send).toEqual(responded.keys.hip.receive)
    expect(initiated.keys.hip.receive).toEqual(responded.keys.hip.send)
    expect(initiated.keys.esp.send).toEqual(responded.keys.esp.receive)
    expect(initiated.keys.esp.receive).toEqual(responded.keys.esp.send)
    expect(initiated.keys.resumption).toEqual(responded.keys.resumption)
    expect(initiated.keys.esp.send).not.toEqual(initiated.keys.esp.receive)
    expect([initiated.context.i, initiated.context.j]).toEqual([responded.context.i, responded.context.j])
    expect(initiator.keylogged.at(-1)).toMatchObject({
      kind: 'KIJ',
      a: initiator.identity.hit,
      b: responder.identity.hit,
    })
    expect((initiator.keylogged[0] as { kij: Uint8Array }).kij).toEqual(
      (responder.keylogged[0] as { kij: Uint8Array }).kij,
    )
  })

  it('tells each end the key, start, receipt and SPIs of the other', () => {
    expect([initiated.peer, responded.peer]).toEqual([responder.identity.hit, initiator.identity.hit])
    expect([initiated.peerKey, responded.peerKey]).toEqual([responder.identity.publicKey, initiator.identity.publicKey])
    expect(initiated.peerStart).toEqual({ epoch: 7, incarnation: responder.start.incarnation })
    expect(responded.peerStart).toEqual({ epoch: 1, incarnation: initiator.start.incarnation })
    expect(initiated.peerReceipt).toMatchObject({ epoch: 7, bytes: concat(responder.start.receipt ?? NOTHING) })
    expect(responded.peerReceipt).toMatchObject({ epoch: 1, bytes: concat(initiator.start.receipt ?? NOTHING) })
    expect(responded.peerReceipt?.ledgerKey).toMatchObject({ bytes: LEDGER.publicKey.bytes })
    expect([initiated.inboundSpi, initiated.outboundSpi]).toEqual([responded.outboundSpi, responded.inboundSpi])
    expect([initiated.reserveIn, initiated.reserveOut]).toEqual([responded.reserveOut, responded.reserveIn])
    expect([initiated.initiator, responded.initiator]).toEqual([true, false])
  })

  it("uses the hash of the Responder's suite on both sides", () => {
    const bytes = pair.responder === 'ed25519' ? 32 : 48
    expect([initiated.context.suite.hashBytes, responded.context.suite.hashBytes]).toEqual([bytes, bytes])
    expect(read('R1', r1).puzzle.i).toHaveLength(bytes)
    expect(read('I2', sent.bytes).mac).toHaveLength(bytes)
  })

  it('takes the ESP suite that the Responder likes best among those of the Initiator', () => {
    expect(initiated.context.espSuite).toBe(13)
    const cbcOnly = end(3, { algorithm: pair.initiator, espSuites: [8] })
    expect(exchange(cbcOnly, responder).responded.context.espSuite).toBe(8)
  })
})

describe('the packets of suite 5 with ledgers', () => {
  const initiator = end(1, { ledger: true })
  const responder = end(2, { ledger: true })
  const { r1, r2, sent } = exchange(initiator, responder)
  // MOVING §2 counts the UDP payload: four bytes more than the HIP packet. Its numbers are upper bounds: EPOCH grows with
  // the receipt, which these starts have in its smallest form.
  const udp = (packet: Uint8Array) => packet.length + 4

  it('have the sizes of MOVING §2', () => {
    expect(udp(encodeI1(initiator, responder.hitBytes))).toBe(516)
    expect([udp(r1), udp(sent.bytes)]).toEqual([692, 804])
    expect(udp(r2)).toBe(252)
    expect(udp(r1)).toBeLessThanOrEqual(700)
    expect(udp(sent.bytes)).toBeLessThanOrEqual(812)
    // An R2 with receipt and INSTANCE, of a start whose P1 is unanswered, would have as much more as they take.
    expect(udp(r2) + 104 + (udp(r1) - 444) - 72).toBeLessThanOrEqual(540)
  })

  it('make no R1 larger than three times its I1, with a key of either suite', () => {
    const p256 = end(3, { algorithm: 'ecdsa-p256', ledger: true })
    for (const answer of [r1, exchange(initiator, p256).r1]) expect(udp(answer)).toBeLessThanOrEqual(3 * 516)
  })

  it('hide the key of the Initiator in I2 and name the keys of nobody in R2', () => {
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    expect(text(sent.bytes)).not.toContain(text(initiator.identity.publicKey.bytes))
    expect(text(r2)).not.toContain(text(responder.identity.publicKey.bytes))
  })

  it('have receipts in R1 and I2 only', () => {
    expect(read('R1', r1).epoch?.receipt).toEqual(concat(responder.start.receipt ?? NOTHING))
    expect(read('I2', sent.bytes).epoch?.receipt).toEqual(concat(initiator.start.receipt ?? NOTHING))
    expect(read('R2', r2).epoch?.receipt).toHaveLength(0)
    expect(read('R2', r2).instance).toBeUndefined()
  })

  it('name the start of the Responder in I2 and of the Initiator in R2, and of nobody in R1', () => {
    const start = ({ start: { epoch, incarnation } }: End) => ({ epoch, incarnation })
    expect(read('I2', sent.bytes).epoch?.addressee).toEqual(start(responder))
    expect(read('R2', r2).epoch?.addressee).toEqual(start(initiator))
    expect(read('R1', r1).epoch?.addressee).toEqual({ epoch: 0, incarnation: new Uint8Array(16) })
    for (const { epoch } of [read('R1', r1), read('I2', sent.bytes), read('R2', r2)]) {
      expect(epoch).toMatchObject({ baseEpoch: 0, resumptionId: new Uint8Array(8) })
    }
  })
})

describe('an exchange with tampering', () => {
  const initiator = end(1, { ledger: true })
  // So that no I2 is refused for what it costs before it is refused for what it says.
  const responder = end(2, { ledger: true, config: { agreementsBurst: 10_000 } })
  const pool = new R1Pool(responder)
  const r1 = askForR1(0, initiator, responder, pool)
  const sent = answerR1(initiator, responder, r1)
  const prng = new Prng(7)
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
    const copy = bytes.slice()
    copy[at] = (copy[at] ?? 0) ^ (1 << prng.below(8))
    return copy
  }
  // All but the two bytes of padding behind the signature, which nothing covers and nobody reads.
  const covered = (bytes: Uint8Array) => bytes.length - 2

  it('in any byte of R1 gets no I2 that the Responder takes', () => {
    for (let at = 0; at < covered(r1); at++) {
      const message = tryRead('R1', flipped(r1, at))
      if (message === undefined) continue
      const accepted = acceptR1(initiator, responder.identity.hit, message)
      if ('drop' in accepted) continue
      // What the signature leaves out: the puzzle's opaque field and I. The Responder notices.
      const j = accepted.solver.step(1)
      expect(j).toBeDefined()
      const i2 = unwrapped(buildI2(initiator, accepted, j ?? new Uint8Array(0), { inboundSpi: 256, reserveIn: 257 }))
      const outcome = offerI2(0, responder, pool, i2.bytes, OPEN_DOOR)
      expect([at, 'drop' in outcome && outcome.drop]).toSatisfy(([, drop]) =>
        /^i2-(generation|counter|puzzle)$/.test(drop),
      )
    }
  })

  it('in any byte of I2 gets no Seed and is not remembered', () => {
    for (let at = 0; at < covered(sent.bytes); at++) {
      const message = tryRead('I2', flipped(sent.bytes, at))
      if (message === undefined) continue
      const outcome = acceptI2(responder, pool, 0, message, SOURCE, OPEN_DOOR)
      expect([at, Object.keys(outcome)]).toEqual([at, ['drop']])
    }
    expect(pool.consumedPairs).toBe(0)
  })

  it('in any byte of R2 gets no Seed', () => {
    const outcome = offerI2(0, responder, pool, sent.bytes, OPEN_DOOR)
    if (!('seed' in outcome)) return expect(outcome).toHaveProperty('seed')
    for (let at = 0; at < covered(outcome.r2); at++) {
      const message = tryRead('R2', flipped(outcome.r2, at))
      if (message === undefined) continue
      expect([at, Object.keys(acceptR2(initiator, sent, message))]).toEqual([at, ['drop']])
    }
    expect(acceptR2(initiator, sent, read('R2', outcome.r2))).toHaveProperty('keys')
  })
})

it('an end without EPOCH gets an association that cannot be thawed, not a refusal', () => {
  const initiator = end(1)
  const responder = end(2)
  const pool = new R1Pool(responder)
  const sent = answerR1(initiator, responder, askForR1(0, initiator, responder, pool))
  const i2 = read('I2', sent.bytes)
  // The I2 of somebody who knows only the RFCs: the same keys, without the private parameters.
  const plain = i2.packet.parameters.filter(({ type }) => type < Parameter.HIP_MAC && (type < 32768 || type > 49151))
  const unsealed = encodeMessage('I2', i2.sender, i2.receiver, plain)
  const mac = sent.context.suite.mac(sent.keys.hip.send.integrity, unsealed)
  const maced = appendParameter(unsealed, Parameter.HIP_MAC, mac)
  const signature = { algorithm: 13, bytes: initiator.identity.sign(maced) }
  const { type, contents } = parameters.encodeSignature(Parameter.HIP_SIGNATURE, signature)
  const outcome = offerI2(0, responder, pool, appendParameter(maced, type, contents), OPEN_DOOR)
  if (!('seed' in outcome)) return expect(outcome).toHaveProperty('seed')
  expect([outcome.seed.peerStart, outcome.seed.peerReceipt, outcome.seed.reserveOut]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  const r2 = read('R2', outcome.r2)
  expect([r2.epoch, r2.reserveSpi]).toEqual([undefined, undefined])
})

it('packets that come in memory of a socket are not written to, and nothing of them is kept', () => {
  const initiator = end(1, { ledger: true })
  const responder = end(2, { ledger: true })
  const pool = new R1Pool(responder)
  /** Reads from memory that is overwritten as soon as `use` is done. */
  const received = <K extends 'R1' | 'I2' | 'R2', T>(kind: K, bytes: Uint8Array, use: (message: ReadAs<K>) => T): T => {
    const memory = Uint8Array.from(bytes)
    const result = use(read(kind, memory))
    expect(memory).toEqual(bytes)
    memory.fill(0xee)
    return result
  }
  const r1 = askForR1(0, initiator, responder, pool)
  const accepted = unwrapped(received('R1', r1, (message) => acceptR1(initiator, responder.identity.hit, message)))
  const j = accepted.solver.step(1) ?? NOTHING
  const sent = unwrapped(buildI2(initiator, accepted, j, { inboundSpi: 256, reserveIn: 257 }))
  const take = (message: ReadAs<'I2'>) => acceptI2(responder, pool, 0, message, SOURCE, OPEN_DOOR)
  const outcome = received('I2', sent.bytes, take)
  if (!('seed' in outcome)) return expect(outcome).toHaveProperty('seed')
  const seed = unwrapped(received('R2', outcome.r2, (message) => acceptR2(initiator, sent, message)))
  const clean = exchange(end(1, { ledger: true }), end(2, { ledger: true }))
  expect(seed.peerStart).toEqual(clean.initiated.peerStart)
  expect(seed.peerKey).toEqual(clean.initiated.peerKey)
  expect(outcome.seed.peerStart).toEqual(clean.responded.peerStart)
  expect(outcome.seed.context.peer).toEqual(initiator.hitBytes)
  expect(take(read('I2', sent.bytes))).toEqual({ drop: 'i2-consumed' })
})

type ReadAs<K extends 'R1' | 'I2' | 'R2'> = ReturnType<typeof read<K>>
