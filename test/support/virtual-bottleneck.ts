// One bottleneck that several senders share, each with a round trip of its own behind it: whole engines of ours, and plain CUBIC that
// shares no code with them. What each gets, and how long the queue is meanwhile. Every sender is held up a little on its way to the
// queue, by chance and at most as long as a packet takes there: where nothing varies, who finds a full queue is decided by the order in
// which clocks tick (Floyd and Jacobson, "Traffic Phase Effects in Packet-Switched Gateways", 1991), and one flow may lose all the time.

import { Prng } from '../../src/base/prng.ts'
import { PlainCubic } from './plain-cubic.ts'
import { Flow } from './recovery-flow.ts'
import { VirtualClock, VirtualLink } from './virtual-link.ts'
import { VirtualHost, VirtualNetwork } from './virtual-network.ts'

/** Whole engines, what recovers losses in them alone, or plain CUBIC. */
export type Kind = 'ours' | 'bare' | 'plain'

/** Somebody who sends as much as the bottleneck lets through. */
export interface Filler {
  start(): void
  /** Bytes of data that have arrived. */
  readonly delivered: number
}

/** The rate of ways back, which nobody fills. */
const BACK_MBIT = 100
const SAMPLE_MS = 10
const PACKET_BITS = 12_000
/** IPv4 and UDP. */
const HEADER_BYTES = 28

export class Bottleneck {
  readonly clock: VirtualClock = new VirtualClock()
  readonly link: VirtualLink
  readonly #seed: number
  readonly #packetMs: number
  readonly #network: VirtualNetwork
  readonly #server: VirtualHost
  readonly #ways = new Map<string, Ways>()

  constructor(mbitPerSecond: number, queueBytes: number, seed: number) {
    this.#seed = seed
    this.#packetMs = PACKET_BITS / 1_000 / mbitPerSecond
    this.link = new VirtualLink(this.clock, seed, { mbitPerSecond, delayMs: 0, queueBytes })
    this.#network = new VirtualNetwork(this.clock, (from, to) => {
      const forth = to.address === this.#server.at.address
      const ways = this.#ways.get((forth ? from : to).address)
      return ways && { link: forth ? ways.forth : ways.back, from, to }
    })
    this.#server = new VirtualHost(this.#network, 1)
  }

  /** One more, with this round trip. */
  filler(kind: Kind, rttMs: number): Filler {
    const { clock, link } = this
    const n = this.#ways.size + 2
    const prng = new Prng(n + 1_000 * this.#seed)
    let lastAt = 0
    const ways: Ways = {
      forth: {
        send: (bytes, arrive) => {
          lastAt = Math.max(lastAt, clock.now + prng.next() * this.#packetMs)
          clock.at(lastAt, () => link.send(bytes, () => clock.at(clock.now + rttMs / 2, arrive)))
        },
      },
      back: new VirtualLink(clock, n, { mbitPerSecond: BACK_MBIT, delayMs: rttMs / 2, queueBytes: Infinity }),
    }
    const address = `192.0.2.${n}`
    this.#ways.set(address, ways)
    if (kind === 'plain') return new PlainCubic({ clock, ...ways })
    if (kind === 'bare') {
      const forth = {
        send: (bytes: number, arrive: () => void) => ways.forth.send(bytes + HEADER_BYTES, arrive),
      }
      const flow = new Flow({ clock, forth, back: ways.back, seed: n + 10 * this.#seed })
      return Object.assign(flow, { start: () => flow.pump() })
    }
    const host = new VirtualHost(this.#network, n + 10 * this.#seed, { address, port: 10_500 })
    const server = this.#server
    return {
      start: () => host.fill(server),
      get delivered() {
        return server.from(host)
      },
    }
  }
}

interface Ways {
  readonly forth: Pick<VirtualLink, 'send'>
  readonly back: Pick<VirtualLink, 'send'>
}

/** How several of one kind, with these round trips, fill a link with a queue of 40 ms. */
export interface Crowd {
  readonly kind: Kind
  readonly rttsMs: readonly number[]
  readonly mbit: number
  readonly warmSeconds: number
  readonly seconds: number
}

/** Mbit/s of each after they have become warm, and what 95 of 100 packets wait in the queue at most, in ms. */
export function crowded(crowd: Crowd, seed: number): { readonly mbit: readonly number[]; readonly p95Ms: number } {
  const bottleneck = new Bottleneck(crowd.mbit, crowd.mbit * 125 * 40, seed)
  const { clock, link } = bottleneck
  const fillers = crowd.rttsMs.map((rttMs) => bottleneck.filler(crowd.kind, rttMs))
  // Two who begin at once would lose at once, again and again: seeds differ in who begins how much later.
  for (const [n, filler] of fillers.entries()) clock.at(n === 0 ? 0 : 137 * seed, () => filler.start())
  const warmMs = crowd.warmSeconds * 1_000
  clock.runUntil(warmMs)
  const before = fillers.map(({ delivered }) => delivered)
  const queues: number[] = []
  for (let ms = warmMs; ms < warmMs + crowd.seconds * 1_000; ms += SAMPLE_MS) {
    clock.runUntil(ms)
    queues.push(link.queuedMs)
  }
  queues.sort((a, b) => a - b)
  const mbit = fillers.map(({ delivered }, n) => ((delivered - (before[n] ?? 0)) * 8) / crowd.seconds / 1_000_000)
  return { mbit, p95Ms: queues[Math.floor(0.95 * queues.length)] ?? Number.NaN }
}

/**
 * By how much more a flow of 20 ms gets than one of 80 ms beside it, over so many seeds at each of some rates. Several, because at one of
 * them how long a packet takes may be a fraction of a timer's millisecond, as it is at 10 Mbit/s, and then chance has less to say.
 */
export function unfairness(kind: Kind, seconds: number, seeds: number): number {
  let [short, long] = [0, 0]
  for (const mbit of [9.3, 10, 11.7]) {
    for (let seed = 1; seed <= seeds; seed++) {
      const rates = crowded({ kind, rttsMs: [20, 80], mbit, warmSeconds: seconds, seconds }, seed).mbit
      short += (rates[0] ?? 0) / mbit
      long += (rates[1] ?? 0) / mbit
    }
  }
  return short / long
}

/** As in the QUIC Interop Runner: 10 Mbit/s, 30 ms and 25 packets, which plain CUBIC fills already. */
export function crossTraffic(bytes: number, seed = 1): { readonly seconds: number; readonly plainMbit: number } {
  const bottleneck = new Bottleneck(10, 37_500, seed)
  const { clock } = bottleneck
  const [plain, ours] = [bottleneck.filler('plain', 30), bottleneck.filler('ours', 30)]
  plain.start()
  clock.runUntil(CROSS_WARM_MS)
  const before = plain.delivered
  ours.start()
  while (ours.delivered < bytes && clock.now < CROSS_MS_MAX) clock.runUntil(clock.now + SAMPLE_MS)
  const seconds = (clock.now - CROSS_WARM_MS) / 1_000
  return { seconds, plainMbit: ((plain.delivered - before) * 8) / seconds / 1_000_000 }
}

const CROSS_WARM_MS = 5_000
const CROSS_MS_MAX = 600_000
