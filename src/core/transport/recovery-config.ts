// Every limit and time of loss recovery, congestion control, pacing and path MTU, units in the names. What an RFC fixes
// comes first; what follows is our choice. A size in bytes is that of a UDP payload: a whole ESP packet.

export interface RecoveryConfig {
  // ── RFC 9002 ───────────────────────────────────────────────────────────────
  /** §6.1.1 (kPacketThreshold): a packet is lost when one sent so many later is acknowledged. */
  readonly packetThreshold: number
  /** §6.1.2 (kTimeThreshold): or when it is older than so many round trips. */
  readonly timeThreshold: number
  /** §6.1.2 (kGranularity). */
  readonly granularityMs: number
  /** §6.2.2 (kInitialRtt). */
  readonly initialRttMs: number
  /** §6.2.4: packets of one probe time-out. */
  readonly ptoProbes: number
  /** The longest pause between two probe time-outs: a peer that comes back is found soon. */
  readonly ptoMsMax: number
  /** §7.6.1 (kPersistentCongestionThreshold). */
  readonly persistentCongestionThreshold: number
  /** §7.2: packets of the initial window, and its bytes while packets are small. */
  readonly windowPacketsInitial: number
  readonly windowBytesInitial: number
  /** §7.2 (kMinimumWindow), in packets. */
  readonly windowPacketsMin: number
  readonly windowBytesMax: number
  /** §7.3.2 (kLossReductionFactor), of NewReno. */
  readonly renoReduction: number

  // ── RFC 9438 and RFC 9406 ──────────────────────────────────────────────────
  /** RFC 9438 §4.6: what is left of the window, and §5.1: segments a second cubed. */
  readonly cubicBeta: number
  readonly cubicC: number
  /** Veno (Fu and Liew, 2003): fewer packets than this in queues, and a loss leaves so much of the window. 0: never. */
  readonly quietPackets: number
  readonly quietBeta: number
  /** RFC 9406 §4.3: bounds of the rise in delay that ends slow start, and the share of the round trip that it is. */
  readonly hystartRiseMsMin: number
  readonly hystartRiseMsMax: number
  readonly hystartRttDivisor: number
  /**
   * The newest samples, all of which have to have risen: RFC 9406 §4.3 wants eight, but each of ours stands for two packets and
   * more. Then of conservative slow start: how much slower, and for how many rounds.
   */
  readonly hystartSamplesMin: number
  readonly hystartGrowthDivisor: number
  readonly hystartRounds: number

  // ── Acknowledgements: RFC 9000 §13.2 ───────────────────────────────────────
  /** The longest an acknowledgement waits (max_ack_delay); both ends count on it. */
  readonly ackDelayMsMax: number
  /** Packets after which one is sent at once, and after how many at the latest when they come faster than one a quantum. */
  readonly ackPackets: number
  readonly ackPacketsMax: number
  readonly ackQuantumMs: number
  readonly ackRangesMax: number
  /** A receiver that sends no data asks for acknowledgements of its own once it tells of so many ranges, with one in so many. */
  readonly ackRangesElicit: number
  /** SAs whose numbers are kept at once, in either direction. */
  readonly spacesMax: number

  // ── Pacing: RFC 9002 §7.7 ──────────────────────────────────────────────────
  /** How much faster than a window a round trip: in slow start the window doubles within one. */
  readonly pacingGainSlowStart: number
  readonly pacingGain: number
  /** A timer cannot tell shorter times apart, and must be allowed to be late by the second. */
  readonly pacingQuantumMs: number
  readonly pacingBurstMs: number
  readonly pacingBurstPacketsMin: number
  readonly pacingBurstPacketsMax: number

  /** How long what is known of a path is good after it was left, and of how many paths it is kept. */
  readonly earlierPathMs: number
  readonly earlierPathsMax: number

