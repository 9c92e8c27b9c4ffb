// Datagrams between identities in the shape of node:dgram: `bind(port)`, `send(bytes, port, hit)`, 'message'. An address is a
// HIT, a port is one inside the association. They are what UDP's are: unordered, unacknowledged, lost at times. While a peer
// is being opened, is parked or moves, what is sent to it waits in a bounded queue.

import { EventEmitter } from 'node:events'
import { utf8 } from '../base/bytes.ts'
import { Queue } from '../base/queue.ts'
import { AccessList, type AccessRules } from '../core/access.ts'
import { type Hit, parseHit } from '../crypto/hit.ts'
import type { Access } from './access.ts'
import { UNREAD_DATAGRAMS_MAX } from './config.ts'
import { SojournError } from './errors.ts'
import { observe } from './observe.ts'
import { plain } from './plain.ts'

/** Who sent a datagram. */
export interface DatagramInfo {
  /** The HIT it comes from. */
  readonly hit: Hit
  /** The port it comes from. */
  readonly port: number
  /** How many bytes. */
  readonly size: number
}

/** A datagram as `for await` gives it. */
export interface Datagram extends DatagramInfo {
  /** What was sent. */
  readonly bytes: Buffer
}

/** What a datagram socket emits. */
export interface DatagramSocketEvents {
  /** A datagram has come. */
  message: [bytes: Buffer, from: DatagramInfo]
  /** It has its port. */
  listening: []
  /** A peer that was full has room again. */
  drain: [hit: Hit]
  /** It is closed. */
  close: []
  /** Something that was sent could not be. */
  error: [error: SojournError]
}

/** What the engine says to a datagram. */
export type SendOutcome = 'sent' | 'queued' | 'full' | 'too-long' | 'no-association'

/** What a socket needs of its endpoint. */
export interface DatagramCarrier {
  readonly hit: Hit
  /** Takes a port for this socket, 0 for any free one; undefined if it is taken. Throws ERR_SOJOURN_CLOSED. */
  openPort(port: number, socket: DatagramSocket, access: AccessList): number | undefined
  /** Gives a socket the port it had before a thaw. */
  adoptPort(port: number, socket: DatagramSocket, access: AccessList): void
  /** Reads lists of peers. Throws ERR_SOJOURN_ARGUMENT. */
  rules(access: Access): AccessRules
  shutPort(port: number): void
  sendDatagram(peer: Hit, sourcePort: number, port: number, bytes: Uint8Array): SendOutcome
  ref(): void
  unref(): void
}

/** A datagram that nobody had read when the endpoint was frozen. */
export interface Unread {
  readonly hit: Hit
  readonly port: number
  readonly bytes: Uint8Array
}

/** Told when a datagram has been handed over, or why not. */
export type SendCallback = (error: SojournError | null, bytes: number) => void

/** A datagram port of an endpoint: made by `endpoint.createDatagramSocket()`. */
export class DatagramSocket extends EventEmitter<DatagramSocketEvents> implements AsyncDisposable {
  readonly #carrier: DatagramCarrier
  readonly #access: AccessList
  readonly #unread = new Queue<Datagram>(UNREAD_DATAGRAMS_MAX)
  #port = 0
  #state: 'unbound' | 'bound' | 'closed' = 'unbound'
  #iterators = 0
  #wake: (() => void) | undefined
  #dropped = 0

