// A replay window that remembers every number (RFC 4303 §3.4.3): what the real one is compared with.

const TWO_32 = 2 ** 32
const TWO_53 = 2 ** 53

/** The definition, word for word: a number is fresh if it is above the window's bottom and was not seen. */
export class Oracle {
  readonly seen: Set<number> = new Set()
  highest = 0
  readonly #size: number

  constructor(size: number, highest = 0) {
    this.#size = size
    this.highest = highest
  }

  fresh(sequence: number): boolean {
    return sequence >= 1 && sequence < TWO_53 && sequence > this.highest - this.#size && !this.seen.has(sequence)
  }

  mark(sequence: number): void {
    this.seen.add(sequence)
    if (sequence > this.highest) this.highest = sequence
  }

  /** The one number of all with these low bits that lies in [bottom, bottom + 2^32). */
  infer(low: number): number {
    const bottom = Math.max(0, this.highest - this.#size + 1)
    const base = bottom - (bottom % TWO_32) + low
    return base >= bottom ? base : base + TWO_32
  }
}
