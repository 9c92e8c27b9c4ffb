// A tap on real UDP sockets. It stands between node:dgram and whoever listens, so what it records has crossed the kernel, and
// no line of Sojourn's own code is involved in the recording.

import { Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import type { Seen } from './pcap.ts'

/** Records every datagram that any socket of this process receives, until `close`. */
export class Tap implements Disposable {
  readonly seen: Seen[] = []
  readonly #emit = Socket.prototype.emit
  readonly #began = performance.now()

  constructor() {
    const tap = this
    const emit = this.#emit
    Socket.prototype.emit = function (this: Socket, event: string | symbol, ...values: unknown[]): boolean {
      const [bytes, from] = values
      if (event === 'message' && bytes instanceof Uint8Array && isPlace(from)) tap.#record(this.address(), bytes, from)
      return Reflect.apply(emit, this, [event, ...values])
    }
  }

  /** Every port on which something was seen. */
  get ports(): readonly number[] {
    return [...new Set(this.seen.flatMap(({ source, destination }) => [source.port, destination.port]))]
  }

  [Symbol.dispose](): void {
    Socket.prototype.emit = this.#emit
  }

  #record(own: AddressInfo, bytes: Uint8Array, from: AddressInfo): void {
    this.seen.push({
      at: performance.now() - this.#began,
      source: { address: from.address, port: from.port },
      destination: { address: own.address, port: own.port },
      payload: Uint8Array.from(bytes),
    })
  }
}

function isPlace(value: unknown): value is AddressInfo {
  return typeof value === 'object' && value !== null && 'address' in value && 'port' in value
}
