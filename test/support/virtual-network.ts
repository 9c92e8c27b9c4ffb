// Whole engines in virtual time, with links between them that have a rate, a queue, a delay and losses (virtual-link.ts). Packets
// are sealed and opened as on any network; timers wake at whole milliseconds, as those of an event loop do.

import { type Locator, locatorKey } from '../../src/base/address.ts'
import type { Config } from '../../src/core/config.ts'
import type { Engine } from '../../src/core/engine.ts'
import type { Hit } from '../../src/crypto/hit.ts'
import { type Actor, actor, engineOf, place } from './pair.ts'
import type { VirtualClock, VirtualLink } from './virtual-link.ts'

/** IPv4 and UDP: what a datagram is longer on the link. */
const HEADER_BYTES = 28
const PORT = 9
const WRITE_BYTES_MIN = 1_024
const WRITE = new Uint8Array(65_536).fill(0x5a)

/** The next link of a datagram, and the addresses that it bears behind that: a translator may change them. */
export interface Hop {
  readonly link: Pick<VirtualLink, 'send'>
  readonly from: Locator
  readonly to: Locator
}

/** Hosts by their locators. */
export class VirtualNetwork {
  readonly clock: VirtualClock
  /** Where a datagram goes; nowhere if undefined. */
  route: (from: Locator, to: Locator) => Hop | undefined
  readonly #hosts = new Map<string, VirtualHost>()

  constructor(clock: VirtualClock, route: (from: Locator, to: Locator) => Hop | undefined) {
    this.clock = clock
    this.route = route
  }

  /** `host` is reached there from now on. */
  attach(host: VirtualHost, at: Locator): void {
    this.#hosts.set(locatorKey(at), host)
  }

  detach(at: Locator): void {
    this.#hosts.delete(locatorKey(at))
  }

  send(from: Locator, to: Locator, bytes: Uint8Array): void {
    const hop = this.route(from, to)
    if (hop === undefined) return
    hop.link.send(bytes.length + HEADER_BYTES, () => {
      this.#hosts.get(locatorKey(hop.to))?.hear(bytes, hop.from)
    })
  }
}

/** One engine with an application that fills streams, and reads those of others as fast as they come. */
export class VirtualHost {
  readonly who: Actor
  readonly #network: VirtualNetwork
  #engine: Engine
  #at: Locator
  #wakeAt = Infinity
  readonly #filling = new Map<Hit, number>()
  /** Bytes that each peer's streams have brought, and the types of everything that was told. */
  readonly read: Map<Hit, number> = new Map()
  readonly told: string[] = []
  /** What comes is read at once; otherwise never. */
  reads = true

  constructor(network: VirtualNetwork, seed: number, at: Locator = place(seed), config: Partial<Config> = {}) {
    this.#network = network
    this.#at = at
    this.who = actor(seed)
    this.#engine = engineOf(this.who, 1, at, network.clock.now, config)
    this.#engine.listen(PORT)
    network.attach(this, at)
  }

  get engine(): Engine {
    return this.#engine
  }

  get at(): Locator {
    return this.#at
  }

  get hit(): Hit {
    return this.who.identity.hit
  }

  /** Bytes that have come from this peer. */
  from(peer: VirtualHost): number {
    return this.read.get(peer.hit) ?? 0
  }

  /** Associates with a peer and writes to a stream there without end. */
  fill(peer: VirtualHost): void {
    const { now } = this.#network.clock
    this.#engine.associate(now, { hit: peer.hit, locators: [peer.at] })
    const id = this.#engine.openStream(now, peer.hit, PORT)
    if (typeof id !== 'number') throw new Error(`no stream: ${id}`)
    this.#filling.set(peer.hit, id)
    this.#write(peer.hit, id)
    this.pump()
  }

  /** Goes to another address, and tells its peers; nothing reaches it at the old one. */
  move(to: Locator): void {
    this.#network.detach(this.#at)
    this.#network.attach(this, to)
    this.#at = to
    this.#engine.readdress(this.#network.clock.now, [to])
    this.pump()
  }

  hear(bytes: Uint8Array, from: Locator): void {
    this.#engine.receive(this.#network.clock.now, bytes, from)
    this.pump()
  }

  /** Lets the engine say what it wants to say, and sees to it that the clock comes back. */
  pump(): void {
    const { clock } = this.#network
    for (let event = this.#engine.event(); event !== undefined; event = this.#engine.event()) {
      if (event.type === 'stream-data') {
        this.read.set(event.peer, (this.read.get(event.peer) ?? 0) + event.bytes.length)
        if (this.reads) this.#engine.consumed(clock.now, event.peer, event.id, event.bytes.length)
      } else {
        this.told.push(event.type)
        if (event.type === 'stream-writable') this.#write(event.peer, event.id)
      }
    }
    for (let out = this.#engine.transmit(clock.now); out !== undefined; out = this.#engine.transmit(clock.now))
      this.#network.send(this.#at, { address: out.to.address, port: out.to.port }, out.bytes)
    const due = Math.max(Math.ceil(this.#engine.deadline), clock.now)
    if (due === Infinity || due >= this.#wakeAt) return
    this.#wakeAt = due
    clock.at(due, () => this.#wake(due))
  }

  #wake(due: number): void {
    if (this.#wakeAt !== due) return
    this.#wakeAt = Infinity
    const { now } = this.#network.clock
    if (this.#engine.deadline <= now) this.#engine.expire(now)
    this.pump()
  }

  #write(peer: Hit, id: number): void {
    if (this.#filling.get(peer) !== id) return
    writeAll(this.#engine, this.#network.clock.now, peer, id, WRITE)
  }
}

/** Writes `piece` again and again, and smaller ones where there is less room, as streams of Node do (outgoing.ts); true if any was taken. */
export function writeAll(
  engine: Engine,
  now: number,
  peer: Hit,
  id: number,
  piece: Uint8Array,
  times = Infinity,
): boolean {
  let taken = false
  for (let [size, n] = [piece.length, 0]; size >= WRITE_BYTES_MIN && n < times; n++) {
    const outcome = engine.writeStream(now, peer, id, piece.subarray(0, size))
    taken ||= outcome !== 'full'
    if (outcome === 'full') size >>= 1
    else if (outcome !== 'taken') break
  }
  return taken
}

/** How even shares are (Jain): 1 if they are the same, one over their number if one has it all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0)
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0))
}
