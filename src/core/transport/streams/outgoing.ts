// What the streams of an association have to send, and in which order: limits and what concerns whole streams first, then lost
// bytes, then new ones; among streams by turns. New bytes of all streams together stay within MAX_DATA (RFC 9000 §4.1).

import { type FrameWriter, streamDataBytes } from '../../../wire/frame-writer.ts'
import { STREAM_START } from '../config.ts'
import type { OfAll, SentFrame } from './sent-frame.ts'
import { CONTROL_BYTES_MAX, type Stream } from './stream.ts'

type Subject = OfAll['kind']

/** The number that such a frame says at present; `raised`: it is about to be said, so a limit rises as far as it can. */
export type Limits = (subject: Exclude<Subject, 'data-blocked'>, raised: boolean) => number

/** Behind other frames, fewer bytes of a longer stream than this are not worth a header. */
const MORSEL_BYTES = 32

/**
 * What one stream may send before it is another's turn, if it leaves in one burst: on a slow path turns are short. A whole packet
 * within one machine, where packets are long: what comes in few large pieces is kept as it came, and told in few words.
 */
const TURN_BYTES = 65_536

/** In which lines a stream stands, as bits of one number. */
const CONTROL = 1
const REPEATS = 2
const FRESH = 4

export class Outgoing {
  readonly #limits: Limits
  readonly #subjects = new Set<Subject>()
  /** Streams in the order of their turns. */
  readonly #control = new Set<Stream>()
  readonly #repeats = new Set<Stream>()
  readonly #fresh = new Set<Stream>()
  #maxData: number = STREAM_START.maxData
  #sent = 0
  /** Bytes of all streams that their own limits let go. */
  #ready = 0
  /** The MAX_DATA at which the peer was last told that it holds us up. */
  #blockedAt = -1
  /** It holds up somebody who has perhaps nothing that waits. */
  #stands = false
  /** Whose turn it is, since when, and what it has sent in it. */
  #turn: Stream | undefined
  #turnAt = Number.NaN
  #turnBytes = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** MAX_DATA of the peer. */
  get maxData(): number {
    return this.#maxData
  }

  /** Bytes of all streams that were sent, each once. */
  get sent(): number {
    return this.#sent
  }

