// What came of a stream until the application has taken it: each byte is kept once, as it came first, and given out once, in order.

import { type Range, Ranges } from '../../../base/ranges.ts'
import { Pages } from './pages.ts'

export class ReceiveBuffer {
  readonly #pages = new Pages()
  /** From `#consumed` on. */
  readonly #ranges = new Ranges()
  #consumed = 0
  #delivered = 0

  /** Up to where the application has taken everything. */
  get consumed(): number {
    return this.#consumed
  }

  /** Up to where bytes were given out. */
  get delivered(): number {
    return this.#delivered
  }

  /** Up to where all bytes came. */
  get contiguous(): number {
    return this.#ranges.firstGap(this.#consumed)
  }

  /** Bytes of memory for what is kept, in whole pages; none while nothing is. */
  get memoryBytes(): number {
    return this.#pages.bytes
  }

  /** Keeps what is new of `data`; false, and nothing kept, if it would lie in more than `piecesMax` separate pieces. */
  write(offset: number, data: Uint8Array, piecesMax: number): boolean {
    const end = offset + data.length
    const gaps = this.#ranges.gaps(Math.max(offset, this.#consumed), end)
    if (!this.#ranges.add(Math.max(offset, this.#consumed), end, piecesMax)) return false
    // Only the gaps: a peer that sends other bytes a second time must not change what was given out.
    for (const gap of gaps) this.#pages.write(gap.start, data.subarray(gap.start - offset, gap.end - offset))
    return true
  }

  /** The bytes that follow on those given out, as views that stay good. */
  read(): readonly Uint8Array[] {
    const views = this.#pages.views(this.#delivered, this.contiguous)
    this.#delivered = this.contiguous
    return views
  }

  /** The application has taken everything below `offset`, which was given out. */
  consume(offset: number): void {
    this.#consumed = offset
    this.#ranges.remove(0, offset)
    if (this.#ranges.count === 0) this.#pages.clear()
    else this.#pages.release(offset)
  }

  /** Nothing is kept any more. */
  discard(): void {
    this.#pages.clear()
    this.#ranges.clear()
  }

  /** What is kept: where it lies, and its bytes one after another. */
  freeze(): { readonly ranges: readonly Range[]; readonly bytes: Uint8Array } {
    const bytes = new Uint8Array(this.#ranges.size)
    let at = 0
    for (const { start, end } of this.#ranges) {
      this.#pages.copy(start, bytes.subarray(at, at + end - start))
      at += end - start
    }
    return { ranges: [...this.#ranges], bytes }
  }

  static thaw(consumed: number, ranges: readonly Range[], bytes: Uint8Array): ReceiveBuffer {
    const buffer = new ReceiveBuffer()
    buffer.#consumed = buffer.#delivered = consumed
    buffer.#pages.release(consumed)
    let at = 0
    for (const { start, end } of ranges) {
      buffer.write(start, bytes.subarray(at, at + end - start), Infinity)
      at += end - start
    }
    return buffer
  }
}
