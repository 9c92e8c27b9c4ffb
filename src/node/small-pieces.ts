// Bytes that came in small pieces while nobody read: Node keeps two hundred bytes about each piece that is pushed, so that a peer
// that sends one byte at a time would cost us far more than its window. They are put together before they are pushed.

import { SMALL_PIECE_BYTES_MAX, SMALL_PIECES_BYTES_MAX, SMALL_PIECES_BYTES_MIN } from './config.ts'

/** What waits behind the bytes that Node has. */
export class SmallPieces {
  #memory: Buffer | undefined
  #length = 0

  /** Bytes that wait. */
  get length(): number {
    return this.#length
  }

  /** Takes a copy of `bytes`, after giving out what there is if the limit is reached; false if they are no small piece. */
  add(bytes: Uint8Array, push: (full: Buffer) => void): boolean {
    if (bytes.length > SMALL_PIECE_BYTES_MAX) return false
    const full = this.#length + bytes.length > SMALL_PIECES_BYTES_MAX ? this.take() : undefined
    if (full !== undefined) push(full)
    const memory = this.#roomFor(bytes.length)
    memory.set(bytes, this.#length)
    this.#length += bytes.length
    return true
  }

  /** All of it, as one piece; undefined if there is nothing. */
  take(): Buffer | undefined {
    const whole = this.#memory?.subarray(0, this.#length)
    this.#memory = undefined
    this.#length = 0
    return whole
  }

  #roomFor(more: number): Buffer {
    const before = this.#memory
    if (before !== undefined && before.length - this.#length >= more) return before
    const size = Math.max(2 * (before?.length ?? 0), SMALL_PIECES_BYTES_MIN)
    // Not of Node's pool, which a long life of one piece would keep whole.
    const memory = Buffer.allocUnsafeSlow(Math.max(size, this.#length + more))
    before?.copy(memory, 0, 0, this.#length)
    this.#memory = memory
    return memory
  }
}