  constructor(carrier: DatagramCarrier, access: Access = {}) {
    super()
    this.#carrier = carrier
    this.#access = new AccessList(carrier.rules(access))
    // What came before the first listener waits for it.
    const untyped = this as EventEmitter
    untyped.on('newListener', (name) => {
      if (name === 'message') process.nextTick(() => this.#flush())
    })
  }

  /** For a thaw: a socket that is bound as it was, with what had not been read. */
  static thawed(carrier: DatagramCarrier, port: number, unread: readonly Unread[]): DatagramSocket {
    const socket = new DatagramSocket(carrier)
    socket.#port = port
    socket.#state = 'bound'
    carrier.adoptPort(port, socket, socket.#access)
    for (const datagram of unread) socket.deliver(datagram.bytes, datagram.hit, datagram.port)
    return socket
  }

  /** Datagrams that arrived and were thrown away because nobody read them in time. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes `port`, or any free one for 0. 'listening' follows; 'error' if another socket of this endpoint has it. */
  bind(port = 0, callback?: () => void): this {
    this.#open()
    if (this.#state === 'bound') {
      throw new SojournError('ERR_SOJOURN_ARGUMENT', `this socket is bound to port ${this.#port}: make another socket`)
    }
    requirePort(port, 0)
    if (callback !== undefined) this.once('listening', callback)
    const got = this.#carrier.openPort(port, this, this.#access)
    if (got === undefined) {
      const message = `port ${port} of ${this.#carrier.hit} is taken: choose another, or 0 for any free one`
      process.nextTick(() => this.emit('error', new SojournError('ERR_SOJOURN_ADDRESS', message)))
      return this
    }
    this.#port = got
    this.#state = 'bound'
    process.nextTick(() => this.emit('listening'))
    return this
  }

  /**
   * Whose datagrams this socket takes from now on, instead of what was said before; all others are dropped and counted as
   * `port-denied`. A thaw brings the port back open to everybody: call this before anything is awaited. Throws
   * ERR_SOJOURN_ARGUMENT.
   * @example (await endpoint.datagrams(7, { allow: [peer] })).setAccess({})
   */
  setAccess(access: Access): this {
    this.#access.set(this.#carrier.rules(access))
    return this
  }

  /**
   * Sends one datagram; binds to a free port first if need be. True if it left or waits for its peer; false if it did not:
   * the callback then gets ERR_SOJOURN_QUEUE_FULL ('drain' follows), ERR_SOJOURN_TOO_LONG, or ERR_SOJOURN_UNREACHABLE
   * where no association was ever opened. The bytes are copied before the call returns.
   */
  send(data: Uint8Array | string, port: number, hit: string, callback?: SendCallback): boolean {
    this.#open()
    requirePort(port, 1)
    if (this.#state === 'unbound') this.bind(0)
    const bytes = typeof data === 'string' ? utf8(data) : data
    if (!(bytes instanceof Uint8Array)) {
      throw new SojournError('ERR_SOJOURN_ARGUMENT', 'a datagram is bytes or text: give a Buffer, Uint8Array or string')
    }
    const outcome = this.#hand(hit, port, plain(bytes))
    if (outcome === 'sent' || outcome === 'queued') {
      if (callback !== undefined) process.nextTick(callback, null, bytes.length)
      return true
    }
    if (callback !== undefined) process.nextTick(callback, sendError(outcome, hit, bytes.length), 0)
    return false
  }

  /** As `send`, but waits for room instead of failing when the queue of the peer is full. */
  async sendAsync(data: Uint8Array | string, port: number, hit: string, options?: WaitOptions): Promise<void> {
    const signal = options?.signal
    for (;;) {
      signal?.throwIfAborted()
      let failure: SojournError | undefined
      const sent = this.send(data, port, hit, (error) => {
        failure = error ?? undefined
      })
      if (sent) return
      await new Promise<void>((resolve) => process.nextTick(resolve))
      if (failure?.code !== 'ERR_SOJOURN_QUEUE_FULL') throw failure
      await this.#room(signal)
    }
  }

  /** Where this socket is bound: the HIT and the port inside it. */
  address(): { readonly hit: Hit; readonly port: number } {
    this.#open()
    return { hit: this.#carrier.hit, port: this.#port }
  }

  /** Gives the port back. 'close' follows. */
  close(callback?: () => void): this {
    if (callback !== undefined) this.once('close', callback)
    if (this.#state === 'closed') return this
    if (this.#state === 'bound') this.#carrier.shutPort(this.#port)
    this.#state = 'closed'
    this.#wake?.()
    process.nextTick(() => this.emit('close'))
    return this
  }

  /** Keeps the process alive while the endpoint is open (the default). One UDP port carries all sockets of an endpoint. */
  ref(): this {
    this.#carrier.ref()
    return this
  }

  /** Lets the process end although the endpoint is open. */
  unref(): this {
    this.#carrier.unref()
    return this
  }

  /** Datagrams one after another until the socket closes. They wait in a queue of 1024; what does not fit is counted in `dropped`. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Datagram> {
    this.#iterators++
    try {
      for (;;) {
        const datagram = this.#unread.shift()
        if (datagram !== undefined) yield datagram
        else if (this.#state === 'closed') return
        else await this.#arrival()
      }
    } finally {
      this.#iterators--
    }
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** For the endpoint: a datagram for this port. */
  deliver(payload: Uint8Array, hit: Hit, port: number): void {
    const bytes = payload instanceof Buffer ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length)
    const size = bytes.length
    if (this.listenerCount('message') > 0) {
      // What came before the first listener goes first.
      if (this.#unread.size > 0 && this.#iterators === 0) this.#flush()
      this.emit('message', bytes, { hit, port, size })
      if (this.#iterators === 0) return
    }
    if (!this.#unread.push({ bytes, hit, port, size })) {
      this.#dropped++
      observe('drop', { hit: this.#carrier.hit, port: this.#port, peer: hit, dropped: this.#dropped })
    }
    this.#wake?.()
  }

  /** For the endpoint: what nobody has read, oldest first; it stays here. */
  unread(): readonly Datagram[] {
    return [...this.#unread]
  }

  /** For the endpoint: there is room again for this peer. */
  drained(hit: Hit): void {
    this.emit('drain', hit)
  }

  #hand(hit: string, port: number, bytes: Uint8Array): SendOutcome {
    const outcome = this.#carrier.sendDatagram(hit as Hit, this.#port, port, bytes)
    if (outcome !== 'no-association') return outcome
    // Perhaps another spelling of the same HIT.
    const canonical = parseHit(hit)
    if (canonical === undefined || canonical === hit) return outcome
    return this.#carrier.sendDatagram(canonical, this.#port, port, bytes)
  }

  #flush(): void {
    if (this.#iterators > 0) return
    for (;;) {
      if (this.listenerCount('message') === 0) return
      const datagram = this.#unread.shift()
      if (datagram === undefined) return
      const { bytes, hit, port, size } = datagram
      this.emit('message', bytes, { hit, port, size })
    }
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake
      this.#wake = () => {
        this.#wake = undefined
        before?.()
        resolve()
      }
    })
  }

  #room(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.off('drain', done)
        this.off('close', done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      this.on('drain', done)
      this.on('close', done)
      signal?.addEventListener('abort', done)
    })
  }

  #open(): void {
    if (this.#state !== 'closed') return
    throw new SojournError('ERR_SOJOURN_CLOSED', 'this datagram socket is closed: make another one')
  }
}

export interface WaitOptions {
  readonly signal?: AbortSignal
}

function requirePort(port: number, least: number): void {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return
  throw new SojournError('ERR_SOJOURN_ARGUMENT', `port ${port} is not between ${least} and 65535: give another one`)
}

function sendError(outcome: SendOutcome, hit: string, length: number): SojournError {
  if (outcome === 'full') {
    const message = `too many datagrams wait for ${hit}: wait for 'drain' before the next`
    return new SojournError('ERR_SOJOURN_QUEUE_FULL', message)
  }
  if (outcome === 'too-long') {
    return new SojournError('ERR_SOJOURN_TOO_LONG', `${length} bytes do not fit into one packet: send less at once`)
  }
  const bad = parseHit(hit) === undefined
  const message = `no association with ${hit}: call endpoint.associate() first`
  return bad
    ? new SojournError('ERR_SOJOURN_ARGUMENT', `${JSON.stringify(hit)} is not a HIT: give one, such as peer.hit`)
    : new SojournError('ERR_SOJOURN_UNREACHABLE', message)
}
