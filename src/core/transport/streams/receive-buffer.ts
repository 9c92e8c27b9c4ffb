// What came of a stream until the application has taken it: each byte is kept once, as it came first, and given out once, in order.
// Large pieces are kept as they are; small ones are copied into pages, so that a burst of packets is a few views.

import { assert } from '../../../base/assert.ts'
import { litter } from '../../../base/litter.ts'
import { type Range, Ranges } from '../../../base/ranges.ts'
import { PAGE_BYTES, Pages } from './pages.ts'

/** Bytes that came in one piece, in the memory in which they came. */
interface Piece {
  readonly start: number
  readonly bytes: Uint8Array
}

/** What is put into pages may be cut in two by the end of one. */
const LARGE_BYTES = PAGE_BYTES / 2

/** What is kept itself keeps what came along with it: it is one part in so many of that, or more. Only this machine sends such packets. */
const KEPT_PART = 4

const NONE: Readonly<Ranges> = new Ranges()
const NO_VIEWS: readonly Uint8Array[] = []

export class ReceiveBuffer {
  // An idle stream has none of these: there may be thousands.
  #pages: Pages | undefined
  /** By rising offsets. */
  #pieces: Piece[] | undefined
  /** What came behind a gap. */
  #ahead: Ranges | undefined
  #consumed = 0
  #delivered = 0
  #contiguous = 0

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
    return this.#contiguous
  }

  /** Separate stretches behind a gap. */
  get pieces(): number {
    return this.#ahead?.count ?? 0
  }

  /** Bytes of memory for what is kept, in whole pages; none while nothing is. */
  get memoryBytes(): number {
    let bytes = this.#pages?.bytes ?? 0
    for (const piece of this.#pieces ?? []) bytes += piece.bytes.length
    return bytes
  }

  /**
   * Keeps what is new of `data`; false, and nothing kept, if it would lie in more than `piecesMax` separate pieces. `lent`: nobody
   * writes to that memory again, so it may be kept itself.
   */
  write(offset: number, data: Uint8Array, piecesMax: number, lent = false): boolean {
    const start = Math.max(offset, this.#contiguous)
    const end = offset + data.length
    if (start >= end) return true
    if (start === this.#contiguous && this.pieces === 0) {
      this.#keep(start, start === offset ? data : data.subarray(start - offset), lent)
      this.#contiguous = end
      return true
    }
    this.#ahead ??= new Ranges()
    const gaps = this.#ahead.gaps(start, end)
    const first = this.#contiguous > this.#consumed ? 1 : 0
    if (!this.#ahead.add(start, end, start === this.#contiguous ? Infinity : piecesMax - first)) return false
    // Only the gaps: a peer that sends other bytes a second time must not change what was given out.
    for (const gap of gaps) this.#keep(gap.start, data.subarray(gap.start - offset, gap.end - offset), lent)
    this.#contiguous = this.#ahead.firstGap(this.#contiguous)
    this.#ahead.remove(0, this.#contiguous)
    return true
  }

  /** The bytes that follow on those given out, as views that stay good. */
  read(): readonly Uint8Array[] {
    if (this.#delivered === this.#contiguous) return NO_VIEWS
    const views = this.#views(this.#delivered, this.#contiguous)
    this.#delivered = this.#contiguous
    return views
  }

  /** The application has taken everything below `offset`, which was given out. */
  consume(offset: number): void {
    this.#consumed = offset
    if (this.#contiguous === offset && this.pieces === 0) return this.#release()
    this.#pages?.release(offset)
    let taken = 0
    for (const piece of this.#pieces ?? []) {
      if (endOf(piece) > offset) break
      taken += 1
    }
    this.#pieces?.splice(0, taken)
  }

  /** Nothing is kept any more. */
  discard(): void {
    this.#release()
    this.#delivered = this.#contiguous = this.#consumed
  }

  /** What is kept: where it lies, and its bytes one after another. */
  freeze(): { readonly ranges: readonly Range[]; readonly bytes: Uint8Array } {
    const whole = { start: this.#consumed, end: this.#contiguous }
    const ranges = [...(whole.start < whole.end ? [whole] : []), ...(this.#ahead ?? NONE)]
    const bytes = new Uint8Array(ranges.reduce((sum, { start, end }) => sum + end - start, 0))
    let at = 0
    for (const { start, end } of ranges) {
      for (const view of this.#views(start, end)) {
        bytes.set(view, at)
        at += view.length
      }
    }
    return { ranges, bytes }
  }

  static thaw(consumed: number, ranges: readonly Range[], bytes: Uint8Array): ReceiveBuffer {
    const buffer = new ReceiveBuffer()
    buffer.#consumed = buffer.#delivered = buffer.#contiguous = consumed
    let at = 0
    for (const { start, end } of ranges) {
      buffer.write(start, bytes.subarray(at, at + end - start), Infinity)
      at += end - start
    }
    return buffer
  }

  /** A large piece itself, or a copy if it would hold many times its memory, as in a packet for many streams. */
  #keep(start: number, bytes: Uint8Array, lent: boolean): void {
    const last = this.#pieces?.at(-1)
    if (!lent || bytes.length < LARGE_BYTES || (last !== undefined && start < endOf(last))) {
      this.#pages ??= new Pages(false)
      return this.#pages.write(start, bytes)
    }
    const worth = KEPT_PART * bytes.length >= bytes.buffer.byteLength
    if (!worth) litter(bytes.length)
    this.#pieces ??= []
    this.#pieces.push({ start, bytes: worth ? bytes : new Uint8Array(bytes) })
  }

  #views(start: number, end: number): Uint8Array[] {
    const views: Uint8Array[] = []
    const pieces = this.#pieces ?? []
    let index = pieces.length
    // What is asked for is among the last, or everything.
    for (let piece = pieces[index - 1]; piece !== undefined && endOf(piece) > start; piece = pieces[index - 1])
      index -= 1
    for (let at = start; at < end; ) {
      let piece = pieces[index]
      for (; piece !== undefined && endOf(piece) <= at; piece = pieces[index]) index += 1
      const from = piece === undefined ? end : Math.min(piece.start, end)
      if (piece === undefined || at < from) {
        assert(this.#pages !== undefined, 'bytes are read where they were written')
        views.push(...this.#pages.views(at, from))
        at = from
        continue
      }
      const whole = at === piece.start && endOf(piece) <= end
      views.push(whole ? piece.bytes : piece.bytes.subarray(at - piece.start, end - piece.start))
      at = Math.min(endOf(piece), end)
    }
    return views
  }

  #release(): void {
    this.#pages?.clear()
    this.#pages = this.#pieces = this.#ahead = undefined
  }
}

function endOf({ start, bytes }: Piece): number {
  return start + bytes.length
}
