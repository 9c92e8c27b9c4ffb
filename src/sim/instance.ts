// One start of one identity at one host: an engine, its socket, and what a Node endpoint does around an engine: publish its
// whereabouts, and look for peers that do not answer. Everything it does is shown to the checkers.

import { type Locator, type Route, sameLocator } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { Engine, type EngineOptions, type OwnStart } from '../core/engine.ts'
import type { MachineEvent, Transmit } from '../core/machine.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import type { OwnLocator } from '../core/own-locators.ts'
import { type Hit, hitOf } from '../crypto/hit.ts'
import type { Identity } from '../crypto/identity.ts'
import { Driver } from './driver.ts'
import type { Host } from './host.ts'
import { keyOf } from './locator-keys.ts'
import type { Socket } from './network.ts'
import type { Run } from './observation.ts'
import type { Process } from './process.ts'
import { type SpyOptions, spyAead, spyEntropy, spyKeylog } from './spy.ts'
import { STREAM_PORT } from './stream-desk.ts'
import type { World } from './world.ts'

/** The inner port every application of a world binds. */
export const APP_PORT = 7

const SEEK_MS_MIN = 25
const SEEK_MS_MAX = 5_000
const PUBLISH_MS_MIN = 100
const PUBLISH_MS_MAX = 3_000

export interface InstanceOptions {
  readonly world: World
  readonly subject: Process
  readonly host: Host
  /** The host key that holds the start. */
  readonly signer: Identity
  readonly start: OwnStart
  readonly frozen: FrozenState | undefined
  readonly lineage: number
  readonly honest: boolean
  readonly port?: number | undefined
}

/** One start of a process on one host: its engine, its sockets, and what an endpoint does around them. */
export class Instance {
  /** As whom it is watched; a zombie is somebody else than the start it was. */
  run: Run
  /** Where it runs. */
  readonly host: Host
  /** The host key that holds the start at the ledger. */
  readonly signer: Identity
  /** Epoch, incarnation and instance key of the start. */
  readonly start: OwnStart
  /** The engine; `command` drives it, so that what it has to say is sent. */
  readonly engine: Engine
  readonly #world: World
  readonly #subject: Process
  readonly #driver: Driver
  /** Where it sends from: one for each of its addresses, the preferred first. */
  #sockets: readonly Socket[]
  /** Where it was before it opened fresh ports: still heard, and answered from there. */
  #former: Socket | undefined
  readonly #callers = new Set<string>()
  #running = true
  #version = 0
  readonly #seeking = new Map<Hit, { pauseMs: number; last: Uint8Array | undefined }>()

