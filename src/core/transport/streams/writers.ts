// Which streams of an association may be written at present, for what the others wait, and who is told that it has come. Those for whom
// there is no room in the budget, or while that is scarce in MAX_DATA, wait in a line: whoever is told may write as much as it asked for,
// and goes to the end. Who waits, while room is scarce, for its own MAX_STREAM_DATA stands beside it, in nobody's way.

import { MORSEL_BYTES, type StreamAccount } from './budget.ts'
import type { Outgoing } from './outgoing.ts'
import type { Stream } from './stream.ts'

export class Writers {
  readonly #account: StreamAccount
  readonly #outgoing: Outgoing
  readonly #highWaterBytes: number
  readonly #tell: (stream: Stream) => void
  /** How many bytes were not taken of each, in the order in which they are told. */
  readonly #line = new Map<Stream, number>()
  readonly #standing = new Map<Stream, number>()
  /** What those may write who were told, whoever waits. */
  readonly #invited = new Map<Stream, number>()
  #onRoom: () => void = () => undefined

  /** `tell`: there may be something to tell of this stream. */
  constructor(account: StreamAccount, outgoing: Outgoing, highWaterBytes: number, tell: (stream: Stream) => void) {
    this.#account = account
    this.#outgoing = outgoing
    this.#highWaterBytes = highWaterBytes
    this.#tell = tell
  }

  /** Whether so much may be written; if not, the stream waits. */
  admit(stream: Stream, bytes: number): boolean {
    const { scarce } = this.#account.budget
    if (scarce && bytes > stream.sending.headroom) return this.#stand(stream, bytes)
    if (bytes > Math.min(this.#room, this.#turnBytes(stream))) return this.#queue(stream, bytes)
    const left = (this.#invited.get(stream) ?? 0) - bytes
    if (left > 0) this.#invited.set(stream, left)
    else this.#invited.delete(stream)
    return true
  }

  /** True if the writer need not wait. */
  relieved(stream: Stream): boolean {
    return stream.sending.buffered < this.#highWaterBytes && !this.#line.has(stream) && !this.#standing.has(stream)
  }

  /** Something has changed: what one stream frees may be what others wait for. In turn, as many as there is room for. */
  readmit(): void {
    if (this.#line.size === 0) return
    let room = this.#room
    for (const [stream, bytes] of this.#line) {
      // Whoever writes no more is no longer in the way.
      if (!stream.sending.writable) this.#line.delete(stream)
      else if (room < Math.min(bytes, MORSEL_BYTES)) return this.#account.budget.wait(this)
      else {
        this.#line.delete(stream)
        this.#invited.set(stream, Math.min(bytes, room))
        room -= bytes
      }
      this.#tell(stream)
    }
  }

  /** The peer allows more of this stream. */
  raised(stream: Stream): void {
    const bytes = this.#standing.get(stream)
    if (bytes === undefined) return
    this.#standing.delete(stream)
    this.#line.set(stream, bytes)
    this.readmit()
  }

  /** The stream is over. */
  forget(stream: Stream): void {
    for (const waiting of [this.#line, this.#standing, this.#invited]) waiting.delete(stream)
  }

  /** All of them are over. */
  close(): void {
    this.#account.budget.forget(this)
  }

  /** To be called when there may be something to tell although nothing happened here: others have made room. */
  onRoom(tell: () => void): void {
    this.#onRoom = tell
  }

  /** For the budget. */
  get mayGoOn(): boolean {
    if (this.#standing.size > 0 && !this.#account.budget.scarce) return true
    return this.#line.size > 0 && this.#room >= MORSEL_BYTES
  }

  /** For the budget. */
  goOn(): void {
    if (this.#account.budget.scarce) {
      if (this.#standing.size > 0) this.#account.budget.wait(this)
    } else {
      for (const [stream, bytes] of this.#standing) this.#line.set(stream, bytes)
      this.#standing.clear()
    }
    this.readmit()
    this.#onRoom()
  }

  /** While room is scarce, only what the peer lets go at once (THREATS, L2). */
  get #room(): number {
    const { roomToWrite, budget } = this.#account
    return budget.scarce ? Math.min(roomToWrite, this.#outgoing.headroom) : roomToWrite
  }

  /** What others who wait leave to it. */
  #turnBytes(stream: Stream): number {
    for (const first of this.#line.keys()) return first === stream ? Infinity : (this.#invited.get(stream) ?? 0)
    return Infinity
  }

  #stand(stream: Stream, bytes: number): false {
    this.#line.delete(stream)
    this.#standing.set(stream, Math.max(bytes, this.#standing.get(stream) ?? 0))
    this.#account.budget.wait(this)
    this.#outgoing.standsBy(stream)
    return false
  }

  #queue(stream: Stream, bytes: number): false {
    this.#standing.delete(stream)
    // Who is refused much offers less at once, and still wants as much.
    this.#line.set(stream, Math.max(bytes, this.#line.get(stream) ?? 0))
    this.#account.budget.wait(this)
    if (this.#account.budget.scarce && bytes > this.#outgoing.headroom) this.#outgoing.stands()
    return false
  }
}
