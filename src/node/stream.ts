// A stream as users hold it: a Duplex in the shape of `net.Socket` between two HITs. The engine keeps every byte that was pushed
// until it is read and every byte that was written until it is acknowledged, so that a freeze loses none: `hold` hands over what
// Node still has, and stops the readers where they are.

import { Readable } from 'node:stream'
import type { StreamView } from '../core/engine.ts'
import type { StreamEvent } from '../core/stream-event.ts'
import type { Hit } from '../crypto/hit.ts'
import { READ_BYTES_MAX, WRITE_AHEAD_BYTES } from './config.ts'
import { UNHEARD } from './driver.ts'
import { SojournError } from './errors.ts'
import { Opening } from './opening.ts'
import { type Callback, type Chunk, Outgoing } from './outgoing.ts'
import { SmallPieces } from './small-pieces.ts'
import { SocketShape } from './socket-shape.ts'
import type { StreamCarrier } from './stream-carrier.ts'
import { asErrno, destroyedError, goneError, lostError, resetError, StreamCode, stoppedError } from './stream-errors.ts'
import type { StreamOptions } from './stream-options.ts'
import { Unread } from './unread.ts'

/** Of what Node counts as one character, in UTF-8. */
const CHARACTER_BYTES = 3

/** A reliable stream of bytes to and from one peer. Made by `endpoint.connect`, `endpoint.listen` or `thaw`. */
export class SojournStream extends SocketShape {
  readonly remoteAddress: Hit
  readonly remotePort: number
  readonly localPort: number
  /** Bytes that have come, read or not. */
  bytesRead = 0
  readonly #carrier: StreamCarrier
  readonly #errno: boolean
  readonly #outgoing: Outgoing<SojournStream>
  // There may be thousands of streams, idle most of the time: what an idle one does without is made when it is wanted.
  #unread: Unread | undefined
  /** What came behind bytes that Node has, not pushed yet: none while Node has none. */
  #small: SmallPieces | undefined
  #announcing = false
  #opening: Opening | undefined
  /** Why it never was opened. */
  #unopened: Error | undefined
  #id: number | undefined
  #connecting = true
  #held = false
  /** Told by the engine while it is held. */
  #late: StreamEvent[] | undefined
  /** Bytes that were read and told to the engine. */
  #told = 0
  #telling = false
  #peerEnded = false
  /** To be broken off, or broken off already, with this code. */
  #broken = false
  #code: number = StreamCode.CANCELLED

  static {
    // What is not pushed yet waits as well. To Node's types this is a field, which nothing could override otherwise.
    const ofNode = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableLength')?.get
    const get = function (this: SojournStream): number {
      return Number(ofNode?.call(this)) + this.#waiting
    }
    Object.defineProperty(SojournStream.prototype, 'readableLength', { get })
  }

  constructor(carrier: StreamCarrier, peer: Hit, localPort: number, remotePort: number, options: StreamOptions = {}) {
    const { allowHalfOpen = true, highWaterMark } = options
    if (highWaterMark === undefined) super({ allowHalfOpen, writableHighWaterMark: WRITE_AHEAD_BYTES })
    else super({ allowHalfOpen, highWaterMark })
    this.#carrier = carrier
    this.#errno = options.errno ?? false
    this.remoteAddress = peer
    this.remotePort = remotePort
    this.localPort = localPort
    this.#outgoing = new Outgoing(carrier, this)
  }

  /** For a thaw: a stream that goes on. What is unread is told again, and so is the end. */
  static thawed(carrier: StreamCarrier, peer: Hit, view: StreamView): SojournStream {
    const [local, remote] = view.opener ? [view.sourcePort, view.port] : [view.port, view.sourcePort]
    const stream = new SojournStream(carrier, peer, local, remote)
    stream.accept(view.id)
    if (!view.writable) {
      stream.#outgoing.ended()
      stream.end()
    }
    return stream
  }

  /** Names the stream between these two peers, on every host they move to; undefined until the association is there. */
  get id(): number | undefined {
    return this.#id
  }

  /**
   * Resolves when the peer has accepted the stream, rejects with the error if it never does. Need not be handled. What is written
   * before leaves without waiting for it.
   */
  get opened(): Promise<void> {
    if (this.#opening === undefined) {
      this.#opening = new Opening()
      if (!this.#connecting || this.#unopened !== undefined) this.#opening.settle(this.#unopened)
    }
    return this.#opening.opened
  }

  get connecting(): boolean {
    return this.#connecting && !this.destroyed
  }

  override get pending(): boolean {
    return this.#connecting
  }

  get localAddress(): Hit {
    return this.#carrier.hit
  }

  /** Bytes that were written, sent or not. */
  get bytesWritten(): number {
    return this.#outgoing.written + this.#outgoing.queued
  }

  /** Keeps the process alive while this stream is open, whatever `endpoint.unref()` says. */
  ref(): this {
    this.#carrier.hold(this, true)
    return this
  }

  /** Takes `ref` back. The endpoint itself keeps the process alive until `endpoint.unref()`. */
  unref(): this {
    this.#carrier.hold(this, false)
    return this
  }

  resetAndDestroy(): this {
    this.#broken = true
    return this.destroy()
  }

  override setEncoding(encoding: BufferEncoding): this {
    this.#pushSmall()
    this.#unread ??= new Unread()
    this.#unread.encode(encoding, this.#pushed)
    return super.setEncoding(encoding)
  }

  /** Bytes, or characters, that Node has. */
  get #pushed(): number {
    return this.readableLength - this.#waiting
  }

