// The sending part of a stream (RFC 9000 §3.1). Ready and Send are one state here: nothing depends on the difference.

import { assert } from '../../../base/assert.ts'
import { STREAM_START } from '../config.ts'
import { PIECE_WEIGHT } from './budget.ts'
import { again, type Delivery, delivered } from './delivery.ts'
import type { FrozenSending } from './frozen-streams.ts'
import { type Chunk, SendBuffer } from './send-buffer.ts'

export type SendingState =
  | { readonly name: 'send' | 'data-sent' | 'data-recvd' }
  /** `stopped`: the code of the peer's STOP_SENDING, if that is why. */
  | { readonly name: 'reset-sent' | 'reset-recvd'; readonly code: number; readonly stopped: number | undefined }

const NEXT: Readonly<Record<SendingState['name'], readonly SendingState['name'][]>> = {
  send: ['data-sent', 'reset-sent'],
  'data-sent': ['data-recvd', 'reset-sent'],
  'data-recvd': [],
  'reset-sent': ['reset-recvd'],
  'reset-recvd': [],
}

/** The state of most streams most of the time: one object for all of them. */
const SEND: SendingState = { name: 'send' }

export class Sending {
  #state: SendingState = SEND
  #buffer = new SendBuffer()
  /** MAX_STREAM_DATA of the peer. */
  #limit: number = STREAM_START.maxStreamData
  #reset: Delivery = 'idle'
  #blocked: Delivery = 'idle'
  /** The limit at which the peer was last told that it holds us up. */
  #blockedAt = -1

  get state(): SendingState {
    return this.#state
  }

  /** True until the end or a reset. */
  get writable(): boolean {
    return this.#state.name === 'send' && this.#buffer.fin === 'idle'
  }

  /** True once nothing more can come of it. */
  get over(): boolean {
    return this.#state.name === 'data-recvd' || this.#state.name === 'reset-recvd'
  }

  /** Bytes unsent or unacknowledged. */
  get buffered(): number {
    return this.#buffer.buffered
  }

  /** What it takes of the budget. */
  get weight(): number {
    return this.#buffer.buffered + PIECE_WEIGHT * this.#buffer.pieces
  }

  /** The highest offset that was sent; the final size, after a reset. */
  get sent(): number {
    return this.#buffer.sent
  }

