// Takes the streams that peers open to one port: `endpoint.listen(port)`. A callback, 'stream' events or `for await` get them;
// until somebody asks, they wait in a bounded queue.

import { EventEmitter } from 'node:events'
import { Queue } from '../base/queue.ts'
import { AccessList, type AccessRules } from '../core/access.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Access } from './access.ts'
import { BACKLOG_STREAMS_MAX } from './config.ts'
import { SojournError } from './errors.ts'
import type { SojournStream } from './stream.ts'
import { StreamCode } from './stream-errors.ts'
import type { StreamOptions } from './stream-options.ts'

/** Whose streams a listener takes, and how they treat the application. */
export interface ListenOptions extends Access, StreamOptions {
  /** Aborting closes the listener. */
  readonly signal?: AbortSignal | undefined
}

/** What a listener emits. */
export interface ListenerEvents {
  /** A peer has opened a stream. */
  stream: [stream: SojournStream]
  /** It takes no more. */
  close: []
}

/** What a listener needs of its endpoint. */
export interface ListenerCarrier {
  readonly hit: Hit
  /** Takes a port for this listener, 0 for any free one; undefined if it is taken. Throws ERR_SOJOURN_CLOSED. */
  openListener(port: number, listener: Listener, access: AccessList): number | undefined
  /** Who has a port. */
  readonly listeners: ReadonlyMap<number, Listener>
  /** Gives a listener the port it had before a thaw. */
  adoptListener(port: number, listener: Listener, access: AccessList): void
  /** Reads lists of peers. Throws ERR_SOJOURN_ARGUMENT. */
  rules(access: Access): AccessRules
  shutListener(port: number): void
}

/** A port where streams are taken. Made by `endpoint.listen` or `thaw`. */
export class Listener extends EventEmitter<ListenerEvents> implements AsyncIterable<SojournStream>, AsyncDisposable {
  readonly #carrier: ListenerCarrier
  readonly #access: AccessList
  #options: StreamOptions
  readonly #backlog = new Queue<SojournStream>(BACKLOG_STREAMS_MAX)
  #port = 0
  #open = false
  #iterators = 0
  /** It comes from a capsule, and nobody has listened on its port anew. */
  #thawed = false
  #wake: (() => void)[] = []

  private constructor(carrier: ListenerCarrier, options: ListenOptions) {
    super()
    this.#carrier = carrier
    this.#options = options
    this.#access = new AccessList(carrier.rules(options))
    // What came before the first listener waits for it.
    const untyped = this as EventEmitter
    untyped.on('newListener', (name) => {
      if (name === 'stream') process.nextTick(() => this.#flush())
    })
  }

  /** For the endpoint: throws ERR_SOJOURN_ADDRESS if another listener of it has the port, ERR_SOJOURN_ARGUMENT or CLOSED. */
  static bound(carrier: ListenerCarrier, port: number, options: ListenOptions): Listener {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      const message = `port ${port} is not between 0 and 65535: give another one`
      throw new SojournError('ERR_SOJOURN_ARGUMENT', message)
    }
    options.signal?.throwIfAborted()
    const thawed = carrier.listeners.get(port)
    const listener = thawed?.unclaimed === true ? thawed : new Listener(carrier, options)
    if (listener === thawed) listener.#claim(options)
    else listener.#bind(port)
    options.signal?.addEventListener('abort', () => void listener.close(), { once: true })
    return listener
  }

  /** For a thaw: a listener on the port it had. */
  static thawed(carrier: ListenerCarrier, port: number): Listener {
    const listener = new Listener(carrier, {})
    listener.#port = port
    listener.#open = true
    listener.#thawed = true
    carrier.adoptListener(port, listener, listener.#access)
    return listener
  }

  /** The port inside associations. */
  get port(): number {
    return this.#port
  }

  /** It takes streams. */
  get listening(): boolean {
    return this.#open
  }

  /** Where this listens: the HIT and the port inside it. */
  address(): { readonly hit: Hit; readonly port: number } {
    return { hit: this.#carrier.hit, port: this.#port }
  }

  /**
   * Whose streams are taken from now on, instead of what was said before; the others are refused. A thaw brings the port back
   * open to everybody: call this before anything is awaited. Throws ERR_SOJOURN_ARGUMENT.
   * @example endpoint.listen(9, { allow: [peer] }).setAccess({})
   */
  setAccess(access: Access): this {
    this.#access.set(this.#carrier.rules(access))
    return this
  }

  /** Refuses new streams from now on, and those that nobody has asked for; those that are taken go on. 'close' follows. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#carrier.shutListener(this.#port)
    for (let stream = this.#backlog.shift(); stream !== undefined; stream = this.#backlog.shift())
      stream.refuse(StreamCode.PORT_CLOSED)
    this.#wakeAll()
    process.nextTick(() => this.emit('close'))
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Streams one after another until the listener closes. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<SojournStream> {
    this.#iterators++
    try {
      for (;;) {
        const stream = this.#take()
        if (stream !== undefined) yield stream
        else if (!this.#open) return
        else await new Promise<void>((resolve) => this.#wake.push(resolve))
      }
    } finally {
      this.#iterators--
    }
  }

  /** For the endpoint: it was thawed, and nobody has asked it for streams: whoever listens on its port takes it over. */
  get unclaimed(): boolean {
    return this.#thawed && this.#open && this.#iterators === 0 && this.listenerCount('stream') === 0
  }

  /** For the endpoint: streams that nobody has taken yet. */
  get untaken(): readonly SojournStream[] {
    return [...this.#backlog].filter(({ destroyed }) => !destroyed)
  }

  /** For the endpoint: how streams of this listener treat the application. */
  get streamOptions(): StreamOptions {
    return this.#options
  }

  /** For the endpoint: a peer has opened a stream. */
  offer(stream: SojournStream): void {
    if (this.#iterators === 0 && this.listenerCount('stream') > 0) {
      // What came before the first listener goes first.
      this.#flush()
      this.emit('stream', stream)
      return
    }
    // Nobody can listen for its errors yet: a peer that breaks it off meanwhile must not end the process.
    stream.on('error', ignore)
    if (this.#backlog.push(stream)) this.#wakeAll()
    else stream.refuse(StreamCode.REFUSED)
  }

  #bind(port: number): void {
    const got = this.#carrier.openListener(port, this, this.#access)
    if (got === undefined) {
      const message = `somebody listens on port ${port} of ${this.#carrier.hit} already: choose another, or 0 for any free one`
      throw new SojournError('ERR_SOJOURN_ADDRESS', message)
    }
    this.#port = got
    this.#open = true
  }

  #claim(options: ListenOptions): void {
    this.#access.set(this.#carrier.rules(options))
    this.#options = options
    this.#thawed = false
  }

  #flush(): void {
    if (this.#iterators > 0) return
    while (this.listenerCount('stream') > 0) {
      const stream = this.#take()
      if (stream === undefined) return
      this.emit('stream', stream)
    }
  }

  /** The next one that is still there, whose errors are its taker's from now on. */
  #take(): SojournStream | undefined {
    for (let stream = this.#backlog.shift(); stream !== undefined; stream = this.#backlog.shift()) {
      if (stream.destroyed) continue
      stream.off('error', ignore)
      return stream
    }
    return undefined
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

function ignore(): void {
  // Until somebody takes the stream.
}