  constructor(options: InstanceOptions) {
    const { world, subject, host, start, honest, lineage } = options
    this.#world = world
    this.#subject = subject
    this.host = host
    this.signer = options.signer
    this.start = start
    const { epoch } = start
    const incarnation = toHex(start.incarnation)
    const { name, hit } = subject
    this.run = { id: world.nextRun(), name, hit, epoch, incarnation, host: host.name, honest, lineage }
    this.#sockets = this.#openAll(options.port)
    const resumes = options.frozen?.associations.map(({ peerKey }) => hitOf(peerKey)) ?? []
    world.see({ type: 'run-begins', at: world.now, run: this.run, resumes })
    world.see({ type: 'secret', what: 'instance key', bytes: start.instance.secret() })
    this.#announce(options.frozen)
    this.engine = this.#engine(options)
    if (options.frozen === undefined) {
      this.engine.bind(APP_PORT)
      this.engine.listen(STREAM_PORT)
    }
    this.#driver = new Driver({
      clock: world.clock,
      machine: this.engine,
      transmit: (datagram) => this.#transmit(datagram),
      event: (event) => this.#onEvent(event),
    })
    this.publish()
  }

  /** False once it has stopped or frozen. */
  get running(): boolean {
    return this.#running
  }

  /** Where its socket is; behind a translator nobody outside reaches it there. */
  get locator(): Locator {
    return this.#first.locator
  }

  /** Does something to the engine and drains it. */
  command<T>(what: (engine: Engine, now: number) => T): T {
    const result = what(this.engine, this.#world.now)
    this.#driver.poke()
    return result
  }

  /** Shows the checkers what the engine says of one peer. */
  show(peer: Hit): void {
    if (!this.run.honest || !this.#running) return
    const view = this.engine.association(peer)
    if (view === undefined) return
    const { see } = this.#world
    see({ type: 'queue', run: this.run, what: 'unsent datagrams', size: view.queued, cap: this.#subject.queueCap })
    for (const { what, size, cap } of view.holdings) see({ type: 'queue', run: this.run, what, size, cap })
    if (view.peerEpoch > 0) see({ type: 'bound', run: this.run, peer, epoch: view.peerEpoch })
  }

  /** A datagram from an address that its sender does not have. */
  receiveSpoofed(bytes: Uint8Array, from: Locator): void {
    this.#world.network.arrive(this.#first, bytes, from)
  }

  /** Moves to another socket of the same host and tells the peers. */
  rebind(address: string): void {
    this.#former?.close()
    this.#former = undefined
    this.#move(address)?.close()
  }

  /** Nobody is heard: other ports of the same addresses, beside the one by which others may know it. */
  #freshen(): void {
    if (!this.#running) return
    this.#world.event('fresh-port')
    const old = this.#move(this.locator.address)
    if (this.#former === undefined) this.#former = old
    else old?.close()
  }

  /** Sends from other sockets from now on, and tells the peers. Returns the first of the old ones; the others are closed. */
  #move(address: string): Socket | undefined {
    const [old, ...others] = this.#sockets
    this.#sockets = this.#openAll(undefined, address)
    for (const socket of others) socket.close()
    this.#announce(undefined)
    this.command((engine, now) => engine.readdress(now, this.#own))
    this.publish()
    return old
  }

  /** The engine has been unfrozen in place: the same start goes on. */
  resume(): void {
    this.#running = true
    this.#world.see({ type: 'run-begins', at: this.#world.now, run: this.run })
    this.command((engine, now) => engine.unfreeze(now))
  }

  /** False once nothing of it is left. */
  get alive(): boolean {
    return this.#driver.running
  }

  /** What should have been destroyed goes on running, against all rules. */
  rise(): void {
    this.run = { ...this.run, id: this.#world.nextRun(), honest: false }
    this.#running = true
    this.command((engine, now) => engine.unfreeze(now))
  }

  /** Nothing of it is left: a crash, or the end of a hand-off. */
  stop(): void {
    this.#end()
    this.#driver.stop()
    for (const socket of this.#sockets) socket.close()
    this.#former?.close()
  }

  /** Tells the ledger where this instance is, again and again until it answers. */
  publish(): void {
    const { receipt } = this.start
    if (receipt === undefined || !this.run.honest) return
    const version = ++this.#version
    const bytes = this.engine.whereabouts(version)
    if (bytes !== undefined) this.#publish(version, bytes, PUBLISH_MS_MIN)
  }

  #publish(version: number, bytes: Uint8Array, pauseMs: number): void {
    const { ledger, clock } = this.#world
    let done = false
    ledger.ask(
      () => ledger.publish(bytes),
      () => {
        done = true
      },
    )
    clock.after(pauseMs, () => {
      if (done || !this.#running || version !== this.#version) return
      this.#publish(version, bytes, Math.min(2 * pauseMs, PUBLISH_MS_MAX))
    })
  }

  /** Asks the ledger where a peer is, ever more rarely until it is found. */
  seek(peer: Hit): void {
    const known = this.#seeking.get(peer)
    if (known !== undefined) {
      known.pauseMs = SEEK_MS_MIN
      return
    }
    this.#seeking.set(peer, { pauseMs: SEEK_MS_MIN, last: undefined })
    this.#seekAgain(peer)
  }

  #seekAgain(peer: Hit): void {
    const search = this.#seeking.get(peer)
    const state = this.engine.association(peer)?.state
    const wanted = state === 'moving' || state === 'parked' || state === 'opening'
    if (search === undefined || !this.#running || !wanted) return void this.#seeking.delete(peer)
    const { ledger, clock } = this.#world
    ledger.ask(
      () => ledger.find(peer),
      (found) => this.#found(peer, found),
    )
    clock.after(search.pauseMs, () => this.#seekAgain(peer))
    search.pauseMs = Math.min(2 * search.pauseMs, SEEK_MS_MAX)
  }

  #found(peer: Hit, whereabouts: Uint8Array | undefined): void {
    const search = this.#seeking.get(peer)
    if (whereabouts === undefined || search === undefined || !this.#running) return
    if (search.last !== undefined && equalBytes(search.last, whereabouts)) return
    search.last = whereabouts
    const fault = this.command((engine, now) => engine.learn(now, peer, whereabouts))
    if (fault === undefined) this.#world.event('learn')
    else this.#world.see({ type: 'text', run: this.run, text: fault })
  }

  #engine({ world, subject, frozen, start, honest }: InstanceOptions): Engine {
    const spy: SpyOptions = {
      run: () => this.run,
      names: world.keyNames,
      now: () => world.now,
      see: (seen) => world.see(seen),
    }
    const prng = world.prng.fork()
    const options: EngineOptions = {
      identity: subject.identity,
      start,
      entropy: spyEntropy(spy, (length) => prng.bytes(length)),
      aead: spyAead(spy, subject.offer.algorithms.espSuites),
      keylog: spyKeylog(spy),
      locators: this.#own,
      config: subject.config,
      ...subject.offer,
      now: world.now,
    }
    if (frozen === undefined) return new Engine(options)
    return honest || frozen.epoch < start.epoch ? Engine.thaw(options, frozen) : new Engine(options)
  }

  get #first(): Socket {
    const [socket] = this.#sockets
    assert(socket !== undefined, 'an instance has a socket')
    return socket
  }

  /** As the engine knows them. */
  get #own(): readonly OwnLocator[] {
    const apart = this.#sockets.length > 1
    return this.#sockets.map(({ locator }) => (apart ? { ...locator, apart } : locator))
  }

  #transmit({ bytes, to }: Transmit): void {
    const { address, port, at } = to
    const former = this.#former !== undefined && this.#callers.has(keyOf(to)) ? this.#former : undefined
    const chosen = this.#sockets.find(({ locator }) => at === undefined || sameLocator(locator, at))
    const socket = former ?? chosen
    socket?.send(bytes, at === undefined ? to : { address, port })
  }

  #receive(socket: Socket, bytes: Uint8Array, source: Locator): void {
    const isFormer = socket === this.#former
    if (isFormer) this.#callers.add(keyOf(source))
    else if (this.#callers.size > 0) this.#callers.delete(keyOf(source))
    const apart = this.#sockets.length > 1 && !isFormer
    const route: Route = apart ? { address: source.address, port: source.port, at: socket.locator } : source
    this.#driver.receive(bytes, route)
  }

  /** A socket on an address of the host, and on its other one if the process lives on two. */
  #openAll(port: number | undefined, first: string | undefined = this.host.addresses[0]): readonly Socket[] {
    const { homes } = this.#subject
    const others = this.host.addresses.filter((address) => address !== first)
    return [first, ...others]
      .slice(0, homes)
      .map((address, index) => this.#open(index === 0 ? port : undefined, address))
  }

  #open(port: number | undefined, address: string | undefined): Socket {
    assert(address !== undefined, 'a host has an address')
    let opened: Socket | undefined
    const receive = (bytes: Uint8Array, source: Locator): void => {
      if (opened !== undefined) this.#receive(opened, bytes, source)
    }
    const { network } = this.#world
    const wanted = port === undefined ? undefined : network.bind({ address, port }, receive)
    const socket = wanted ?? network.bind({ address, port: this.host.freshPort() }, receive)
    assert(socket !== undefined, 'a fresh port is free')
    this.#world.own(socket, this)
    opened = socket
    return socket
  }

  #announce(frozen: FrozenState | undefined): void {
    const { see } = this.#world
    if (this.run.honest) for (const { locator } of this.#sockets) see({ type: 'announced', locator, run: undefined })
    for (const association of frozen?.associations ?? []) {
      for (const { locator } of association.locators) see({ type: 'announced', locator, run: this.run })
    }
  }

  #onEvent(event: MachineEvent): void {
    // Nobody asks who is where in these worlds, nor opens as many streams as a peer allows.
    if (event.type === 'found' || event.type === 'nobody' || event.type === 'streams-openable') return
    const world = this.#world
    world.tally.traceText(world.now, event.type)
    world.see({ type: 'event', at: world.now, run: this.run, event })
    if (this.run.honest || event.type === 'fenced') world.event(event.type)
    if (event.type === 'frozen' || event.type === 'fenced') this.#end()
    if ((event.type === 'lookup' || event.type === 'parked') && this.#running) this.seek(event.peer)
    if (!this.run.honest) return
    if (event.type === 'path' && event.why === 'failover') world.event('failover')
    if (event.type === 'silent') world.clock.after(0, () => this.#freshen())
    if (event.type !== 'datagram' && 'peer' in event) this.show(event.peer)
    this.#subject.onEvent(this, event)
  }

  #end(): void {
    if (!this.#running) return
    this.#running = false
    this.#world.see({ type: 'run-ends', at: this.#world.now, run: this.run })
  }
}
