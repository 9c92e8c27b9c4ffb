// Which association an inbound SPI leads to (RFC 7402 §5.1.1, §6.6): the only look-up an ESP packet needs. SPIs are chosen by
// the receiver at random, are never one of the 256 reserved ones, and are new each time.

import type { Entropy } from '../crypto/entropy.ts'
import { LOWEST_SPI } from '../wire/update.ts'
import type { Association } from './association/association.ts'

export class Spis<T = Association> {
  readonly #entropy: Entropy
  readonly #table = new Map<number, T>()
  /** What was asked last, and the answer: packets come in rows. */
  #asked = -1
  #answer: T | undefined

  constructor(entropy: Entropy) {
    this.#entropy = entropy
  }

  get size(): number {
    return this.#table.size
  }

  find(spi: number): T | undefined {
    if (spi === this.#asked) return this.#answer
    this.#asked = spi
    this.#answer = this.#table.get(spi)
    return this.#answer
  }

  /** A fresh SPI for this association. */
  draw(association: T): number {
    for (;;) {
      const bytes = this.#entropy(4)
      const spi = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
      if (spi < LOWEST_SPI || this.#table.has(spi)) continue
      this.claim(spi, association)
      return spi
    }
  }

  /** An SPI that a capsule brings. */
  claim(spi: number, association: T): void {
    this.#table.set(spi, association)
    this.#changed()
  }

  drop(spi: number): void {
    this.#table.delete(spi)
    this.#changed()
  }

  clear(): void {
    this.#table.clear()
    this.#changed()
  }

  #changed(): void {
    this.#asked = -1
    this.#answer = undefined
  }
}
