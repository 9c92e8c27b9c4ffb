// A limit that is not crossed by a test is not a limit. This list has an entry for every one in src/core/config.ts: what crosses
// it, here or in the file and test that are named. A limit without an entry does not even compile.

import { describe, expect, it } from 'vitest'
import { Credit } from '../../src/core/association/credit.ts'
import { Paths } from '../../src/core/association/paths.ts'
import { Rtt } from '../../src/core/association/rtt.ts'
import { UpdateIds } from '../../src/core/association/update.ts'
import { Budgets } from '../../src/core/budgets.ts'
import { type Config, DEFAULTS } from '../../src/core/config.ts'
import { Floors } from '../../src/core/moving/floor.ts'
import { encodeEchoRequestSigned, encodeSeq } from '../../src/wire/update.ts'
import { identity, seeded } from '../support/actors.ts'
import {
  AGREEMENTS,
  BUCKETS,
  DIFFICULTY,
  type Elsewhere,
  ENDINGS,
  FAILOVER,
  FLIGHT,
  FORGERIES,
  INQUIRIES,
  KEEPALIVES,
  PARKING,
  POOL,
  R1S,
  REKEYING,
  REPEATED,
  UNPADDED,
} from '../support/crossings.ts'
import {
  actor,
  type Cast,
  converse,
  type End,
  endedAt,
  enter,
  forgedEnvelope,
  forgedUpdate,
  freeze,
  place,
  say,
  stage,
  stateAt,
  thaw,
  those,
  updateOf,
} from '../support/stage.ts'
import { TRANSPORT_CROSSINGS } from '../support/transport-crossings.ts'
import { readText } from '../support/tree.ts'

type Crossing = Elsewhere | (() => void)

/** Config with one limit changed. */
function limited(config: Partial<Config>): Config {
  return { ...DEFAULTS, ...config }
}

const pauses = (sent: readonly { readonly at: number }[]): number[] =>
  sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0))

/** A thaw that nobody answers, for so long. */
function unanswered(config: Partial<Config>, ms: number): { cast: Cast; a2: End } {
  const cast = stage()
  const state = freeze(cast, cast.a)
  cast.wire.remove(cast.b)
  const a2 = thaw(cast, cast.alice, state, 2, place(3), { config })
  cast.wire.run(ms)
  return { cast, a2 }
}

/** Many words from a that reach b's engine before its owner listens. */
function deaf(cast: Cast, count: number, length: number): number {
  const held = cast.filters.hold('ESP', Infinity, cast.a)
  for (let n = 0; n < count; n++) say(cast, cast.a, cast.b, 'x'.repeat(length))
  for (const flying of held.held) cast.b.engine.receive(cast.wire.now, flying.bytes, flying.from)
  cast.wire.drain()
  return cast.b.datagrams().length
}

