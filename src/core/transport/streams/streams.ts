// The streams of one association (RFC 9000 §2–§4): commands of the application and frames of the peer in, frames and events out.
// All are bidirectional, and an application is told of one of the peer's only when its STREAM_OPEN has said for which port it is.

import { type StreamFrame, TransportError } from '../../../wire/frame.ts'
import type { FrameWriter } from '../../../wire/frame-writer.ts'
import { STREAM_START, type StreamConfig } from '../config.ts'
import { STREAM_WEIGHT, StreamAccount, StreamBudget } from './budget.ts'
import type { FrozenStreams } from './frozen-streams.ts'
import { Outgoing } from './outgoing.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { OfAll, SentFrame } from './sent-frame.ts'
import { Stream } from './stream.ts'
import type { StreamEvent, StreamView } from './stream-events.ts'
import { StreamIds } from './stream-ids.ts'
import type { StreamsOptions, Written } from './streams-options.ts'
import { Writers } from './writers.ts'

export type { SentFrame } from './sent-frame.ts'
export type { StreamEvent, StreamView } from './stream-events.ts'

export class Streams {
  /** What waits here, of the budget of the identity. */
  readonly account: StreamAccount
  readonly #config: StreamConfig
  #ids: StreamIds
  #window: ReceiveWindow
  readonly #streams = new Map<number, Stream>()
  readonly #outgoing: Outgoing
  readonly #writers: Writers
  /** Streams of which there may be something to tell, each once. */
  #news: Stream[] = []
  /** Of the stream that is changing, before it does. */
  #wasReceived = 0
  #wasConsumed = 0
  #wasWeight = 0
  /** `open` said 'limit', and the application was not yet told that it would not any more. */
  #awaited = false
  /** The peer has opened a stream, and waits for an answer to it. */
  knocked = false

  constructor({ config, even, budget = new StreamBudget(config.waitingBytesMax) }: StreamsOptions) {
    this.#config = config
    this.account = new StreamAccount(budget)
    this.#ids = new StreamIds(even, config.streamsMax)
    this.#window = new ReceiveWindow(STREAM_START.maxData, config.associationWindowBytesMax)
    this.#outgoing = new Outgoing((subject, raised) => this.#limit(subject, raised))
    const { sendHighWaterBytes } = config
    this.#writers = new Writers(this.account, this.#outgoing, sendHighWaterBytes, (stream) => this.#note(stream))
  }

  // ── Commands. One about a stream that is over, or in a state past it, changes nothing: the application may not know yet. ──

