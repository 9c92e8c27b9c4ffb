// One connection of a resumable server: which request is being answered and how far, and the bytes of those that are not. node:http
// reads the requests and writes the heads; what it has taken from the stream is kept here until it is answered, since no capsule
// can look into its parser.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { assert } from '../base/assert.ts'
import { UNANSWERED_BYTES_MAX } from './config.ts'
import { type Content, discard, type Open } from './resumable-content.ts'
import type { SojournStream } from './stream.ts'

/** A response whose head has been written. */
export interface Progress {
  readonly path: string
  readonly size: number
  readonly version: string | undefined
  /** Bytes of the body that the stream has been given. */
  readonly offset: number
  /** The connection ends with this response. */
  readonly last: boolean
}

/** What a connection needs to go on elsewhere, besides its stream. */
export interface ConnectionState {
  /** The response that is under way. */
  readonly progress?: Progress | undefined
  /** In base64: what has been read of requests that are not being answered yet, the beginning of one included. */
  readonly unanswered: string
  /** A request had a body: it cannot go on, only end. */
  readonly over: boolean
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Sink {
  write(bytes: Uint8Array): Promise<void>
  end(): void
}

/** One client. */
export class ResumableConnection {
  readonly stream: SojournStream
  readonly #open: Open
  readonly #toHttp: (stream: SojournStream) => void
  /** Heads that node:http has read, oldest first; the bytes of all of them are in `#unanswered`. */
  readonly #exchanges: Exchange[] = []
  #unanswered: Buffer = Buffer.alloc(0)
  #progress: Progress | undefined
  #over = false
  #busy = false
  #halted = false
  #wake: (() => void)[] = []

