// The stateless half of the Responder (RFC 7401 §4.1.1, §6.7.1 and appendix A): R1s are signed once a generation and group and
// filled in for each I1, where the puzzle's I is a hash over a secret of the generation, the HITs and the source. A generation
// lives for two periods, with its own K, and remembers the (I, J) it has consumed until it is retired (MOVING §2).

import { isLoopback, type Locator, locatorKey } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import { concat, equalBytes, utf8 } from '../../base/bytes.ts'
import { type DhKey, generateDh } from '../../crypto/dh.ts'
import { isFlatHit } from '../../crypto/hit.ts'
import { wipe } from '../../crypto/secret.ts'
import { type HitSuite, hitSuite } from '../../crypto/suites.ts'
import * as exchange from '../../wire/exchange.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { encodeMessage, type I1 } from '../../wire/messages.ts'
import { appendParameter, decodePacket } from '../../wire/packet.ts'
import { Parameter, TransportFormat } from '../../wire/registry.ts'
import { NETWORK, PrefixBuckets } from '../prefix-buckets.ts'
import { AnswerCache, type ConsumedPairs, type Recalled } from './consumed.ts'
import { Difficulty } from './difficulty.ts'
import { ownHostIdTlv, suiteIdOf } from './exchange-offer.ts'
import type { Drop, ExchangeContext } from './seed.ts'
import { appendInstance, exchangeEpoch, UNKNOWN_START } from './start-proof.ts'

/**
 * Why an I1 gets no R1. The last two: the budget of its prefix is spent, for all I1s, or for those to which the answer would be
 * more than three times the question.
 */
export type I1Fault = 'i1-hits' | 'i1-hit-suite' | 'i1-prefix-limit' | 'i1-unpadded'

/** The R1s of one Diffie–Hellman group: a key pair, and a signed R1 with receiver, opaque and I still zero. */
export interface Variant {
  readonly dh: DhKey
  readonly template: Uint8Array
  /** Where opaque and I go. */
  readonly opaqueOffset: number
}

/** One set of R1s: everything that must be remembered of them all, and nothing of any one. */
export interface Generation {
  readonly counter: exchange.R1Counter
  /** K of its puzzles. */
  readonly k: number
  readonly secret: Uint8Array
  /** By group, as Initiators come to ask for them: at most as many as we offer. */
  readonly variants: Map<number, Variant>
  readonly consumed: ConsumedPairs
  readonly madeAt: number
}

/** Bytes in front of a HIP packet inside UDP (RFC 9028 §5.1). */
const MARKER_BYTES = 4
const RECEIVER_OFFSET = 24
const SECRET_BYTES = 32
const NOTHING = new Uint8Array(0)

export class R1Pool {
  /** RHASH of every association in which we are the Responder: by our own HIT (RFC 7401 §3.2). */
  readonly suite: HitSuite
  /** Our HOST_ID as every R1 carries it; HIP_MAC_2 covers it. */
  readonly hostIdTlv: Uint8Array
  readonly #self: ExchangeContext
  readonly #answered: PrefixBuckets
  readonly #unpadded: PrefixBuckets
  readonly #agreements: PrefixBuckets
  readonly #difficulty: Difficulty
  readonly #answers: AnswerCache
  #made = 0
  /** Those that live, the current one first. */
  #generations: Generation[] = []
  /** The current generation is accepted, but makes no more R1s. */
  #stale = false

  constructor(self: ExchangeContext) {
    const { config, identity, hitBytes, entropy, algorithms } = self
    const suite = hitSuite(suiteIdOf(hitBytes), algorithms.hitSuites)
    assert(suite !== undefined, 'an identity has a HIT suite that we have')
    this.suite = suite
    this.hostIdTlv = ownHostIdTlv(identity)
    this.#self = self
    this.#difficulty = new Difficulty(config)
    const buckets = (perSecond: number, burst: number): PrefixBuckets =>
      new PrefixBuckets({ unit: NETWORK, slots: config.prefixSlots, perSecond, burst }, entropy)
    this.#answered = buckets(config.r1PerSecond, config.r1Burst)
    this.#unpadded = buckets(config.unpaddedR1PerSecond, config.unpaddedR1Burst)
    this.#agreements = buckets(config.agreementsPerSecond, config.agreementsBurst)
    this.#answers = new AnswerCache(config.cachedAnswersMax, config.cachedAnswerMs)
  }

