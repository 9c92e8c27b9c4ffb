// A translator of ports between real sockets: whoever sends to it speaks to one endpoint through a port of its own there, until that
// port is blocked.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Locator } from '../../src/base/address.ts'

export class Relay {
  readonly at: Locator
  readonly #front: Socket
  readonly #target: Locator
  readonly #ports = new Map<number, Socket>()
  readonly #blocked = new Set<number>()

  private constructor(front: Socket, target: Locator) {
    this.#front = front
    this.#target = target
    this.at = { address: '127.0.0.1', port: front.address().port }
    front.on('message', (bytes, { port }) => this.#forward(bytes, port))
  }

  static async to(target: Locator): Promise<Relay> {
    const front = createSocket('udp4')
    front.bind(0, '127.0.0.1')
    await once(front, 'listening')
    return new Relay(front, target)
  }

  /** Nothing passes any more for those who have spoken so far. */
  block(): void {
    for (const port of this.#ports.keys()) this.#blocked.add(port)
  }

  close(): void {
    this.#front.close()
    for (const socket of this.#ports.values()) socket.close()
  }

  #forward(bytes: Uint8Array, from: number): void {
    if (this.#blocked.has(from)) return
    let back = this.#ports.get(from)
    if (back === undefined) {
      back = createSocket('udp4')
      back.on('message', (answer) => {
        if (!this.#blocked.has(from)) this.#front.send(answer, from, '127.0.0.1')
      })
      this.#ports.set(from, back)
    }
    back.send(bytes, this.#target.port, this.#target.address)
  }
}
