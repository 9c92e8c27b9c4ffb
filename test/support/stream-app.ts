// An application with streams at one end of a wire (pair.ts). It reads as slowly as it is told to, and goes on at another end after a
// thaw: what it had not read is told again there.

import { concat } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { StreamEvent } from '../../src/core/engine.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import type { Hit } from '../../src/crypto/hit.ts'
import type { End, Wire } from './pair.ts'

/** One stream as the application has it. */
export interface Line {
  readonly id: number
  /** What it has read, in pieces. */
  read: Uint8Array[]
  /** What it was told and has not read. */
  unread: Uint8Array[]
  ended: boolean
  finished: boolean
  closed: boolean
  resetCode: number | undefined
  stoppedCode: number | undefined
  lost: string | undefined
}

export interface AppOptions {
  /** Writes whatever is read back on the same stream, and ends it when the peer has. */
  readonly echo?: boolean
  /** Reads at once; otherwise by `read`. By default it does. */
  readonly eager?: boolean
}

export class StreamApp {
  readonly wire: Wire
  readonly peer: Hit
  readonly lines: Map<number, Line> = new Map()
  readonly #options: AppOptions
  #end: End

  constructor(wire: Wire, end: End, peer: Hit, options: AppOptions = {}) {
    this.wire = wire
    this.peer = peer
    this.#options = options
    this.#end = end
    this.attend(end)
  }

  get end(): End {
    return this.#end
  }

  /** Goes on at another end. What was told and not read comes again, if that is after a thaw. */
  attend(end: End, thawed = true): void {
    this.#end = end
    for (const line of thawed ? this.lines.values() : []) {
      line.unread = []
      line.ended = false
    }
    end.listener = (event) => this.#hear(event)
  }

  open(port: number): number {
    const id = this.#end.engine.openStream(this.wire.now, this.peer, port)
    if (typeof id === 'string') throw new Error(`no stream: ${id}`)
    this.line(id)
    return id
  }

  /** Writes, and ends if nothing else is said. */
  say(id: number, bytes: Uint8Array, end = true): void {
    const { engine } = this.#end
    engine.writeStream(this.wire.now, this.peer, id, bytes)
    if (end) engine.endStream(this.wire.now, this.peer, id)
  }

  /** Takes at most `limit` bytes of what was told. */
  read(id: number, limit = Infinity): number {
    const line = this.line(id)
    let taken = 0
    while (taken < limit) {
      const [first, ...rest] = line.unread
      if (first === undefined) break
      const piece = first.subarray(0, limit - taken)
      line.read.push(piece.slice())
      line.unread = piece.length === first.length ? rest : [first.subarray(piece.length), ...rest]
      taken += piece.length
      this.#end.engine.consumed(this.wire.now, this.peer, id, piece.length)
      if (this.#options.echo === true) this.say(id, piece, false)
    }
    if (this.#options.echo === true && line.ended && line.unread.length === 0)
      this.#end.engine.endStream(this.wire.now, this.peer, id)
    return taken
  }

  /** Everything that was read on a stream. */
  text(id: number): Uint8Array {
    return concat(...this.line(id).read)
  }

  line(id: number): Line {
    const known = this.lines.get(id)
    if (known !== undefined) return known
    const line: Line = {
      id,
      read: [],
      unread: [],
      ended: false,
      finished: false,
      closed: false,
      resetCode: undefined,
      stoppedCode: undefined,
      lost: undefined,
    }
    this.lines.set(id, line)
    return line
  }

  #hear(event: MachineEvent): void {
    if (!('id' in event) || event.peer !== this.peer) return
    this.#onStream(event)
    if (this.#options.eager !== false && (event.type === 'stream-data' || event.type === 'stream-end'))
      this.read(event.id)
  }

  #onStream(event: StreamEvent): void {
    const line = this.line(event.id)
    if (event.type === 'stream-data') line.unread.push(event.bytes)
    else if (event.type === 'stream-end') line.ended = true
    else if (event.type === 'stream-finished') line.finished = true
    else if (event.type === 'stream-closed') line.closed = true
    else if (event.type === 'stream-reset') line.resetCode = event.code
    else if (event.type === 'stream-stopped') line.stoppedCode = event.code
    else if (event.type === 'stream-lost') line.lost = event.reason
  }
}

/** Bytes that tell where they belong. */
export function noise(length: number, seed = 5): Uint8Array {
  return new Prng(seed).bytes(length)
}
