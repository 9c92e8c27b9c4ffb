// A process of a world, as a test or a seed talks to it: an identity, wherever it runs now, and its application, which sends and
// gets datagrams that can be told apart.

import type { Locator } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import type { Offer } from '../core/association/exchange-offer.ts'
import { type Config, DEFAULTS } from '../core/config.ts'
import type { AssociationView, Engine, OwnStart, SendOutcome } from '../core/engine.ts'
import type { MachineEvent } from '../core/machine.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity } from '../crypto/identity.ts'
import { contentBytes, contentId } from './content.ts'
import type { Host } from './host.ts'
import { APP_PORT, Instance } from './instance.ts'
import { StreamDesk } from './stream-desk.ts'
import type { World } from './world.ts'

const SOURCE_PORT = 1_007

export interface ProcessSettings {
  readonly identity: Identity
  readonly config: Partial<Config>
  /** What its engines can do and offer. */
  readonly offer: Offer
  /** On how many addresses of its host it is at once. */
  readonly homes: number
}

/** A datagram that the application got. */
export interface Received {
  /** When, in virtual ms. */
  readonly at: number
  /** Its serial number. */
  readonly id: number
  /** Who sent it. */
  readonly peer: Hit
}

/** A process as a scenario talks to it: an identity, wherever it runs now, and its application. */
export class Process {
  /** What prose calls it. */
  readonly name: string
  /** Its key. */
  readonly identity: Identity
  /** Its HIT. */
  readonly hit: Hit
  /** What differs from the core's own settings. */
  readonly config: Partial<Config>
  /** What its engines can do and offer. */
  readonly offer: Offer
  /** On how many addresses of its host it is at once. */
  readonly homes: number
  /** Where it runs, or ran last. */
  instance: Instance | undefined
  /** What its application got, in order. */
  readonly received: Received[] = []
  /** Everything its machines told, in order. */
  readonly events: { readonly at: number; readonly event: MachineEvent }[] = []
  /** What a swarm does when something is told. */
  listener: (instance: Instance, event: MachineEvent) => void = () => {}
  /** The application's own suitcase: it travels in the capsule. */
  suitcase: Uint8Array = new Uint8Array(8)
  /** Lineage by epoch, so that a resumed start continues its own. */
  readonly lineages: Map<number, number> = new Map()
  /** True if every start goes through the ledger. */
  readonly saved: boolean
  /** What its application does with streams. */
  readonly desk: StreamDesk
  readonly #world: World
  readonly #receivedIds = new Set<number>()

  constructor(world: World, name: string, settings: ProcessSettings, saved: boolean) {
    this.#world = world
    this.name = name
    this.identity = settings.identity
    this.hit = settings.identity.hit
    this.config = settings.config
    this.offer = settings.offer
    this.homes = settings.homes
    this.saved = saved
    this.desk = new StreamDesk(world, this)
  }

  /** How many datagrams may wait for one peer. */
  get queueCap(): number {
    return this.config.unsentPacketsMax ?? DEFAULTS.unsentPacketsMax
  }

  /** True while an instance of it may send. */
  get running(): boolean {
    return this.instance?.running === true
  }

  /** The engine that runs now. */
  get engine(): Engine {
    return this.here.engine
  }

  /** Where it runs now. */
  get host(): Host {
    return this.here.host
  }

  /** The first address and port that it sends from now. */
  get locator(): Locator {
    return this.here.locator
  }

  /** The instance that runs now. */
  get here(): Instance {
    assert(this.instance !== undefined, `${this.name} has never been started`)
    return this.instance
  }

