// Transfers over one bottleneck, by whole engines: what arrives of them, and how they share it.

import { PlainCubic } from './plain-cubic.ts'
import { type LinkOptions, VirtualClock, VirtualLink } from './virtual-link.ts'
import { VirtualHost, VirtualNetwork } from './virtual-network.ts'

export interface PathOptions extends Partial<LinkOptions> {
  readonly mbit: number
  readonly rttMs: number
}

/** One bottleneck with a queue of one product of bandwidth and delay, the way back, and a host at its end. */
export class VirtualPath {
  readonly clock: VirtualClock
  readonly forth: VirtualLink
  readonly back: VirtualLink
  readonly network: VirtualNetwork
  readonly server: VirtualHost
  readonly #seed: number

  constructor({ mbit, rttMs, ...options }: PathOptions, seed = 1) {
    const queueBytes = Math.max(mbit * 125 * rttMs, 15_000)
    const base = { mbitPerSecond: mbit, delayMs: rttMs / 2, queueBytes }
    this.#seed = seed
    this.clock = new VirtualClock()
    this.forth = new VirtualLink(this.clock, seed, { ...base, ...options })
    this.back = new VirtualLink(this.clock, seed + 1_000, base)
    this.network = new VirtualNetwork(this.clock, (from, to) => {
      const link = to.address === this.server.at.address ? this.forth : this.back
      return { link, from, to }
    })
    this.server = new VirtualHost(this.network, 1)
  }

  /** The nth client, from 1; how its random numbers fall depends on the seed of the path. */
  client(n = 1): VirtualHost {
    return new VirtualHost(this.network, 1 + n + 10 * this.#seed, { address: `192.0.2.${1 + n}`, port: 10_500 })
  }

  /** Runs for so many seconds of virtual time, and returns Mbit/s of stream data from each of these hosts meanwhile. */
  rates(seconds: number, clients: readonly VirtualHost[]): number[] {
    const before = clients.map((client) => this.server.from(client))
    this.clock.runUntil(this.clock.now + seconds * 1_000)
    return clients.map((client, n) => mbit(this.server.from(client) - (before[n] ?? 0), seconds))
  }
}

/** Mbit/s of stream data over a path in its first seconds, slow start and base exchange included. */
export function goodput(options: PathOptions, seed: number, seconds: number): number {
  const path = new VirtualPath(options, seed)
  const client = path.client()
  client.fill(path.server)
  return path.rates(seconds, [client])[0] ?? 0
}

/** Mbit/s of each of several transfers that begin `apartMs` one after another, measured after `warmSeconds`. */
export function shares(options: PathOptions, count: number, seconds: number, seed = 1): number[] {
  const path = new VirtualPath(options, seed)
  const clients = Array.from({ length: count }, (_, n) => path.client(n + 1))
  clients.forEach((client, n) => {
    path.clock.at(n * APART_MS, () => client.fill(path.server))
  })
  path.rates(WARM_SECONDS, clients)
  return path.rates(seconds, clients)
}

/** Mbit/s of ours and of a plain CUBIC sender beside it, which shares no code with ours and began first. */
export function besideCubic(options: PathOptions, seconds: number, seed = 1): readonly [ours: number, cubic: number] {
  const path = new VirtualPath(options, seed)
  const { clock, forth, back } = path
  const cubic = new PlainCubic({ clock, forth, back })
  const client = path.client()
  cubic.start()
  clock.at(APART_MS, () => client.fill(path.server))
  path.rates(WARM_SECONDS, [client])
  const before = cubic.delivered
  const [ours = 0] = path.rates(seconds, [client])
  return [ours, mbit(cubic.delivered - before, seconds)]
}

const APART_MS = 5_000
const WARM_SECONDS = 30

function mbit(bytes: number, seconds: number): number {
  return (bytes * 8) / seconds / 1_000_000
}
