// How much the peer may send, of one stream or of all together (RFC 9000 §4.1). The window grows while the application takes
// bytes faster than the window lets them come, and the peer is told of it no more often than each quarter of it.

import type { FrozenWindow } from './frozen-streams.ts'

export class ReceiveWindow {
  readonly #sizeMax: number
  #size: number
  #limit: number
  #consumed: number
  #received: number
  /** The peer has said that the limit holds it up, when there was nothing to add. */
  #blocked = false
  /** When and where the half of a window began that is being timed; NaN before the first bytes are taken. */
  #sinceAt = Number.NaN
  #sinceConsumed = 0

  constructor(size: number, sizeMax: number) {
    this.#sizeMax = Math.max(size, sizeMax)
    this.#size = size
    this.#limit = size
    this.#consumed = 0
    this.#received = 0
  }

  /** What the peer may send, as it was last told. */
  get limit(): number {
    return this.#limit
  }

  get size(): number {
    return this.#size
  }

  get consumed(): number {
    return this.#consumed
  }

  get received(): number {
    return this.#received
  }

  /** True if so many more bytes than have come would be within the limit. */
  allows(more: number): boolean {
    return more <= this.#limit - this.#received
  }

  receive(more: number): void {
    this.#received += more
  }

  /** So many bytes were taken, or nobody wants them. */
  consume(bytes: number): void {
    this.#consumed += bytes
  }

  /**
   * Asked whenever the application takes some: half a window in two round trips or less, `rttMs` each, doubles it, as far as there
   * is `room` for what may then come.
   */
  pace(now: number, rttMs: number, room: number): void {
    if (Number.isNaN(this.#sinceAt)) this.#begin(now)
    if (this.#consumed - this.#sinceConsumed < this.#size / 2) return
    if (now - this.#sinceAt <= 2 * rttMs && this.#size <= room) this.#size = Math.min(2 * this.#size, this.#sizeMax)
    this.#begin(now)
  }

  #begin(now: number): void {
    this.#sinceAt = now
    this.#sinceConsumed = this.#consumed
  }

  /** No smaller than this, so that one stream can use its whole window. */
  atLeast(size: number): void {
    this.#size = Math.min(Math.max(this.#size, size), this.#sizeMax)
  }

  /** The peer says that `limit` holds it up, which it does once: anything that can be added is due then, at once or later. */
  blocked(limit: number): void {
    this.#blocked ||= limit >= this.#limit || this.risen
  }

  /** True if the limit can rise by a quarter of a window; at all, for a peer that waits for it. */
  get due(): boolean {
    return this.#rise >= this.#size / 4 || (this.#blocked && this.risen)
  }

  /** True if it can rise at all. */
  get risen(): boolean {
    return this.#rise > 0
  }

  /** Raises the limit, for which the peer is about to be told. */
  raise(): void {
    this.#blocked = false
    this.#limit += Math.max(0, this.#rise)
  }

  freeze(): FrozenWindow {
    return { limit: this.#limit, size: this.#size, consumed: this.#consumed, received: this.#received }
  }

  static thaw(frozen: FrozenWindow, sizeMax: number): ReceiveWindow {
    const window = new ReceiveWindow(frozen.size, sizeMax)
    window.#limit = frozen.limit
    window.#consumed = frozen.consumed
    window.#received = frozen.received
    return window
  }

  get #rise(): number {
    return this.#consumed + this.#size - this.#limit
  }
}
