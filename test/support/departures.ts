// What leaves by UDP ports that are opened while somebody watches, of whichever provider this process uses: all that is sent passes
// through `send` of one of them.

import { type DatagramPort, openPort } from '../../src/node/port.ts'

/** A port, and how many datagrams have been given to it. */
export interface Opened {
  readonly port: DatagramPort
  sent: number
}

export class Departures implements Disposable {
  /** Ports opened since, in that order. */
  readonly opened: Opened[] = []
  readonly #kind: DatagramPort
  readonly #real: Pick<DatagramPort, 'send' | 'setBuffers'>

  private constructor(kind: DatagramPort) {
    const { opened } = this
    const { send, setBuffers } = kind
    this.#kind = kind
    this.#real = { send, setBuffers }
    // Whoever opens a port asks for buffers before anybody else has it.
    kind.setBuffers = function (this: DatagramPort, bytes) {
      if (!opened.some(({ port }) => port === this)) opened.push({ port: this, sent: 0 })
      setBuffers.call(this, bytes)
    }
    kind.send = function (this: DatagramPort, ...datagram) {
      const own = opened.find(({ port }) => port === this)
      if (own !== undefined) own.sent++
      send.apply(this, datagram)
    }
  }

  /** Watches until it is disposed of. */
  static async watch(): Promise<Departures> {
    const port = await openPort({ address: '127.0.0.1' })
    const kind: DatagramPort = Object.getPrototypeOf(port)
    await port.close()
    return new Departures(kind)
  }

  /** How many datagrams have left a port that is bound there. */
  sentFrom(number: number): number {
    return this.opened.filter(({ port }) => port.locator.port === number).reduce((sum, { sent }) => sum + sent, 0)
  }

  [Symbol.dispose](): void {
    Object.assign(this.#kind, this.#real)
  }
}
