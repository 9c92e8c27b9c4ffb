// Memory that many small byte strings share: memory of its own is dearer, to get and to give back, than what goes into it. It goes when
// all that lies in it is forgotten, so that it is for what a world has under way and not for what it keeps.

const BLOCK_BYTES = 0x8000

/** Byte strings that lie end to end. */
export class Slab {
  #block = new Uint8Array(0)
  #used = 0

  /** `length` bytes, all zero, for whoever asks and nobody else. */
  take(length: number): Uint8Array {
    if (this.#used + length > this.#block.length) {
      this.#block = new Uint8Array(Math.max(BLOCK_BYTES, length))
      this.#used = 0
    }
    const bytes = this.#block.subarray(this.#used, this.#used + length)
    this.#used += length
    return bytes
  }

  /** A copy. */
  of(bytes: Uint8Array): Uint8Array {
    const copy = this.take(bytes.length)
    copy.set(bytes)
    return copy
  }
}