const CROSSINGS: Readonly<Record<keyof Config, Crossing>> = {
  ...TRANSPORT_CROSSINGS,
  i1TargetsMax: () => {
    const cast = stage({ associate: false })
    const locators = [41, 42, 43, 44, 45].map((last) => place(last))
    cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators })
    cast.wire.run(600)
    expect(those(cast, 'I1').map(({ at }) => at)).toEqual([0, 0, 0, 500])
  },
  creditAgeMs: () => {
    const credit = new Credit(DEFAULTS, 0)
    credit.earn(0, 800)
    const covered = [credit.covers(4_999, 800), credit.covers(5_000, 701), credit.covers(5_000, 700)]
    expect(covered).toEqual([true, false, true])
  },
  ...KEEPALIVES,
  inquiriesMax: { file: INQUIRIES, test: 'has so many questions open at once, and asks no more' },
  amplificationFactor: { file: FLIGHT, test: 'gets at most three times what came from it' },
  ptoInitialMs: () => {
    const { cast, a2 } = unanswered({}, 600)
    expect(pauses(those(cast, 'P1', a2))).toEqual([500])
  },

  interimPacketsMax: { file: FLIGHT, test: 'ten packets before P2 and not one more' },
  interimBytesMax: () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3), { config: { interimBytesMax: 3_000 } })
    for (let n = 0; n < 10; n++) say(cast, a2, cast.b, 'x'.repeat(900))
    cast.wire.run(1_000)
    expect(those(cast, 'ESP', a2).length).toBe(3)
  },
  answersMax: { file: FLIGHT, test: 'gets at most four P2s of their own accord' },
  earlyPacketsMax: { file: FLIGHT, test: 'waits eight packets deep and no deeper' },
  earlyMs: { file: FLIGHT, test: 'counts as a failure after one second, and only then' },
  offersOutstandingMax: () => {
    const cast = stage({ config: { offersOutstandingMax: 2 } })
    for (let n = 0; n < 4; n++) {
      const peer = enter(cast, actor(20 + n), 1, place(40 + n))
      cast.a.engine.associate(cast.wire.now, { hit: peer.engine.hit, locators: [peer.at] })
    }
    cast.wire.run(300)
    const state = freeze(cast, cast.a)
    expect(state.associations.length).toBe(5)
    cast.filters.lose('P1')
    const a2 = thaw(cast, cast.alice, state, 2, place(3), { config: { offersOutstandingMax: 2 } })
    cast.wire.run(100)
    expect(new Set(those(cast, 'P1', a2).map(({ to }) => to.address)).size).toBe(2)
    // Peers that are not there do not keep the others waiting for ever.
    cast.wire.run(20_000)
    expect(new Set(those(cast, 'P1', a2).map(({ to }) => to.address)).size).toBe(5)
  },
  offerBytesMin: { file: FLIGHT, test: 'has what MOVING lists in every packet of it' },
  floorsMax: () => {
    const floors = new Floors(3)
    const raise = (seed: number) =>
      floors.raise({
        key: identity(seed).publicKey,
        epoch: 1,
        incarnation: new Uint8Array(16),
        ledger: undefined,
        receipt: undefined,
      })
    for (const seed of [71, 72, 73, 71, 74]) raise(seed)
    expect([71, 72, 73, 74].map((seed) => floors.get(identity(seed).publicKey) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ])
  },
  parkMs: { file: PARKING, test: 'ends after ten minutes of that, and says so' },
  parkProbeMsMax: { file: PARKING, test: 'is probed at doubling intervals of at most half a minute' },
  checksOpenMax: () => {
    const cast = stage()
    let port = 20_000
    cast.filters.change('ESP', (flying) => ({ ...flying, from: place(99, port++) }), cast.a)
    cast.filters.lose('CHECK')
    for (let n = 0; n < 12; n++) say(cast, cast.a, cast.b, 'x'.repeat(500))
    cast.wire.run(20)
    expect(those(cast, 'CHECK', cast.b).length).toBe(8)
    expect(cast.b.engine.counters['checks-open']).toBe(4)
  },
  dummyBytes: KEEPALIVES.keepaliveMs,

  ptoMinMs: () => {
    const rtt = new Rtt(DEFAULTS)
    for (let n = 0; n < 50; n++) rtt.sample(0.1)
    expect(rtt.ptoMs).toBe(25)
  },
  ptoMaxMs: () => {
    const { cast, a2 } = unanswered({ updateTriesMax: 12 }, 80_000)
    expect(Math.max(...pauses(those(cast, 'P1', a2)))).toBe(10_000)
    const rtt = new Rtt(DEFAULTS)
    rtt.sample(60_000)
    expect(rtt.ptoMs).toBe(10_000)
  },
  baseExchangeMs: () => {
    const cast = stage({ associate: false })
    cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators: [place(77)] })
    cast.wire.run(4_499)
    expect(stateAt(cast.a, cast.b)).toBe('opening')
    cast.wire.run(1)
    expect(endedAt(cast.a).map(({ reason }) => reason)).toEqual(['unreachable'])
  },
  updateTriesMax: () => {
    const { cast, a2 } = unanswered({}, 60_000)
    const parkedAt = those(cast, 'P1', a2).findIndex(({ at }, index, all) => at - (all[index - 1]?.at ?? at) > 10_000)
    expect(a2.told).toContain('parked')
    expect(parkedAt).toBe(6)
  },
  closeTriesMax: { file: ENDINGS, test: 'ends this end after a few tries when nobody answers' },
  idleMs: {
    file: 'test/scenarios/closing.test.ts',
    test: 'ends what nobody has used for UAL, and dummies, checks and rekeys are no use',
  },
  mslMs: () => {
    const cast = stage()
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(100)
    const close = those(cast, 'CLOSE')[0]
    if (close === undefined) throw new Error('no CLOSE')
    const answers = (): number => those(cast, 'CLOSE_ACK').length
    cast.wire.run(9_800)
    cast.wire.inject(close)
    expect(answers()).toBe(2)
    cast.wire.run(200)
    cast.wire.inject(close)
    expect(answers()).toBe(2)
  },
  associationsMax: () => {
    const cast = stage({ config: { associationsMax: 2 } })
    const [third, fourth] = [enter(cast, actor(21), 1, place(41)), enter(cast, actor(22), 1, place(42))]
    for (const end of [third, fourth]) {
      end.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
      cast.wire.run(300)
    }
    expect([stateAt(third, cast.b), stateAt(fourth, cast.b)]).toEqual(['established', 'opening'])
    expect([...cast.b.engine.associations()].length).toBe(2)
  },
  locatorsPerPeerMax: () => {
    const paths = new Paths(limited({ locatorsPerPeerMax: 3 }))
    paths.list(Array.from({ length: 8 }, (_, n) => ({ locator: place(n + 1), expiresAt: Infinity })))
    expect([...paths.tuples].filter(({ listed }) => listed).length).toBe(3)
    for (let n = 0; n < 100; n++) paths.observe(place(200, 1_000 + n))
    expect([...paths.tuples].length).toBe(6)
  },
  unsentPacketsMax: () => {
    const cast = stage({ associate: false })
    cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators: [place(77)] })
    const outcomes = Array.from({ length: 257 }, () => say(cast, cast.a, cast.b, 'x'))
    expect(outcomes.indexOf('full')).toBe(256)
  },
  unsentBytesMax: () => {
    const cast = stage({ associate: false })
    cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators: [place(77)] })
    const outcomes = Array.from({ length: 20 }, () => say(cast, cast.a, cast.b, 'x'.repeat(65_000)))
    expect(outcomes.indexOf('full')).toBe(16)
  },
  outboxPacketsMax: () => {
    const cast = stage({ config: { outboxPacketsMax: 5 } })
    const i1 = those(cast, 'I1')[0]
    if (i1 === undefined) throw new Error('no I1')
    for (let n = 0; n < 20; n++) cast.b.engine.receive(cast.wire.now, i1.bytes, place(50 + n))
    let left = 0
    while (cast.b.engine.transmit(cast.wire.now) !== undefined) left++
    expect(left).toBe(5)
    expect(cast.b.engine.counters['outbox-full']).toBe(15)
  },
  eventsMax: () => {
    expect(deaf(stage({ config: { eventsMax: 5 } }), 10, 10)).toBe(5)
  },
  eventBytesMax: () => {
    expect(deaf(stage({ config: { eventBytesMax: 2_500 } }), 10, 1_000)).toBe(2)
  },
  datagramBytesMax: () => {
    const cast = stage()
    expect(say(cast, cast.a, cast.b, 'x'.repeat(65_401))).toBe('too-long')
    expect(say(cast, cast.a, cast.b, 'x'.repeat(65_400))).toBe('sent')
    cast.wire.run(20)
    expect(cast.b.datagrams().map(({ length }) => length)).toEqual([65_400])
    // With everything around it, it is still a UDP payload that exists.
    expect(those(cast, 'ESP', cast.a)[0]?.bytes.length).toBeLessThanOrEqual(65_507)
  },
  creditBytesMax: () => {
    const credit = new Credit(DEFAULTS, 0)
    for (let n = 0; n < 20; n++) credit.earn(0, 100_000)
    expect([credit.covers(0, 1_048_576), credit.covers(0, 1_048_577)]).toEqual([true, false])
  },
  echoRepliesPerSecond: () => {
    const cast = stage({ config: { echoRepliesPerSecond: 3 } })
    for (let n = 0; n < 10; n++) cast.a.engine.ping(cast.wire.now, cast.b.engine.hit, 1, n, new Uint8Array(8))
    cast.wire.run(50)
    expect(cast.a.told.filter((type) => type === 'pong').length).toBe(3)
  },
  notifiesPerSecond: () => {
    const budgets = new Budgets(limited({ notifiesPerSecond: 2 }), seeded(1))
    expect([0, 0, 0, 499, 500].map((now) => budgets.notify(now))).toEqual([true, true, false, false, true])
  },
  strangerNotifiesPerSecond: { file: BUCKETS, test: 'is three signed words in one second, if that is the limit' },
  strangerSlots: { file: BUCKETS, test: 'is shared by all when there is one slot' },
  echoBytesMax: () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const envelope = forgedEnvelope(cast.alice, state, cast.b.engine.hit, cast.alice.start(1), cast.bob.start(1))
    for (const [updateId, length] of [
      [1, 256],
      [2, 257],
    ] as const) {
      const parameters = [encodeSeq(updateId), encodeEchoRequestSigned(new Uint8Array(length))]
      cast.wire.inject({ from: cast.a.at, to: cast.b.at, bytes: forgedUpdate(envelope, parameters, false) })
    }
    expect(those(cast, 'ACK', cast.b).map((ack) => updateOf(ack).ack)).toEqual([[1]])
    expect(cast.b.engine.counters['echo-too-long']).toBe(1)
  },
  saPairsMax: { file: 'test/scenarios/sa-pairs.test.ts', test: 'gets no more than four, and goes on with those' },
  inboundSasMax: () => {
    const cast = stage({ config: { inboundSasMax: 3 }, delayMs: 2 })
    for (let n = 0; n < 6; n++) {
      cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
      cast.wire.run(12)
    }
    expect(cast.a.told.filter((type) => type === 'rekeyed').length).toBe(6)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    expect(freeze(cast, cast.a).associations[0]?.inbound.length).toBeLessThanOrEqual(3)
  },
  forgedPacketsMax: { file: FORGERIES, test: 'opens nothing more after the last of them' },
  finalsMax: () => {
    const cast = stage()
    for (let n = 0; n < 7; n++) {
      expect(converse(cast, cast.a, cast.b, 40)).toBe(true)
      cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
      cast.wire.run(60)
    }
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    cast.wire.run(200)
    expect(updateOf(those(cast, 'P1', a2)[0]).finals?.length).toBe(4)
    expect(a2.told).toContain('resumed')
  },
  rekeyPackets: { file: REKEYING, test: 'after so many packets, and the old SA is sealed with no more' },
  rekeyBytes: { file: REKEYING, test: 'after so many bytes' },
  rekeyMs: { file: REKEYING, test: 'after so long' },
  sealedBytesMax: { file: REKEYING, test: 'and nothing is sealed beyond the last byte of an SA' },
  sealedPacketsMax: { file: REKEYING, test: 'and nothing is sealed beyond the last number of an SA' },
  updateIdWindow: () => {
    const ids = new UpdateIds(64)
    for (let id = 0; id <= 100; id++) ids.record(id)
    expect([36, 37, 100, 101].map((id) => ids.state(id))).toEqual(['old', 'seen', 'seen', 'new'])
  },
  silenceMsMin: { file: PARKING, test: 'is asked first after three PTO, or a second, and not before' },
  checkTriesMax: () => {
    const cast = stage()
    cast.filters.change('ESP', (flying) => ({ ...flying, from: place(99) }), cast.a)
    say(cast, cast.a, cast.b, 'x'.repeat(1_000))
    cast.wire.run(10_000)
    expect(those(cast, 'CHECK', cast.b).filter(({ to }) => to.address === place(99).address).length).toBe(4)
  },

  failoverChecksMax: { file: FAILOVER, test: 'costs no more than eight questions at once' },
  pathRecheckMs: { file: FAILOVER, test: 'is taken again, if the peer prefers it, but not at once' },
  silentEventMs: { file: 'test/scenarios/paths.test.ts', test: 'is told once a minute at most' },
  replayWindow: { file: 'test/core/replay.test.ts', test: 'forgets what a jump of a whole window' },
  puzzleDifficulty: { file: POOL, test: 'ends when K changes, so that its own K counts for its puzzles' },
  puzzleDifficultyAskedMax: { file: DIFFICULTY, test: 'while more than the budget come, to 13 and no further' },
  puzzleRiseExchangesPerSecond: { file: DIFFICULTY, test: 'stays 0 at a rate within the budget' },
  puzzleFallExchangesPerSecond: { file: DIFFICULTY, test: 'holds between the two rates' },
  puzzleStepMs: { file: DIFFICULTY, test: 'rises by one step a second' },
  puzzleDifficultyMax: () => {
    const cast = stage({ associate: false, config: { puzzleDifficultyMax: 7 } })
    const harsh = enter(cast, actor(21), 1, place(41), { config: { puzzleDifficulty: 8 } })
    cast.a.engine.associate(0, { hit: harsh.engine.hit, locators: [harsh.at] })
    cast.wire.run(6_000)
    expect(endedAt(cast.a).map(({ reason, detail }) => [reason, detail])).toEqual([
      ['incompatible', 'r1-puzzle-too-difficult'],
    ])
    expect(those(cast, 'I2')).toEqual([])
  },
  puzzleLifetimeExponent: { file: POOL, test: 'offer what DESIGN §4 lists, and 32 seconds for the puzzle' },
  puzzleTriesPerSlice: () => {
    // K = 10 takes about a thousand tries: a slice of one try leaves the loop after each of them.
    const cast = stage({ associate: false, config: { puzzleTriesPerSlice: 1 } })
    const slow = enter(cast, actor(21), 1, place(41), { config: { puzzleDifficulty: 4 } })
    cast.a.engine.associate(0, { hit: slow.engine.hit, locators: [slow.at] })
    cast.wire.run(20)
    expect(those(cast, 'I2')).toEqual([])
    cast.wire.run(1_000)
    expect(stateAt(cast.a, slow)).toBe('established')
  },
  r1GenerationMs: { file: POOL, test: 'is accepted while it and the next one are live, and not a moment longer' },
  r1GenerationsMax: { file: POOL, test: 'is one of a limited number, of which the oldest is retired first' },
  consumedPairsMax: { file: POOL, test: 'never holds more than its limit: the generation is retired early instead' },
  cachedAnswersMax: { file: POOL, test: 'keeps the R2s of the newest only; the others get silence' },
  cachedAnswerMs: REPEATED,
  i1PacketBytes: { file: POOL, test: 'is 516 bytes of UDP payload, whoever it is for' },
  prefixSlots: { file: BUCKETS, test: 'takes the same memory after 100,000 spoofed sources as before the first' },
  r1PerSecond: R1S,
  r1Burst: R1S,
  unpaddedR1PerSecond: UNPADDED,
  unpaddedR1Burst: UNPADDED,
  agreementsPerSecond: AGREEMENTS,
  agreementsBurst: AGREEMENTS,
}

describe('the limit', () => {
  it.each(Object.entries(CROSSINGS))('%s is crossed', (_, crossing) => {
    if (typeof crossing === 'function') return crossing()
    const tests = readText(crossing.file).match(/\b(?:it|test)(?:\.each\([^)]*\))?\(\s*(['`"]).*?\1/gs) ?? []
    expect(tests.some((test) => test.includes(crossing.test))).toBe(true)
  })

  it('list is the one in config.ts', () => {
    expect(Object.keys(CROSSINGS).sort()).toEqual(Object.keys(DEFAULTS).sort())
  })
})
