// What is sent of a stream until it is acknowledged: bytes by offset, which of them are under way, lost or acknowledged, and the
// FIN behind them (RFC 9000 §2.2, §13.3).

import { assert } from '../../../base/assert.ts'
import { Ranges } from '../../../base/ranges.ts'
import type { Delivery } from './delivery.ts'
import type { FrozenSending } from './frozen-streams.ts'
import { Pages } from './pages.ts'

/** One STREAM frame's worth: `length` bytes from `offset` on, and whether the stream ends behind them. */
export interface Chunk {
  readonly offset: number
  readonly length: number
  readonly fin: boolean
}

/** A buffer at rest. */
export type FrozenSendBuffer = Pick<FrozenSending, 'base' | 'bytes' | 'sent' | 'acked' | 'fin'>

const NONE: Readonly<Ranges> = new Ranges()

export class SendBuffer {
  // An idle stream has none of these: there may be thousands.
  #pages: Pages | undefined
  #acked: Ranges | undefined
  /** Sent once, not acknowledged, and to be sent again. */
  #lost: Ranges | undefined
  #base = 0
  #sent = 0
  #end = 0
  #fin: Delivery = 'idle'

  /** The highest offset that was sent. */
  get sent(): number {
    return this.#sent
  }

  /** The offset behind the last byte that was written. */
  get end(): number {
    return this.#end
  }

  get fin(): Delivery {
    return this.#fin
  }

  /** Bytes that are kept: unsent, under way, or acknowledged behind such. */
  get buffered(): number {
    return this.#end - this.#base
  }

  /** Separate stretches of what is acknowledged behind what is not. */
  get pieces(): number {
    return this.#acked?.count ?? 0
  }

  /** Bytes of memory for them, in whole pages; none while nothing is kept. */
  get memoryBytes(): number {
    return this.#pages?.bytes ?? 0
  }

  /** True once everything, and the FIN, is acknowledged. */
  get complete(): boolean {
    return this.#fin === 'acked' && this.#base === this.#end
  }

  /** True if something must go out that costs no flow control: lost bytes, or a lone FIN. */
  get repeats(): boolean {
    return this.#hasLost || (this.#fin === 'queued' && this.#sent === this.#end)
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pages ??= new Pages(true)
    this.#pages.write(this.#end, bytes)
    this.#end += bytes.length
  }

  finish(): void {
    if (this.#fin === 'idle') this.#fin = 'queued'
  }

  /** What goes out next, lost bytes first and new ones below `limit`, as long as it may be; `mark` says how much of it went. */
  next(limit: number): Chunk | undefined {
    const lost = this.#lost?.first
    if (lost !== undefined) return this.#chunk(lost.start, lost.end)
    const end = Math.min(limit, this.#end)
    if (end > this.#sent || this.repeats) return this.#chunk(this.#sent, Math.max(end, this.#sent))
    return undefined
  }

  /** The first `length` bytes of what `next` gave go out, and with the last of them a FIN that is due. */
  mark({ offset, length: whole, fin }: Chunk, length: number): void {
    if (this.#hasLost) this.#lost?.remove(offset, offset + length)
    this.#sent = Math.max(this.#sent, offset + length)
    if (fin && length === whole) this.#fin = 'sent'
  }

  /** Puts `length` bytes from `offset` on into `target`, from `to` on. */
  copy(offset: number, target: Uint8Array, to: number, length: number): void {
    if (length === 0) return
    assert(this.#pages !== undefined, 'bytes are read where they were written')
    this.#pages.copy(offset, target, to, length)
  }

  acked({ offset, length, fin }: Chunk): void {
    const start = Math.max(offset, this.#base)
    const end = Math.max(offset + length, start)
    if (this.#hasLost) this.#lost?.remove(start, end)
    if (fin) this.#fin = 'acked'
    if (start === this.#base && this.pieces === 0) this.#base = end
    else {
      this.#acked ??= new Ranges()
      this.#acked.add(start, end)
      this.#base = this.#acked.firstGap(this.#base)
      this.#acked.remove(0, this.#base)
    }
    if (this.buffered === 0) this.#clear()
    else this.#pages?.release(this.#base)
  }

  lost({ offset, length, fin }: Chunk): void {
    for (const { start, end } of (this.#acked ?? NONE).gaps(Math.max(offset, this.#base), offset + length)) {
      this.#lost ??= new Ranges()
      this.#lost.add(start, end)
    }
    if (fin && this.#fin === 'sent') this.#fin = 'queued'
  }

  /** Everything that is not acknowledged goes out again. */
  requeue(): void {
    this.lost({ offset: this.#base, length: this.#sent - this.#base, fin: true })
  }

  /** Nothing goes out any more. */
  discard(): void {
    this.#clear()
    this.#base = this.#end = this.#sent
    this.#fin = 'idle'
  }

  freeze(): FrozenSendBuffer {
    const bytes = new Uint8Array(this.buffered)
    this.copy(this.#base, bytes, 0, bytes.length)
    return { base: this.#base, bytes, sent: this.#sent, acked: [...(this.#acked ?? NONE)], fin: this.#fin }
  }

  static thaw(frozen: FrozenSendBuffer): SendBuffer {
    const buffer = new SendBuffer()
    buffer.#base = buffer.#end = frozen.base
    buffer.write(frozen.bytes)
    buffer.#sent = frozen.sent
    if (frozen.acked.length > 0) buffer.#acked = new Ranges(frozen.acked)
    buffer.#fin = frozen.fin
    return buffer
  }

  get #hasLost(): boolean {
    return this.#lost !== undefined && this.#lost.count > 0
  }

  #clear(): void {
    this.#pages?.clear()
    this.#pages = this.#acked = this.#lost = undefined
  }

  #chunk(offset: number, end: number): Chunk {
    return { offset, length: end - offset, fin: this.#fin === 'queued' && end === this.#end }
  }
}