  /** Runs a start that the ledger has activated, or the first of an identity without a ledger. */
  begin(host: Host, signer: Identity, start: OwnStart, frozen: FrozenState | undefined, port?: number): Instance {
    const resumed = frozen === undefined ? undefined : this.lineages.get(frozen.epoch)
    const lineage = resumed ?? this.#world.nextLineage()
    this.lineages.set(start.epoch, lineage)
    if (resumed === undefined) this.desk.forget()
    else this.desk.resume()
    const options = { world: this.#world, subject: this, host, signer, start, frozen, lineage, honest: true, port }
    this.instance = new Instance(options)
    if (resumed !== undefined) this.desk.compare(this.instance)
    if (this.saved) host.disk.set(this.hit, { signer })
    return this.instance
  }

  /** An instance of it has told something. */
  onEvent(instance: Instance, event: MachineEvent): void {
    const at = this.#world.now
    this.events.push({ at, event })
    if (event.type === 'datagram') {
      const id = contentId(event.bytes)
      if (id !== undefined) {
        this.received.push({ at, id, peer: event.peer })
        this.#receivedIds.add(id)
      }
    }
    if ('id' in event) this.desk.hear(event)
    const departure = instance.host.departures.get(this.hit)
    if (event.type === 'frozen' && departure?.instance === instance) departure.onFrozen()
    this.listener(instance, event)
  }

  // ── The application ────────────────────────────────────────────────────────

  /** Begins an association with wherever the peer really is. */
  associate(peer: Process, locators: readonly Locator[] = peer.instance === undefined ? [] : [peer.locator]): void {
    for (const locator of locators) this.#world.see({ type: 'announced', locator, run: this.here.run })
    this.here.command((engine, now) => engine.associate(now, { hit: peer.hit, locators }))
  }

  /** Sends the next numbered datagram, of `length` bytes. Gives its number, and what the engine says. */
  send(peer: Process, length = 24): { readonly id: number; readonly outcome: SendOutcome } {
    const id = this.#world.nextContent()
    const bytes = contentBytes(id, length)
    const { run } = this.here
    const content = { id, sourcePort: SOURCE_PORT, port: APP_PORT, bytes }
    this.#world.see({ type: 'app-sent', run, to: peer.hit, content })
    const outcome = this.here.command((engine, now) => engine.send(now, peer.hit, SOURCE_PORT, APP_PORT, bytes))
    if (outcome === 'sent' || outcome === 'queued') this.#world.event(outcome)
    if (outcome !== 'sent') this.here.show(peer.hit)
    return { id, outcome }
  }

  /** True if datagram `id` has arrived here. */
  has(id: number): boolean {
    return this.#receivedIds.has(id)
  }

  /** Closes the association with `peer`. */
  close(peer: Process): void {
    const { run } = this.here
    this.#world.see({ type: 'closed', at: this.#world.now, run, peer: peer.hit })
    this.#world.event('close')
    this.here.command((engine, now) => engine.close(now, peer.hit))
  }

  /** Gives the association with `peer` fresh keys; false if it cannot be done now. */
  rekey(peer: Process): boolean {
    this.#world.event('rekey')
    return this.here.command((engine, now) => engine.rekey(now, peer.hit))
  }

  /** Sends an echo request of 16 bytes, number `sequence`; false if there is no association to send it on. */
  ping(peer: Process, sequence: number): boolean {
    this.#world.event('ping')
    const bytes = new Uint8Array(16).fill(sequence)
    return this.here.command((engine, now) => engine.ping(now, peer.hit, 1, sequence, bytes))
  }

  /** Moves to a fresh socket, on another address of the host if it has one. */
  rebind(address?: string): void {
    this.#world.event('readdress')
    this.here.rebind(address ?? this.locator.address)
  }

  /** What the engine says of the association with `peer`. */
  with(peer: Process): AssociationView | undefined {
    return this.engine.association(peer.hit)
  }

  /** Events of one type, oldest first, with what a `MachineEvent` of that type has. */
  told<T extends MachineEvent['type']>(type: T): Extract<MachineEvent, { type: T }>[] {
    return this.events.flatMap(({ event }) =>
      event.type === type ? [event as Extract<MachineEvent, { type: T }>] : [],
    )
  }
}
