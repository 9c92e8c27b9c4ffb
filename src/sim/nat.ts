// A box that translates addresses: hosts behind it are seen from outside at its own address and ports of its choosing.
// Mappings die when idle and can be dropped at any time, after which the same socket shows from another port.

import type { Locator } from '../base/address.ts'
import type { Prng } from '../base/prng.ts'
import { keyOf } from './locator-keys.ts'

/** Who may answer to a mapping. */
export type Filtering = 'anybody' | 'same-address' | 'same-tuple'

/** What a translator does with mappings. */
export interface NatOptions {
  /** The address that outsiders see. */
  readonly address: string
  /** An idle mapping is dropped after so long. */
  readonly timeoutMs: number
  /** Who may answer to a mapping. */
  readonly filtering: Filtering
}

interface Mapping {
  readonly inside: Locator
  readonly port: number
  usedAt: number
  /** Whom the inside has sent to through this mapping. */
  readonly spoken: Set<string>
}

/** A translator of addresses. */
export class Nat {
  /** The address that outsiders see. */
  readonly address: string
  /** An idle mapping is dropped after so long. */
  timeoutMs: number
  readonly #filtering: Filtering
  readonly #prng: Prng
  readonly #byInside = new Map<string, Mapping>()
  readonly #byPort = new Map<number, Mapping>()
  readonly #expired: () => void

  /** `expired` hears of every mapping that dies of idleness. */
  constructor(options: NatOptions, prng: Prng, expired: () => void = () => {}) {
    this.address = options.address
    this.timeoutMs = options.timeoutMs
    this.#filtering = options.filtering
    this.#prng = prng
    this.#expired = expired
  }

  /** Live mappings. */
  get size(): number {
    return this.#byPort.size
  }

  /** Where a packet from `inside` to `to` seems to come from. */
  outward(now: number, inside: Locator, to: Locator): Locator {
    const key = keyOf(inside)
    let mapping = this.#live(now, this.#byInside.get(key))
    if (mapping === undefined) {
      mapping = { inside, port: this.#freePort(), usedAt: now, spoken: new Set() }
      this.#byInside.set(key, mapping)
      this.#byPort.set(mapping.port, mapping)
    }
    mapping.usedAt = now
    mapping.spoken.add(this.#filterKey(to))
    return { address: this.address, port: mapping.port }
  }

  /** Whom a packet from `source` to one of our ports is for, or undefined if it is not let in. */
  inward(now: number, source: Locator, port: number): Locator | undefined {
    const mapping = this.#live(now, this.#byPort.get(port))
    if (mapping === undefined) return undefined
    if (this.#filtering !== 'anybody' && !mapping.spoken.has(this.#filterKey(source))) return undefined
    mapping.usedAt = now
    return mapping.inside
  }

  /** Forgets every mapping, as a box does that is restarted. Returns how many there were. */
  rebind(): number {
    const dropped = this.#byPort.size
    this.#byInside.clear()
    this.#byPort.clear()
    return dropped
  }

  #live(now: number, mapping: Mapping | undefined): Mapping | undefined {
    if (mapping === undefined || now - mapping.usedAt <= this.timeoutMs) return mapping
    this.#byInside.delete(keyOf(mapping.inside))
    this.#byPort.delete(mapping.port)
    this.#expired()
    return undefined
  }

  #filterKey(locator: Locator): string {
    return this.#filtering === 'same-tuple' ? keyOf(locator) : locator.address
  }

  #freePort(): number {
    for (;;) {
      const port = 20_000 + this.#prng.below(40_000)
      if (!this.#byPort.has(port)) return port
    }
  }
}