  // ── Ours ───────────────────────────────────────────────────────────────────
  readonly sentPacketsMax: number
  /** Packets that need no acknowledgement whose time is kept, to measure round trips by. */
  readonly sendTimesMax: number
  /** Numbers skipped against optimistic acknowledgements (RFC 9000 §21.4) that are remembered of one SA. */
  readonly skippedNumbersMax: number
  /** Between two of them there are at least so many packets, and beyond that a random number up to this share of a window. */
  readonly skipPacketsMin: number
  readonly skipWindowShare: number

  // ── Path MTU: RFC 8899 ─────────────────────────────────────────────────────
  /** §5.1.2 (BASE_PLPMTU). */
  readonly mtuBaseBytes: number
  /**
   * What a path of unknown kind is searched for at most: Ethernet under IPv4. No more, because UDP sockets of Node cannot
   * forbid fragments, so a larger probe would arrive and prove nothing.
   */
  readonly mtuBytesMax: number
  /** No packet of streams is longer, whatever a path of known kind, such as loopback, carries. Less than `mtuBaseBytes` is that. */
  readonly packetBytesMax: number
  /** Tried in turn; below `mtuBisectBytesMax` the gap to a size that fails is bisected down to `mtuStepBytes`. */
  readonly mtuSteps: readonly number[]
  /** The search begins when so many packets were full and more was to be sent: about as much as the first window. */
  readonly mtuFilledPackets: number
  readonly mtuBisectBytesMax: number
  readonly mtuStepBytes: number
  /** §5.1.2 (MAX_PROBES), and round trips with lost large packets, or probe time-outs in a row, that show a black hole (§4.3). */
  readonly mtuProbesMax: number
  readonly mtuBlackHoleLosses: number
  readonly mtuBlackHolePtos: number
  /** §5.1.1 (PMTU_RAISE_TIMER). */
  readonly mtuRaiseMs: number
}

/** The largest UDP payload over IPv4, which a loopback interface carries whole. */
export const MTU_LOOPBACK_BYTES = 65_507

export const RECOVERY_DEFAULTS: RecoveryConfig = {
  packetThreshold: 3,
  timeThreshold: 9 / 8,
  granularityMs: 1,
  initialRttMs: 333,
  ptoProbes: 2,
  ptoMsMax: 10_000,
  persistentCongestionThreshold: 3,
  windowPacketsInitial: 10,
  windowBytesInitial: 14_720,
  windowPacketsMin: 2,
  windowBytesMax: 2 ** 40,
  renoReduction: 0.5,

  cubicBeta: 0.7,
  cubicC: 0.4,
  quietPackets: 3,
  quietBeta: 0.9,
  hystartRiseMsMin: 4,
  hystartRiseMsMax: 16,
  hystartRttDivisor: 8,
  hystartSamplesMin: 4,
  hystartGrowthDivisor: 4,
  hystartRounds: 5,

  ackDelayMsMax: 25,
  ackPackets: 2,
  ackPacketsMax: 10,
  ackQuantumMs: 1,
  ackRangesMax: 64,
  ackRangesElicit: 16,
  spacesMax: 16,

  pacingGainSlowStart: 2,
  pacingGain: 1.25,
  pacingQuantumMs: 1,
  pacingBurstMs: 2,
  pacingBurstPacketsMin: 2,
  pacingBurstPacketsMax: 64,

  earlierPathMs: 30_000,
  earlierPathsMax: 8,

  sentPacketsMax: 65_536,
  sendTimesMax: 256,
  skippedNumbersMax: 64,
  skipPacketsMin: 16,
  skipWindowShare: 0.5,

  mtuBaseBytes: 1_200,
  mtuBytesMax: 1_472,
  packetBytesMax: MTU_LOOPBACK_BYTES,
  mtuSteps: [1_452, 1_472, 8_952, 8_972, MTU_LOOPBACK_BYTES],
  mtuFilledPackets: 8,
  mtuBisectBytesMax: 1_452,
  mtuStepBytes: 16,
  mtuProbesMax: 3,
  mtuBlackHoleLosses: 3,
  mtuBlackHolePtos: 6,
  mtuRaiseMs: 600_000,
}
