// Every limit and time of the core in one place, units in the names. First what the RFCs fix, then what we choose.
// Those of streams and of loss recovery stand beside them in transport/. A limit that is not crossed by a test is not a limit:
// test/core/limits.test.ts walks this list.

import { STREAM_DEFAULTS, type StreamConfig } from './transport/config.ts'
import { RECOVERY_DEFAULTS, type RecoveryConfig } from './transport/recovery-config.ts'

export interface Config extends StreamConfig, RecoveryConfig {
  // ── From the RFCs ──────────────────────────────────────────────────────────
  /** RFC 7401 §6.6: destination addresses tried at once with the first I1; one on retries. */
  readonly i1TargetsMax: number
  /** RFC 8046 §5.6.2: every so often the credit is aged by 7/8. */
  readonly creditAgeMs: number
  /** RFC 9028 §4.10: never more often than 15 s. */
  readonly keepaliveMs: number
  /** By how much of that an association waits longer than another one at most, so that those that fell silent together do not speak up together. */
  readonly keepaliveSpread: number
  /** Keepalives leave at multiples of this: of ten thousand one is due every few milliseconds, and to be woken for it costs most. 0: each at its own time. */
  readonly keepaliveBeatMs: number
  /** RFC 9000 §8.1, DESIGN §5: bytes to an unverified tuple, as a multiple of what came from it. */
  readonly amplificationFactor: number
  /** RFC 9002 §6.2.2, halved: an end that thaws must not wait a second for a lost first packet. */
  readonly ptoInitialMs: number

  // ── MOVING ─────────────────────────────────────────────────────────────────
  /** §5: packets under the interim key before P2. */
  readonly interimPacketsMax: number
  readonly interimBytesMax: number
  /** §5: P2s and checks to one tuple outside the data limits. */
  readonly answersMax: number
  /** §5: packets that wait for their key, and how long. */
  readonly earlyPacketsMax: number
  readonly earlyMs: number
  /** §5: P1s outstanding at once after a thaw. */
  readonly offersOutstandingMax: number
  /** How long FREEZE waits for acknowledgements of streams, whatever their PTO. */
  readonly freezeStreamsMsMax: number
  /** §2: a P1 is padded to this many bytes of HIP packet. */
  readonly offerBytesMin: number
  /** §2: floors kept; the least recently contacted goes first. */
  readonly floorsMax: number
  /** §6: how long a parked association is kept, and the longest pause between its probes. */
  readonly parkMs: number
  readonly parkProbeMsMax: number
  /** §6: address checks open at once for one peer. */
  readonly checksOpenMax: number
  /** §6: an ESP dummy is at least this long, so that a NAT rebinding shows. */
  readonly dummyBytes: number

  // ── Our choices ────────────────────────────────────────────────────────────
  readonly ptoMinMs: number
  readonly ptoMaxMs: number
  readonly baseExchangeMs: number
  readonly updateTriesMax: number
  readonly closeTriesMax: number
  /**
   * MSL (RFC 7401 §4.4.1), for which CLOSE is repeated; a closed association answers a repeated CLOSE for twice as long. The RFC's
   * two minutes keep packets of one association out of the next, which here their keys do.
   */
  readonly mslMs: number
  /** UAL (RFC 7401 §4.4.1): an association without a datagram or a ping for so long is closed. Infinity: none ever is. */
  readonly idleMs: number
  readonly associationsMax: number
  /** Questions for who is at an address that are open at once (RFC 7401 §4.1.8). */
  readonly inquiriesMax: number
  readonly locatorsPerPeerMax: number
  readonly unsentPacketsMax: number
  readonly unsentBytesMax: number
  readonly outboxPacketsMax: number
  readonly eventsMax: number
  readonly eventBytesMax: number
  readonly datagramBytesMax: number
  /** What is told of streams, for each association, before its owner listens: the rest waits where it is. */
  readonly streamEventsMax: number
  readonly creditBytesMax: number
  readonly echoRepliesPerSecond: number
  readonly notifiesPerSecond: number
  /** Signed words to those who have proved nothing: for each host (IPv6: /64), and how many hosts are told apart. */
  readonly strangerNotifiesPerSecond: number
  readonly strangerSlots: number
  /** A longer echo than this is not answered: the answer must fit a packet. */
  readonly echoBytesMax: number
  readonly inboundSasMax: number
  /** Pairs of SAs with a peer that asks for more than one (RFC 8047 §4.3). */
  readonly saPairsMax: number
  /** ICVs that fail under one SA: at half of them it is rekeyed, beyond them it opens nothing more (RFC 9001 §6.6). */
  readonly forgedPacketsMax: number
  readonly finalsMax: number
  /** Rekey with fresh Diffie–Hellman after so many packets, bytes or so long (DESIGN §5). Less for some suites: sa/wear.ts. */
  readonly rekeyPackets: number
  readonly rekeyBytes: number
  readonly rekeyMs: number
  /** Nothing is sealed beyond this number of one SA, nor beyond so many bytes, whatever becomes of the rekey. */
  readonly sealedPacketsMax: number
  readonly sealedBytesMax: number
  readonly updateIdWindow: number
  /** After so long without an answer a busy association probes, whatever its PTO. */
  readonly silenceMsMin: number
  /** Who got something and has sent nothing for so long sends a dummy: less than `silenceMsMin`, after which the peer would ask. Infinity: never. */
  readonly passiveKeepaliveMs: number
  readonly checkTriesMax: number
  /** Other paths that are asked at once when one goes silent (RFC 8047 §4.2.3). */
  readonly failoverChecksMax: number
  /** How often a path that the peer prefers is tried again after a failover, or one that was never verified. */
  readonly pathRecheckMs: number
  /** The owner is told that no peer is heard, and opens another port, at most once in so long. */
  readonly silentEventMs: number

