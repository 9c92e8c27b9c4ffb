// The receiving part of a stream (RFC 9000 §3.2): what may come, what has come, and what the application was told of it.

import { assert } from '../../../base/assert.ts'
import { TransportError } from '../../../wire/frame.ts'
import { STREAM_START, type StreamConfig } from '../config.ts'
import { PIECE_WEIGHT } from './budget.ts'
import { again, type Delivery, delivered } from './delivery.ts'
import type { FrozenReceiving } from './frozen-streams.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { ReceiveWindow } from './receive-window.ts'

export type ReceivingState =
  | { readonly name: 'recv' }
  | { readonly name: 'size-known' | 'data-recvd' | 'data-read'; readonly finalSize: number }
  | { readonly name: 'reset-recvd' | 'reset-read'; readonly finalSize: number; readonly code: number }

const NEXT: Readonly<Record<ReceivingState['name'], readonly ReceivingState['name'][]>> = {
  recv: ['size-known', 'reset-recvd'],
  'size-known': ['data-recvd', 'reset-recvd'],
  'data-recvd': ['data-read'],
  'data-read': [],
  'reset-recvd': ['reset-read'],
  'reset-read': [],
}

/** The state of most streams most of the time: one object for all of them. */
const RECV: ReceivingState = { name: 'recv' }

export class Receiving {
  readonly #config: StreamConfig
  #state: ReceivingState = RECV
  #buffer = new ReceiveBuffer()
  #window: ReceiveWindow
  #stop: Delivery = 'idle'
  #stopCode = 0
  /** True once the application wants nothing more of it. */
  #unwanted = false
  /** MAX_STREAM_DATA. */
  #limitDue = false

  constructor(config: StreamConfig) {
    this.#config = config
    this.#window = new ReceiveWindow(STREAM_START.maxStreamData, config.streamWindowBytesMax)
  }

  get state(): ReceivingState {
    return this.#state
  }

  get over(): boolean {
    return this.#state.name === 'data-read' || this.#state.name === 'reset-read'
  }

  get unwanted(): boolean {
    return this.#unwanted
  }

  get window(): ReceiveWindow {
    return this.#window
  }

  /** What it takes of the budget. A gap counts as if it were filled: what fills it must find room. */
  get weight(): number {
    return this.#window.received - this.#window.consumed + PIECE_WEIGHT * this.#buffer.pieces
  }

