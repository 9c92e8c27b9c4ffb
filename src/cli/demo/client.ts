// A client as anybody writes it: `http.get` with an agent, and a hash of what comes. It knows nothing of moves.

import { createHash } from 'node:crypto'
import { get } from 'node:http'
import { SojournAgent } from '../../node/agent.ts'
import type { Association } from '../../node/association.ts'
import type { Endpoint } from '../../node/endpoint.ts'
import { sizeOf } from './content.ts'
import type { Downloaded, News } from './messages.ts'
import { Meter } from './meter.ts'
import type { Part } from './part.ts'

/** Downloads one path after the other. */
export class Client implements Part {
  readonly #agent: SojournAgent
  readonly #association: Association
  readonly #meter: Meter
  readonly #files: Promise<Downloaded['files']>

  constructor(endpoint: Endpoint, association: Association, paths: readonly string[], tell: (news: News) => void) {
    this.#agent = new SojournAgent(endpoint)
    this.#association = association
    this.#meter = Meter.begin(endpoint, association, bytesOf(paths), tell)
    this.#files = this.#download(paths)
    this.#files.catch((error: Error) => tell({ type: 'trouble', text: `a download broke off: ${error.message}` }))
  }

  freeze(): Promise<Uint8Array> {
    return Promise.reject(new Error('this client stays where it is'))
  }

  async finish(): Promise<Downloaded> {
    const files = await this.#files
    this.#agent.destroy()
    return { files, seconds: this.#meter.seconds, baseExchanges: this.#meter.baseExchanges }
  }

  async #download(paths: readonly string[]): Promise<Downloaded['files']> {
    const files = []
    for (const path of paths) files.push(await this.#get(path))
    return files
  }

  #get(path: string): Promise<Downloaded['files'][number]> {
    return new Promise((resolve, reject) => {
      const hash = createHash('sha256')
      let bytes = 0
      get(`http://[${this.#association.peer}]${path}`, { agent: this.#agent }, (response) => {
        response.on('data', (chunk: Buffer) => {
          hash.update(chunk)
          bytes += chunk.length
          this.#meter.took(chunk.length)
        })
        response.on('end', () => resolve({ path, bytes, sha256: hash.digest('hex') }))
        response.on('error', reject)
      }).on('error', reject)
    })
  }
}

/** How much is behind some paths. */
export function bytesOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + sizeOf(path), 0)
}
