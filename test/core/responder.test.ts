// What a Responder makes of I2s (RFC 7401 §6.9, MOVING §2): in which order it asks, and what it never does twice.

import { describe, expect, it } from 'vitest'
import { acceptR1, buildI2, encodeI1 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import type { Admission, Candidate } from '../../src/core/association/responder.ts'
import { generateDh } from '../../src/crypto/dh.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { appendParameter } from '../../src/wire/packet.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { identity, seeded } from '../support/actors.ts'
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
  unwrapped,
} from '../support/exchange.ts'

const P384_POINT = generateDh(8, seeded(5))?.publicValue ?? new Uint8Array(0)

describe('a Responder', () => {
  const initiator = end(1)
  const responder = end(2)

  it('answers a repeated I2 with the same R2, at most once in its pause, and derives nothing again', () => {
    const { sent, r2, pool } = exchange(initiator, responder)
    const decided = responder.keylogged.length
    const again = (now: number) => offerI2(now, responder, pool, sent.bytes, SHUT_DOOR)
    expect(again(299)).toEqual({ drop: 'i2-consumed' })
    expect(again(300)).toEqual({ repeat: r2 })
    expect(again(301)).toEqual({ drop: 'i2-consumed' })
    expect(again(600)).toEqual({ repeat: r2 })
    expect(responder.keylogged).toHaveLength(decided)
  })

  const SHUT_DOOR: Admission<'never-asked'> = {
    admit: () => {
      throw new Error('a consumed I2 is nobody to admit')
    },
    decide: () => 'never-asked',
  }

  it('is silent about a consumed solution in any other I2', () => {
    const { sent, pool } = exchange(initiator, responder)
    const { packet } = read('I2', sent.bytes)
    const forged = appendParameter(packet.bytes, Parameter.ECHO_RESPONSE_UNSIGNED, new Uint8Array(4))
    expect(offerI2(10_000, responder, pool, forged, SHUT_DOOR)).toEqual({ drop: 'i2-consumed' })
  })

  it('gives different keys for another J in the same generation', () => {
    const pool = new R1Pool(responder)
    const first = exchange(initiator, responder, pool)
    const second = exchange(initiator, responder, pool)
    expect(second.initiated.context.i).toEqual(first.initiated.context.i)
    expect(second.initiated.context.j).not.toEqual(first.initiated.context.j)
    expect(second.initiated.keys.resumption.id).not.toEqual(first.initiated.keys.resumption.id)
  })

  it('asks whether the key may try before MAC and signature, and takes no for an answer', () => {
    const pool = new R1Pool(responder)
    const sent = answerR1(initiator, responder, askForR1(0, initiator, responder, pool))
    const asked: unknown[] = []
    const admission: Admission<never> = {
      admit: (key, peer) => {
        asked.push(key, peer)
        return false
      },
      decide: () => {
        throw new Error('nobody to decide about')
      },
    }
    expect(offerI2(0, responder, pool, sent.bytes, admission)).toEqual({ drop: 'i2-not-admitted' })
    expect(asked).toEqual([initiator.identity.publicKey, initiator.identity.hit])
  })

  it('leaves the last word to its owner, who sees the whole association before there is an R2', () => {
    const pool = new R1Pool(responder)
    const sent = answerR1(initiator, responder, askForR1(0, initiator, responder, pool))
    let seen: Candidate | undefined
    const refusal: Admission<'lower-epoch'> = {
      admit: () => true,
      decide: (candidate) => {
        seen = candidate
        return 'lower-epoch'
      },
    }
    expect(offerI2(0, responder, pool, sent.bytes, refusal)).toEqual({ drop: 'lower-epoch' })
    expect(seen?.peerStart).toEqual({ epoch: 1, incarnation: initiator.start.incarnation })
    expect(seen?.outboundSpi).toBe(0x1000)
    expect(pool.consumedPairs).toBe(0)
    expect(offerI2(0, responder, pool, sent.bytes, OPEN_DOOR)).toHaveProperty('seed')
  })

  it('takes an I2 only from the tuple that got the R1', () => {
    const pool = new R1Pool(responder)
    const sent = answerR1(initiator, responder, askForR1(0, initiator, responder, pool))
    const elsewhere = { address: SOURCE.address, port: SOURCE.port + 1 }
    expect(offerI2(0, responder, pool, sent.bytes, OPEN_DOOR, elsewhere)).toEqual({ drop: 'i2-puzzle' })
  })

  it('computes Diffie–Hellman for a prefix only within its budget, and then serves the same I2', () => {
    const narrow = end(2, { config: { agreementsPerSecond: 10, agreementsBurst: 2 } })
    const pool = new R1Pool(narrow)
    const [one, two, three] = Array.from({ length: 3 }, () =>
      answerR1(initiator, narrow, askForR1(0, initiator, narrow, pool)),
    )
    const outcome = (now: number, bytes: Uint8Array = new Uint8Array(0)) => {
      const result = offerI2(now, narrow, pool, bytes, OPEN_DOOR)
      return 'drop' in result ? result.drop : 'seed'
    }
    expect([one, two, three].map((sent) => outcome(0, sent?.bytes))).toEqual(['seed', 'seed', 'i2-prefix-limit'])
    expect([outcome(99, three?.bytes), outcome(100, three?.bytes)]).toEqual(['i2-prefix-limit', 'seed'])
  })

  it('takes no solution of an easier puzzle than it gave', () => {
    const hard = end(4, { config: { puzzleDifficulty: 12 } })
    const pool = new R1Pool(hard)
    const r1 = askForR1(0, initiator, hard, pool)
    const accepted = unwrapped(acceptR1(initiator, hard.identity.hit, read('R1', r1)))
    const spis = { inboundSpi: 256, reserveIn: 257 }
    const lazy = unwrapped(buildI2(initiator, accepted, seeded(3)(32), spis))
    expect(offerI2(0, hard, pool, lazy.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-puzzle' })
    const cheating = { ...accepted, puzzle: { ...accepted.puzzle, k: 0 } }
    const cheat = unwrapped(buildI2(initiator, cheating, seeded(3)(32), spis))
    expect(offerI2(0, hard, pool, cheat.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-puzzle' })
  })

  it('takes only what it offered', () => {
    const pool = new R1Pool(responder)
    const gcmOnly: End = { ...responder, espSuites: [13] }
    const r1 = askForR1(0, initiator, responder, pool)
    const accepted = unwrapped(acceptR1(initiator, responder.identity.hit, read('R1', r1)))
    const j = accepted.solver.step(1) ?? new Uint8Array(32)
    const spis = { inboundSpi: 256, reserveIn: 257 }
    const with8 = unwrapped(buildI2(initiator, { ...accepted, espSuite: 8 }, j, spis))
    expect(offerI2(0, gcmOnly, pool, with8.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-esp-suite' })
    const with256 = unwrapped(buildI2(initiator, { ...accepted, cipher: 4 }, j, spis))
    const short: End = { ...responder, hipCiphers: [2] }
    expect(offerI2(0, short, pool, with256.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-cipher' })
    const ofNoGroup = { ...accepted, dh: { ...accepted.dh, group: 8, publicValue: P384_POINT } }
    const with8th = unwrapped(buildI2(initiator, ofNoGroup, j, spis))
    expect(offerI2(0, responder, pool, with8th.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-dh-group' })
    const sameSpis = unwrapped(buildI2(initiator, accepted, j, { inboundSpi: 256, reserveIn: 256 }))
    expect(offerI2(0, responder, pool, sameSpis.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-esp-info' })
    const noCounter = unwrapped(buildI2(initiator, { ...accepted, counter: undefined }, j, spis))
    expect(offerI2(0, responder, pool, noCounter.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-counter' })
    const oldStart = { ...accepted, peerStart: { epoch: 1, incarnation: new Uint8Array(16) } }
    const stale = unwrapped(buildI2(initiator, oldStart, j, spis))
    expect(offerI2(0, responder, pool, stale.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-addressee' })
  })

  it('knows an Initiator that encrypts the key of another by its HIT', () => {
    const pool = new R1Pool(responder)
    const liar: End = { ...initiator, identity: identity(80) }
    const sent = answerR1(liar, responder, askForR1(0, initiator, responder, pool))
    expect(offerI2(0, responder, pool, sent.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-imposter' })
  })

  it('does not talk to itself', () => {
    const pool = new R1Pool(responder)
    const i1 = encodeI1(responder, responder.hitBytes)
    expect(pool.answer(0, read('I1', i1), SOURCE)).toEqual({ drop: 'i1-hits' })
    const toAnother = encodeI1(initiator, hitBytes(identity(81).hit))
    expect(pool.answer(0, read('I1', toAnother), SOURCE)).toEqual({ drop: 'i1-hits' })
  })
})
