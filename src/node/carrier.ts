// Carries one engine on a port and hands what it tells to whoever asked: associations, datagram sockets, waiting calls. The
// door users hold is `Endpoint`; here is the machinery behind it, one method an event.

import { EventEmitter } from 'node:events'
import { formatLocator, type Locator } from '../base/address.ts'
import { unreachable } from '../base/assert.ts'
import type { AccessList, AccessRules } from '../core/access.ts'
import type { AssociationView, Engine } from '../core/engine.ts'
import type { EndReason, MachineEvent } from '../core/machine.ts'
import type { Algorithms } from '../crypto/algorithms.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Ledger } from '../ledger/interface.ts'
import { type Access, accessRules } from './access.ts'
import { Association, type AssociationCarrier, endError, type PingOptions, type Pong } from './association.ts'
import { Attempts } from './attempts.ts'
import { EPHEMERAL_COUNT, EPHEMERAL_FIRST, FINISH_MS, PUBLISH_AFTER_MS } from './config.ts'
import { type ConnectOptions, connected } from './connect.ts'
import type { DatagramCarrier, DatagramSocket, SendOutcome } from './datagram-socket.ts'
import { Driver, now } from './driver.ts'
import { SojournError } from './errors.ts'
import { type Happening, observe } from './observe.ts'
import type { Peer } from './peer.ts'
import { Pings } from './pings.ts'
import type { Bind, DatagramPort } from './port.ts'
import { PortHolder } from './port-holder.ts'
import { Publisher } from './publisher.ts'
import { Questions } from './questions.ts'
import { rehearseSoon } from './rehearsal.ts'
import { Seeker } from './seeker.ts'
import type { SojournStream } from './stream.ts'
import { Streams } from './streams.ts'

/** What an endpoint hears from its carrier. */
export interface CarrierEvents {
  association: [association: Association]
  frozen: []
  /** Everything has ended. */
  shut: []
  fenced: [epoch: number]
  /** Our own address has changed and the peers are being told. */
  moved: [from: Locator, to: Locator]
}

export interface CarrierOptions {
  readonly engine: Engine
  readonly port: DatagramPort
  readonly ledger: Ledger | undefined
  /** Whose keys can be named on lists. */
  readonly algorithms: Algorithms | undefined
}

/** One engine, its port, its associations and its sockets. */
export class Carrier extends EventEmitter<CarrierEvents> implements AssociationCarrier, DatagramCarrier {
  readonly engine: Engine
  readonly driver: Driver
  readonly sockets: Map<number, DatagramSocket> = new Map()
  readonly streams: Streams
  readonly #associations = new Map<Hit, Association>()
  readonly #attempts = new Attempts()
  readonly #pings: Pings
  readonly questions: Questions = new Questions()
  readonly #seeker: Seeker | undefined
  readonly #publisher: Publisher | undefined
  readonly #algorithms: Algorithms | undefined
  readonly #ports: PortHolder
  #nextPort = 0
  #open = true
  #halted: Promise<void> | undefined

