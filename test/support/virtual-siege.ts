// A server with an honest client at a link of its own, and beside it peers who hold as many streams open as they may and do nothing with
// them: what the honest one still gets, both ways.

import { VirtualClock, VirtualLink } from './virtual-link.ts'
import { VirtualHost, VirtualNetwork, writeAll } from './virtual-network.ts'

const PORT = 9
const STREAMS = 256
const ONE = Uint8Array.of(1)
const MBIT = 20
const RTT_MS = 40
const SIEGE_MBIT = 1_000
const ANSWER = new Uint8Array(16_384)

/**
 * 'silent': each stream has brought a byte, and nothing comes after it. 'unread': the server has answered on all of them in turn until it
 * was told to wait, and nobody reads the answers. 'one by one': the same, but the answers of one peer after those of another.
 */
export type Stall = 'silent' | 'unread' | 'one by one'

export interface Besieged {
  /** Mbit/s from the honest client, or to it. */
  readonly mbit: number
  /** Streams that the others hold, and packets a second that the server sends them. */
  readonly streams: number
  readonly packets: number
}

/** What the honest client sends, or is sent, in so many seconds beside `peers` who stall. */
export function besieged(stall: Stall, peers: number, way: 'from' | 'to', seconds: number): Besieged {
  const siege = new Siege(peers)
  siege.begin()
  if (stall !== 'silent') siege.answer(stall === 'unread')
  return siege.measure(way, seconds)
}

class Siege {
  readonly #clock = new VirtualClock()
  readonly #server: VirtualHost
  readonly #honest: VirtualHost
  readonly #others: readonly VirtualHost[]
  /** Packets of the server to the others. */
  #packets = 0

  constructor(peers: number) {
    const clock = this.#clock
    const own = { mbitPerSecond: MBIT, delayMs: RTT_MS / 2, queueBytes: MBIT * 125 * RTT_MS }
    const wide = { mbitPerSecond: SIEGE_MBIT, delayMs: 1, queueBytes: Infinity }
    const [forth, back] = [new VirtualLink(clock, 1, own), new VirtualLink(clock, 2, own)]
    const [gates, walls] = [new VirtualLink(clock, 3, wide), new VirtualLink(clock, 4, wide)]
    const network = new VirtualNetwork(clock, (from, to) => {
      const [here, there] = [this.#server.at.address, this.#honest.at.address]
      if (from.address === there) return { link: forth, from, to }
      if (to.address === there) return { link: back, from, to }
      if (from.address === here) this.#packets += 1
      return { link: from.address === here ? walls : gates, from, to }
    })
    this.#server = new VirtualHost(network, 1)
    this.#honest = new VirtualHost(network, 2)
    this.#others = Array.from({ length: peers }, (_, n) => {
      const host = new VirtualHost(network, 3 + n, { address: `198.51.100.${1 + n}`, port: 10_500 })
      host.reads = false
      return host
    })
  }

  /** All of them open what they may, with a byte on each. */
  begin(): void {
    for (const { engine } of this.#others) engine.associate(0, this.#whereabouts)
    for (const host of this.#others) host.pump()
    this.#run(2_000)
    for (const host of this.#others) {
      for (let n = 0; n < STREAMS; n++) {
        const id = host.engine.openStream(this.#clock.now, this.#server.hit, PORT)
        if (typeof id === 'number') host.engine.writeStream(this.#clock.now, this.#server.hit, id, ONE)
      }
      host.pump()
    }
    this.#run(2_000)
  }

  /** The server writes to each stream as long as it is let. */
  answer(inTurn: boolean): void {
    const { engine } = this.#server
    const streams = this.#others.map(({ hit }) => engine.streams(hit).map(({ id }) => ({ hit, id })))
    const all = inTurn
      ? Array.from({ length: STREAMS }, (_, n) => streams.flatMap((of) => of.slice(n, n + 1)))
      : streams
    for (let taken = true; taken; this.#run(500)) {
      taken = false
      for (const { hit, id } of all.flat()) if (writeAll(engine, this.#clock.now, hit, id, ANSWER, 1)) taken = true
      this.#server.pump()
    }
  }

  measure(way: 'from' | 'to', seconds: number): Besieged {
    const [server, honest] = [this.#server, this.#honest]
    // Who is sent something has asked for it.
    honest.engine.associate(this.#clock.now, this.#whereabouts)
    honest.pump()
    this.#run(1_000)
    const [writer, reader] = way === 'from' ? [honest, server] : [server, honest]
    writer.fill(reader)
    this.#run(WARM_MS)
    const before = [reader.from(writer), this.#packets] as const
    this.#run(seconds * 1_000)
    return {
      mbit: ((reader.from(writer) - before[0]) * 8) / seconds / 1_000_000,
      streams: this.#others.reduce((sum, { hit }) => sum + server.engine.streams(hit).length, 0),
      packets: (this.#packets - before[1]) / seconds,
    }
  }

  get #whereabouts() {
    return { hit: this.#server.hit, locators: [this.#server.at] }
  }

  #run(ms: number): void {
    this.#clock.runUntil(this.#clock.now + ms)
  }
}

const WARM_MS = 4_000
