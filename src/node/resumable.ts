// A web server whose responses survive a move. A process cannot take its heap along, so a response that is under way cannot go on as
// the closure that it was; it goes on as what it declares: this path, that many bytes of it given to the stream. Everything that
// the stream has been given is in the capsule, to the byte, and the next process opens the path at that offset.

import { createServer, type Server } from 'node:http'
import type { Endpoint, FreezeOptions } from './endpoint.ts'
import { SojournError } from './errors.ts'
import type { Listener, ListenOptions } from './listener.ts'
import { type ConnectionState, ResumableConnection } from './resumable-connection.ts'
import { type Open, openOf, type Source } from './resumable-content.ts'
import type { SojournStream } from './stream.ts'
import type { Thawed } from './thaw.ts'

export type { Content, Open, Source } from './resumable-content.ts'

/** A connection of the state, and whose it is. */
interface Carried extends ConnectionState {
  readonly peer: string
  readonly id: number
}

const LENGTH_BYTES = 4

/** Serves GET and HEAD on one port. Made by `resumable`. */
export class ResumableServer implements AsyncDisposable {
  /** Where it serves; after a freeze that endpoint is gone. */
  readonly endpoint: Endpoint
  /** The port where it takes connections. */
  readonly listener: Listener
  /** What else was packed by `freeze`: the application's own. Empty unless thawed. */
  readonly carried: Uint8Array
  readonly #open: Open
  readonly #http: Server
  readonly #connections = new Map<unknown, ResumableConnection>()
  #halted = false

  /** For `resumable`. */
  constructor(on: Endpoint | Thawed, port: number, source: Source, options: ListenOptions) {
    const thawed = 'endpoint' in on ? on : undefined
    this.endpoint = thawed?.endpoint ?? (on as Endpoint)
    this.#open = openOf(source)
    this.#http = createServer((request, response) => {
      this.#connections.get(request.socket)?.asked(request, response)
    })
    const { connections, rest } = thawed === undefined ? NOTHING : unpack(thawed.state)
    this.carried = rest
    const present = thawed?.listeners.get(port)
    this.listener = present?.setAccess(options) ?? this.endpoint.listen(port, options)
    this.listener.on('stream', (stream) => this.#add(stream).begin())
    for (const [peer, streams] of thawed?.streams ?? []) {
      for (const [id, stream] of streams) {
        if (stream.localPort !== port) continue
        const state = connections.find((carried) => carried.peer === peer && carried.id === id)
        if (state === undefined) this.#add(stream).begin()
        else this.#add(stream).resume(state)
      }
    }
  }

  /** Clients that are connected now. */
  get connections(): number {
    return this.#connections.size
  }

  /**
   * `endpoint.freeze`, with what the responses need beside the application's own state: on the other side `resumable` takes both,
   * and gives the latter as `carried`. When it rejects, the server runs on.
   */
  async freeze(options: FreezeOptions): Promise<Uint8Array> {
    const { state = new Uint8Array(0) } = options
    this.halt()
    try {
      const packed = (): Uint8Array => pack(this.state(), typeof state === 'function' ? state() : state)
      return await this.endpoint.freeze({ ...options, state: packed })
    } catch (error) {
      this.proceed()
      throw error
    }
  }

  /** Gives the streams nothing more, so that what `state` counts is all that they have. `freeze` does it by itself. */
  halt(): void {
    this.#halted = true
    for (const connection of this.#connections.values()) connection.halt()
  }

  /** Takes `halt` back. */
  proceed(): void {
    this.#halted = false
    for (const connection of this.#connections.values()) connection.proceed()
  }

  /**
   * What the responses need to go on elsewhere, JSON in UTF-8: for each connection the path and offset of what is under way, and the
   * bytes of requests that have been read but not answered. Right as long as nothing comes or goes: after `halt`, in the function
   * that `endpoint.freeze` calls for its `state`.
   */
  state(): Uint8Array {
    const carried = [...this.#connections.values()].flatMap(({ stream, state }): Carried[] => {
      const { remoteAddress: peer, id } = stream
      return id === undefined || stream.destroyed ? [] : [{ peer, id, ...state }]
    })
    return Buffer.from(JSON.stringify(carried))
  }

  /** Takes no new connections; those that are there go on until their clients leave. */
  close(): Promise<void> {
    return this.listener.close()
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #add(stream: SojournStream): ResumableConnection {
    const toHttp = (taken: SojournStream): void => void this.#http.emit('connection', taken)
    const connection = new ResumableConnection(stream, this.#open, toHttp)
    if (this.#halted) connection.halt()
    this.#connections.set(stream, connection)
    stream.once('close', () => this.#connections.delete(stream))
    return connection
  }
}

/**
 * Serves a folder, or whatever a function opens, on a port of an endpoint; given what `thaw` returns, it goes on with the responses
 * that were under way. Those survive a move whose bytes can be had again from an offset: GET of something with a known size. Of a
 * request half received nothing is lost; one with a body is answered with 405, and its connection ends. Throws ERR_SOJOURN_ARGUMENT
 * when a thawed state is not of a resumable server, and whatever `endpoint.listen` throws.
 * @example
 * const { resumable } = await import('sojourn')
 * const server = resumable(endpoint, 80, { root: '.' })
 * const thawed = await thaw(await server.freeze({ to: target.kem }), { host: target, ledger: host.ledger() })
 * resumable(thawed, 80, { root: '.' })
 */
export function resumable(
  on: Endpoint | Thawed,
  port: number,
  source: Source,
  options: ListenOptions = {},
): ResumableServer {
  return new ResumableServer(on, port, source, options)
}

interface Packed {
  readonly connections: readonly Carried[]
  readonly rest: Uint8Array
}

const NOTHING: Packed = { connections: [], rest: new Uint8Array(0) }

/** Length of ours, ours, the application's. */
function pack(ours: Uint8Array, rest: Uint8Array): Uint8Array {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(ours.length)
  return Buffer.concat([length, ours, rest])
}

/** The bytes come out of an authenticated capsule; that another program packed them is still an honest mistake. */
function unpack(state: Uint8Array): Packed {
  const bytes = Buffer.from(state.buffer, state.byteOffset, state.length)
  try {
    const end = LENGTH_BYTES + bytes.readUInt32BE(0)
    return { connections: JSON.parse(bytes.subarray(LENGTH_BYTES, end).toString()), rest: bytes.subarray(end) }
  } catch (error) {
    const message = 'the capsule was not packed by a resumable server: freeze it by its own freeze()'
    throw new SojournError('ERR_SOJOURN_ARGUMENT', message, { cause: error })
  }
}