  /** A new stream to `port`, by its id; 'limit' where the peer or our own configuration allows no more at present. */
  open(port: number, sourcePort: number): number | 'limit' {
    if (!this.#ids.openable) {
      if (this.#ids.blocked) this.#outgoing.queue('streams-blocked')
      this.#awaited = true
      return 'limit'
    }
    const stream = this.#add(new Stream(this.#ids.open(), this.#config, { port, sourcePort }))
    this.#outgoing.schedule(stream)
    return stream.id
  }

  /** Copies `bytes` if there is room for them. `last`: for a freeze, whether there is or not. */
  write(id: number, bytes: Uint8Array, last = false): Written {
    const stream = this.#streams.get(id)
    if (stream === undefined || !stream.sending.writable) return 'over'
    const full = !last && !this.#writers.admit(stream, bytes.length)
    if (!full) {
      this.#before(stream)
      stream.sending.write(bytes)
      this.#after(stream)
    }
    if (this.#writers.relieved(stream)) return 'taken'
    stream.await()
    return full ? 'full' : 'high'
  }

  /** Ends what is sent: FIN. */
  end(id: number): void {
    this.#with(id, (stream) => stream.sending.end())
  }

  /** Abandons what is sent: RESET_STREAM. */
  reset(id: number, code: number): void {
    this.#with(id, (stream) => stream.sending.reset(code))
  }

  /** Nothing more is wanted of what comes: STOP_SENDING, and no event tells of it any more. */
  stop(id: number, code: number): void {
    this.#with(id, (stream) => stream.receiving.stop(code))
  }

  /** The application has taken `bytes` more of what 'data' gave it. `rttMs`: smoothed; 0 if unknown, and then no window grows. */
  consumed(now: number, id: number, bytes: number, rttMs: number): void {
    const { room } = this.account
    const stream = this.#streams.get(id)
    if (stream !== undefined) {
      this.#before(stream)
      stream.receiving.consume(now, bytes, rttMs, room)
      this.#after(stream, stream.over)
      this.#window.atLeast(2 * stream.receiving.window.size)
    }
    this.#window.pace(now, rttMs, room)
    this.#raiseData()
  }

  /** The application waits for so many bytes of a stream at once, and takes none before. */
  want(id: number, bytes: number): void {
    this.#window.atLeast(2 * Math.min(bytes, this.#config.streamWindowBytesMax))
    this.#with(id, (stream) => stream.receiving.want(bytes))
  }

  /** An 'opened' stream has a listener; the peer learns it by a first MAX_STREAM_DATA. */
  accept(id: number): void {
    this.#with(id, (stream) => stream.accept())
  }

  /** An 'opened' stream has none: both its directions are abandoned with `code`. */
  refuse(id: number, code: number): void {
    this.#with(id, (stream) => stream.refuse(code))
  }

  /** Bytes of a stream that are unsent or unacknowledged. */
  buffered(id: number): number {
    return this.#streams.get(id)?.sending.buffered ?? 0
  }

  /** The streams an application can still do something with, in the order they began here. */
  list(): readonly StreamView[] {
    return [...this.#streams.values()].flatMap((stream) => stream.view() ?? [])
  }

  /** Those that an application knows of, given up or not, in the order they began here. */
  known(): readonly number[] {
    return [...this.#streams.values()].flatMap(({ id, known }) => (known ? [id] : []))
  }

  // ── From the peer ──

  /**
   * Takes a frame. A code of TransportError is a violation, after which the transport is closed and this is not used again; of what
   * was 'full' nothing may be acknowledged, so that it comes again.
   */
  receive(frame: StreamFrame): number | 'full' | undefined {
    switch (frame.kind) {
      case 'max-data':
        this.#outgoing.raise(frame.limit)
        return void this.#writers.readmit()
      case 'max-streams':
        return void this.#ids.raise(frame.limit)
      case 'data-blocked':
        this.#window.blocked(frame.limit)
        return void this.#raiseData()
      case 'streams-blocked':
        this.#ids.peerBlocked(frame.limit)
        return void this.#raiseStreams()
      default:
        return this.#receiveOfStream(frame)
    }
  }

  // ── To the peer ──

  /** True if `fill` would write something into an empty packet. */
  get wantsToSend(): boolean {
    return this.#outgoing.wantsToSend
  }

  /** Unsent bytes that the limits of the peer let go. */
  get readyBytes(): number {
    return this.#outgoing.readyBytes
  }

  /** Writes frames as far as there is room, and says which, to be told by `acked` or `lost`. */
  fill(writer: FrameWriter, now = Number.NaN): readonly SentFrame[] {
    return this.#outgoing.fill(writer, now)
  }

  acked(frame: SentFrame): void {
    const stream = 'id' in frame ? this.#streams.get(frame.id) : undefined
    if (stream === undefined || !('id' in frame)) return
    this.#before(stream)
    stream.acked(frame)
    this.#after(stream)
  }

  /** What of it is still to be said, and not acknowledged meanwhile, is due again. */
  lost(frame: SentFrame): void {
    if ('id' in frame) this.#with(frame.id, (stream) => stream.lost(frame))
    else this.#outgoing.lost(frame)
  }

  /** After a thaw of either end: everything that is not acknowledged, and all limits, are due again. */
  requeueAll(): void {
    this.#outgoing.queue('max-data')
    this.#outgoing.queue('max-streams')
    this.#outgoing.requeue()
    if (this.#awaited && this.#ids.blocked) this.#outgoing.queue('streams-blocked')
    for (const { id } of this.#streams.values()) this.#with(id, (stream) => stream.requeue())
  }

  // ── To the application ──

  /** There is something to tell. */
  get hasNews(): boolean {
    return this.#news.length > 0 || (this.#awaited && this.#ids.openable)
  }

  /** What there is to tell since the last time; an answer, such as `accept`, may lead to more. */
  events(): readonly StreamEvent[] {
    const events: StreamEvent[] = []
    const news = this.#news
    this.#news = []
    this.knocked = false
    for (const stream of news) {
      stream.inNews = false
      stream.tell(this.#writers.relieved(stream), events)
      if (stream.over) this.#forget(stream)
    }
    if (this.#awaited && this.#ids.openable) events.push({ kind: 'openable' })
    this.#awaited &&= !this.#ids.openable
    return events
  }

  /** The stream on which most waits. */
  get heaviest(): number | undefined {
    const [first, ...rest] = this.#streams.values()
    return first && rest.reduce((most, stream) => (stream.weight > most.weight ? stream : most), first).id
  }

  /** To be called when there may be something to tell although nothing happened here: others have made room. */
  onRoom(tell: () => void): void {
    this.#writers.onRoom(tell)
  }

  /** All of them are gone. */
  close(): void {
    this.account.close()
    this.#writers.close()
  }

  // ── Moving ──

  freeze(): FrozenStreams {
    return {
      ids: this.#ids.freeze(),
      maxData: this.#outgoing.maxData,
      sent: this.#outgoing.sent,
      window: this.#window.freeze(),
      streams: [...this.#streams.values()].sort((a, b) => a.id - b.id).map((stream) => stream.freeze()),
    }
  }

  /** Goes on where `frozen` ended, as after `requeueAll`; events tell anew all that holds, with unread bytes. */
  static thaw(frozen: FrozenStreams, options: StreamsOptions): Streams {
    const streams = new Streams(options)
    const { config, even } = options
    streams.#ids = StreamIds.thaw(frozen.ids, even, config.streamsMax)
    streams.#window = ReceiveWindow.thaw(frozen.window, config.associationWindowBytesMax)
    streams.#outgoing.thaw(frozen.maxData, frozen.sent)
    for (const one of frozen.streams) streams.#add(Stream.thaw(one, streams.#ids.own(one.id), config))
    streams.requeueAll()
    return streams
  }

  #receiveOfStream(frame: Exclude<StreamFrame, OfAll>): number | 'full' | undefined {
    const { id } = frame
    const own = this.#ids.own(id)
    const judged = this.#ids.judge(id)
    if (judged !== 'lives') return judged === 'over' ? undefined : judged
    // Only the end that opens a stream says for which port it is.
    if (own && frame.kind === 'stream-open') return TransportError.STREAM_STATE
    let stream = this.#streams.get(id)
    if (stream === undefined) {
      // Only a capsule that is wrong leaves out a stream of ours.
      if (own) return TransportError.STREAM_STATE
      if (this.account.room < STREAM_WEIGHT) return 'full'
      stream = this.#add(new Stream(id, this.#config))
    }
    this.#before(stream)
    const fault = this.#take(stream, frame)
    this.#after(stream)
    return fault
  }

  #take(stream: Stream, frame: Exclude<StreamFrame, OfAll>): number | 'full' | undefined {
    const { sending, receiving } = stream
    switch (frame.kind) {
      case 'stream-open':
        this.knocked = true
        return stream.announce({ port: frame.port, sourcePort: frame.sourcePort })
          ? undefined
          : TransportError.PROTOCOL_VIOLATION
      case 'stream': {
        const end = frame.offset + frame.data.length
        const fault = this.#fault(stream, end, frame.fin)
        if (fault !== undefined) return fault
        const growth = receiving.growth(frame.offset, frame.data.length)
        if (growth > 0 && growth > this.account.room) return 'full'
        stream.heard()
        return receiving.data(frame.offset, frame.data, frame.fin)
      }
      case 'reset-stream': {
        const fault = this.#fault(stream, frame.finalSize, true)
        if (fault === undefined) receiving.reset(frame.code, frame.finalSize, stream.known)
        return fault
      }
      case 'stop-sending':
        return void sending.stopped(frame.code)
      case 'max-stream-data':
        stream.heard()
        sending.raise(frame.limit)
        return void this.#writers.raised(stream)
      case 'stream-data-blocked':
        return void receiving.blocked(frame.limit)
    }
  }

  /** What is wrong with bytes of a stream up to `end`: in itself, for all streams together, or before its STREAM_OPEN. */
  #fault(stream: Stream, end: number, final: boolean): number | undefined {
    const { receiving } = stream
    const fault = receiving.fault(end, final)
    if (fault !== undefined) return fault
    const early = !stream.opener && stream.ports === undefined && end > STREAM_START.unopenedBytes
    const fits = this.#window.allows(end - receiving.window.received)
    return early || !fits ? TransportError.FLOW_CONTROL : undefined
  }

  #with(id: number, change: (stream: Stream) => void): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    this.#before(stream)
    change(stream)
    this.#after(stream)
  }

  /** A stream is about to change; one at a time … */
  #before(stream: Stream): void {
    const { window } = stream.receiving
    this.#wasReceived = window.received
    this.#wasConsumed = window.consumed
    this.#wasWeight = stream.weight
  }

  /** … and has changed: whatever hangs on it follows, sums, turns and, unless there are none, news. */
  #after(stream: Stream, news = true): void {
    const { window } = stream.receiving
    this.#window.receive(window.received - this.#wasReceived)
    this.#window.consume(window.consumed - this.#wasConsumed)
    this.#raiseData()
    this.account.change(stream.weight - this.#wasWeight)
    this.#outgoing.schedule(stream)
    if (news) this.#note(stream)
    this.#writers.readmit()
  }

  #note(stream: Stream): void {
    if (stream.becomesNews()) this.#news.push(stream)
  }

  #add(stream: Stream): Stream {
    this.#streams.set(stream.id, stream)
    this.account.change(stream.weight)
    return stream
  }

  #forget(stream: Stream): void {
    if (!this.#streams.delete(stream.id)) return
    this.account.change(-stream.weight)
    this.#writers.forget(stream)
    this.#outgoing.forget(stream)
    this.#ids.close(stream.id)
    this.#raiseStreams()
  }

  #raiseData(): void {
    if (this.#window.due) this.#outgoing.queue('max-data')
  }

  #raiseStreams(): void {
    if (this.#ids.due) this.#outgoing.queue('max-streams')
  }

  #limit(subject: Exclude<OfAll['kind'], 'data-blocked'>, raised: boolean): number {
    switch (subject) {
      case 'max-data':
        if (raised) this.#window.raise()
        return this.#window.limit
      case 'max-streams':
        if (raised) this.#ids.raisePeer()
        return this.#ids.peerMaxStreams
      case 'streams-blocked':
        return this.#ids.maxStreams
    }
  }
}