  constructor({ engine, port, ledger, algorithms }: CarrierOptions) {
    super()
    this.#algorithms = algorithms
    this.engine = engine
    this.#ports = new PortHolder(port, this, (taken, from) => this.#moved(taken, from))
    this.driver = new Driver(engine, port, (event) => this.#heard(event))
    this.streams = new Streams(engine, this)
    this.#pings = new Pings((peer, identifier, sequence, bytes) => {
      const sent = engine.ping(now(), peer, identifier, sequence, bytes)
      this.driver.run()
      return sent
    })
    if (ledger === undefined) return
    this.#seeker = new Seeker(ledger, (peer, whereabouts) => {
      engine.learn(now(), peer, whereabouts)
      this.driver.run()
    })
    this.#publisher = new Publisher(ledger, (version) => engine.whereabouts(version))
  }

  get hit(): Hit {
    return this.engine.hit
  }

  /** Where the port is bound; of several, the preferred one. */
  get locator(): Locator {
    return this.#ports.port.locator
  }

  /** Where peers reach us, the best first. */
  get own(): readonly Locator[] {
    return this.#ports.port.own
  }

  /** Starts to send and receive, and tells the ledger where we are as soon as the peers have been told. */
  start(): void {
    this.driver.run()
    if (this.#publisher === undefined) return
    setTimeout(() => this.#open && this.#publisher?.publish(), PUBLISH_AFTER_MS).unref()
  }

  // ── Associations ───────────────────────────────────────────────────────────

  association(peer: Hit): Association | undefined {
    return this.#associations.get(peer)
  }

  associations(): IterableIterator<Association> {
    return this.#associations.values()
  }

  /** Takes up the associations that a thawed engine brings; listeners are still told of the streams that are `untold`. */
  adopt(untold: ReadonlyMap<Hit, ReadonlySet<number>>): void {
    for (const view of this.engine.associations()) {
      if (!this.#associations.has(view.peer)) this.#begin(view.peer, view.initiator)
      this.streams.adopt(view.peer, untold.get(view.peer) ?? new Set())
    }
  }

  /** Waits for an association with `peer`; begins it if there is none. */
  associate(peer: Peer, timeoutMs: number, signal: AbortSignal | undefined): Promise<Association> {
    const present = this.#associations.get(peer.hit)
    if (present !== undefined && present.state !== 'closing') return Promise.resolve(present)
    return this.#attempts.join(peer, timeoutMs, signal, {
      begin: (target) => {
        this.engine.associate(now(), target)
        this.driver.run()
      },
      abandon: (hit) => {
        // Only the exchange that has not ended yet: an association that came after all is somebody's.
        if (this.view(hit)?.state === 'opening') this.closeWith(hit)
      },
    })
  }

  view(peer: Hit): AssociationView | undefined {
    return this.engine.association(peer)
  }

  rekeyWith(peer: Hit): boolean {
    const begun = this.engine.rekey(now(), peer)
    this.driver.run()
    return begun
  }

  closeWith(peer: Hit): void {
    const goodbye = (): void => {
      if (!this.#open) return
      this.engine.close(now(), peer)
      this.driver.run()
    }
    if (this.streams.has(peer)) void this.streams.finish(FINISH_MS, peer).then(goodbye)
    else goodbye()
  }

  pingPeer(peer: Hit, options: PingOptions): Promise<Pong> {
    return this.#pings.ping(peer, options, () => this.view(peer)?.locator)
  }

  // ── Datagram sockets ───────────────────────────────────────────────────────

  openPort(port: number, socket: DatagramSocket, access: AccessList): number | undefined {
    this.requireOpen()
    const chosen = port === 0 ? this.#freePort() : port
    if (chosen === undefined || this.sockets.has(chosen) || !this.engine.bind(chosen, access)) return undefined
    this.sockets.set(chosen, socket)
    return chosen
  }

  adoptPort(port: number, socket: DatagramSocket, access: AccessList): void {
    this.sockets.set(port, socket)
    this.engine.unbind(port)
    this.engine.bind(port, access)
  }

  rules(access: Access): AccessRules {
    return accessRules(access, this.#algorithms)
  }

  shutPort(port: number): void {
    if (this.sockets.delete(port)) this.engine.unbind(port)
  }

  sendDatagram(peer: Hit, sourcePort: number, port: number, bytes: Uint8Array): SendOutcome {
    if (!this.#open) return 'no-association'
    const outcome = this.engine.send(now(), peer, sourcePort, port, bytes)
    this.driver.run()
    return outcome
  }

  // ── Streams ────────────────────────────────────────────────────────────────

  connectWith(peer: Hit, port: number, options: ConnectOptions): SojournStream {
    return connected(this.streams, peer, port, options, undefined)
  }

  hold(holder: object, held: boolean): void {
    this.#ports.hold(holder, held)
  }

  soon(bytes = 0): void {
    this.driver.soon(bytes)
  }

  // ── The UDP port ───────────────────────────────────────────────────────────

  ref(): void {
    this.#ports.hold(this, true)
  }

  unref(): void {
    this.#ports.hold(this, false)
  }

  /** Moves to another local address: the new port is open before the peers are told, the old one hears on for a moment. */
  rebind(bind: Bind | readonly Bind[]): Promise<Locator> {
    return this.#ports.rebind(bind)
  }

  /** Sends and receives there from now on, and says so. */
  #moved(port: DatagramPort, from: Locator): void {
    this.driver.use(port)
    this.engine.readdress(now(), port.own)
    this.driver.run()
    this.#publisher?.publish()
    observe('readdressed', { hit: this.hit, from: formatLocator(from), to: formatLocator(port.locator) })
    this.emit('moved', from, port.locator)
  }

  /** Neither sends nor receives any more: the ports are closed. */
  halt(): Promise<void> {
    this.driver.stop()
    this.#halted ??= this.#ports.close()
    return this.#halted
  }

  /** Stops everything at once and closes the ports; the engine is left as it is. Every socket and association ends. */
  async shut(reason: EndReason | 'frozen' | 'destroyed', detail: string): Promise<void> {
    if (!this.#open) return
    this.#open = false
    const halted = this.halt()
    this.#seeker?.stopAll()
    for (const socket of [...this.sockets.values()]) socket.close()
    this.streams.shut(reason)
    for (const association of this.#associations.values()) association.finish({ reason, detail })
    this.#associations.clear()
    const error = new SojournError('ERR_SOJOURN_CLOSED', `this endpoint is closed (${reason}): open another one`)
    for (const asked of [this.#attempts, this.#pings, this.questions]) asked.failAll(error)
    this.emit('shut')
    const publisher = this.#publisher?.stop()
    await halted
    // A frozen process is waited for; what it last told the ledger is not.
    if (reason !== 'frozen') await publisher
  }

  get isOpen(): boolean {
    return this.#open
  }

  requireOpen(): void {
    if (this.#open) return
    throw new SojournError('ERR_SOJOURN_CLOSED', 'this endpoint is closed: open another one')
  }

  #freePort(): number | undefined {
    for (let tried = 0; tried < EPHEMERAL_COUNT; tried++) {
      const port = EPHEMERAL_FIRST + this.#nextPort
      this.#nextPort = (this.#nextPort + 1) % EPHEMERAL_COUNT
      if (!this.sockets.has(port)) return port
    }
    return undefined
  }

  // ── What the engine tells ──────────────────────────────────────────────────

  #heard(event: MachineEvent): unknown {
    switch (event.type) {
      case 'datagram':
        return this.sockets.get(event.port)?.deliver(event.bytes, event.peer, event.sourcePort)
      case 'stream':
      case 'stream-accepted':
      case 'stream-data':
      case 'stream-end':
      case 'stream-reset':
      case 'stream-stopped':
      case 'stream-writable':
      case 'stream-finished':
      case 'stream-closed':
      case 'stream-lost':
        return this.streams.heard(event)
      case 'streams-openable':
        return this.streams.openable(event.peer)
      case 'pong':
        return this.#pings.answered(event.peer, event.identifier, event.sequence, this.view(event.peer)?.locator)
      case 'associated':
        return this.#associated(event.peer, event.initiator)
      case 'ended':
        return this.#ended(event.peer, event.reason, event.tried, event.detail)
      case 'found':
      case 'nobody':
        return this.questions.heard(event)
      case 'drained':
        for (const socket of this.sockets.values()) socket.drained(event.peer)
        return
      case 'frozen':
        return void this.emit('frozen')
      case 'fenced':
        this.#tell('fenced', { epoch: event.epoch })
        return void this.emit('fenced', event.epoch)
      case 'lookup':
        return void this.#seeker?.seek(event.peer)
      case 'silent':
        return void this.#ports.freshen()
      case 'path':
      case 'rebound':
      case 'resumed':
      case 'rekeyed':
      case 'parked':
      case 'woken':
        return this.#changed(event)
      default:
        return unreachable(event)
    }
  }

  #associated(peer: Hit, initiator: boolean): void {
    const association = this.#begin(peer, initiator)
    this.#attempts.succeed(peer, association)
    this.#tell('associated', { peer, initiator })
    this.emit('association', association)
  }

  #begin(peer: Hit, initiator: boolean): Association {
    const association = new Association(this, peer, initiator)
    this.#associations.get(peer)?.finish({ reason: 'replaced', detail: 'a new base exchange' })
    this.#associations.set(peer, association)
    return association
  }

  #ended(peer: Hit, reason: EndReason, tried: readonly Locator[], detail: string): void {
    this.#seeker?.stop(peer)
    const error = endError(peer, reason, tried.map(formatLocator), detail)
    this.#pings.fail(peer, error)
    this.#tell('ended', { peer, reason, tried, detail })
    const association = this.#associations.get(peer)
    if (association === undefined) this.#attempts.fail(peer, reason, tried, error)
    else {
      this.#associations.delete(peer)
      association.finish({ reason, detail })
      // Somebody may have asked for the next one while this one was closing.
      this.#attempts.renew(peer)
    }
    // Whoever waits for room learns from the next send that there is nobody left.
    for (const socket of this.sockets.values()) socket.drained(peer)
    this.streams.openable(peer)
  }

  #changed(
    event: Extract<MachineEvent, { type: 'path' | 'rebound' | 'resumed' | 'rekeyed' | 'parked' | 'woken' }>,
  ): void {
    const { peer } = event
    const association = this.#associations.get(peer)
    if (event.type === 'parked') this.#seeker?.seek(peer)
    else if (event.type !== 'rekeyed') this.#seeker?.stop(peer)
    switch (event.type) {
      case 'path':
        this.#tell('moved', { peer, locator: formatLocator(event.locator), why: event.why })
        association?.emit('path', event.locator, event.why)
        return
      case 'rebound':
        rehearseSoon()
        this.#tell('rebound', { peer, epoch: event.epoch })
        association?.emit('rebound', event.epoch)
        return
      default:
        this.#tell(event.type, { peer })
        association?.emit(event.type)
    }
  }

  #tell(what: Happening, message: Readonly<Record<string, unknown>>): void {
    observe(what, { hit: this.hit, ...message })
  }
}