  /** When `expire` has something to do; Infinity while there is no generation. */
  get deadline(): number {
    const oldest = this.#generations.at(-1)
    return oldest === undefined ? Infinity : this.#retiresAt(oldest)
  }

  /** Solutions that are remembered, of all generations. */
  get consumedPairs(): number {
    return this.#generations.reduce((sum, { consumed }) => sum + consumed.size, 0)
  }

  /** Bytes of what is kept about prefixes, whoever sends and how much. */
  get prefixBytes(): number {
    return this.#answered.bytes + this.#unpadded.bytes + this.#agreements.bytes
  }

  /** Forgets generations whose time is over, with their keys and their pairs. */
  expire(now: number): void {
    while (now >= this.deadline) this.#retire(this.#generations.length - 1)
  }

  /** Forgets everything at once: no I2 leads anywhere any more. */
  forget(): void {
    this.#retire(0)
  }

  /** R1s are signed afresh from the next I1 on: what they say of us has changed (MOVING §2: a ledger was added). */
  renew(): void {
    this.#stale = true
  }

  /** The R1 for an I1 of ours, without state and, but once a generation and group, without a signature. `held`: `puzzleOf`. */
  answer(now: number, i1: I1, source: Locator, held?: Uint8Array): { readonly r1: Uint8Array } | Drop<I1Fault> {
    const { hitBytes, config, hitSuites } = this.#self
    if (!equalBytes(i1.receiver, hitBytes) || equalBytes(i1.sender, hitBytes)) return { drop: 'i1-hits' }
    if (!isFlatHit(i1.sender) || !hitSuites.includes(suiteIdOf(i1.sender))) return { drop: 'i1-hit-suite' }
    if (!within(this.#answered, now, source)) return { drop: 'i1-prefix-limit' }
    const group = this.#bestGroup(i1.dhGroups)
    const generation = this.#live(now, group)
    const { template, opaqueOffset } = this.#variant(generation, group)
    const r1 = concat(template)
    const allowed = config.amplificationFactor * (i1.packet.bytes.length + MARKER_BYTES)
    if (r1.length + MARKER_BYTES > allowed && !this.#unpadded.take(now, source)) return { drop: 'i1-unpadded' }
    r1.set(i1.sender, RECEIVER_OFFSET)
    const { counter } = generation
    r1[opaqueOffset] = counter.low >>> 8
    r1[opaqueOffset + 1] = counter.low
    r1.set(this.puzzleOf(generation, i1.sender, source, held), opaqueOffset + 2)
    return { r1 }
  }

  /** The live generation that an I2's opaque field names. */
  generationOf(now: number, opaque: Uint8Array): Generation | undefined {
    this.expire(now)
    const named = ((opaque[0] ?? 0) << 8) | (opaque[1] ?? 0)
    return this.#generations.find(({ counter }) => counter.low % 0x10000 === named)
  }

  /**
   * Whether Diffie–Hellman is computed for an I2 from there, whose puzzle is solved: so the source is no invention. If it is,
   * the puzzles of later R1s may become harder.
   */
  mayAgree(now: number, source: Locator): boolean {
    if (!within(this.#agreements, now, source)) return false
    this.#difficulty.note(now)
    return true
  }

  /**
   * I of the puzzle for this Initiator at this tuple. `held` is J of the exchange that made the association we have with it, if
   * we have one: an R1 from before must not replace it. Both ends may have opened at once, and each would be left with another.
   */
  puzzleOf(generation: Generation, initiator: Uint8Array, source: Locator, held: Uint8Array = NOTHING): Uint8Array {
    return this.suite.hash(generation.secret, initiator, this.#self.hitBytes, held, utf8(locatorKey(source)))
  }

  /** What an I2 gets whose solution has been accepted before. */
  recall(now: number, { consumed }: Generation, i: Uint8Array, j: Uint8Array, i2: Uint8Array): Recalled {
    return this.#answers.recall(now, consumed, i, j, i2)
  }

  /**
   * Remembers an accepted solution. A generation that has used half of the room makes no more R1s; when all of it is
   * used the oldest generations are retired at once, and their R1s lead nowhere (MOVING §2).
   */
  consume(now: number, generation: Generation, i: Uint8Array, j: Uint8Array, i2: Uint8Array, r2: Uint8Array): void {
    const { consumedPairsMax } = this.#self.config
    this.#answers.consume(now, generation.consumed, i, j, i2, r2)
    if ((this.#generations[0]?.consumed.size ?? 0) >= consumedPairsMax / 2) this.#stale = true
    while (this.consumedPairs >= consumedPairsMax) this.#retire(this.#generations.length - 1)
  }

  /** Keeps so many of the newest; the secrets of the others are overwritten. */
  #retire(kept: number): void {
    for (const { secret } of this.#generations.splice(kept)) wipe(secret)
  }

  #retiresAt(generation: Generation): number {
    return generation.madeAt + 2 * this.#self.config.r1GenerationMs
  }

  /** The generation that makes R1s now. Another K takes a new one, because the signature covers it. */
  #live(now: number, group: number): Generation {
    this.expire(now)
    const k = this.#difficulty.at(now)
    const [current] = this.#generations
    const { r1GenerationMs, r1GenerationsMax } = this.#self.config
    const fresh = current !== undefined && !this.#stale && current.k === k && now < current.madeAt + r1GenerationMs
    if (fresh) return current
    this.#retire(r1GenerationsMax - 1)
    const made = this.#make(now, k, group)
    this.#generations.unshift(made)
    this.#stale = false
    return made
  }

  #make(now: number, k: number, group: number): Generation {
    const { start, entropy } = this.#self
    this.#made += 1
    const counter = { high: start.epoch, low: this.#made }
    const variants = new Map([[group, this.#makeVariant(counter, k, group)]])
    return { counter, k, variants, secret: entropy(SECRET_BYTES), consumed: new Map(), madeAt: now }
  }

  // RFC 7401 §5.2.6: the first of our groups that the Initiator has too, and no other, or it could not tell a downgrade. An
  // Initiator that has none of them learns ours from the R1 of the first.
  #bestGroup(theirs: readonly number[]): number {
    const { dhGroups } = this.#self
    return dhGroups.find((ours) => theirs.includes(ours)) ?? dhGroups[0] ?? 0
  }

  #variant({ variants, counter, k }: Generation, group: number): Variant {
    const variant = variants.get(group) ?? this.#makeVariant(counter, k, group)
    variants.set(group, variant)
    return variant
  }

  #makeVariant(counter: exchange.R1Counter, k: number, group: number): Variant {
    const { entropy, algorithms } = this.#self
    const dh = generateDh(group, entropy, algorithms.dhGroups)
    assert(dh !== undefined, 'we have the Diffie–Hellman groups that we offer')
    const template = this.#sign(counter, k, dh)
    const packet = decodePacket(template)
    assert(!isMalformed(packet), 'an R1 of ours is sound')
    const puzzle = packet.parameters.find(({ type }) => type === Parameter.PUZZLE)
    assert(puzzle !== undefined, 'an R1 of ours has a puzzle')
    // TLV header, then K and lifetime.
    const opaqueOffset = puzzle.start + 6
    return { dh, template, opaqueOffset }
  }

  // What differs from I1 to I1 is zero under both signatures (RFC 7401 §5.2.15, MOVING §2).
  #sign(counter: exchange.R1Counter, k: number, dh: DhKey): Uint8Array {
    const { config, identity, hitBytes, start, dhGroups, hipCiphers, hitSuites, espSuites } = this.#self
    const { algorithm, label, bytes: key } = identity.publicKey
    const blank = { opaque: new Uint8Array(2), i: new Uint8Array(this.suite.hashBytes) }
    const parameters = [
      exchange.encodeR1Counter(counter),
      exchange.encodePuzzle({ k, lifetime: config.puzzleLifetimeExponent, ...blank }),
      exchange.encodeDhGroupList(dhGroups),
      exchange.encodeDiffieHellman({ group: dh.group, publicValue: dh.publicValue }),
      exchange.encodeHipCipher(hipCiphers),
      exchange.encodeHostId({ algorithm, label, key }),
      exchange.encodeHitSuiteList(hitSuites),
      exchange.encodeTransportFormatList([TransportFormat.ESP]),
      exchange.encodeEspTransform(espSuites),
      exchangeEpoch(start, UNKNOWN_START, true),
    ]
    const bytes = appendInstance(encodeMessage('R1', hitBytes, new Uint8Array(16), parameters), start)
    const signature = { algorithm, bytes: identity.sign(bytes) }
    const { type, contents } = exchange.encodeSignature(Parameter.HIP_SIGNATURE_2, signature)
    return appendParameter(bytes, type, contents)
  }
}

/** This machine's own traffic is not limited: nobody outside can send it, and who floods itself has nobody to blame. */
function within(buckets: PrefixBuckets, now: number, source: Locator): boolean {
  return isLoopback(source) || buckets.take(now, source)
}
