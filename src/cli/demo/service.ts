// The service: answers every numbered datagram with the same number and try, and counts what was handed to it twice.

import type { DatagramSocket } from '../../node/datagram-socket.ts'
import type { Counts } from './messages.ts'
import { Seen } from './seen.ts'
import { pack, unpack } from './suitcase.ts'

/** The port it answers on, inside the association. */
export const SERVICE_PORT = 7
/** number 4, try 1 */
export const NUMBERED_BYTES = 5

interface Memory {
  readonly seen: Uint8Array
  readonly duplicated: number
}

/** Answers on a socket until it closes. */
export class Service {
  readonly #seen: Seen
  #duplicated: number

  constructor(socket: DatagramSocket, suitcase?: Uint8Array) {
    const memory = suitcase === undefined ? undefined : unpack<Memory>(suitcase)
    this.#seen = new Seen(memory?.seen)
    this.#duplicated = memory?.duplicated ?? 0
    socket.on('message', (bytes, from) => {
      if (bytes.length < NUMBERED_BYTES) return
      if (!this.#seen.note(bytes.readUInt32BE(0), bytes.readUInt8(4))) this.#duplicated++
      socket.send(bytes, from.port, from.hit)
    })
  }

  get counts(): Counts {
    return { duplicated: this.#duplicated }
  }

  /** What to remember across a move. */
  suitcase(): Uint8Array {
    return pack({ seen: this.#seen.toBytes(), duplicated: this.#duplicated } satisfies Memory)
  }
}
