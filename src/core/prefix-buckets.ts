// Token buckets for the prefixes that packets come from (RFC 7401 §6.7, §8). A fixed array of numbers, indexed by a keyed hash:
// it costs the same whether three sources send or three million, and nobody without the key can aim at somebody else's bucket.

import { addressPrefix, type Locator } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { keyedNumber } from '../crypto/hash.ts'

/** How much of an address counts, in bits. */
export interface PrefixUnit {
  readonly ipv4Bits: number
  readonly ipv6Bits: number
}

/**
 * What one attacker has many addresses of: nothing longer than an IPv4 /24 is routed between providers, and an IPv6 /56 is what
 * one customer gets to choose 2^72 addresses from (RFC 6177 §2).
 */
export const NETWORK: PrefixUnit = { ipv4Bits: 24, ipv6Bits: 56 }

/** One host: it may pick any address of its /64 (RFC 4291 §2.5.1). */
export const HOST: PrefixUnit = { ipv4Bits: 32, ipv6Bits: 64 }

const SECRET_BYTES = 16

export interface PrefixBudget {
  readonly unit: PrefixUnit
  readonly slots: number
  readonly perSecond: number
  /** Tokens of a bucket that has rested. */
  readonly burst: number
}

export class PrefixBuckets {
  readonly #unit: PrefixUnit
  readonly #secret: Uint8Array
  /** For each bucket when the tokens taken from it so far will have come back: one number says what a token bucket must know. */
  #repaidAt: Float64Array | undefined
  readonly #slots: number
  readonly #tokenMs: number
  readonly #burstMs: number

  constructor({ unit, slots, perSecond, burst }: PrefixBudget, entropy: Entropy) {
    assert(slots >= 1 && perSecond > 0 && burst >= 1, 'a budget is something that can be spent')
    this.#unit = unit
    this.#secret = entropy(SECRET_BYTES)
    this.#slots = slots
    this.#tokenMs = 1000 / perSecond
    this.#burstMs = burst * this.#tokenMs
  }

  /** Bytes that all buckets take from the first packet on, whatever happens. */
  get bytes(): number {
    return this.#slots * Float64Array.BYTES_PER_ELEMENT
  }

  /** Takes a token of the source's prefix; false if there is none. A clock that goes back brings nothing. */
  take(now: number, { address }: Locator): boolean {
    const prefix = addressPrefix(address, this.#unit.ipv4Bits, this.#unit.ipv6Bits)
    const slot = keyedNumber(this.#secret, prefix) % this.#slots
    // Zeros, which no clock of ours is below; and none before there is a packet: most identities are never asked for anything.
    this.#repaidAt ??= new Float64Array(this.#slots)
    const repaidAt = Math.max(this.#repaidAt[slot] ?? 0, now) + this.#tokenMs
    if (repaidAt > now + this.#burstMs) return false
    this.#repaidAt[slot] = repaidAt
    return true
  }
}
