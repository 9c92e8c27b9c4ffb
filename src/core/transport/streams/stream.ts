// One stream: its two parts (RFC 9000 §3), how it was opened, and what the application knows of it.

import { assert } from '../../../base/assert.ts'
import type { ResetStreamFrame, StopSendingFrame, StreamLimitFrame, StreamOpenFrame } from '../../../wire/frame.ts'
import type { FrameWriter } from '../../../wire/frame-writer.ts'
import type { StreamConfig } from '../config.ts'
import { STREAM_WEIGHT } from './budget.ts'
import { again, type Delivery, delivered } from './delivery.ts'
import type { FrozenStream } from './frozen-streams.ts'
import { Receiving } from './receiving.ts'
import { Sending } from './sending.ts'
import type { OfStream, SentFrame } from './sent-frame.ts'
import type { StreamEvent, StreamView } from './stream-events.ts'

/** Destination and source, 0 to 65,535. */
export interface Ports {
  readonly port: number
  readonly sourcePort: number
}

/** Frames of one stream that are sent whole, and no longer than CONTROL_BYTES_MAX: a type and three varints. */
type StreamControlFrame = StreamOpenFrame | ResetStreamFrame | StopSendingFrame | StreamLimitFrame
export const CONTROL_BYTES_MAX = 25

/** What the application is told once, as bits of one number: a set of its own would be a tenth of the memory of a stream. */
const TOLD = { opened: 1, accepted: 2, end: 4, reset: 8, stopped: 16, finished: 32, closed: 64 } as const

export class Stream {
  readonly id: number
  /** True if this end opened it. */
  readonly opener: boolean
  /** In which lines it stands to be sent: for `Outgoing` alone, which is asked with every packet. */
  turns = 0
  /** Its bytes that its own limit lets go, as they were counted: for `Outgoing` alone. */
  ready = 0
  /** It stands among those of which there may be something to tell: for `Streams` alone. */
  inNews = false
  #ports: Ports | undefined
  /** STREAM_OPEN of a stream of ours. */
  #open: Delivery
  /** Of a stream of the peer's: `accept` or `refuse` was said. Of ours: the peer was heard on it. */
  #accepted = false
  /** Of a stream of the peer's that was accepted: the word by which the peer learns it. */
  #word: Delivery = 'idle'
  /** The writer was asked to wait. */
  #awaited = false
  #told = 0
  #sending = new Sending()
  #receiving: Receiving

  /** `ports` of a stream of ours; one of the peer's gets them from its STREAM_OPEN. */
  constructor(id: number, config: StreamConfig, ports?: Ports) {
    this.id = id
    this.opener = ports !== undefined
    this.#ports = ports
    this.#open = this.opener ? 'queued' : 'idle'
    this.#receiving = new Receiving(config)
  }

  get sending(): Sending {
    return this.#sending
  }

  get receiving(): Receiving {
    return this.#receiving
  }

  /** What it takes of the budget. */
  get weight(): number {
    return STREAM_WEIGHT + this.#sending.weight + this.#receiving.weight
  }

  get ports(): Ports | undefined {
    return this.#ports
  }

  get accepted(): boolean {
    return this.#accepted
  }

  /** True once the peer is known to have the STREAM_OPEN. */
  get opened(): boolean {
    return !this.opener || this.#open === 'acked'
  }

  /** Whether the application may know of it: it has opened it, or has been asked. */
  get known(): boolean {
    return this.opener || this.#accepted
  }

  /** True once nothing more can come of it, nor need go out. */
  get over(): boolean {
    const known = this.opener ? this.#open === 'acked' : this.#accepted
    return known && this.#sending.over && this.#receiving.over
  }

  /** True if a frame other than STREAM is to go out. */
  get hasControl(): boolean {
    const { resetDue, blockedDue } = this.#sending
    const { stopDue, limitDue } = this.#receiving
    return this.#open === 'queued' || this.#word === 'queued' || resetDue || blockedDue || stopDue || limitDue
  }

  get hasFresh(): boolean {
    return this.#sending.hasFresh(this.opened)
  }

  /** The peer's STREAM_OPEN. False if it names other ports than before. */
  announce(ports: Ports): boolean {
    this.#ports ??= ports
    return this.#ports.port === ports.port && this.#ports.sourcePort === ports.sourcePort
  }