  /** Bytes that are not pushed yet. */
  get #waiting(): number {
    return this.#small?.length ?? 0
  }

  /** As of any `Readable`; of more than 6 MiB at once there is never enough, and it throws ERR_SOJOURN_ARGUMENT. */
  override read(size?: number): Buffer | string | null {
    // Reading what waits would also emit it: a held stream has nothing.
    if (this.#held) return null
    // Not for a reader that waits for more than there is: it may ask again after each of the pieces.
    if (size === undefined || (size >= this.#pushed && size <= this.readableLength)) this.#pushSmall()
    if (size !== undefined && size > this.readableLength) this.#await(size)
    const chunk = super.read(size)
    if (chunk !== null) this.#tellSoon()
    return chunk
  }

  // ── For the endpoint ───────────────────────────────────────────────────────

  /** The engine has this stream now: what was written goes out. */
  begin(id: number): void {
    this.#id = id
    this.#outgoing.begin()
  }

  /** It is open already: the peer has opened it, or it comes from a capsule. */
  accept(id: number): void {
    this.#connecting = false
    this.#opening?.settle()
    this.begin(id)
  }

  /** Nobody here takes it. */
  refuse(code: number): void {
    this.#broken = true
    this.#code = code
    this.destroy()
  }

  /** What the engine tells of it; UNHEARD of what no application hears. */
  heard(event: StreamEvent): unknown {
    // What is lost does not travel.
    if (event.type === 'stream-lost') this.#held = false
    if (this.#held) {
      this.#late ??= []
      return this.#late.push(event)
    }
    switch (event.type) {
      case 'stream-accepted':
        return this.#open()
      case 'stream-data':
        return this.#deliver(event.bytes)
      case 'stream-end':
        return this.#end()
      case 'stream-reset':
        return this.fail(resetError(this.remoteAddress, this.remotePort, event.code))
      case 'stream-stopped':
        return this.#stop(stoppedError(this.remoteAddress, this.remotePort, event.code))
      case 'stream-writable':
        return this.#outgoing.writable()
      case 'stream-finished':
        return this.#outgoing.finished()
      case 'stream-lost':
        return this.#lose(event)
      default:
        return UNHEARD
    }
  }

  /** Destroys it with this error, for which nobody need listen if `quietly`. */
  fail(error: Error, quietly = false): void {
    if (quietly) this.on('error', () => undefined)
    this.destroy(this.#named(error))
  }

  /** Its endpoint is gone. Nobody has to expect that: a process that is being frozen must not die of it. */
  leave(reason: string): void {
    this.fail(goneError(this.remoteAddress, this.#id === undefined && reason === 'frozen' ? 'gone' : reason), true)
  }

  /** For a freeze: what was written is handed over, nobody reads on, and what has been read is told to the byte. */
  hold(): void {
    if (this.#id === undefined || this.destroyed || this.#held) return
    while (this.writableCorked > 0) this.uncork()
    this.#held = true
    this.#outgoing.hold(this.writableEnded)
    this.#tell()
  }

  /** The freeze came to nothing: it goes on. */
  release(): void {
    if (!this.#held) return
    this.#held = false
    if (this.destroyed) return this.#leaveEngine(this.errored)
    this.#outgoing.release()
    const late = this.#late ?? []
    this.#late = undefined
    for (const event of late) this.heard(event)
    if (this.readableFlowing === true) this.pause().resume()
    else if (this.readableLength > 0) this.emit('readable')
  }

  // ── For Node ───────────────────────────────────────────────────────────────

  override _read(): void {
    // The engine pushes what comes, never more than the window it has granted; the window grows by what is read.
  }

  override _writev(chunks: readonly Chunk[], callback: Callback): void {
    this.active()
    this.#outgoing.writev(chunks, callback)
  }

  override _final(callback: Callback): void {
    this.#outgoing.final(callback)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.rest()
    // Made only where it is needed: most streams end well, and an error remembers where it was made, which costs.
    const reason = (): Error => error ?? this.#named(destroyedError(this.remoteAddress))
    if (this.#connecting) {
      this.#unopened = reason()
      this.#opening?.settle(this.#unopened)
    }
    if (this.#id !== undefined && !this.#held) this.#leaveEngine(error)
    this.#carrier.left(this)
    this.#outgoing.close(error, reason)
    callback(error)
  }

  // ── Reading ────────────────────────────────────────────────────────────────

  #deliver(bytes: Uint8Array): void {
    if (this.destroyed) return
    this.active()
    this.bytesRead += bytes.length
    if (this.#pushed > 0 && this.#keepSmall(bytes)) return this.#announce()
    this.#pushSmall()
    this.#push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    this.#tellSoon()
  }

  #keepSmall(bytes: Uint8Array): boolean {
    this.#small ??= new SmallPieces()
    return this.#small.add(bytes, (full) => this.#push(full))
  }

  #push(buffer: Buffer): void {
    this.#unread ??= new Unread()
    this.#unread.pushed(buffer)
    this.push(buffer)
  }

  #pushSmall(): void {
    const whole = this.#waiting > 0 ? this.#small?.take() : undefined
    if (whole !== undefined) this.#push(whole)
  }

  /** Whoever waits for more than Node had hears of it as if it had been pushed. */
  #announce(): void {
    if (this.#announcing || this.listenerCount('readable') === 0) return
    this.#announcing = true
    process.nextTick(() => {
      this.#announcing = false
      if (this.#waiting > 0 && !this.#held && !this.destroyed) this.emit('readable')
    })
  }

  /** More is asked for than there is: a window that is smaller would never let it come. */
  #await(size: number): void {
    if (this.#peerEnded || this.#id === undefined || this.destroyed) return
    const bytes = size * (this.readableEncoding === null ? 1 : CHARACTER_BYTES)
    if (bytes > READ_BYTES_MAX) {
      const message = `read(${size}) may take more than ${READ_BYTES_MAX} bytes at once: read what is there, or less`
      throw new SojournError('ERR_SOJOURN_ARGUMENT', message)
    }
    this.#carrier.want(this, bytes)
  }

  #end(): void {
    if (this.#peerEnded || this.destroyed) return
    this.#peerEnded = true
    this.#pushSmall()
    this.push(null)
    // An empty stream is at its end even if nobody reads it, as a `net.Socket` is. One that flows has seen that.
    if (this.readableLength === 0 && this.readableFlowing !== true) this.read(0)
  }

  #tellSoon(): void {
    if (this.#telling) return
    this.#telling = true
    process.nextTick(() => {
      this.#telling = false
      if (!this.destroyed && !this.#held) this.#tell()
    })
  }

  /** Told at the end of a turn, so that what a parser reads and puts back at once counts as unread. */
  #tell(): void {
    const unread = this.#unread?.bytes(this.#pushed) ?? 0
    if (unread === 0 && this.readableEncoding === null) this.#unread = undefined
    const read = this.bytesRead - unread - this.#waiting - this.#told
    if (read <= 0) return
    this.#told += read
    this.#carrier.consumed(this, read)
  }

  // ── The beginning and the end ──────────────────────────────────────────────

  #named(error: Error): Error {
    return this.#errno ? asErrno(error, this.#connecting) : error
  }

  #open(): unknown {
    if (!this.#connecting || this.destroyed) return UNHEARD
    this.#connecting = false
    this.#opening?.settle()
    const heard = this.emit('connect') || this.#opening !== undefined
    return this.emit('ready') || heard ? undefined : UNHEARD
  }

  #stop(error: SojournError): void {
    if (this.#connecting) return this.fail(error)
    this.#outgoing.stop(this.#named(error), this.#peerEnded)
  }

  #lose({ reason, detail }: Extract<StreamEvent, { type: 'stream-lost' }>): void {
    // A peer that has ended and then says goodbye is done. Whoever still waits for 'finish' sees that it does not come.
    if (reason === 'closed-by-peer' && this.#peerEnded && this.writableLength === 0) return void this.destroy()
    // Whoever closes the association knows that.
    this.fail(lostError(this.remoteAddress, reason, detail), reason === 'closed')
  }

  /** A plain `destroy` sends what was handed over, as closing a TCP socket does; an error breaks off. */
  #leaveEngine(error: Error | null): void {
    if (isPlain(error) && !this.#broken && this.#outgoing.queued === 0) this.#outgoing.tellEnd()
    else if (!this.#outgoing.arrived) this.#carrier.reset(this, this.#code)
    if (!this.#peerEnded) this.#carrier.stop(this, this.#code)
    else if (this.bytesRead > this.#told) this.#carrier.consumed(this, this.bytesRead - this.#told)
  }
}

/** Nothing failed: `destroy()`, or the end of a `for await`, for which Node makes an AbortError that no signal has caused. */
function isPlain(error: Error | null): boolean {
  return error === null || (error.name === 'AbortError' && error.cause === undefined)
}