  /** How much more may be written, of streams that the peer allows it of, and leave within what it allows of all. */
  get headroom(): number {
    return Math.max(0, this.#maxData - this.#sent - this.#ready)
  }

  /** Something was not written because MAX_DATA would not let it go: a peer that does not hear so adds nothing before a quarter of its window. */
  stands(): void {
    this.#stands = true
    this.#noteBlocked()
  }

  /** The same of the limit of a stream. */
  standsBy(stream: Stream): void {
    stream.sending.stands()
    this.schedule(stream)
  }

  /** Bytes that were not sent yet and that all limits let go. */
  get readyBytes(): number {
    return Math.min(this.#ready, this.#maxData - this.#sent)
  }

  get wantsToSend(): boolean {
    const free = this.#subjects.size + this.#control.size + this.#repeats.size
    return free > 0 || (this.#fresh.size > 0 && this.#maxData > this.#sent)
  }

  /** A limit, or that one holds us up, is to be told. */
  queue(subject: Subject): void {
    this.#subjects.add(subject)
  }

  raise(maxData: number): void {
    if (maxData > this.#maxData) this.#stands = false
    this.#maxData = Math.max(this.#maxData, maxData)
    this.#noteBlocked()
  }

  /** Looks anew at what a stream has to send; a turn it has already it keeps. */
  schedule(stream: Stream): void {
    const turns =
      (stream.hasControl ? CONTROL : 0) | (stream.sending.repeats ? REPEATS : 0) | (stream.hasFresh ? FRESH : 0)
    const { ready } = stream.sending
    this.#ready += ready - stream.ready
    stream.ready = ready
    const changed = turns ^ stream.turns
    if (changed !== 0) {
      stream.turns = turns
      if ((changed & CONTROL) !== 0) toggle(this.#control, stream)
      if ((changed & REPEATS) !== 0) toggle(this.#repeats, stream)
      if ((changed & FRESH) !== 0) toggle(this.#fresh, stream)
    }
    this.#noteBlocked()
  }

  /** A frame that is about all streams was lost: again, if it still says what holds. */
  lost(frame: OfAll): void {
    if (frame.kind === 'data-blocked') {
      if (frame.limit === this.#maxData) this.requeue()
    } else if (frame.limit === this.#limits(frame.kind, false)) this.queue(frame.kind)
  }

  /** If MAX_DATA holds us up, the peer is told again. */
  requeue(): void {
    this.#blockedAt = -1
    this.#noteBlocked()
  }

  forget(stream: Stream): void {
    for (const turns of [this.#control, this.#repeats, this.#fresh]) turns.delete(stream)
    stream.turns = 0
    this.#ready -= stream.ready
    stream.ready = 0
    if (this.#turn === stream) this.#turn = undefined
  }

  /** Writes what is due at `now`, as far as there is room. */
  fill(writer: FrameWriter, now: number): readonly SentFrame[] {
    const sent: SentFrame[] = []
    if (now !== this.#turnAt) this.#endTurn()
    this.#turnAt = now
    if (!this.#fillLimits(writer, sent) || !this.#fillControl(writer, sent)) return sent
    while (this.#fillNext(this.#repeats, writer, sent)) {
      // One frame of one stream at a time.
    }
    if (this.#repeats.size > 0) return sent
    while (this.#maxData > this.#sent && this.#fillNext(this.#fresh, writer, sent)) {
      // As above.
    }
    this.#noteBlocked()
    return sent
  }

  thaw(maxData: number, sent: number): void {
    this.#maxData = maxData
    this.#sent = sent
  }

  #fillLimits(writer: FrameWriter, sent: SentFrame[]): boolean {
    for (const kind of this.#subjects) {
      if (writer.room < CONTROL_BYTES_MAX) return false
      const frame: OfAll = { kind, limit: kind === 'data-blocked' ? this.#maxData : this.#limits(kind, true) }
      writer.write(frame)
      sent.push(frame)
      this.#subjects.delete(kind)
    }
    return true
  }

  #fillControl(writer: FrameWriter, sent: SentFrame[]): boolean {
    for (const stream of this.#control) {
      if (!stream.fillControl(writer, sent)) return false
      this.#control.delete(stream)
      stream.turns &= ~CONTROL
    }
    return true
  }

  /** A frame of the stream whose turn it is. False if there is no such stream, or no room. */
  #fillNext(turns: Set<Stream>, writer: FrameWriter, sent: SentFrame[]): boolean {
    const stream = first(turns)
    if (stream === undefined) return false
    const { id, sending } = stream
    const chunk = sending.next(this.#maxData - this.#sent, stream.opened)
    if (chunk !== undefined) {
      const length = Math.min(chunk.length, streamDataBytes(writer.room, id, chunk.offset))
      const morsel = length < chunk.length && length < MORSEL_BYTES && writer.length > 0
      if (length < 0 || (length === 0 && chunk.length > 0) || morsel) return false
      const before = sending.sent
      const { offset } = chunk
      const fin = chunk.fin && length === chunk.length
      writer.stream(id, offset, length, fin, sending)
      sending.mark(chunk, length)
      sent.push({ kind: 'stream', id, offset, length, fin })
      this.#sent += sending.sent - before
      this.#turnBytes = stream === this.#turn ? this.#turnBytes + length : length
      this.#turn = stream
    }
    this.schedule(stream)
    if (this.#turnBytes >= TURN_BYTES) this.#endTurn()
    return true
  }

  /** Of several, whose turn is over goes to the end of the line. */
  #endTurn(): void {
    const stream = this.#turn
    this.#turn = undefined
    if (stream === undefined) return
    for (const turns of [this.#repeats, this.#fresh]) if (turns.size > 1 && turns.delete(stream)) turns.add(stream)
  }

  #noteBlocked(): void {
    const blocked = this.#stands || (this.#fresh.size > 0 && this.#maxData <= this.#sent)
    if (!blocked || this.#blockedAt === this.#maxData) return
    this.#blockedAt = this.#maxData
    this.#subjects.add('data-blocked')
  }
}

function first(turns: ReadonlySet<Stream>): Stream | undefined {
  for (const stream of turns) return stream
  return undefined
}

function toggle(turns: Set<Stream>, stream: Stream): void {
  if (!turns.delete(stream)) turns.add(stream)
}
