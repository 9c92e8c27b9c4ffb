// One budget for what waits on the streams of all peers of an identity: unread, unsent or unacknowledged. It is no more than a
// capsule carries, so that no peer who reads nothing keeps the identity from moving. Nobody has a fixed share: each may hold as much as
// is still free (Choudhury and Hahne, 1998, dynamic thresholds). One alone has half of all; n that take what they can leave one in
// n + 1 free, so that who comes later, or reads what comes, always finds room. What we write stops a little earlier than what the peer
// sends: otherwise a peer that leaves our answers unread could not even open another stream. And while more than half is held, nothing
// is written that the peer's windows would not let go at once: peers who come one after another and read nothing leave half to the rest.

/** What a stream takes in a capsule however empty it is, and each separate piece of one. */
export const STREAM_WEIGHT = 256
export const PIECE_WEIGHT = 16

/** A refused write is told to try again as soon as there is room for this much of it. */
export const MORSEL_BYTES = 4_096

/** Of the budget, what is for streams and bytes of peers alone: one part in so many. */
const PEERS_PART = 32

export class StreamBudget {
  readonly #bytesMax: number
  readonly #writtenMax: number
  #held = 0
  readonly #waiting = new Set<Waiter>()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#writtenMax = bytesMax - Math.floor(bytesMax / PEERS_PART)
  }

  get held(): number {
    return this.#held
  }

  /** What is held beyond the budget: by applications that wrote on for a freeze, or by a capsule of somebody with another budget. */
  get excess(): number {
    return Math.max(0, this.#held - this.#bytesMax)
  }

  /** Nothing may be written at present but what the peer would take. */
  get scarce(): boolean {
    return 2 * this.#held > this.#bytesMax
  }

  /** How much more who holds so many bytes may take: afterwards no more than is then left. */
  room(held: number): number {
    return this.#share(this.#bytesMax, held)
  }

  /** The same of what our own applications write. */
  roomToWrite(held: number): number {
    return this.#share(this.#writtenMax, held)
  }

  #share(bytesMax: number, held: number): number {
    return Math.max(0, Math.floor((bytesMax - this.#held - held) / 2))
  }

  change(bytes: number): void {
    this.#held += bytes
    if (bytes >= 0 || this.#waiting.size === 0) return
    for (const waiter of [...this.#waiting]) {
      if (!waiter.mayGoOn) continue
      this.#waiting.delete(waiter)
      waiter.goOn()
    }
  }

  wait(waiter: Waiter): void {
    this.#waiting.add(waiter)
  }

  forget(waiter: Waiter): void {
    this.#waiting.delete(waiter)
  }
}

/** Somebody for whom there was no room: is told once there is, and waits no more then. */
interface Waiter {
  readonly mayGoOn: boolean
  goOn(): void
}

/** What the streams with one peer hold of it. */
export class StreamAccount {
  readonly budget: StreamBudget
  #held = 0

  constructor(budget: StreamBudget) {
    this.budget = budget
  }

  get held(): number {
    return this.#held
  }

  get room(): number {
    return this.budget.room(this.#held)
  }

  get roomToWrite(): number {
    return this.budget.roomToWrite(this.#held)
  }

  change(bytes: number): void {
    if (bytes === 0) return
    this.#held += bytes
    this.budget.change(bytes)
  }

  /** The streams are gone. */
  close(): void {
    this.change(-this.#held)
  }
}