  /** Bytes that were not sent yet and that the peer's limit of this stream lets go. */
  get ready(): number {
    return Math.max(0, Math.min(this.#buffer.end, this.#limit) - this.#buffer.sent)
  }

  /** How many more that limit would let go. */
  get headroom(): number {
    return Math.max(0, this.#limit - this.#buffer.end)
  }

  get limit(): number {
    return this.#limit
  }

  /** True if something is to go out that costs no flow control. */
  get repeats(): boolean {
    return this.#buffer.repeats
  }

  get resetDue(): boolean {
    return this.#reset === 'queued'
  }

  get blockedDue(): boolean {
    return this.#blocked === 'queued'
  }

  /** True if new bytes may go out, as far as this stream's limits have it. */
  hasFresh(opened: boolean): boolean {
    return this.#cap(opened) > this.#buffer.sent && this.#buffer.end > this.#buffer.sent
  }

  write(bytes: Uint8Array): void {
    assert(this.writable, 'a stream is written before its end')
    this.#buffer.write(bytes)
    this.#noteBlocked()
  }

  end(): void {
    if (this.writable) this.#buffer.finish()
  }

  /** Abandons what is not acknowledged. Too late once everything is. */
  reset(code: number, stopped?: number): void {
    if (this.#state.name !== 'send' && this.#state.name !== 'data-sent') return
    this.#buffer.discard()
    this.#reset = 'queued'
    this.#blocked = 'idle'
    this.#become({ name: 'reset-sent', code, stopped })
  }

  /** The peer's STOP_SENDING: a reset with the same code (RFC 9000 §3.5). */
  stopped(code: number): void {
    this.reset(code, code)
  }

  /** MAX_STREAM_DATA; a lower one than before is an old one. */
  raise(limit: number): void {
    if (limit <= this.#limit) return
    this.#limit = limit
    this.#blocked = 'idle'
    this.#noteBlocked()
  }

  /** Something was not written because of that limit. */
  stands(): void {
    this.#tellBlocked()
  }

  /** What goes out next, new bytes no more than `credit`. `opened`: the peer has acknowledged the stream's STREAM_OPEN. */
  next(credit: number, opened: boolean): Chunk | undefined {
    return this.#buffer.next(Math.min(this.#cap(opened), this.#buffer.sent + credit))
  }

  /** The first `length` bytes of `chunk` go out. */
  mark(chunk: Chunk, length: number): void {
    this.#buffer.mark(chunk, length)
    if (this.#buffer.fin === 'sent' && this.#state.name === 'send') this.#become({ name: 'data-sent' })
    this.#noteBlocked()
  }

  /** Puts `length` bytes from `offset` on into `target`, from `to` on. */
  copy(offset: number, target: Uint8Array, to: number, length: number): void {
    this.#buffer.copy(offset, target, to, length)
  }

  markReset(): void {
    this.#reset = 'sent'
  }

  markBlocked(): void {
    this.#blocked = 'sent'
  }

  acked(chunk: Chunk): void {
    if (this.#state.name !== 'send' && this.#state.name !== 'data-sent') return
    this.#buffer.acked(chunk)
    if (this.#buffer.complete) this.#become({ name: 'data-recvd' })
  }

  lost(chunk: Chunk): void {
    if (this.#state.name === 'send' || this.#state.name === 'data-sent') this.#buffer.lost(chunk)
  }

  resetAcked(): void {
    if (this.#state.name !== 'reset-sent') return
    this.#reset = delivered(this.#reset)
    this.#become({ ...this.#state, name: 'reset-recvd' })
  }

  resetLost(): void {
    this.#reset = again(this.#reset)
  }

  /** STREAM_DATA_BLOCKED with `limit` was lost; news only while that limit holds. */
  blockedLost(limit: number): void {
    if (limit === this.#limit) this.#blocked = again(this.#blocked)
  }

  /** Everything that is not acknowledged goes out again. */
  requeue(): void {
    if (this.#state.name === 'send' || this.#state.name === 'data-sent') this.#buffer.requeue()
    this.#reset = again(this.#reset)
    this.#blocked = again(this.#blocked)
  }

  freeze(): FrozenSending {
    const reset = this.#state.name === 'reset-sent' || this.#state.name === 'reset-recvd' ? this.#state : undefined
    return {
      ...this.#buffer.freeze(),
      limit: this.#limit,
      reset: this.#reset,
      resetCode: reset?.code ?? 0,
      stopped: reset?.stopped,
    }
  }

  static thaw(frozen: FrozenSending): Sending {
    const sending = new Sending()
    sending.#buffer = SendBuffer.thaw(frozen)
    sending.#limit = frozen.limit
    sending.#reset = frozen.reset
    sending.#state = thawedState(frozen, sending.#buffer)
    sending.#noteBlocked()
    return sending
  }

  /** Until the peer has the STREAM_OPEN, what comes before it has to wait there: so no more than it must keep. */
  #cap(opened: boolean): number {
    return opened ? this.#limit : Math.min(this.#limit, STREAM_START.unopenedBytes)
  }

  #noteBlocked(): void {
    const blocked = this.#buffer.sent >= this.#limit && this.#buffer.end > this.#buffer.sent
    if (blocked) this.#tellBlocked()
  }

  #tellBlocked(): void {
    if (this.#blockedAt === this.#limit) return
    this.#blockedAt = this.#limit
    this.#blocked = 'queued'
  }

  #become(state: SendingState): void {
    assert(NEXT[this.#state.name].includes(state.name), `${state.name} does not follow on ${this.#state.name}`)
    this.#state = state
  }
}

function thawedState({ reset, resetCode, stopped }: FrozenSending, buffer: SendBuffer): SendingState {
  if (reset !== 'idle') return { name: reset === 'acked' ? 'reset-recvd' : 'reset-sent', code: resetCode, stopped }
  if (buffer.complete) return { name: 'data-recvd' }
  // A FIN that was sent is due again in this very state.
  return { name: buffer.fin === 'sent' || buffer.fin === 'acked' ? 'data-sent' : 'send' }
}
