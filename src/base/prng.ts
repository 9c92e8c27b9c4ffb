// A seeded generator for the simulator and the tests: sfc32, the same numbers for the same seed on every machine.
// Never a source of keys, nonces or SPIs: those come from an Entropy.

import { assert } from './assert.ts'

/** Repeatable numbers; good enough to simulate with, useless against an attacker. */
export class Prng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** Any whole number below 2^53 is a seed of its own. */
  constructor(seed: number) {
    assert(Number.isSafeInteger(seed), 'a seed is a whole number')
    this.#a = seed | 0
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0
    this.#c = 0x9e3779b9 | 0
    for (let i = 0; i < 15; i++) this.#next32()
  }

  /** From 0, included, to 1, excluded, in steps of 2^-32. */
  next(): number {
    return this.#next32() / 0x1_0000_0000
  }

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.next() < p
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = this.#next32() >>> 24
    return bytes
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    assert(items.length > 0, 'there is something to pick from')
    return items[this.below(items.length)] as T
  }

  /** A new generator that this one determines: what it yields never disturbs this one again. */
  fork(): Prng {
    return new Prng(this.#next32() + (this.#next32() >>> 11) * 0x1_0000_0000)
  }

  #next32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
