// Which streams may be written at present, for what the others wait, and when they are told that it has come: room in the budget, in
// turn; a larger window of the peer's, while room is scarce; or less that is unsent of their own.

import type { StreamAccount } from './budget.ts'
import type { Outgoing } from './outgoing.ts'
import type { Stream } from './stream.ts'

export class Writers {
  readonly #account: StreamAccount<Stream>
  readonly #outgoing: Outgoing
  readonly #highWaterBytes: number
  readonly #tell: (stream: Stream) => void

  /** `tell`: there may be something to tell of this stream. */
  constructor(
    account: StreamAccount<Stream>,
    outgoing: Outgoing,
    highWaterBytes: number,
    tell: (stream: Stream) => void,
  ) {
    this.#account = account
    this.#outgoing = outgoing
    this.#highWaterBytes = highWaterBytes
    this.#tell = tell
  }

  /** Whether so much may be written; if not, the stream waits. */
  admit(stream: Stream, bytes: number): boolean {
    if (this.#account.scarce && bytes > this.#outgoing.headroom(stream)) this.#account.stand(stream)
    else if (bytes > this.#account.roomToWrite) this.#account.refuse(stream, bytes)
    else return true
    return false
  }

  /** True if the writer need not wait. */
  relieved(stream: Stream): boolean {
    return stream.sending.buffered < this.#highWaterBytes && !this.#account.refused(stream)
  }

  /** Something has changed: what one stream frees may be what another waits for. */
  readmit(): void {
    if (!this.#account.refuses) return
    for (const one of this.#account.admit(({ sending }) => sending.writable)) this.#tell(one)
  }

  /** The peer allows more of this stream … */
  raised(stream: Stream): void {
    if (this.#account.move(stream)) this.#tell(stream)
  }

  /** … or of all, or what is ready to leave has become less. */
  allRaised(): void {
    for (const stream of this.#account.standing) this.raised(stream)
  }

  /** To be called when there may be something to tell although nothing happened here: others have made room. */
  onRoom(tell: () => void): void {
    this.#account.onRoom = () => {
      this.readmit()
      tell()
    }
    this.#account.onPlenty = () => {
      this.allRaised()
      tell()
    }
  }
}