  /** How much more it would take with these bytes, at most. What continues what has come takes nothing but its length. */
  growth(offset: number, length: number): number {
    if (this.#unwanted || (this.#state.name !== 'recv' && this.#state.name !== 'size-known')) return 0
    const longer = Math.max(0, offset + length - this.#window.received)
    return longer + (offset > this.#buffer.contiguous ? PIECE_WEIGHT : 0)
  }

  get stopDue(): boolean {
    return this.#stop === 'queued'
  }

  get stopCode(): number {
    return this.#stopCode
  }

  get limitDue(): boolean {
    return this.#limitDue
  }

  /** True once the application was given every byte up to the end. */
  get ended(): boolean {
    const { name } = this.#state
    if (this.#unwanted || (name !== 'data-recvd' && name !== 'data-read')) return false
    return this.#buffer.delivered === this.#state.finalSize
  }

  /**
   * What is wrong with bytes up to `end` (RFC 9000 §4.1, §4.5), as a code of TransportError. `final`: they are the last ones.
   * Asked before anything is taken.
   */
  fault(end: number, final: boolean): number | undefined {
    const { received } = this.#window
    if (this.#state.name !== 'recv') {
      const { finalSize } = this.#state
      if (end > finalSize || (final && end !== finalSize)) return TransportError.FINAL_SIZE
    } else if (final && end < received) return TransportError.FINAL_SIZE
    return this.#window.allows(end - received) ? undefined : TransportError.FLOW_CONTROL
  }

  /** Takes what `fault` allows; an answer is a violation after all. */
  data(offset: number, data: Uint8Array, fin: boolean): number | undefined {
    const end = offset + data.length
    this.#window.receive(Math.max(0, end - this.#window.received))
    if (this.#state.name === 'recv' && fin) this.#become({ name: 'size-known', finalSize: end })
    if (this.#unwanted) return this.#forgo()
    if (this.#state.name !== 'recv' && this.#state.name !== 'size-known') return undefined
    if (!this.#buffer.write(offset, data, this.#config.streamPiecesMax, true)) return TransportError.PROTOCOL_VIOLATION
    this.#settle()
    return undefined
  }

  /**
   * RESET_STREAM, which `fault` allows. It comes too late once all bytes are there. `heard`: the application hears of this stream, and
   * of what came in order before.
   */
  reset(code: number, finalSize: number, heard: boolean): void {
    if (this.#state.name !== 'recv' && this.#state.name !== 'size-known') return
    this.#window.receive(finalSize - this.#window.received)
    this.#become({ name: 'reset-recvd', code, finalSize })
    if (!heard) this.#buffer.discard()
    this.#limitDue = false
    this.#forgo()
  }

  /** The application wants no more, and the peer is asked to send none (RFC 9000 §3.5). */
  stop(code: number): void {
    if (this.#unwanted || this.over) return
    this.#unwanted = true
    this.#buffer.discard()
    this.#limitDue = false
    if (this.#state.name === 'recv') {
      this.#stop = 'queued'
      this.#stopCode = code
    }
    this.#forgo()
  }

  /** What follows on the bytes that were given out before. */
  read(): readonly Uint8Array[] {
    return this.#unwanted || this.over ? [] : this.#buffer.read()
  }

  /** The application was told of the reset. */
  resetTold(): void {
    if (this.#state.name !== 'reset-recvd') return
    this.#buffer.discard()
    this.#become({ ...this.#state, name: 'reset-read' })
  }

  /** The application has taken `bytes` more. `rttMs`: smoothed, 0 if unknown; `room`: of the budget. */
  consume(now: number, bytes: number, rttMs: number, room: number): void {
    if (this.#unwanted || this.#state.name === 'reset-recvd' || this.over) return
    assert(bytes <= this.#buffer.delivered - this.#window.consumed, 'only what was given out is consumed')
    this.#window.consume(bytes)
    this.#window.pace(now, rttMs, room)
    this.#buffer.consume(this.#window.consumed)
    this.#settle()
    if (this.#window.due) this.announceLimit()
  }

  /** The application waits for so many bytes at once: they must fit the window, as far as windows may grow. */
  want(bytes: number): void {
    this.#window.atLeast(bytes)
    if (this.#window.risen) this.announceLimit()
  }

  /** STREAM_DATA_BLOCKED. */
  blocked(limit: number): void {
    this.#window.blocked(limit)
    if (this.#window.due) this.announceLimit()
  }

  /** The peer says that the limit holds it up; or it is to have a first word. */
  announceLimit(): void {
    if (this.#state.name === 'recv' && !this.#unwanted) this.#limitDue = true
  }

  /** MAX_STREAM_DATA goes out: with this limit. */
  markLimit(): number {
    this.#limitDue = false
    this.#window.raise()
    return this.#window.limit
  }

  limitLost(limit: number): void {
    if (limit === this.#window.limit) this.announceLimit()
  }

  markStop(): void {
    this.#stop = 'sent'
  }

  stopAcked(): void {
    this.#stop = delivered(this.#stop)
  }

  stopLost(): void {
    if (this.#state.name === 'recv') this.#stop = again(this.#stop)
  }

  requeue(): void {
    this.stopLost()
    this.announceLimit()
  }

  freeze(): FrozenReceiving {
    return {
      ...this.#buffer.freeze(),
      window: this.#window.freeze(),
      finalSize: this.#state.name === 'recv' ? undefined : this.#state.finalSize,
      reset: 'code' in this.#state ? this.#state.code : undefined,
      unwanted: this.#unwanted,
      stop: this.#stop,
      stopCode: this.#stopCode,
    }
  }

  static thaw(frozen: FrozenReceiving, config: StreamConfig): Receiving {
    const receiving = new Receiving(config)
    receiving.#window = ReceiveWindow.thaw(frozen.window, config.streamWindowBytesMax)
    receiving.#buffer = ReceiveBuffer.thaw(frozen.window.consumed, frozen.ranges, frozen.bytes)
    receiving.#unwanted = frozen.unwanted
    receiving.#stop = frozen.stop
    receiving.#stopCode = frozen.stopCode
    const { finalSize, reset } = frozen
    if (reset !== undefined) receiving.#state = { name: 'reset-recvd', code: reset, finalSize: finalSize ?? 0 }
    else if (finalSize !== undefined) receiving.#state = { name: 'size-known', finalSize }
    if (frozen.unwanted) receiving.#forgo()
    else receiving.#settle()
    return receiving
  }

  /** Bytes that nobody wants count as taken, and the end or a reset behind them as told. */
  #forgo(): undefined {
    this.#window.consume(this.#window.received - this.#window.consumed)
    if (!this.#unwanted) return
    if (this.#state.name === 'size-known') this.#become({ ...this.#state, name: 'data-recvd' })
    if (this.#state.name === 'data-recvd') this.#become({ ...this.#state, name: 'data-read' })
    this.resetTold()
  }

  #settle(): void {
    if (this.#state.name === 'size-known' && this.#buffer.contiguous === this.#state.finalSize) {
      this.#limitDue = false
      this.#become({ name: 'data-recvd', finalSize: this.#state.finalSize })
    }
    if (this.#state.name === 'data-recvd' && this.#window.consumed === this.#state.finalSize) {
      this.#become({ name: 'data-read', finalSize: this.#state.finalSize })
    }
  }

  #become(state: ReceivingState): void {
    assert(NEXT[this.#state.name].includes(state.name), `${state.name} does not follow on ${this.#state.name}`)
    this.#state = state
  }
}
