// The stateless half of the Responder (RFC 7401 §4.1.1, §6.7.1 and appendix A): R1s are signed once a generation and group and
// filled in for each I1, where the puzzle's I is a hash over a secret of the generation, the HITs and the source. Two
// generations are live; each remembers the (I, J) it has consumed until it is retired (MOVING §2).

import { type Locator, locatorKey } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import { concat, equalBytes, utf8 } from '../../base/bytes.ts'
import { type DhKey, generateDh } from '../../crypto/dh.ts'
import { isFlatHit } from '../../crypto/hit.ts'
import { type HitSuite, hitSuite } from '../../crypto/suites.ts'
import * as exchange from '../../wire/exchange.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { encodeMessage, type I1 } from '../../wire/messages.ts'
import { appendParameter, decodePacket } from '../../wire/packet.ts'
import { Parameter, TransportFormat } from '../../wire/registry.ts'
import { AnswerCache, type ConsumedPairs, type Recalled } from './consumed.ts'
import { ownHostIdTlv, suiteIdOf } from './exchange-offer.ts'
import type { Drop, ExchangeContext } from './seed.ts'
import { appendInstance, exchangeEpoch, UNKNOWN_START } from './start-proof.ts'
import { TokenBucket } from './token-bucket.ts'

/** Why an I1 gets no R1. `i1-unpadded`: the answer would be more than three times the question, and the budget is spent. */
export type I1Fault = 'i1-hits' | 'i1-hit-suite' | 'i1-unpadded'

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

export class R1Pool {
  /** RHASH of every association in which we are the Responder: by our own HIT (RFC 7401 §3.2). */
  readonly suite: HitSuite
  /** Our HOST_ID as every R1 carries it; HIP_MAC_2 covers it. */
  readonly hostIdTlv: Uint8Array
  readonly #self: ExchangeContext
  readonly #unpadded: TokenBucket
  readonly #answers: AnswerCache
  #k: number
  #made = 0
  #current: Generation | undefined
  #previous: Generation | undefined
  /** The current generation is accepted, but makes no more R1s. */
  #stale = false

  constructor(self: ExchangeContext) {
    const { config, identity, hitBytes } = self
    const suite = hitSuite(suiteIdOf(hitBytes))
    assert(suite !== undefined, 'an identity has a HIT suite that we have')
    this.suite = suite
    this.hostIdTlv = ownHostIdTlv(identity)
    this.#self = self
    this.#k = config.puzzleDifficulty
    this.#unpadded = new TokenBucket(config.unpaddedR1PerSecond, config.unpaddedR1Burst)
    this.#answers = new AnswerCache(config.cachedAnswersMax, config.cachedAnswerMs)
  }

  /** When `expire` has something to do; Infinity while there is no generation. */
  get deadline(): number {
    const oldest = this.#previous ?? this.#current
    return oldest === undefined ? Infinity : this.#retiresAt(oldest)
  }

  /** Solutions that are remembered, of both generations. */
  get consumedPairs(): number {
    return (this.#current?.consumed.size ?? 0) + (this.#previous?.consumed.size ?? 0)
  }

  /** Forgets generations whose time is over, with their keys and their pairs. */
  expire(now: number): void {
    if (this.#previous !== undefined && now >= this.#retiresAt(this.#previous)) this.#previous = undefined
    if (this.#current !== undefined && now >= this.#retiresAt(this.#current)) this.#current = undefined
  }

  /** K of the R1s to come. Another K takes a new generation, because the signature covers it. */
  setDifficulty(k: number): void {
    if (k !== this.#k) this.renew()
    this.#k = k
  }

  /** R1s are signed afresh from the next I1 on: what they say of us has changed (MOVING §2: a ledger was added). */
  renew(): void {
    this.#stale = true
  }

  /** The R1 for an I1 of ours, without state and, but once a generation and group, without a signature. */
  answer(now: number, i1: I1, source: Locator): { readonly r1: Uint8Array } | Drop<I1Fault> {
    const { hitBytes, config, hitSuites } = this.#self
    if (!equalBytes(i1.receiver, hitBytes) || equalBytes(i1.sender, hitBytes)) return { drop: 'i1-hits' }
    if (!isFlatHit(i1.sender) || !hitSuites.includes(suiteIdOf(i1.sender))) return { drop: 'i1-hit-suite' }
    const group = this.#bestGroup(i1.dhGroups)
    const generation = this.#live(now, group)
    const { template, opaqueOffset } = this.#variant(generation, group)
    const r1 = concat(template)
    const allowed = config.amplificationFactor * (i1.packet.bytes.length + MARKER_BYTES)
    if (r1.length + MARKER_BYTES > allowed && !this.#unpadded.take(now)) return { drop: 'i1-unpadded' }
    r1.set(i1.sender, RECEIVER_OFFSET)
    const { counter } = generation
    r1[opaqueOffset] = counter.low >>> 8
    r1[opaqueOffset + 1] = counter.low
    r1.set(this.puzzleOf(generation, i1.sender, source), opaqueOffset + 2)
    return { r1 }
  }

  /** The live generation that an I2's opaque field names. */
  generationOf(now: number, opaque: Uint8Array): Generation | undefined {
    this.expire(now)
    const named = ((opaque[0] ?? 0) << 8) | (opaque[1] ?? 0)
    return [this.#current, this.#previous].find((generation) => (generation?.counter.low ?? -1) % 0x10000 === named)
  }

  /** I of the puzzle for this Initiator at this tuple. */
  puzzleOf(generation: Generation, initiator: Uint8Array, source: Locator): Uint8Array {
    return this.suite.hash(generation.secret, initiator, this.#self.hitBytes, utf8(locatorKey(source)))
  }

  /** What an I2 gets whose solution has been accepted before. */
  recall(now: number, { consumed }: Generation, i: Uint8Array, j: Uint8Array, i2: Uint8Array): Recalled {
    return this.#answers.recall(now, consumed, i, j, i2)
  }

  /**
   * Remembers an accepted solution. A generation that has used half of the room makes no more R1s; when all of it is
   * used the older generation is retired at once, and its R1s lead nowhere (MOVING §2).
   */
  consume(now: number, generation: Generation, i: Uint8Array, j: Uint8Array, i2: Uint8Array, r2: Uint8Array): void {
    const { consumedPairsMax } = this.#self.config
    this.#answers.consume(now, generation.consumed, i, j, i2, r2)
    if ((this.#current?.consumed.size ?? 0) >= consumedPairsMax / 2) this.#stale = true
    if (this.consumedPairs < consumedPairsMax) return
    if (this.#previous === undefined) this.#current = undefined
    else this.#previous = undefined
  }

  #retiresAt(generation: Generation): number {
    return generation.madeAt + 2 * this.#self.config.r1GenerationMs
  }

  #live(now: number, group: number): Generation {
    this.expire(now)
    const current = this.#current
    if (current !== undefined && !this.#stale && now < current.madeAt + this.#self.config.r1GenerationMs) return current
    this.#previous = current
    this.#current = this.#make(now, group)
    this.#stale = false
    return this.#current
  }

  #make(now: number, group: number): Generation {
    const { start, entropy } = this.#self
    this.#made += 1
    const counter = { high: start.epoch, low: this.#made }
    const k = this.#k
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
