// The stateless Responder (RFC 7401 §4.1.1 and appendix A, MOVING §2): what it signs, what it remembers and for how long.

import { describe, expect, it, vi } from 'vitest'
import { addressBytes, type Locator } from '../../src/base/address.ts'
import { acceptR1, encodeI1 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { TokenBucket } from '../../src/core/association/token-bucket.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { encodeDhGroupList } from '../../src/wire/exchange.ts'
import { encodeMessage } from '../../src/wire/messages.ts'
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
  startOf,
  unwrapped,
} from '../support/exchange.ts'

const initiator = end(1)
const PERIOD = DEFAULTS.r1GenerationMs

const ask = (pool: R1Pool, responder: End, now: number, source: Locator = SOURCE) => {
  const i1 = read('I1', encodeI1(initiator, responder.hitBytes))
  return read('R1', unwrapped(pool.answer(now, i1, source)).r1)
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('the R1s of one generation', () => {
  const responder = end(2, { ledger: true, epoch: 3 })

  it('are signed once: 1,000 I1s cost no signature and draw no random byte', () => {
    const pool = new R1Pool(responder)
    ask(pool, responder, 0)
    const signs = vi.spyOn(responder.identity, 'sign')
    const proofs = vi.spyOn(responder.start.instance, 'sign')
    let drawn = 0
    const entropy = (length: number) => {
      drawn += length
      return seeded(1)(length)
    }
    const counting = new R1Pool({ ...responder, entropy })
    ask(counting, responder, 0)
    expect([signs.mock.calls.length, proofs.mock.calls.length]).toEqual([1, 1])
    const before = drawn
    const strangers = Array.from({ length: 1000 }, (_, at) => ({ address: `198.51.${at % 250}.1`, port: 1000 + at }))
    const puzzles = strangers.map((source) => hex(ask(counting, responder, PERIOD - 1, source).puzzle.i))
    expect([signs.mock.calls.length, proofs.mock.calls.length, drawn]).toEqual([1, 1, before])
    expect(new Set(puzzles).size).toBe(1000)
    vi.restoreAllMocks()
  })

  it('differ in nothing but receiver, opaque and I', () => {
    const pool = new R1Pool(responder)
    const first = ask(pool, responder, 0).packet.bytes
    const second = ask(pool, responder, 0, { address: '2001:db8::1', port: 1 }).packet.bytes
    const differing = [...first.keys()].filter((at) => first[at] !== second[at])
    // The header, R1_COUNTER, then type, length, K, lifetime and opaque of PUZZLE.
    const i = 40 + 16 + 4 + 4
    expect(Math.min(...differing)).toBeGreaterThanOrEqual(i)
    expect(Math.max(...differing)).toBeLessThan(i + 32)
  })

  it('give the same Initiator at the same tuple the same I, and another in the next generation', () => {
    const pool = new R1Pool(responder)
    const puzzle = (now: number, source?: Locator) => hex(ask(pool, responder, now, source).puzzle.i)
    const first = puzzle(0)
    expect(puzzle(1)).toBe(first)
    expect(puzzle(2, { ...SOURCE, port: SOURCE.port + 1 })).not.toBe(first)
    const last = puzzle(PERIOD - 1)
    expect(puzzle(PERIOD)).not.toBe(last)
  })

  it('have the epoch in the upper half of their counter, and in the lower one more each generation', () => {
    const pool = new R1Pool(responder)
    const counters = [0, 1, PERIOD, 2 * PERIOD, 10 * PERIOD].map((now) => ask(pool, responder, now).counter)
    expect(counters).toEqual([1, 1, 2, 3, 4].map((low) => ({ high: 3, low })))
  })

  it('have one Diffie–Hellman key, and the next generation another', () => {
    const pool = new R1Pool(responder)
    const value = (now: number) => hex(ask(pool, responder, now).dh.publicValue)
    const first = value(0)
    expect(value(1)).toBe(first)
    expect(value(PERIOD)).not.toBe(first)
  })

  it('offer what DESIGN §4 lists, and 32 seconds for the puzzle', () => {
    const { puzzle, dhGroups, ciphers, hitSuites, transports, espSuites } = ask(new R1Pool(responder), responder, 0)
    expect({ k: puzzle.k, lifetime: puzzle.lifetime }).toEqual({ k: 0, lifetime: 37 })
    expect({ dhGroups, ciphers, hitSuites, transports, espSuites }).toEqual({
      dhGroups: [7, 8, 4],
      ciphers: [2, 4],
      hitSuites: [5, 2],
      transports: [4095],
      espSuites: [13, 8],
    })
  })

  it('are not made before somebody asks', () => {
    const signs = vi.spyOn(responder.identity, 'sign')
    const pool = new R1Pool(responder)
    pool.expire(1e9)
    expect([signs.mock.calls.length, pool.deadline]).toEqual([0, Number.POSITIVE_INFINITY])
    vi.restoreAllMocks()
  })
})

describe('a generation', () => {
  const responder = end(2)
  const outcomeAt = (pool: R1Pool, i2: Uint8Array, now: number) => {
    const outcome = offerI2(now, responder, pool, i2, OPEN_DOOR)
    return 'drop' in outcome ? outcome.drop : Object.keys(outcome)[0]
  }

  it('is accepted while it and the next one are live, and not a moment longer', () => {
    for (const [now, expected] of [
      [PERIOD - 1, 'seed'],
      [PERIOD, 'seed'],
      [2 * PERIOD - 1, 'seed'],
      [2 * PERIOD, 'i2-generation'],
    ] as const) {
      const pool = new R1Pool(responder)
      const sent = answerR1(initiator, responder, askForR1(0, initiator, responder, pool))
      askForR1(PERIOD, initiator, responder, pool)
      expect([now, outcomeAt(pool, sent.bytes, now)]).toEqual([now, expected])
    }
  })

  it('tells its owner when it has to be forgotten, with everything it remembers', () => {
    const { pool } = exchange(initiator, responder)
    expect([pool.deadline, pool.consumedPairs]).toEqual([2 * PERIOD, 1])
    askForR1(PERIOD + 5, initiator, responder, pool)
    expect(pool.deadline).toBe(2 * PERIOD)
    pool.expire(2 * PERIOD)
    expect([pool.deadline, pool.consumedPairs]).toEqual([3 * PERIOD + 5, 0])
    pool.expire(3 * PERIOD + 5)
    expect(pool.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  it('remembers what it has consumed until it is retired, and is then refused as a whole', () => {
    const { pool, sent } = exchange(initiator, responder)
    askForR1(PERIOD, initiator, responder, pool)
    expect(outcomeAt(pool, sent.bytes, 2 * PERIOD - 1)).toBe('repeat')
    expect(outcomeAt(pool, sent.bytes, 2 * PERIOD)).toBe('i2-generation')
  })

  it('ends when K changes, so that its own K counts for its puzzles', () => {
    const busy = end(2, { config: { puzzleRiseExchangesPerSecond: 1, puzzleFallExchangesPerSecond: 0.5 } })
    const pool = new R1Pool(busy)
    const easy = answerR1(initiator, busy, askForR1(0, initiator, busy, pool))
    for (let step = 0; step < 6; step++) for (let n = 0; n < 3; n++) pool.mayAgree(1_000 * step, SOURCE)
    const hard = read('R1', askForR1(5_000, initiator, busy, pool))
    expect([hard.puzzle.k, hard.counter?.low]).toEqual([6, 2])
    // Who holds an R1 of the old K is served as long as its generation lives, and so is who has solved the new one.
    expect(offerI2(5_000, busy, pool, easy.bytes, OPEN_DOOR)).toHaveProperty('seed')
    expect(offerI2(5_000, busy, pool, answerR1(initiator, busy, hard.packet.bytes).bytes, OPEN_DOOR)).toHaveProperty(
      'seed',
    )
    expect(read('R1', askForR1(5_000, initiator, busy, pool)).counter?.low).toBe(2)
  })

  it('is signed at most once a second however K is pushed about, and outlives the 32 seconds of its puzzle', () => {
    const busy = end(2, { config: { puzzleRiseExchangesPerSecond: 20, puzzleFallExchangesPerSecond: 10 } })
    const pool = new R1Pool(busy)
    const sent = answerR1(initiator, busy, askForR1(0, initiator, busy, pool))
    const signs = vi.spyOn(busy.identity, 'sign')
    for (let now = 0; now < 32_000; now += 10) {
      // Bursts and silence by turns: up, down, up.
      if (now % 4_000 < 2_000) pool.mayAgree(now, SOURCE)
      ask(pool, busy, now, { address: `10.0.${now % 250}.1`, port: 1 })
    }
    expect(signs.mock.calls.length).toBeGreaterThan(8)
    expect(signs.mock.calls.length).toBeLessThanOrEqual(33)
    vi.restoreAllMocks()
    expect(offerI2(32_000, busy, pool, sent.bytes, OPEN_DOOR)).toHaveProperty('seed')
  })

  it('is one of a limited number, of which the oldest is retired first', () => {
    const changing = end(2, { config: { r1GenerationsMax: 3 } })
    const pool = new R1Pool(changing)
    const i2s = Array.from({ length: 4 }, () => {
      pool.renew()
      return answerR1(initiator, changing, askForR1(0, initiator, changing, pool)).bytes
    })
    const outcomes = i2s.map((i2) => offerI2(0, changing, pool, i2, OPEN_DOOR))
    expect(outcomes.map((outcome) => ('drop' in outcome ? outcome.drop : 'seed'))).toEqual([
      'i2-generation',
      'seed',
      'seed',
      'seed',
    ])
  })

  it('is signed again when the identity gets its ledger', () => {
    const changing = { ...responder }
    const pool = new R1Pool(changing)
    expect(ask(pool, responder, 0).epoch?.receipt).toHaveLength(0)
    changing.start = startOf(responder.identity, responder.start.instance, 1, true)
    pool.renew()
    const r1 = ask(pool, responder, 0)
    expect(r1.counter?.low).toBe(2)
    expect(unwrapped(acceptR1(initiator, responder.identity.hit, r1)).peerReceipt).toMatchObject({ epoch: 1 })
  })
})

describe('the memory of consumed solutions', () => {
  const MAX = 8
  const responder = end(2, { config: { consumedPairsMax: MAX, cachedAnswersMax: 3 } })

  it('never holds more than its limit: the generation is retired early instead', () => {
    const pool = new R1Pool(responder)
    const made: Uint8Array[] = []
    for (let round = 0; round < 5 * MAX; round++) {
      made.push(exchange(initiator, responder, pool).sent.bytes)
      expect(pool.consumedPairs).toBeLessThan(MAX)
    }
    const generations = new Set(made.map((i2) => read('I2', i2).counter?.low))
    expect(generations.size).toBeGreaterThan(4)
    for (const i2 of made) expect(offerI2(0, responder, pool, i2, OPEN_DOOR)).toHaveProperty('drop')
  })

  it('makes new R1s when half of it is used, and still takes the old ones', () => {
    const pool = new R1Pool(responder)
    const early = answerR1(initiator, responder, askForR1(0, initiator, responder, pool))
    for (let round = 0; round < MAX / 2; round++) exchange(initiator, responder, pool)
    expect(read('R1', askForR1(0, initiator, responder, pool)).counter?.low).toBe(2)
    expect(offerI2(0, responder, pool, early.bytes, OPEN_DOOR)).toHaveProperty('seed')
  })

  it('is full with one generation alone, too, and forgets it together with its R1s', () => {
    const pool = new R1Pool(responder)
    const i2s = Array.from({ length: MAX + 1 }, () =>
      answerR1(initiator, responder, askForR1(0, initiator, responder, pool)),
    )
    const outcomes = i2s.map(({ bytes }) => offerI2(0, responder, pool, bytes, OPEN_DOOR))
    expect(outcomes.map((outcome) => ('drop' in outcome ? outcome.drop : 'seed'))).toEqual([
      ...Array.from({ length: MAX }, () => 'seed'),
      'i2-generation',
    ])
    expect(pool.consumedPairs).toBe(0)
  })

  it('keeps the R2s of the newest only; the others get silence', () => {
    const pool = new R1Pool(responder)
    const i2s = Array.from(
      { length: 4 },
      () => answerR1(initiator, responder, askForR1(0, initiator, responder, pool)).bytes,
    )
    for (const i2 of i2s) offerI2(0, responder, pool, i2, OPEN_DOOR)
    const again = i2s.map((i2) => Object.keys(offerI2(1000, responder, pool, i2, OPEN_DOOR))[0])
    expect(again).toEqual(['drop', 'repeat', 'repeat', 'repeat'])
  })

  it('by default takes 65,536 pairs', () => {
    expect(DEFAULTS.consumedPairsMax).toBe(65_536)
  })
})

describe('an I1', () => {
  const responder = end(2, { ledger: true, config: { unpaddedR1PerSecond: 10, unpaddedR1Burst: 3 } })
  const unpadded = read('I1', encodeMessage('I1', initiator.hitBytes, responder.hitBytes, [encodeDhGroupList([7])]))

  it('without padding costs a token, and gets nothing when they are spent', () => {
    const pool = new R1Pool(responder)
    const outcome = (now: number) => Object.keys(pool.answer(now, unpadded, SOURCE))[0]
    expect([0, 0, 0, 0].map(outcome)).toEqual(['r1', 'r1', 'r1', 'drop'])
    expect(pool.answer(0, unpadded, SOURCE)).toEqual({ drop: 'i1-unpadded' })
    expect([99, 100, 150, 1000].map(outcome)).toEqual(['drop', 'r1', 'drop', 'r1'])
  })

  it('with padding never does', () => {
    const pool = new R1Pool(responder)
    for (let count = 0; count < 100; count++) expect(ask(pool, responder, 0).kind).toBe('R1')
  })

  it('of a prefix that has had its R1s gets none, while other prefixes do', () => {
    const narrow = end(2, { config: { r1PerSecond: 10, r1Burst: 4 } })
    const pool = new R1Pool(narrow)
    const i1 = read('I1', encodeI1(initiator, narrow.hitBytes))
    const outcome = (now: number, address: string) => {
      const answer = pool.answer(now, i1, { address, port: 1 })
      return 'drop' in answer ? answer.drop : 'r1'
    }
    const many = Array.from({ length: 6 }, (_, n) => outcome(0, `198.51.100.${n}`))
    expect(many).toEqual(['r1', 'r1', 'r1', 'r1', 'i1-prefix-limit', 'i1-prefix-limit'])
    expect([outcome(0, '198.51.101.1'), outcome(99, '198.51.100.1'), outcome(100, '198.51.100.1')]).toEqual([
      'r1',
      'i1-prefix-limit',
      'r1',
    ])
    // Nobody outside can send from there.
    for (let n = 0; n < 10; n++) expect([outcome(0, '127.0.0.1'), outcome(0, '::1')]).toEqual(['r1', 'r1'])
  })

  it('of a HIT suite that is not supported gets no answer', () => {
    const pool = new R1Pool(responder)
    for (const hit of ['2001:21::1', '2001:23::1', '2001:2f::1', '2001:db8::1', '::']) {
      const sender = addressBytes(hit) ?? new Uint8Array(0)
      const i1 = read('I1', encodeI1({ ...initiator, hitBytes: sender }, responder.hitBytes))
      expect([hit, pool.answer(0, i1, SOURCE)]).toEqual([hit, { drop: 'i1-hit-suite' }])
    }
  })

  it('is 516 bytes of UDP payload, whoever it is for', () => {
    for (const peer of [identity(3), identity(4)]) {
      expect(encodeI1(initiator, hitBytes(peer.hit))).toHaveLength(512)
    }
  })
})

describe('a token bucket', () => {
  it('gives its burst, then as many as come back, and never more than its burst at once', () => {
    const bucket = new TokenBucket(1000, 5)
    const taken = (now: number) => {
      let count = 0
      while (bucket.take(now)) count += 1
      return count
    }
    expect([0, 0, 1, 3, 1_000_000].map(taken)).toEqual([5, 0, 1, 2, 5])
  })

  it('gains nothing from a clock that stands still or goes back', () => {
    const bucket = new TokenBucket(1000, 1)
    expect([10, 10, 5, 10, 11].map((now) => bucket.take(now))).toEqual([true, false, false, false, true])
  })
})
