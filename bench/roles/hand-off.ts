// One place of bench/moves: where an endpoint is frozen or thawed, and the way of its capsule from process to process.

import { createServer, connect as dial, type Socket } from 'node:net'
import { type Endpoint, Host, type Ledger, parseHit, type Thawed, thaw } from '../../src/index.ts'

const LENGTH_BYTES = 4

/** What a service does where it arrives, and what it packs where it leaves. */
export interface Service {
  resume(thawed: Thawed): void
  state(): Uint8Array
  /** The last moment before it stands still. */
  stopping?(): void
}

/** A host in a process of its own, with the endpoint of the service if that is here. */
export class Place {
  endpoint: Endpoint | undefined
  readonly #home: string
  readonly #ledgerFolder: string
  readonly #service: Service
  #host: Host | undefined
  #ledger: Ledger | undefined
  #way: Socket | undefined

  constructor(home: string, ledgerFolder: string, service: Service) {
    this.#home = home
    this.#ledgerFolder = ledgerFolder
    this.#service = service
  }

  /** For `Endpoint.open` and `thaw`. */
  async options(): Promise<{
    readonly host: Host
    readonly ledger: Ledger
    readonly bind: { readonly address: string }
  }> {
    this.#host ??= await Host.open({ home: this.#home })
    this.#ledger ??= this.#host.ledger(this.#ledgerFolder)
    return { host: this.#host, ledger: this.#ledger, bind: { address: '127.0.0.1' } }
  }

  /** READY for the endpoint of this HIT. */
  async offer(hit: string): Promise<Uint8Array> {
    const named = parseHit(hit)
    if (named === undefined) throw new Error(`${hit} is not a HIT`)
    const { host, ...place } = await this.options()
    return host.offer(named, 0, place)
  }

  /**
   * The way of the capsule is open before the process stands still, as it is where READY came along it. The capsule's length goes
   * before it, so that its end is seen with its last byte.
   */
  await(path: string): Promise<void> {
    return new Promise((resolve) => {
      const server = createServer((socket) => {
        const chunks: Buffer[] = []
        let missing = Number.POSITIVE_INFINITY
        socket.on('data', (chunk) => {
          chunks.push(chunk)
          missing = chunks.length === 1 ? LENGTH_BYTES + chunk.readUInt32BE() - chunk.length : missing - chunk.length
          if (missing > 0) return
          // The process stands still: nothing is put away before it runs.
          void this.thaw(Buffer.concat(chunks).subarray(LENGTH_BYTES))
            .then(
              () => socket.end('thawed'),
              (error: unknown) => socket.end(String(error)),
            )
            .then(() => server.close())
        })
      })
      server.listen(path, resolve)
    })
  }

  dial(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#way = dial(path, resolve).on('error', reject)
    })
  }

  /** Freezes the endpoint, and returns the size of its capsule, in bytes, when it has been thawed at the other end of the way. */
  async move(ready: Uint8Array): Promise<{ readonly bytes: number }> {
    const way = this.#way
    if (way === undefined) throw new Error('dial comes first')
    const capsule = await this.freeze(ready)
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(capsule.length)
    way.write(Buffer.concat([length, capsule]))
    const answers: Buffer[] = []
    for await (const chunk of way) answers.push(chunk as Buffer)
    const answer = Buffer.concat(answers).toString()
    if (answer !== 'thawed') throw new Error(answer)
    return { bytes: capsule.length }
  }

  async freeze(ready?: Uint8Array): Promise<Uint8Array> {
    const { endpoint } = this
    if (endpoint === undefined) throw new Error('nothing runs here')
    const to = ready ?? (await this.options()).host.kem
    const service = this.#service
    const capsule = await endpoint.freeze({ to, state: () => service.state(), stopping: () => service.stopping?.() })
    this.endpoint = undefined
    return capsule
  }

  async thaw(capsule: Uint8Array): Promise<void> {
    const thawed = await thaw(capsule, await this.options())
    this.endpoint = thawed.endpoint
    this.#service.resume(thawed)
  }
}