  // ── Base exchange and security associations ────────────────────────────────
  readonly replayWindow: number
  /** K while nothing is the matter. */
  readonly puzzleDifficulty: number
  /** The highest K that we ask of others, and the highest that we solve for them: 2^20, about a million hashes on average. */
  readonly puzzleDifficultyAskedMax: number
  readonly puzzleDifficultyMax: number
  /** K rises a step while more I2s than this reach Diffie–Hellman, and falls a step when fewer than that do. */
  readonly puzzleRiseExchangesPerSecond: number
  readonly puzzleFallExchangesPerSecond: number
  /** Between two steps: each takes a signature, because K is under it. */
  readonly puzzleStepMs: number
  readonly puzzleLifetimeExponent: number
  readonly puzzleTriesPerSlice: number
  readonly r1GenerationMs: number
  /** Generations that live at once: an R1 outlives the lifetime of its puzzle even if K takes a step as often as it may. */
  readonly r1GenerationsMax: number
  readonly consumedPairsMax: number
  /** R2s kept for I2s that are repeated because an R2 was lost; each goes out again at most once in `cachedAnswerMs`. */
  readonly cachedAnswersMax: number
  readonly cachedAnswerMs: number
  readonly i1PacketBytes: number
  /** How many prefixes (IPv4 /24, IPv6 /56) are told apart by what follows, which counts for each of them. */
  readonly prefixSlots: number
  readonly r1PerSecond: number
  readonly r1Burst: number
  readonly unpaddedR1PerSecond: number
  readonly unpaddedR1Burst: number
  /** I2s that reach Diffie–Hellman. */
  readonly agreementsPerSecond: number
  readonly agreementsBurst: number
}

export const DEFAULTS: Config = {
  ...STREAM_DEFAULTS,
  ...RECOVERY_DEFAULTS,

  i1TargetsMax: 3,
  creditAgeMs: 5_000,
  keepaliveMs: 15_000,
  keepaliveSpread: 1 / 3,
  keepaliveBeatMs: 100,
  amplificationFactor: 3,
  ptoInitialMs: 500,

  interimPacketsMax: 10,
  interimBytesMax: 15_000,
  answersMax: 4,
  earlyPacketsMax: 8,
  earlyMs: 1_000,
  offersOutstandingMax: 64,
  freezeStreamsMsMax: 200,
  offerBytesMin: 1_200,
  floorsMax: 65_536,
  parkMs: 600_000,
  parkProbeMsMax: 30_000,
  checksOpenMax: 8,
  dummyBytes: 64,

  ptoMinMs: 25,
  ptoMaxMs: 10_000,
  baseExchangeMs: 4_500,
  updateTriesMax: 6,
  closeTriesMax: 4,
  mslMs: 5_000,
  idleMs: Infinity,
  associationsMax: 65_536,
  inquiriesMax: 64,
  locatorsPerPeerMax: 8,
  unsentPacketsMax: 256,
  unsentBytesMax: 1_048_576,
  outboxPacketsMax: 4_096,
  eventsMax: 65_536,
  eventBytesMax: 67_108_864,
  datagramBytesMax: 65_400,
  streamEventsMax: 1_024,
  creditBytesMax: 1_048_576,
  echoRepliesPerSecond: 1_000,
  notifiesPerSecond: 10,
  strangerNotifiesPerSecond: 3,
  strangerSlots: 256,
  echoBytesMax: 256,
  inboundSasMax: 12,
  saPairsMax: 4,
  forgedPacketsMax: 2 ** 36,
  finalsMax: 4,
  rekeyPackets: 2 ** 23,
  rekeyBytes: 2 ** 36,
  rekeyMs: 3_600_000,
  sealedPacketsMax: 2 ** 25,
  sealedBytesMax: 2 ** 38,
  updateIdWindow: 64,
  silenceMsMin: 1_000,
  passiveKeepaliveMs: 500,
  checkTriesMax: 4,
  failoverChecksMax: 8,
  pathRecheckMs: 15_000,
  silentEventMs: 60_000,

  replayWindow: 4_096,
  puzzleDifficulty: 0,
  puzzleDifficultyAskedMax: 13,
  puzzleDifficultyMax: 20,
  puzzleRiseExchangesPerSecond: 500,
  puzzleFallExchangesPerSecond: 100,
  puzzleStepMs: 1_000,
  puzzleLifetimeExponent: 37,
  puzzleTriesPerSlice: 2_000,
  r1GenerationMs: 120_000,
  r1GenerationsMax: 34,
  consumedPairsMax: 65_536,
  cachedAnswersMax: 1_024,
  cachedAnswerMs: 300,
  i1PacketBytes: 512,
  prefixSlots: 4_096,
  r1PerSecond: 200,
  r1Burst: 400,
  unpaddedR1PerSecond: 20,
  unpaddedR1Burst: 40,
  agreementsPerSecond: 100,
  agreementsBurst: 200,
}
