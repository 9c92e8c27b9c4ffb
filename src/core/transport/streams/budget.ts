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
  readonly #waiting = new Set<Account>()
  readonly #standing = new Set<Account>()

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
    if (bytes >= 0) return
    if (this.#standing.size > 0 && !this.scarce) this.#tellOfPlenty()
    for (const account of [...this.#waiting]) {
      if (account.roomToWrite < MORSEL_BYTES) continue
      this.#waiting.delete(account)
      account.onRoom()
    }
  }

  wait(account: Account): void {
    this.#waiting.add(account)
  }

  stand(account: Account): void {
    this.#standing.add(account)
  }

  forget(account: Account): void {
    this.#waiting.delete(account)
    this.#standing.delete(account)
  }

  #tellOfPlenty(): void {
    const standing = [...this.#standing]
    this.#standing.clear()
    for (const account of standing) account.onPlenty()
  }
}

interface Account {
  readonly roomToWrite: number
  onRoom(): void
  onPlenty(): void
}

/** What the streams with one peer hold of it, and which of them were refused. */
export class StreamAccount<S = unknown> {
  readonly #budget: StreamBudget
  #held = 0
  /** How many bytes were not taken of each: in the order in which they are told that there is room. */
  readonly #refused = new Map<S, number>()
  /** Those of which something was refused that the peer would not have taken. */
  readonly #standing = new Set<S>()
  /** Something was refused for which there may be room now. */
  onRoom: () => void = () => undefined
  /** It is `scarce` no longer: there may be room for what stands. */
  onPlenty: () => void = () => undefined

  constructor(budget: StreamBudget) {
    this.#budget = budget
  }

  get held(): number {
    return this.#held
  }

  get room(): number {
    return this.#budget.room(this.#held)
  }

  get roomToWrite(): number {
    return this.#budget.roomToWrite(this.#held)
  }

  get scarce(): boolean {
    return this.#budget.scarce
  }

  change(bytes: number): void {
    if (bytes === 0) return
    this.#held += bytes
    this.#budget.change(bytes)
  }

  /** There is no room for so many bytes of this stream: `onRoom` follows as soon as others make some. */
  refuse(stream: S, bytes: number): void {
    this.#refused.set(stream, bytes)
    this.#budget.wait(this)
  }

  /** It is scarce, and the peer would not take this of the stream: `onPlenty` follows, if the peer does not allow more before. */
  stand(stream: S): void {
    this.#standing.add(stream)
    this.#budget.stand(this)
  }

  /** Those who stand. */
  get standing(): Iterable<S> {
    return this.#standing
  }

  /** A stream need not stand any more. False if it did not. */
  move(stream: S): boolean {
    return this.#standing.delete(stream)
  }

  /** Any stream waits for room. */
  get refuses(): boolean {
    return this.#refused.size > 0
  }

  refused(stream: S): boolean {
    return this.#refused.has(stream) || this.#standing.has(stream)
  }

  /** The stream is over, and of this weight. */
  forget(stream: S, weight: number): void {
    this.#refused.delete(stream)
    this.#standing.delete(stream)
    this.change(-weight)
  }

  /** Those who may try again now, in turn, as many as there is room for; whoever writes no more is no longer in the way. */
  *admit(writes: (stream: S) => boolean): IterableIterator<S> {
    let room = this.roomToWrite
    for (const [stream, bytes] of this.#refused) {
      if (writes(stream) && room < Math.min(bytes, MORSEL_BYTES)) return this.#budget.wait(this)
      room -= bytes
      this.#refused.delete(stream)
      yield stream
    }
  }

  /** The streams are gone. */
  close(): void {
    this.change(-this.#held)
    this.#budget.forget(this)
  }
}
