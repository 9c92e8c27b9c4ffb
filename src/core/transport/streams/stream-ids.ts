// Which streams there may be, are and were (RFC 9000 §2.1, §4.6). An id is an index, counted from 0 by the end that opens the
// stream, and in its lowest bit which end that is. Ids of streams that are over are kept as ranges: no more of them than streams
// that are not.

import { Ranges } from '../../../base/ranges.ts'
import { TransportError } from '../../../wire/frame.ts'
import { STREAM_START } from '../config.ts'
import type { FrozenStreamIds } from './frozen-streams.ts'

/** Beyond it an id would not be a number that the wire can carry. */
const INDEX_MAX = 2 ** 52

export class StreamIds {
  readonly #even: boolean
  readonly #ownMax: number
  #opened = 0
  #maxStreams: number = STREAM_START.maxStreams
  #peerMaxStreams: number = STREAM_START.maxStreams
  readonly #ownClosed = new Ranges()
  readonly #peerClosed = new Ranges()
  #ownClosedCount = 0
  #peerClosedCount = 0
  /** The peer has said that its limit holds it up, when there was nothing to add. */
  #peerBlocked = false

  /** `even`: bit 0 of our ids is 0. `ownMax`: streams of ours open at once. */
  constructor(even: boolean, ownMax: number) {
    this.#even = even
    this.#ownMax = ownMax
  }

  /** True of an id that this end gives out. */
  own(id: number): boolean {
    return (id % 2 === 0) === this.#even
  }

  /** How many streams the peer allows in all. */
  get maxStreams(): number {
    return this.#maxStreams
  }

  /** True if one more stream of ours may be opened. */
  get openable(): boolean {
    return this.#opened - this.#ownClosedCount < this.#ownMax && this.#opened < this.#maxStreams
  }

  /** True if the peer's limit is what stands against one more. */
  get blocked(): boolean {
    return this.#opened >= this.#maxStreams
  }

  /** The id of a new stream, where `openable`. */
  open(): number {
    return 2 * this.#opened++ + (this.#even ? 0 : 1)
  }

  /** MAX_STREAMS of the peer. */
  raise(limit: number): void {
    this.#maxStreams = Math.max(this.#maxStreams, Math.min(limit, INDEX_MAX))
  }

  /** Whether a frame of the peer's may be about this stream; a number is the code of a violation. */
  judge(id: number): 'lives' | 'over' | number {
    const index = Math.floor(id / 2)
    if (this.own(id)) {
      if (index >= this.#opened) return TransportError.STREAM_STATE
      return this.#ownClosed.contains(index) ? 'over' : 'lives'
    }
    if (index >= this.#peerMaxStreams) return TransportError.STREAM_LIMIT
    return this.#peerClosed.contains(index) ? 'over' : 'lives'
  }

  close(id: number): void {
    const index = Math.floor(id / 2)
    if (this.own(id)) {
      this.#ownClosed.add(index, index + 1)
      this.#ownClosedCount++
    } else {
      this.#peerClosed.add(index, index + 1)
      this.#peerClosedCount++
    }
  }

  /** The peer says that `limit` holds it up, which it does once: anything that can be added is due then, at once or later. */
  peerBlocked(limit: number): void {
    this.#peerBlocked ||= limit >= this.#peerMaxStreams || this.#rise > 0
  }

  /** True if the peer's limit can rise by a quarter of what is open at once; at all, for a peer that waits for it. */
  get due(): boolean {
    return this.#rise >= STREAM_START.maxStreams / 4 || (this.#peerBlocked && this.#rise > 0)
  }

  /** What the peer was last told. */
  get peerMaxStreams(): number {
    return this.#peerMaxStreams
  }

  /** Raises the peer's limit, of which it is about to be told. */
  raisePeer(): number {
    this.#peerBlocked = false
    this.#peerMaxStreams += this.#rise
    return this.#peerMaxStreams
  }

  freeze(): FrozenStreamIds {
    return {
      opened: this.#opened,
      maxStreams: this.#maxStreams,
      peerMaxStreams: this.#peerMaxStreams,
      ownClosed: [...this.#ownClosed],
      peerClosed: [...this.#peerClosed],
    }
  }

  static thaw(frozen: FrozenStreamIds, even: boolean, ownMax: number): StreamIds {
    const ids = new StreamIds(even, ownMax)
    ids.#opened = frozen.opened
    ids.#maxStreams = frozen.maxStreams
    ids.#peerMaxStreams = frozen.peerMaxStreams
    for (const { start, end } of frozen.ownClosed) ids.#ownClosed.add(start, end)
    for (const { start, end } of frozen.peerClosed) ids.#peerClosed.add(start, end)
    ids.#ownClosedCount = ids.#ownClosed.size
    ids.#peerClosedCount = ids.#peerClosed.size
    return ids
  }

  get #rise(): number {
    return Math.min(this.#peerClosedCount + STREAM_START.maxStreams, INDEX_MAX) - this.#peerMaxStreams
  }
}
