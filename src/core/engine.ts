// One identity (DESIGN §1): it owns the associations, finds whose a datagram is, and hands out what they want to send. Pure:
// time, randomness and addresses are arguments. The parts of an association are in association/, of a move in moving/.

import type { Locator, Route } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import type { Hit } from '../crypto/hit.ts'
import { classify, hipOf } from '../wire/datagram.ts'
import { spiOf } from '../wire/esp.ts'
import { isMalformed } from '../wire/malformed.ts'
import { decodeMessage } from '../wire/messages.ts'
import type { AccessList } from './access.ts'
import { Agenda } from './agenda.ts'
import { Association, type Unsent } from './association/association.ts'
import { startClose } from './association/closing.ts'
import type { OwnContext } from './association/context.ts'
import { draftDatagram, enqueue, heldPacket, nextPacket, onEsp } from './association/data.ts'
import { startOpening, wantsOpening } from './association/opening.ts'
import { startRekey } from './association/ratchet.ts'
import { readdress } from './association/readdress.ts'
import { dismiss, Responding } from './association/responding.ts'
import { nextStreamEvent, releaseStreams, shedStreams } from './association/streaming.ts'
import { DEFAULTS } from './config.ts'
import { Inquiries } from './inquiries.ts'
import type { Machine, MachineEvent, Transmit } from './machine.ts'
import { Flight } from './moving/flight.ts'
import type { FrozenSocket, FrozenState } from './moving/frozen.ts'
import { learnWhereabouts, ownWhereabouts } from './moving/learn.ts'
import { freezeIdentity, holdForFreeze, isQuiet, thawAssociation } from './moving/resume.ts'
import type { EngineOptions } from './options.ts'
import { Outlet } from './outlet.ts'
import { ownContext } from './own-context.ts'
import type { OwnLocator } from './own-locators.ts'
import { Ports } from './ports.ts'
import { type Reception, receiveHip } from './reception.ts'
import { Spis } from './spis.ts'
import { StreamCommands } from './stream-commands.ts'
import { type AssociationView, type SendOutcome, viewOf } from './view.ts'

export type { KeyLogEntry, OwnStart } from './association/context.ts'
export type { EngineOptions } from './options.ts'
export type { StreamEvent } from './stream-event.ts'
export type { AssociationView, Path, SendOutcome, StreamView, Way } from './view.ts'

/** `freezing` waits until every S is confirmed (MOVING §3). What is frozen or stopped never sends; `frozen` may be unfrozen. */
type Phase =
  | { readonly name: 'running' }
  | { readonly name: 'freezing'; readonly until: number }
  | { readonly name: 'frozen'; readonly at: number }
  | { readonly name: 'stopped' }

export class Engine extends StreamCommands implements Machine {
  readonly hit: Hit
  readonly #context: OwnContext
  readonly #reception: Reception
  readonly #associations = new Map<Hit, Association>()
  readonly #agenda = new Agenda<Association>()
  readonly #spis: Spis
  readonly #ports = new Ports()
  readonly #ready = new Set<Association>()
  readonly #news = new Set<Association>()
  readonly #outlet: Outlet
  readonly #flight: Flight
  #phase: Phase = { name: 'running' }

