// That limits hold memory back, read from the heap: what each limit of config.ts bounds stays as large as that, however much more comes.
// What else happens then is in limits.test.ts; whole engines under floods are in memory.test.ts.

import { afterEach, describe, expect, it } from 'vitest'
import { type Config, DEFAULTS } from '../../src/core/config.ts'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { CACHE_HOARDS } from '../support/cache-hoards.ts'
import { CORE_HOARDS } from '../support/core-hoards.ts'
import { expectHeldBack, type Hoard, placesOf, placesUnder } from '../support/hoards.ts'
import { countsUnder } from '../support/strewn-limits.ts'
import { agreeOn, START_HOARDS, TRANSPORT_HOARDS } from '../support/transport-hoards.ts'

const HOARDS = { ...CORE_HOARDS, ...TRANSPORT_HOARDS }

/** What a limit is of that keeps no memory back. */
type Other =
  | 'a time'
  | 'a rate'
  /** How often, or how much at once, something is sent, tried or computed; what waits for it is kept anyway, and has a limit of its own. */
  | 'work'
  /** Of one thing, such as a packet: it is refused, or cut, before anything is kept. */
  | 'one thing'
  /** How something is reckoned. */
  | 'reckoning'

const OTHERS: Readonly<Record<Exclude<keyof Config, keyof typeof HOARDS>, Other>> = {
  i1TargetsMax: 'work',
  creditAgeMs: 'a time',
  keepaliveMs: 'a time',
  keepaliveSpread: 'a time',
  keepaliveBeatMs: 'a time',
  passiveKeepaliveMs: 'a time',
  amplificationFactor: 'work',
  ptoInitialMs: 'a time',
  interimPacketsMax: 'work',
  interimBytesMax: 'work',
  answersMax: 'work',
  earlyMs: 'a time',
  offersOutstandingMax: 'work',
  freezeStreamsMsMax: 'a time',
  offerBytesMin: 'one thing',
  parkMs: 'a time',
  parkProbeMsMax: 'a time',
  // Of places that are known, which `locatorsPerPeerMax` bounds.
  checksOpenMax: 'work',
  dummyBytes: 'one thing',
  ptoMinMs: 'a time',
  ptoMaxMs: 'a time',
  baseExchangeMs: 'a time',
  updateTriesMax: 'work',
  closeTriesMax: 'work',
  mslMs: 'a time',
  idleMs: 'a time',
  datagramBytesMax: 'one thing',
  creditBytesMax: 'reckoning',
  echoRepliesPerSecond: 'a rate',
  notifiesPerSecond: 'a rate',
  strangerNotifiesPerSecond: 'a rate',
  echoBytesMax: 'one thing',
  forgedPacketsMax: 'work',
  rekeyPackets: 'work',
  rekeyBytes: 'work',
  rekeyMs: 'a time',
  sealedPacketsMax: 'work',
  sealedBytesMax: 'work',
  silenceMsMin: 'a time',
  checkTriesMax: 'work',
  failoverChecksMax: 'work',
  pathRecheckMs: 'a time',
  silentEventMs: 'a time',
  puzzleDifficulty: 'work',
  puzzleDifficultyAskedMax: 'work',
  puzzleDifficultyMax: 'work',
  puzzleRiseExchangesPerSecond: 'a rate',
  puzzleFallExchangesPerSecond: 'a rate',
  puzzleStepMs: 'a time',
  puzzleLifetimeExponent: 'a time',
  puzzleTriesPerSlice: 'work',
  r1GenerationMs: 'a time',
  cachedAnswerMs: 'a time',
  i1PacketBytes: 'one thing',
  r1PerSecond: 'a rate',
  r1Burst: 'a rate',
  unpaddedR1PerSecond: 'a rate',
  unpaddedR1Burst: 'a rate',
  agreementsPerSecond: 'a rate',
  agreementsBurst: 'a rate',

  // It asks the writer to wait; what takes nothing more is `waitingBytesMax`.
  sendHighWaterBytes: 'work',
  packetThreshold: 'reckoning',
  timeThreshold: 'reckoning',
  granularityMs: 'a time',
  initialRttMs: 'a time',
  ptoProbes: 'work',
  ptoMsMax: 'a time',
  persistentCongestionThreshold: 'reckoning',
  windowPacketsInitial: 'reckoning',
  windowBytesInitial: 'reckoning',
  windowPacketsMin: 'reckoning',
  // What is under way is bounded by `sentPacketsMax`.
  windowBytesMax: 'reckoning',
  renoReduction: 'reckoning',
  cubicBeta: 'reckoning',
  cubicC: 'reckoning',
  quietPackets: 'reckoning',
  quietBeta: 'reckoning',
  hystartRiseMsMin: 'a time',
  hystartRiseMsMax: 'a time',
  hystartRttDivisor: 'reckoning',
  hystartSamplesMin: 'reckoning',
  hystartGrowthDivisor: 'reckoning',
  hystartRounds: 'reckoning',
  ackDelayMsMax: 'a time',
  ackPackets: 'work',
  ackPacketsMax: 'work',
  ackQuantumMs: 'a time',
  ackRangesElicit: 'work',
  pacingGainSlowStart: 'a rate',
  pacingGain: 'a rate',
  pacingQuantumMs: 'a time',
  pacingBurstMs: 'a time',
  pacingBurstPacketsMin: 'a rate',
  pacingBurstPacketsMax: 'a rate',
  earlierPathMs: 'a time',
  skipPacketsMin: 'work',
  skipWindowShare: 'work',
  mtuBaseBytes: 'one thing',
  mtuBytesMax: 'one thing',
  packetBytesMax: 'one thing',
  mtuSteps: 'reckoning',
  mtuFilledPackets: 'work',
  mtuBisectBytesMax: 'reckoning',
  mtuStepBytes: 'reckoning',
  mtuProbesMax: 'work',
  mtuBlackHoleLosses: 'reckoning',
  mtuBlackHolePtos: 'reckoning',
  mtuRaiseMs: 'a time',
}