  /** `toHttp` gives the stream to an http server, which gives `asked` what it reads. */
  constructor(stream: SojournStream, open: Open, toHttp: (stream: SojournStream) => void) {
    this.stream = stream
    this.#open = open
    this.#toHttp = toHttp
    // Its errors are the client's business; what is left of it is cleared away when it closes.
    stream.on('error', () => undefined)
    stream.once('close', () => this.#wakeAll())
  }

  /** Takes requests from the beginning. */
  begin(): void {
    this.#takeUp()
  }

  /** Goes on where another process has stopped. */
  resume({ progress, unanswered, over }: ConnectionState): void {
    this.#unanswered = Buffer.from(unanswered, 'base64')
    this.#progress = progress
    this.#over = over
    if (over || !this.stream.writable) this.#leave()
    else if (progress === undefined) this.#takeUp()
    else void this.#rest(progress)
  }

  /** Writes nothing more until `proceed`. */
  halt(): void {
    this.#halted = true
  }

  proceed(): void {
    this.#halted = false
    this.#wakeAll()
    this.#next()
  }

  get state(): ConnectionState {
    return { progress: this.#progress, unanswered: this.#unanswered.toString('base64'), over: this.#over }
  }

  /** A request has come. */
  asked(request: IncomingMessage, response: ServerResponse): void {
    this.#exchanges.push({ request, response })
    this.#next()
  }

  // ── Requests ───────────────────────────────────────────────────────────────

  #takeUp(): void {
    const before = this.#unanswered
    this.#unanswered = Buffer.alloc(0)
    this.stream.on('data', (bytes: Buffer) => this.#keep(bytes))
    this.#toHttp(this.stream)
    if (before.length > 0) this.stream.emit('data', before)
  }

  #keep(bytes: Buffer): void {
    if (this.#over) return
    this.#unanswered = Buffer.concat([this.#unanswered, bytes])
    if (this.#unanswered.length > UNANSWERED_BYTES_MAX) this.stream.resetAndDestroy()
  }

  #next(): void {
    const [exchange] = this.#exchanges
    if (exchange === undefined || this.#over || this.#busy || this.#halted || this.stream.destroyed) return
    this.#busy = true
    exchange.response.once('finish', () => {
      this.#busy = false
      this.#next()
    })
    void this.#answer(exchange)
  }

  async #answer({ request, response }: Exchange): Promise<void> {
    const path = (request.url ?? '/').replace(/[?#].*$/, '')
    const status = statusOf(request)
    const content = status === 200 ? await this.#opened(path, 0) : status
    // Nothing is written yet: if it is frozen now, the whole request goes along.
    await this.#running()
    if (this.stream.destroyed) return typeof content === 'number' ? undefined : discard(content)
    this.#exchanges.shift()
    if (hasBody(request)) this.#giveUp(response)
    else this.#forgetHead()
    if (typeof content === 'number') return refuse(response, content)
    const { size, version, headers } = content
    response.writeHead(200, { ...headers, 'content-length': size })
    if (request.method === 'HEAD') {
      discard(content)
      return void response.end()
    }
    // The head goes before anything is counted: a process that is frozen now has given it to the stream.
    response.flushHeaders()
    this.#progress = { path, size, version, offset: 0, last: !response.shouldKeepAlive }
    await this.#pump(content, {
      write: (bytes) => new Promise((resolve) => response.write(bytes, () => resolve())),
      end: () => response.end(),
    })
  }

  async #opened(path: string, offset: number): Promise<Content | 404 | 500> {
    try {
      return (await this.#open(path, offset)) ?? 404
    } catch {
      return 500
    }
  }

  /** The first request is being answered: its bytes are done with. */
  #forgetHead(): void {
    const found = /^[\r\n]*[^\r\n][\s\S]*?\n\r?\n/.exec(this.#unanswered.toString('latin1'))
    assert(found !== null, 'what node:http has read as a request ends with an empty line')
    this.#unanswered = this.#unanswered.subarray(found[0].length)
  }

  /** Where its body ends, only node:http knows. */
  #giveUp(response: ServerResponse): void {
    this.#over = true
    this.#unanswered = Buffer.alloc(0)
    response.shouldKeepAlive = false
  }

  // ── Responses ──────────────────────────────────────────────────────────────

  /** The rest of a response whose head and first bytes were written elsewhere. */
  async #rest({ path, size, version, offset, last }: Progress): Promise<void> {
    const content = offset < size ? await this.#opened(path, offset) : { size, version, body: [] }
    if (typeof content === 'number' || content.size !== size || content.version !== version) {
      // Better no end than that of something else.
      if (typeof content !== 'number') discard(content)
      return void this.stream.resetAndDestroy()
    }
    await this.#pump(content, {
      write: (bytes) => new Promise((resolve) => this.stream.write(bytes, () => resolve())),
      end: () => (last ? this.#leave() : this.#takeUp()),
    })
  }

  /** Gives the body to the stream, one piece after another, and counts what it has been given. */
  async #pump(content: Content, sink: Sink): Promise<void> {
    try {
      for await (const bytes of content.body) {
        await this.#running()
        const progress = this.#progress
        if (this.stream.destroyed || progress === undefined) break
        const wanted = bytes.subarray(0, progress.size - progress.offset)
        this.#progress = { ...progress, offset: progress.offset + wanted.length }
        await sink.write(wanted)
        if (this.#progress.offset === progress.size) break
      }
    } catch {
      this.stream.resetAndDestroy()
    }
    await this.#running()
    if (this.stream.destroyed) return
    const progress = this.#progress
    if (progress !== undefined && progress.offset < progress.size) return void this.stream.resetAndDestroy()
    this.#progress = undefined
    sink.end()
  }

  #leave(): void {
    this.stream.resume()
    this.stream.destroySoon()
  }

  // ── Standing still ─────────────────────────────────────────────────────────

  /** Resolves when this connection may write, or is gone. */
  async #running(): Promise<void> {
    while (this.#halted && !this.stream.destroyed) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

function statusOf({ method }: IncomingMessage): 200 | 405 {
  return method === 'GET' || method === 'HEAD' ? 200 : 405
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0, ...(status === 405 ? { allow: 'GET, HEAD' } : {}) })
  response.end()
}