  constructor(options: EngineOptions) {
    super()
    const config = { ...DEFAULTS, ...options.config }
    this.hit = options.identity.hit
    this.#outlet = new Outlet(config)
    this.#flight = new Flight(config.offersOutstandingMax)
    this.#spis = new Spis(options.entropy)
    this.#context = ownContext(options, {
      config,
      outlet: this.#outlet,
      spis: this.#spis,
      ports: this.#ports,
      listeners: this.listeners,
      associations: this.#associations,
      wake: (association) => void this.#ready.add(association),
      hasNews: (association) => void this.#news.add(association),
      forget: (association) => this.#forget(association),
      fenced: (epoch) => this.#fenced(epoch),
    })
    const responding = new Responding(this.#context, options.admit ?? (() => true))
    const [context, inquiries] = [this.#context, new Inquiries(this.#context)]
    this.#reception = { context, associations: this.#associations, responding, inquiries, make: this.#make }
  }

  /** A machine that goes on where another one stopped (MOVING §4). `options.start` has been claimed and activated. */
  static thaw(options: EngineOptions, frozen: FrozenState): Engine {
    const engine = new Engine(options)
    assert(options.start.epoch > frozen.epoch, 'every start has a higher epoch than the state it resumes')
    for (const floor of frozen.floors) engine.#context.floors.raise({ ...floor, receipt: undefined })
    for (const { port } of frozen.sockets) engine.bind(port)
    for (const port of frozen.listeners) engine.listen(port)
    for (const association of frozen.associations) {
      const thawed = thawAssociation(engine.#context, association, frozen.epoch, options.now)
      engine.#associations.set(thawed.peer, thawed)
      if (dismiss(thawed, options.now)) engine.#agenda.note(thawed)
      else engine.#flight.add(thawed)
      engine.#outlet.tell({ type: 'lookup', peer: thawed.peer })
    }
    engine.#advanceFlight(options.now)
    return engine
  }

  // ── Machine ────────────────────────────────────────────────────────────────

  receive(now: number, datagram: Uint8Array, source: Route): void {
    if (this.#phase.name === 'frozen' || this.#phase.name === 'stopped') return
    switch (classify(datagram)) {
      case 'esp':
        return this.#onEsp(now, datagram, source)
      case 'hip':
        return this.#onHip(now, hipOf(datagram), source)
      case 'keepalive':
        return this.#context.count('keepalive-received')
      case 'runt':
        return this.#context.count('runt')
    }
  }

  expire(now: number): void {
    if (this.#phase.name === 'frozen' || this.#phase.name === 'stopped') return
    this.#reception.responding.expire(now)
    this.#reception.inquiries.expire(now)
    for (let association = this.#agenda.due(now); association !== undefined; association = this.#agenda.due(now)) {
      association.expire(now)
      this.touched(association, now)
    }
    this.#freezeIfQuiet(now)
  }

  transmit(now: number, most = 1, patient = false): Transmit | undefined {
    if (this.#phase.name === 'frozen' || this.#phase.name === 'stopped') return undefined
    const control = this.#outlet.packet()
    if (control !== undefined) return control
    const next: typeof nextPacket = this.#phase.name === 'freezing' ? heldPacket : nextPacket
    for (const association of this.#ready) {
      const datagram = next(association, now, this.#ready.size > 1 ? 1 : most)
      this.#agenda.note(association)
      if (datagram === undefined || this.#ready.size > 1) this.#ready.delete(association)
      if (datagram === undefined) continue
      this.#ready.add(association) // of several each goes to the end of the line
      return datagram
    }
    return this.#outlet.packet() ?? (patient ? undefined : this.#outlet.pay(now)) // perhaps an address check for data
  }

  event(): MachineEvent | undefined {
    const event = this.#outlet.event()
    if (event !== undefined) return event
    for (const association of this.#news) {
      const told = nextStreamEvent(association)
      if (told !== undefined) return told
      this.#news.delete(association)
    }
    return undefined
  }

  get deadline(): number {
    if (this.#phase.name === 'frozen' || this.#phase.name === 'stopped') return Infinity
    const freezing = this.#phase.name === 'freezing' ? this.#phase.until : Infinity
    const { responding, inquiries } = this.#reception
    return Math.min(this.#agenda.next, responding.deadline, inquiries.deadline, freezing)
  }

  readonly answers = (): boolean => this.#outlet.hasPacket
  readonly owes = (): boolean => this.#outlet.owes

  // ── Commands ───────────────────────────────────────────────────────────────

  /** Begins an association, or does nothing if there is one. */
  associate(now: number, peer: { readonly hit: Hit; readonly locators: readonly Locator[] }): void {
    assert(peer.hit !== this.hit, 'an identity has no association with itself')
    if (this.#phase.name !== 'running') return
    const known = this.#associations.get(peer.hit)
    if (!wantsOpening(known, now)) return
    const association = this.#make(peer.hit, now)
    association.replaces = known?.held
    startOpening(association, now, peer.locators)
    this.touched(association, now)
  }

  /** The questions that are open for who is somewhere; new ones only while this machine runs. */
  get inquiries(): Inquiries | undefined {
    return this.#phase.name === 'running' ? this.#reception.inquiries : undefined
  }

  bind(port: number, access?: AccessList): boolean {
    return this.#ports.bind(port, access)
  }

  unbind(port: number): void {
    this.#ports.unbind(port)
  }

  /** After a change of `options.access`: says goodbye to those who may not associate any more. */
  enforceAccess(now: number): void {
    if (this.#phase.name !== 'running') return
    for (const association of this.#associations.values()) if (dismiss(association, now)) this.touched(association, now)
  }

  /** Queues one datagram. The bytes are copied. */
  send(_now: number, peer: Hit, sourcePort: number, port: number, bytes: Uint8Array): SendOutcome {
    if (bytes.length > this.#context.config.datagramBytesMax) return 'too-long'
    return this.#enqueue(peer, (association) => draftDatagram(association, sourcePort, port, bytes))
  }

  /** An ICMPv6 echo inside ESP; the answer comes as the event `pong`. */
  ping(_now: number, peer: Hit, identifier: number, sequence: number, bytes: Uint8Array): boolean {
    const item: Unsent = { kind: 'echo', reply: false, identifier, sequence, bytes: new Uint8Array(bytes) }
    const outcome = this.#enqueue(peer, () => item)
    return outcome === 'sent' || outcome === 'queued'
  }

  /** Our own locators have changed: every peer is told (RFC 8046 §3.2.1). */
  readdress(now: number, locators: readonly OwnLocator[]): void {
    this.#context.locators = locators
    if (this.#phase.name !== 'running') return
    for (const association of this.#associations.values()) {
      readdress(association, now)
      this.touched(association, now)
    }
  }

  rekey(now: number, peer: Hit): boolean {
    const association = this.#associations.get(peer)
    if (association === undefined || this.#phase.name !== 'running') return false
    const started = startRekey(association, now)
    this.touched(association, now)
    return started
  }

  close(now: number, peer: Hit): void {
    const association = this.#associations.get(peer)
    if (association === undefined || this.#phase.name !== 'running') return
    startClose(association, now)
    this.touched(association, now)
  }

  closeAll(now: number): void {
    for (const peer of [...this.#associations.keys()]) this.close(now, peer)
  }

  /** Whereabouts of a peer, from the ledger. Returns why they were not believed. */
  learn(now: number, peer: Hit, whereabouts: Uint8Array): string | undefined {
    const association = this.#associations.get(peer)
    if (association === undefined || this.#phase.name !== 'running') return 'no-association'
    const fault = learnWhereabouts(association, now, whereabouts)
    this.touched(association, now)
    return fault
  }

  /** Our own whereabouts, to publish; undefined without a ledger. Versions must rise within an epoch (MOVING §8). */
  whereabouts(version: number): Uint8Array | undefined {
    return ownWhereabouts(this.#context, version)
  }

  // ── Freezing ───────────────────────────────────────────────────────────────

  /** Stops sending data at once; `frozen` follows when S is confirmed and streams are acknowledged, after three PTO at most. */
  freeze(now: number): void {
    assert(this.#phase.name === 'running', 'only a running machine freezes')
    const waits = [...this.#associations.values()].map(holdForFreeze)
    this.#phase = { name: 'freezing', until: now + Math.max(0, ...waits) }
    this.#freezeIfQuiet(now)
  }

  /** Runs on in place. Only as long as the grant has not left this host (MOVING §4). */
  unfreeze(now: number): void {
    assert(this.#phase.name === 'frozen' || this.#phase.name === 'freezing', 'only a frozen machine unfreezes')
    this.#phase = { name: 'running' }
    for (const association of this.#associations.values()) {
      releaseStreams(association)
      this.#ready.add(association)
      dismiss(association, now)
      this.touched(association, now)
    }
  }

  /** What goes into the capsule. `lighter`: without the streams that make it larger than any capsule may be. */
  frozenState(sockets: readonly FrozenSocket[], state: Uint8Array, lighter = false): FrozenState {
    const phase = this.#phase
    assert(phase.name === 'frozen', 'only a frozen machine has a frozen state')
    if (lighter) shedStreams(this.#associations.values(), this.#context.streamBudget)
    return freezeIdentity(this.#context, this.#associations.values(), phase.at, sockets, state)
  }

  /** Stops for good and forgets every key, without a word. */
  destroy(): void {
    this.#phase = { name: 'stopped' }
    for (const association of this.#associations.values()) association.forget()
    this.#reception.responding.forget()
    this.#reception.inquiries.forget()
    this.#associations.clear()
    this.#spis.clear()
    this.#ready.clear()
    this.#news.clear()
    this.#outlet.silence()
  }

  // ── Views ──────────────────────────────────────────────────────────────────

  association(peer: Hit): AssociationView | undefined {
    const association = this.#associations.get(peer)
    return association === undefined || association.over ? undefined : viewOf(association)
  }

  *associations(): IterableIterator<AssociationView> {
    for (const peer of this.#associations.keys()) {
      const view = this.association(peer)
      if (view !== undefined) yield view
    }
  }

  /** Everything that was dropped or went wrong, by name. */
  get counters(): Readonly<Record<string, number>> {
    return this.#outlet.counters
  }

  // ── In ─────────────────────────────────────────────────────────────────────

  /** RFC 7402 §6.6: by SPI alone; an unknown one costs no cryptography. */
  #onEsp(now: number, datagram: Uint8Array, source: Route): void {
    const association = this.#spis.find(spiOf(datagram))
    if (association === undefined) return this.#context.count('spi-unknown')
    onEsp(association, now, datagram, source)
    this.touched(association, now)
  }

  #onHip(now: number, packet: Uint8Array, source: Route): void {
    // What is lent is copied here, because much of it is kept.
    const message = decodeMessage(packet.slice())
    if (isMalformed(message)) return this.#context.count('hip-malformed')
    const touched = receiveHip(this.#reception, now, message, source)
    if (touched !== undefined) this.touched(touched, now)
  }

  // ── Bookkeeping ────────────────────────────────────────────────────────────

  protected reach(peer: Hit): Association | undefined {
    const association = this.#associations.get(peer)
    return association?.over === false && association.state.name !== 'closing' ? association : undefined
  }

  #enqueue(peer: Hit, draft: (association: Association) => Unsent): SendOutcome {
    const association = this.reach(peer)
    if (association === undefined) return 'no-association'
    if (!enqueue(association, draft(association))) {
      association.full = true
      return 'full'
    }
    this.#agenda.note(association)
    return association.usable !== undefined && association.paths.current?.state === 'active' ? 'sent' : 'queued'
  }

  readonly #make = (peer: Hit, now: number): Association => {
    const association = new Association(this.#context, peer, now)
    this.#associations.set(peer, association)
    return association
  }

  /** Every input to an association ends here. */
  protected touched(association: Association, now: number): void {
    this.#agenda.note(association)
    this.#advanceFlight(now, association)
    if (this.#phase.name === 'freezing') this.#freezeIfQuiet(now)
  }

  #advanceFlight(now: number, association?: Association): void {
    if (this.#phase.name !== 'running') return
    for (const started of this.#flight.advance(now, association)) this.#agenda.note(started)
  }

  #freezeIfQuiet(now: number): void {
    if (this.#phase.name !== 'freezing') return
    if (now < this.#phase.until && ![...this.#associations.values()].every(isQuiet)) return
    this.#phase = { name: 'frozen', at: now }
    this.#reception.inquiries.forget()
    this.#outlet.silence()
    this.#outlet.tell({ type: 'frozen' })
  }

  #fenced(epoch: number): void {
    if (this.#phase.name === 'stopped') return
    for (const association of [...this.#associations.values()])
      if (!association.over && association.on('fenced') !== undefined) association.end(0, 'fenced')
    this.#outlet.tell({ type: 'fenced', epoch })
    this.destroy()
  }

  #forget(association: Association): void {
    if (this.#associations.get(association.peer) === association) this.#associations.delete(association.peer)
    this.#agenda.forget(association)
    this.#ready.delete(association)
    this.#news.delete(association)
    this.#flight.forget(association)
  }
}
