// The anti-replay window of one inbound SA (RFC 4303 §3.4.3 and appendix A; a ring of bits as in RFC 6479). The high half of
// a number is not sent but inferred. Numbers are 64-bit ones below 2^53. Only `mark` moves the window, and it is called for
// authentic packets alone.

import { assert } from '../../base/assert.ts'

/** A window as it stands in a capsule: bit n of `bitmap` (lowest bit of each byte first) is the number `highest` − n. */
export interface WindowSnapshot {
  readonly highest: number
  readonly bitmap: Uint8Array
}

const TWO_32 = 0x1_0000_0000
/** Of a window without a snapshot: there is no number to tell of. */
const NOTHING_TOLD = new Uint8Array(0)

export class ReplayWindow {
  readonly #size: number
  readonly #mask: number
  /** Made with the first number: many an SA never carries a packet. */
  #words: Uint32Array | undefined
  #highest: number

  /**
   * `size` is a power of two from 32 to 2^31. With `highest` and `bitmap`, goes on where a snapshot ended; what a shorter
   * bitmap does not tell counts as seen.
   */
  constructor(size: number, highest = 0, bitmap: Uint8Array = NOTHING_TOLD) {
    assert(
      size >= 32 && size <= 2 ** 31 && Number.isInteger(Math.log2(size)),
      'a window is a power of two, at least 32',
    )
    assert(Number.isSafeInteger(highest) && highest >= 0, 'a sequence number is a whole number below 2^53')
    this.#size = size
    this.#mask = size / 32 - 1
    this.#highest = highest
    for (let age = 0; age < size && age < highest; age++) {
      const byte = bitmap[age >>> 3]
      if (byte === undefined || (byte & (1 << (age & 7))) !== 0) this.#set((highest - age) >>> 0)
    }
  }

  /** The highest number that was marked; 0 if none was. */
  get highest(): number {
    return this.#highest
  }

  /** The full number that 32 sent bits stand for: the one nearest to the window (RFC 4303, appendix A2.2). */
  infer(low: number): number {
    const top = this.#highest >>> 0
    const base = this.#highest - top
    const bottom = top - this.#size + 1
    if (bottom >= 0) return low >= bottom ? base + low : base + TWO_32 + low
    // The window reaches into the numbers below `base`, if there are any.
    return low >= bottom + TWO_32 && base > 0 ? base - TWO_32 + low : base + low
  }

  /** True if this number may still come: inside the window and not seen, or beyond it. Changes nothing. */
  fresh(sequence: number): boolean {
    if (sequence > this.#highest) return sequence <= Number.MAX_SAFE_INTEGER
    if (sequence < 1 || sequence <= this.#highest - this.#size) return false
    const low = sequence >>> 0
    return ((this.#words?.[(low >>> 5) & this.#mask] ?? 0) & (1 << (low & 31))) === 0
  }

  /** Records a fresh number whose packet has proved authentic. */
  mark(sequence: number): void {
    if (sequence > this.#highest) {
      this.#clear(this.#highest + 1, sequence)
      this.#highest = sequence
    }
    this.#set(sequence >>> 0)
  }

  /** A copy of the window in the form of a capsule. */
  snapshot(): WindowSnapshot {
    const bitmap = new Uint8Array(this.#size / 8)
    const reach = Math.min(this.#size, this.#highest)
    for (let age = 0; age < reach; age++) {
      if (this.fresh(this.#highest - age)) continue
      bitmap[age >>> 3] = (bitmap[age >>> 3] ?? 0) | (1 << (age & 7))
    }
    return { highest: this.#highest, bitmap }
  }

  #set(low: number): void {
    this.#words ??= new Uint32Array(this.#size / 32)
    const word = (low >>> 5) & this.#mask
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (low & 31))
  }

  // The ring holds exactly one window, so the bits of new numbers still tell of the ones that leave.
  #clear(from: number, to: number): void {
    const words = this.#words
    if (words === undefined) return
    if (to - from >= this.#size) {
      words.fill(0)
      return
    }
    for (let next = from; next <= to; ) {
      const low = next >>> 0
      const word = (low >>> 5) & this.#mask
      if ((low & 31) === 0 && to - next >= 31) {
        words[word] = 0
        next += 32
      } else {
        words[word] = (words[word] ?? 0) & ~(1 << (low & 31))
        next += 1
      }
    }
  }
}
