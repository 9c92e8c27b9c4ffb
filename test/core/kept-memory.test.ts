// What others can make an engine keep, read from the heap (RFC 7401 §8): floods of whatever kind leave it as large as it was, and what each
// limit of config.ts bounds stays as large as that, however much more comes. What else happens then is in limits.test.ts.

import { afterEach, describe, expect, it } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import { encodeI1 } from '../../src/core/association/initiator.ts'
import { type Config, DEFAULTS } from '../../src/core/config.ts'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { seeded } from '../support/actors.ts'
import { CACHE_HOARDS } from '../support/cache-hoards.ts'
import { CORE_HOARDS } from '../support/core-hoards.ts'
import { keptBytes } from '../support/heap.ts'
import { expectHeldBack, type Hoard, placesOf } from '../support/hoards.ts'
import { type Cast, converse, stage, those } from '../support/stage.ts'
import { countsUnder } from '../support/strewn-limits.ts'
import { START_HOARDS, TRANSPORT_HOARDS } from '../support/transport-hoards.ts'

const MIB = 1_048_576
const PACKETS = 8_000

/** The source of the nth packet: nobody is there twice. */
function spoofed(n: number): Locator {
  return { address: `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`, port: 1_024 + (n % 60_000) }
}

/** I1s of Initiators that do not exist. */
function strangersI1({ b }: Cast): (n: number) => Uint8Array {
  const i1 = wrapHip(
    encodeI1({ hitBytes: new Uint8Array(16), config: DEFAULTS, dhGroups: [7] }, hitBytes(b.engine.hit)),
  )
  return (n) => {
    const own = i1.slice()
    own.set([0x20, 0x01, 0x00, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, n >>> 24, n >>> 16, n >>> 8, n], 4 + 8)
    return own
  }
}

const random = seeded(9)

const floods: readonly (readonly [string, (cast: Cast) => (n: number) => Uint8Array])[] = [
  ['I1s of Initiators that do not exist', strangersI1],
  ['ESP under SPIs that lead nowhere', () => () => random(80)],
  [
    'ESP that is forged under a SPI that leads somewhere',
    (cast) => {
      const packet = those(cast, 'ESP', cast.a).at(-1)?.bytes ?? new Uint8Array(64)
      return (n) => {
        const forged = packet.slice()
        forged.set([n >>> 24, n >>> 16, n >>> 8, n], 4)
        return forged
      }
    },
  ],
  ['HIP that is malformed', () => () => wrapHip(random(120))],
  [
    'I2s and UPDATEs of an association that is not theirs',
    (cast) => {
      const recorded = cast.wire.sent.filter(({ bytes }) => bytes[0] === 0).map(({ bytes }) => bytes)
      return (n) => {
        const copy = recorded[n % recorded.length]?.slice() ?? new Uint8Array(44)
        const at = copy.length - 1 - (n % 40)
        copy[at] = (copy[at] ?? 0) ^ (1 + (n & 0x7f))
        return copy
      }
    },
  ],
]

describe('the heap of an engine', () => {
  it.each(floods)('is as large after 8,000 packets as before: %s', (_, packetsOf) => {
    const cast = stage()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    const packet = packetsOf(cast)
    const { b, wire } = cast
    const send = (from: number, to: number): void => {
      for (let n = from; n < to; n++) {
        b.engine.receive(wire.now, packet(n), spoofed(n))
        while (b.engine.transmit(wire.now) !== undefined);
        while (b.engine.event() !== undefined);
      }
    }
    // The first of them may make what is made once, such as R1s.
    send(0, 1_000)
    const before = keptBytes()
    send(1_000, PACKETS)
    expect(keptBytes() - before).toBeLessThan(MIB)
    expect([...b.engine.associations()].length).toBe(1)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })
})

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
  'core/moving/offer.ts: P1_LOCATORS_MAX',
  'core/moving/start.ts: PAUSE_MS_MAX',
  'core/moving/start.ts: RACES_MAX',
  'core/sa/packet-memory.ts: BURST_BYTES_MAX',
  'core/sa/packet-memory.ts: CUT_BYTES_MAX',
  'core/transport/streams/pages.ts: FEW_BYTES_MAX',
  'core/transport/streams/stream.ts: CONTROL_BYTES_MAX',
]

describe('what is pushed in beyond the limit is not kept:', () => {
  const start = { ...STREAM_START }
  afterEach(() => {
    for (const [limit, value] of Object.entries(start)) Reflect.set(STREAM_START, limit, value)
  })

  it.each(Object.entries<Hoard<Config>>(HOARDS))('%s', (limit, hoard) =>
    expectHeldBack(() => placesOf(hoard, (value) => ({ ...DEFAULTS, [limit]: value }))),
  )

  it.each(Object.entries(START_HOARDS))('%s, which both ends know', (limit, hoard) =>
    expectHeldBack(() => placesOf(hoard, (value) => ({ [limit]: value }))),
  )

  it.each(Object.entries(CACHE_HOARDS))('%s', (_limit, places) => expectHeldBack(places))
})

describe('the limits', () => {
  it('of config.ts all keep memory back, or are of something else', () => {
    expect(Object.keys({ ...HOARDS, ...OTHERS }).sort()).toEqual(Object.keys(DEFAULTS).sort())
  })

  it('beside what they limit are of caches, or of one thing that is read, written or computed', () => {
    const counts = countsUnder('src/base', 'src/core', 'src/crypto', 'src/wire')
    const left = counts.filter((name) => !ONE_THING.some((file) => name.startsWith(`${file}: `)))
    expect(left.filter((name) => !BESIDE.includes(name)).sort()).toEqual(Object.keys(CACHE_HOARDS).sort())
  })
})
