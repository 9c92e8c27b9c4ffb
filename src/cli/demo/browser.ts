// A client like a browser: several downloads at once, into files, and it moves in the middle of them. A socket of node:http cannot go
// along, but the stream below it does: what the parser has handed over is in the file, so the next bytes of the stream are the
// next ones of the file.

import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { SojournAgent } from '../../node/agent.ts'
import type { Association } from '../../node/association.ts'
import type { Endpoint } from '../../node/endpoint.ts'
import { SojournStream } from '../../node/stream.ts'
import type { Thawed } from '../../node/thaw.ts'
import { bytesOf } from './client.ts'
import { sizeOf } from './content.ts'
import type { Downloaded, News } from './messages.ts'
import { Meter, type MeterMemory } from './meter.ts'
import type { Part } from './part.ts'
import { pack, unpack } from './suitcase.ts'

/** How much of everything it has when it moves, and after how much it waits until it has moved, however slow the machine is. */
export const BROWSER_PART = 0.5
const PART_MAX = 0.6

/** One download, as it travels. */
interface Download {
  readonly path: string
  readonly file: string
  /** Of the stream that it comes by. */
  readonly id: number
  /** Bytes in the file. */
  readonly bytes: number
}

interface Memory {
  readonly downloads: readonly Download[]
  readonly meter: MeterMemory
}

/** Downloads everything at once. */
export class Browser implements Part {
  readonly #endpoint: Endpoint
  readonly #meter: Meter
  readonly #savings: readonly Saving[]
  #frozen = false

  private constructor(endpoint: Endpoint, meter: Meter, savings: readonly Saving[], tell: (news: News) => void) {
    this.#endpoint = endpoint
    this.#meter = meter
    this.#savings = savings
    for (const { done } of savings) {
      done.catch((error: Error) => {
        // What a frozen endpoint leaves behind fails, and goes on elsewhere.
        if (!this.#frozen) tell({ type: 'trouble', text: `a download broke off: ${error.message}` })
      })
    }
  }

  /** Downloads `paths` into files in `folder`. */
  static begin(
    endpoint: Endpoint,
    association: Association,
    paths: readonly string[],
    folder: string,
    tell: (news: News) => void,
  ): Browser {
    const meter = Meter.begin(endpoint, association, bytesOf(paths), tell)
    const agent = new SojournAgent(endpoint)
    const savings = paths.map((path, index) => {
      const saving = new Saving(meter, { path, file: join(folder, `download-${index}`), id: -1, bytes: 0 })
      const asked = get(`http://[${association.peer}]${path}`, { agent }, (response) =>
        saving.take(response, idOf(response)),
      )
      asked.on('error', (error) => saving.fail(error))
      return saving
    })
    const browser = new Browser(endpoint, meter, savings, tell)
    meter.onPart(PART_MAX, () => browser.#pause())
    return browser
  }

  static resume({ endpoint, streams, state }: Thawed, association: Association, tell: (news: News) => void): Browser {
    const memory = unpack<Memory>(state)
    const meter = Meter.resume(endpoint, association, memory.meter, tell)
    const savings = memory.downloads.map((download) => {
      const saving = new Saving(meter, download)
      const stream = streams.get(association.peer)?.get(download.id)
      if (stream !== undefined) saving.take(stream, download.id)
      else if (!saving.complete) saving.fail(new Error('its stream has not come along'))
      return saving
    })
    return new Browser(endpoint, meter, savings, tell)
  }

  freeze(to: Uint8Array): Promise<Uint8Array> {
    this.#pause()
    return this.#endpoint.freeze({ to, state: () => this.#suitcase() })
  }

  async finish(): Promise<Downloaded> {
    await Promise.all(this.#savings.map(({ done }) => done))
    const files = this.#savings.map(({ download: { path, file, bytes } }) => {
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
      return { path, bytes, sha256 }
    })
    return { files, seconds: this.#meter.seconds, baseExchanges: this.#meter.baseExchanges }
  }

  /** What comes from now on travels unread. */
  #pause(): void {
    for (const saving of this.#savings) saving.pause()
  }

  #suitcase(): Uint8Array {
    const downloads = this.#savings.map((saving) => saving.rest())
    this.#frozen = true
    return pack({ downloads, meter: this.#meter.memory } satisfies Memory)
  }
}

/** What goes from a stream into a file. */
class Saving {
  download: Download
  /** Settles when the file is whole. */
  readonly done: Promise<void>
  readonly #meter: Meter
  readonly #file: number
  readonly #size: number
  #from: Readable | undefined
  #finish: () => void = () => undefined
  fail: (error: Error) => void = () => undefined

  constructor(meter: Meter, download: Download) {
    this.#meter = meter
    this.download = download
    this.#size = sizeOf(download.path)
    this.#file = openSync(download.file, 'a')
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve
      this.fail = reject
    })
    if (this.complete) this.#finish()
  }

  get complete(): boolean {
    return this.download.bytes === this.#size
  }

  /** The bytes come from here: a response, or the stream below one that was another process's. */
  take(from: Readable, id: number): void {
    this.#from = from
    this.download = { ...this.download, id }
    from.on('data', (bytes: Buffer) => {
      writeSync(this.#file, bytes)
      this.download = { ...this.download, bytes: this.download.bytes + bytes.length }
      this.#meter.took(bytes.length)
      if (!this.complete) return
      closeSync(this.#file)
      this.#finish()
    })
    from.on('error', (error) => this.fail(error))
    from.on('end', () => this.fail(new Error(`${this.download.bytes} of ${this.#size} bytes came`)))
  }

  pause(): void {
    this.#from?.pause()
  }

  /** What is left to do. Everything that the stream has given away is in the file then. */
  rest(): Download {
    if (this.download.id < 0) throw new Error('a response has not begun: move later')
    while (!this.complete && this.#from?.read() !== null);
    return this.download
  }
}

function idOf({ socket }: IncomingMessage): number {
  return socket instanceof SojournStream ? (socket.id ?? -1) : -1
}
