// All links, hosts' addresses and translators of a world. A packet goes: socket → translator → link (faults) → translator →
// socket. Addresses that no host has swallow what is sent there, as a victim of a false locator would.

import type { Locator } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import type { Prng } from '../base/prng.ts'
import type { Clock } from './clock.ts'
import { CALM, type FaultKind, type LinkFaults } from './faults.ts'
import { Link } from './link.ts'
import { keyOf } from './locator-keys.ts'
import type { Nat } from './nat.ts'
import { packetKind, type WirePacket } from './packet.ts'

/** What a filter says of a packet: let it go, drop it, or hold it for so many milliseconds. */
export type Verdict = 'pass' | 'drop' | number

/** Looks at every packet before the link does. */
export type Filter = (packet: WirePacket) => Verdict

/** Who listens to everything. Links tell their faults here too. */
export interface Watch {
  /** A socket put a packet on the wire (before any fault). */
  sent(packet: WirePacket, socket: Socket): void
  /** A packet reaches a socket. */
  arrived(packet: WirePacket, socket: Socket): void
  /** A fault has happened. */
  fault(kind: FaultKind): void
}

/** A bound UDP port of a host. */
export interface Socket {
  /** Numbers the sockets of a network from 0. */
  readonly id: number
  /** The name of its host. */
  readonly host: string
  /** Where it is bound; behind a translator nobody outside reaches it there. */
  readonly locator: Locator
  /** False once it is closed. */
  readonly open: boolean
  /** Puts a UDP payload on the wire; nothing happens when it is closed. */
  send(bytes: Uint8Array, to: Locator): void
  /** Frees the port. */
  close(): void
}

type Receiver = (bytes: Uint8Array, source: Locator) => void

interface Interface {
  readonly host: string
  readonly address: string
  readonly nat: Nat | undefined
}

class BoundSocket implements Socket {
  open = true
  readonly id: number
  readonly host: string
  readonly locator: Locator
  readonly receive: Receiver
  readonly #network: Network

  constructor(network: Network, id: number, host: string, locator: Locator, receive: Receiver) {
    this.#network = network
    this.id = id
    this.host = host
    this.locator = locator
    this.receive = receive
  }

  send(bytes: Uint8Array, to: Locator): void {
    if (this.open) this.#network.route(this, bytes, to)
  }

  close(): void {
    this.open = false
    this.#network.unbind(this)
  }
}

/** All links, addresses and translators of a world, and the sockets on them. */
export class Network {
  readonly #clock: Clock
  readonly #prng: Prng
  readonly #watch: Watch
  readonly #interfaces = new Map<string, Interface>()
  readonly #nats = new Map<string, { readonly nat: Nat; readonly host: string }>()
  readonly #sockets = new Map<string, BoundSocket>()
  readonly #links = new Map<string, Link>()
  readonly #filters = new Set<Filter>()
  readonly #blocked = new Set<string>()
  #faults: LinkFaults
  #socketsMade = 0

  constructor(clock: Clock, prng: Prng, watch: Watch, faults: LinkFaults = CALM) {
    this.#clock = clock
    this.#prng = prng
    this.#watch = watch
    this.#faults = faults
  }

