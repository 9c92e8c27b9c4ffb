// One end of a transfer between whole engines goes from link to link: what DESIGN wants of congestion control after a move.

import type { Locator } from '../../src/base/address.ts'
import { VirtualClock, VirtualLink } from './virtual-link.ts'
import { type Hop, VirtualHost, VirtualNetwork } from './virtual-network.ts'

/** A server that writes to a client without end, over the link that the client is at: a network of its own for each of its addresses. */
export class VirtualJourney {
  readonly clock: VirtualClock = new VirtualClock()
  readonly server: VirtualHost
  readonly client: VirtualHost
  readonly #network: VirtualNetwork
  readonly #rttMs: number
  readonly #links = new Map<string, { readonly down: VirtualLink; readonly up: VirtualLink }>()
  #moves = 0
  #before: Locator | undefined
  /** The port that the client is seen to come from, if a translator has taken another. */
  #seenPort: number | undefined
  /** Mbit/s of the links that the client finds from now on. */
  mbit: number

  constructor(mbit: number, rttMs: number) {
    this.mbit = mbit
    this.#rttMs = rttMs
    this.#network = new VirtualNetwork(this.clock, (from, to) => this.#route(from, to))
    this.server = new VirtualHost(this.#network, 1)
    this.client = new VirtualHost(this.#network, 2)
    this.server.fill(this.client)
  }

  /** Bytes that have reached the client. */
  get read(): number {
    return this.client.from(this.server)
  }

  /** What the present link was offered of the server. */
  get down(): VirtualLink {
    return this.#linksAt(this.client.at.address).down
  }

  run(ms: number): void {
    this.clock.runUntil(this.clock.now + ms)
  }

  /** The client goes to a new address, on a link of its own. */
  move(): void {
    this.#moves += 1
    this.#before = this.client.at
    this.client.move({ address: `198.51.100.${1 + (this.#moves % 250)}`, port: 10_500 })
  }

  /** The client goes back to the address before. */
  back(): void {
    if (this.#before !== undefined) this.client.move(this.#before)
  }

  /** A translator forgets the client, and takes another port for it. */
  rebind(): void {
    this.#moves += 1
    this.#seenPort = 20_000 + this.#moves
  }

  #route(from: Locator, to: Locator): Hop | undefined {
    const port = this.#seenPort ?? this.client.at.port
    if (from.address === this.client.at.address)
      return { link: this.#linksAt(from.address).up, from: { address: from.address, port }, to }
    const translated = to.address !== this.client.at.address || to.port === port
    const inside = to.address === this.client.at.address ? this.client.at : to
    return translated ? { link: this.#linksAt(to.address).down, from, to: inside } : undefined
  }

  #linksAt(address: string): { readonly down: VirtualLink; readonly up: VirtualLink } {
    const known = this.#links.get(address)
    if (known !== undefined) return known
    const queueBytes = Math.max(this.mbit * 125 * this.#rttMs, 30_000)
    const options = { mbitPerSecond: this.mbit, delayMs: this.#rttMs / 2, queueBytes }
    const made = { down: new VirtualLink(this.clock, 1, options), up: new VirtualLink(this.clock, 2, options) }
    this.#links.set(address, made)
    return made
  }
}

/** After seconds at 100 Mbit/s, a client at a link of 5 Mbit/s that it has just found, both with a round trip of `rttMs`. */
export function afterNarrowing(rttMs: number): VirtualJourney {
  const journey = new VirtualJourney(100, rttMs)
  journey.run(3_000)
  journey.mbit = 5
  journey.move()
  return journey
}

/** Of what a transfer at 10 Mbit/s carries in so many ms, the share that it carries while something happens all the time. */
export function disturbedShare(what: 'move' | 'rebind', everyMs: number, ms: number): number {
  const carried = (disturbs: boolean): number => {
    const journey = new VirtualJourney(10, 30)
    journey.run(2_000)
    const before = journey.read
    for (let passed = 0; passed < ms; passed += everyMs) {
      if (disturbs) journey[what]()
      journey.run(everyMs)
    }
    return journey.read - before
  }
  return carried(true) / carried(false)
}
