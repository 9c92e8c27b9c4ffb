// Which numbered tries have been handed over, in bytes that travel in a capsule: a bit a try, in a window of the newest numbers.

/** Tries a number can have: the first and three more. */
export const TRIES_MAX = 4
const WINDOW = 4_096
const FIRST_BYTES = 4

/** Remembers pairs of number and try. */
export class Seen {
  readonly #tries: Uint8Array
  #highest: number

  constructor(bytes: Uint8Array = new Uint8Array(FIRST_BYTES + WINDOW)) {
    this.#highest = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    this.#tries = bytes.slice(FIRST_BYTES)
  }

  /** The highest number seen. */
  get highest(): number {
    return this.#highest
  }

  /** Notes one; false if this very try has been here before, or is too old to tell. */
  note(number: number, attempt: number): boolean {
    if (number + WINDOW <= this.#highest) return false
    for (let next = this.#highest + 1; next <= number; next++) this.#tries[next % WINDOW] = 0
    this.#highest = Math.max(this.#highest, number)
    const slot = number % WINDOW
    const before = this.#tries[slot] ?? 0
    this.#tries[slot] = before | (1 << attempt)
    return (before & (1 << attempt)) === 0
  }

  /** As the constructor takes it. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(FIRST_BYTES + WINDOW)
    new DataView(bytes.buffer).setUint32(0, this.#highest)
    bytes.set(this.#tries, FIRST_BYTES)
    return bytes
  }
}