  /** Gives a host an address, behind a translator of its own or not. */
  addAddress(host: string, address: string, nat?: Nat): void {
    assert(!this.#interfaces.has(address), 'an address belongs to one host')
    this.#interfaces.set(address, { host, address, nat })
    if (nat !== undefined) this.#nats.set(nat.address, { nat, host })
  }

  /** Opens a port; undefined if it is taken. */
  bind(locator: Locator, receive: Receiver): Socket | undefined {
    const key = keyOf(locator)
    const at = this.#interfaces.get(locator.address)
    assert(at !== undefined, 'a socket is bound to an address of a host')
    if (this.#sockets.has(key)) return undefined
    const socket = new BoundSocket(this, this.#socketsMade++, at.host, locator, receive)
    this.#sockets.set(key, socket)
    return socket
  }

  /** Frees the port of a socket. */
  unbind(socket: Socket): void {
    const key = keyOf(socket.locator)
    if (this.#sockets.get(key) === socket) this.#sockets.delete(key)
  }

  /** The direction from one host to another. */
  link(from: string, to: string): Link {
    const key = `${from}>${to}`
    let link = this.#links.get(key)
    if (link === undefined) {
      link = new Link(this.#prng.fork(), this.#faults, (kind) => this.#watch.fault(kind))
      this.#links.set(key, link)
    }
    return link
  }

  /** Cuts `from` off from `to`, and back unless `oneWay`. */
  cut(from: string, to: string, oneWay = false): void {
    this.link(from, to).open = false
    if (!oneWay) this.link(to, from).open = false
  }

  /** Ends a cut, both ways. */
  heal(from: string, to: string): void {
    this.link(from, to).open = true
    this.link(to, from).open = true
  }

  /** Nothing leaves or reaches an address any more, or one port of it, until it is mended. */
  block(where: Locator | string): void {
    this.#blocked.add(typeof where === 'string' ? where : keyOf(where))
  }

  /** Ends a block. */
  mend(where: Locator | string): void {
    this.#blocked.delete(typeof where === 'string' ? where : keyOf(where))
  }

  /** Ends every fault of every link, now and for links yet unused. */
  calm(): void {
    this.#faults = CALM
    for (const link of this.#links.values()) link.calm()
    this.#blocked.clear()
  }

  /** Lets `filter` see every packet before the link does. Returns what removes it again. */
  filter(filter: Filter): () => void {
    this.#filters.add(filter)
    return () => this.#filters.delete(filter)
  }

  /** Drops the `nth` packet (1 = the first) for which `matches` holds; `count` of them from there. */
  drop(matches: (packet: WirePacket) => boolean, nth = 1, count = 1): () => void {
    let seen = 0
    return this.filter((packet) => {
      if (!matches(packet)) return 'pass'
      seen += 1
      return seen >= nth && seen < nth + count ? 'drop' : 'pass'
    })
  }

  /** A packet leaves a socket. */
  route(socket: Socket, bytes: Uint8Array, to: Locator): void {
    const nat = this.#interfaces.get(socket.locator.address)?.nat
    const from = nat === undefined ? socket.locator : nat.outward(this.#clock.now, socket.locator, to)
    const packet = this.#packet(bytes, from, to, socket.host, socket.id)
    this.#watch.sent(packet, socket)
    if (!this.#isBlocked(socket.locator)) this.#forward(packet)
  }

  /** Carries something else between two hosts, with the faults of the link between them. */
  message(from: string, to: string, bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    for (const arrival of this.link(from, to).carry(bytes))
      this.#clock.after(arrival.afterMs, () => arrive(arrival.bytes))
  }

  /** A packet whose sender lies about where it comes from. */
  inject(host: string, from: Locator, to: Locator, bytes: Uint8Array): void {
    this.#forward(this.#packet(bytes, from, to, host, undefined))
  }

  /** A packet once more, late: true as it was, but not sent by whom it names. */
  replay(host: string, packet: WirePacket): void {
    this.#forward({ ...packet, at: this.#clock.now, host })
  }

  /** A packet reaches a socket at once, from wherever it says. */
  arrive(socket: Socket, bytes: Uint8Array, from: Locator): void {
    this.#arrive(this.#packet(bytes, from, socket.locator, '', undefined))
  }

  #packet(bytes: Uint8Array, from: Locator, to: Locator, host: string, origin: number | undefined): WirePacket {
    return { at: this.#clock.now, kind: packetKind(bytes), bytes, from, to, host, origin }
  }

  #forward(packet: WirePacket): void {
    let held = 0
    for (const filter of this.#filters) {
      const verdict = filter(packet)
      if (verdict === 'drop') return
      if (verdict !== 'pass') held += verdict
    }
    const host = this.#hostAt(packet.to)
    if (host === undefined || this.#interfaces.get(packet.to.address)?.nat !== undefined) return
    for (const { afterMs, bytes } of this.link(packet.host, host).carry(packet.bytes)) {
      this.#clock.after(afterMs + held, () => this.#arrive(bytes === packet.bytes ? packet : { ...packet, bytes }))
    }
  }

  #arrive(packet: WirePacket): void {
    const nat = this.#nats.get(packet.to.address)?.nat
    const to = nat === undefined ? packet.to : nat.inward(this.#clock.now, packet.from, packet.to.port)
    if (to === undefined || this.#isBlocked(to)) return
    const socket = this.#sockets.get(keyOf(to))
    if (socket === undefined) return
    this.#watch.arrived(packet, socket)
    socket.receive(packet.bytes, packet.from)
  }

  #isBlocked(locator: Locator): boolean {
    return this.#blocked.size > 0 && (this.#blocked.has(locator.address) || this.#blocked.has(keyOf(locator)))
  }

  #hostAt(to: Locator): string | undefined {
    return this.#nats.get(to.address)?.host ?? this.#interfaces.get(to.address)?.host
  }
}
