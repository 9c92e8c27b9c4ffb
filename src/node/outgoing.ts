// The writing half of a stream, between Node's queue and the engine. What Node hands over goes to the engine as it is; the answer to
// Node is withheld while enough is on its way, which is all the back-pressure there is.

import { FREEZE_ROUNDS_MAX, WRITE_PIECE_BYTES_MIN } from './config.ts'
/** What became of written bytes: taken; taken, but wait for room; not taken, wait likewise; never to be sent. */
export type Written = 'taken' | 'high' | 'full' | 'over'

/** As Node gives them to `_writev`. */
export interface Chunk {
  readonly chunk: Uint8Array
}

export type Callback = (error?: Error | null) => void

/** Where the bytes of a stream go. */
export interface OutgoingSink<S> {
  write(stream: S, bytes: Uint8Array): Written
  end(stream: S): void
}

/** The stream itself, as Node has it. */
export interface Held {
  /** Bytes that Node holds, those being handed over included. */
  readonly writableLength: number
}

/** One call of `_writev` that has not been answered. */
interface Flight {
  /** What is still to be handed over: there is no stream yet, or it is held, or all streams together are full. */
  rest: readonly Chunk[]
  handed: number
  readonly callback: Callback
  /** The engine has room for more. */
  room: boolean
}

/** The writing half of one stream. */
export class Outgoing<S extends Held> {
  /** Bytes handed to the engine. */
  written = 0
  readonly #sink: OutgoingSink<S>
  readonly #stream: S
  #begun = false
  #held = false
  #answering = false
  #flight: Flight | undefined
  #end: 'no' | 'asked' | 'told' | 'arrived' = 'no'
  #final: Callback | undefined
  #stopped: Error | undefined
  #pardoned = false

  constructor(sink: OutgoingSink<S>, stream: S) {
    this.#sink = sink
    this.#stream = stream
  }

  /** Bytes that only Node has. */
  get queued(): number {
    return this.#stream.writableLength - (this.#flight?.handed ?? 0)
  }

  /** The peer has everything, and the end of it. */
  get arrived(): boolean {
    return this.#end === 'arrived'
  }

  /** The engine has the stream. */
  begin(): void {
    this.#begun = true
    this.#hand()
    if (this.#end === 'asked') this.tellEnd()
  }

  /** For a thaw: our end was told before. */
  ended(): void {
    this.#end = 'told'
  }

  writev(chunks: readonly Chunk[], callback: Callback): void {
    if (this.#stopped !== undefined) return callback(this.#stopped)
    this.#flight = { rest: chunks, handed: 0, callback, room: true }
    if (this.#begun && (!this.#held || this.#answering)) this.#hand()
  }

  final(callback: Callback): void {
    this.#final = callback
    if (this.#end === 'no') this.#end = 'asked'
    if (this.#begun && !this.#held) this.tellEnd()
    if (this.#stopped !== undefined || this.arrived) this.#finish()
  }

  tellEnd(): void {
    if (this.#end === 'told' || this.arrived) return
    this.#end = 'told'
    this.#sink.end(this.#stream)
  }

  /** There is room again. */
  writable(): void {
    if (this.#flight === undefined) return
    this.#flight.room = true
    if (this.#flight.rest.length > 0) this.#hand()
    else this.#answer()
  }

  finished(): void {
    this.#end = 'arrived'
    this.#finish()
  }

  /**
   * The peer takes no more: whoever writes is told. Whoever has written all there was is told too, unless the peer has `ended` as
   * well: it has had what it wanted, and closes.
   */
  stop(error: Error, ended: boolean): void {
    this.#stopped = error
    this.#pardoned = ended
    const flight = this.#flight
    this.#flight = undefined
    flight?.callback(error)
    this.#finish()
  }

  /** For a freeze: Node hands over all that was written, and is not answered any more. */
  hold(writableEnded: boolean): void {
    this.#held = true
    // What had no room has it now: nothing is left behind.
    if (this.#begun) this.#hand()
    // Answering one write makes Node hand over its queue. Who writes in answer to that is asked a few times, not for ever.
    for (let round = 0; round < FREEZE_ROUNDS_MAX && this.queued > 0 && this.#flight?.rest.length === 0; round++)
      this.#answer()
    if (writableEnded && this.queued === 0) this.tellEnd()
  }

  /** The freeze came to nothing. */
  release(): void {
    this.#held = false
    if (this.#flight !== undefined && this.#flight.rest.length > 0) this.#hand()
    // An end that was told meanwhile leaves nobody who would say that there is room.
    else if (this.#flight?.room === true || this.#end === 'told' || this.arrived) this.#answer()
    if (this.#end === 'asked') this.tellEnd()
  }

  /** It is destroyed. What the engine has taken is sent, or travels; what it has not is lost, and whoever wrote it is told why. */
  close(error: Error | null, reason: () => Error): void {
    const flight = this.#flight
    this.#flight = undefined
    if (flight === undefined) return
    flight.callback(flight.rest.length > 0 ? reason() : this.#held ? null : error)
  }

  #hand(): void {
    const flight = this.#flight
    if (flight === undefined) return
    while (flight.rest[0] !== undefined) {
      const { chunk } = flight.rest[0]
      const { outcome, taken } = this.#offer(chunk)
      flight.room = outcome === 'taken'
      flight.handed += taken
      this.written += taken
      flight.rest = flight.rest.slice(1)
      if (outcome !== 'full') continue
      if (taken < chunk.length) flight.rest = [{ chunk: chunk.subarray(taken) }, ...flight.rest]
      return
    }
    if (flight.room && !this.#held) this.#answer()
  }

  /** All of it if there is room, or else as much as there is room for, as far as pieces show. */
  #offer(chunk: Uint8Array): { readonly outcome: Written; readonly taken: number } {
    let outcome = this.#sink.write(this.#stream, chunk)
    if (outcome !== 'full') return { outcome, taken: chunk.length }
    let taken = 0
    for (let size = chunk.length >> 1; size >= WRITE_PIECE_BYTES_MIN; size >>= 1) {
      outcome = this.#sink.write(this.#stream, chunk.subarray(taken, taken + size))
      if (outcome === 'over') return { outcome, taken: chunk.length }
      if (outcome !== 'full') taken += size
    }
    return { outcome: 'full', taken }
  }

  #answer(): void {
    const flight = this.#flight
    this.#flight = undefined
    this.#answering = true
    flight?.callback()
    this.#answering = false
  }

  #finish(): void {
    const final = this.#final
    this.#final = undefined
    final?.(this.arrived || this.#pardoned ? null : this.#stopped)
  }
}