  accept(): void {
    if (this.opener || this.#accepted) return
    this.#accepted = true
    this.#word = 'queued'
  }

  refuse(code: number): void {
    this.#accepted = true
    this.#sending.reset(code)
    this.#receiving.stop(code)
  }

  /** There may be something to tell of it. True if that was not known yet. */
  becomesNews(): boolean {
    const known = this.inNews
    this.inNews = true
    return !known
  }

  /** The peer sent something on the stream that is no refusal. */
  heard(): void {
    if (this.opener) this.#accepted = true
  }

  /** True while the writer waits for 'writable'. */
  get awaited(): boolean {
    return this.#awaited
  }

  /** The writer has to wait. */
  await(): void {
    this.#awaited = true
  }

  /** Writes the frames that are due besides STREAM, as far as there is room, and adds them to `sent`. False if room ran out. */
  fillControl(writer: FrameWriter, sent: SentFrame[]): boolean {
    const { id } = this
    while (this.hasControl) {
      if (writer.room < CONTROL_BYTES_MAX) return false
      const frame = this.#takeControl()
      assert(writer.write(frame), 'no frame is longer than the longest')
      if ('limit' in frame) sent.push({ kind: frame.kind, id, limit: frame.limit })
      else sent.push({ kind: frame.kind, id })
    }
    return true
  }

  acked(frame: OfStream): void {
    switch (frame.kind) {
      case 'stream':
        return this.#sending.acked(frame)
      case 'stream-open':
        this.#open = delivered(this.#open)
        return
      case 'reset-stream':
        return this.#sending.resetAcked()
      case 'stop-sending':
        return this.#receiving.stopAcked()
      case 'max-stream-data':
        this.#word = delivered(this.#word)
        return
    }
  }

  lost(frame: OfStream): void {
    switch (frame.kind) {
      case 'stream':
        return this.#sending.lost(frame)
      case 'stream-open':
        this.#open = again(this.#open)
        return
      case 'reset-stream':
        return this.#sending.resetLost()
      case 'stop-sending':
        return this.#receiving.stopLost()
      case 'max-stream-data':
        this.#word = again(this.#word)
        return this.#receiving.limitLost(frame.limit)
      case 'stream-data-blocked':
        return this.#sending.blockedLost(frame.limit)
    }
  }

  requeue(): void {
    this.#open = again(this.#open)
    this.#word = again(this.#word)
    this.#sending.requeue()
    if (this.opener || this.#accepted) this.#receiving.requeue()
  }

  /** Adds what the application has not been told yet, in the order of StreamEvent. `relieved`: the writer need not wait any more. */
  tell(relieved: boolean, events: StreamEvent[]): void {
    const { id } = this
    if (!this.opener && this.#ports !== undefined && !this.#accepted && this.#isNews(TOLD.opened)) {
      const { port, sourcePort } = this.#ports
      events.push({ kind: 'opened', id, port, sourcePort })
    }
    if (!this.opener && !this.#accepted) return
    if (this.opener && this.#accepted && this.#isNews(TOLD.accepted)) events.push({ kind: 'accepted', id })
    for (const bytes of this.#receiving.read()) events.push({ kind: 'data', id, bytes })
    const { state: received } = this.#receiving
    if (this.#receiving.ended && this.#isNews(TOLD.end)) events.push({ kind: 'end', id })
    if ('code' in received && !this.#receiving.unwanted && this.#isNews(TOLD.reset))
      events.push({ kind: 'reset', id, code: received.code })
    this.#receiving.resetTold()
    const { state: sent } = this.#sending
    if ('stopped' in sent && sent.stopped !== undefined && this.#isNews(TOLD.stopped))
      events.push({ kind: 'stopped', id, code: sent.stopped })
    if (this.#awaited && (relieved || !this.#sending.writable)) {
      this.#awaited = false
      if (this.#sending.writable) events.push({ kind: 'writable', id })
    }
    if (sent.name === 'data-recvd' && this.#isNews(TOLD.finished)) events.push({ kind: 'finished', id })
    if (this.over && this.#isNews(TOLD.closed)) events.push({ kind: 'closed', id })
  }

  /** True the first time. */
  #isNews(bit: number): boolean {
    const news = (this.#told & bit) === 0
    this.#told |= bit
    return news
  }

  /** Undefined of a stream that nobody has accepted yet, and of one that the application has given up. */
  view(): StreamView | undefined {
    const { name } = this.#sending.state
    const abandoned = this.#receiving.unwanted && (name === 'reset-sent' || name === 'reset-recvd')
    if (this.#ports === undefined || !this.known || abandoned) return undefined
    return {
      id: this.id,
      ...this.#ports,
      opener: this.opener,
      accepted: this.#accepted,
      buffered: this.#sending.buffered,
      writable: this.#sending.writable,
      readable: !this.#receiving.unwanted && !('code' in this.#receiving.state) && !this.#receiving.over,
    }
  }

  freeze(): FrozenStream {
    return {
      id: this.id,
      ports: this.#ports,
      accepted: this.#accepted,
      open: this.#open,
      sending: this.#sending.freeze(),
      receiving: this.#receiving.freeze(),
    }
  }

  /** As it was, but that the application is told everything anew. */
  static thaw(frozen: FrozenStream, opener: boolean, config: StreamConfig): Stream {
    const stream = new Stream(frozen.id, config, opener ? frozen.ports : undefined)
    stream.#ports = frozen.ports
    stream.#accepted = frozen.accepted
    // Only who opens a stream says for which port it is.
    stream.#open = stream.opener ? frozen.open : 'idle'
    stream.#word = !opener && frozen.accepted ? 'queued' : 'idle'
    stream.#sending = Sending.thaw(frozen.sending)
    stream.#receiving = Receiving.thaw(frozen.receiving, config)
    return stream
  }

  /** The next frame that is due besides STREAM; it counts as sent. */
  #takeControl(): StreamControlFrame {
    const { id } = this
    if (this.#open === 'queued' && this.#ports !== undefined) {
      this.#open = 'sent'
      const { port, sourcePort } = this.#ports
      return { kind: 'stream-open', id, port, sourcePort }
    }
    const { state } = this.#sending
    if (this.#sending.resetDue && 'code' in state) {
      this.#sending.markReset()
      return { kind: 'reset-stream', id, code: state.code, finalSize: this.#sending.sent }
    }
    if (this.#receiving.stopDue) {
      this.#receiving.markStop()
      return { kind: 'stop-sending', id, code: this.#receiving.stopCode }
    }
    if (this.#sending.blockedDue) {
      this.#sending.markBlocked()
      return { kind: 'stream-data-blocked', id, limit: this.#sending.limit }
    }
    if (this.#word === 'queued') this.#word = 'sent'
    return { kind: 'max-stream-data', id, limit: this.#receiving.markLimit() }
  }
}