/** Files all of whose limits are of a packet, an object, a capsule or a number. */
const ONE_THING = [
  ...['capsule', 'fields', 'floor-codec', 'frozen-codec', 'frozen-streams-codec', 'whereabouts'].map(
    (name) => `core/moving/${name}.ts`,
  ),
  ...['core/association/exchange-offer.ts', 'core/transport/recovery/mtu.ts', 'core/transport/streams/stream-ids.ts'],
  ...['crypto/det.ts', 'crypto/hash.ts', 'crypto/puzzle.ts', 'crypto/suites/conformance/rsa.ts'],
  ...['domain', 'frame', 'lists', 'packet', 'private', 'varint'].map((name) => `wire/${name}.ts`),
]

/** Others that are no caches. */
const BESIDE = [
  // How large one piece is that is dropped at once.
  'base/litter.ts: WORDS_MAX',
  'core/moving/offer.ts: P1_LOCATORS_MAX',
  'core/moving/start.ts: PAUSE_MS_MAX',
  'core/moving/start.ts: RACES_MAX',
  'core/sa/packet-memory.ts: BURST_BYTES_MAX',
  'core/sa/packet-memory.ts: CUT_BYTES_MAX',
  'core/transport/streams/pages.ts: FEW_BYTES_MAX',
  'core/transport/streams/stream.ts: CONTROL_BYTES_MAX',
  'inspect/fragments.ts: PACKET_LIMIT',
  // A capture is read whole: these bound the work that it can ask for.
  'inspect/knowledge.ts: DERIVATIONS_MAX',
  'inspect/knowledge.ts: OWNERS_MAX',
  'inspect/knowledge.ts: STARTS_MAX',
  'inspect/knowledge.ts: TLVS_MAX',
  'inspect/plain-rekeys.ts: INDEXES_MAX',
  'inspect/said.ts: HEARD_MAX',
  'inspect/said.ts: UPDATE_IDS_MAX',
]

describe('what is pushed in beyond the limit is not kept:', () => {
  const start = { ...STREAM_START }
  afterEach(() => {
    agreeOn(start)
  })

  it.each(Object.entries<Hoard<Config>>(HOARDS))('%s', (limit, hoard) =>
    expectHeldBack(() => placesOf(hoard, (value) => ({ ...DEFAULTS, [limit]: value }))),
  )

  it.each(Object.entries(START_HOARDS))('%s, which both ends know', (limit, hoard) =>
    expectHeldBack(() => {
      for (const other of Object.keys(start)) agreeOn({ [other]: 2 ** 30 })
      return placesUnder(hoard, (value) => agreeOn({ [limit]: value }))
    }),
  )

  it.each(Object.entries(CACHE_HOARDS))('%s', (_limit, places) => expectHeldBack(places))
})

describe('the limits', () => {
  it('of config.ts all keep memory back, or are of something else', () => {
    expect(Object.keys({ ...HOARDS, ...OTHERS }).sort()).toEqual(Object.keys(DEFAULTS).sort())
  })

  it('beside what they limit are of caches, or of one thing that is read, written or computed', () => {
    const counts = countsUnder('src/base', 'src/core', 'src/crypto', 'src/inspect', 'src/wire')
    const left = counts.filter((name) => !ONE_THING.some((file) => name.startsWith(`${file}: `)))
    expect(left.filter((name) => !BESIDE.includes(name)).sort()).toEqual(Object.keys(CACHE_HOARDS).sort())
  })
})
