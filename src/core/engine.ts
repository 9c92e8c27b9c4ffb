// One identity (DESIGN §1): it owns the associations, finds whose a datagram is, and hands out what they want to send. Pure:
// time, randomness and addresses are arguments. The parts of an association are in association/, of a move in moving/.

import type { Locator } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { Queue } from '../base/queue.ts'
import { type AeadProvider, nodeAead } from '../crypto/aead.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { type Hit, hitBytes, hitText } from '../crypto/hit.ts'
import type { Identity, PublicKey } from '../crypto/identity.ts'
import { classify, hipOf, wrapHip } from '../wire/datagram.ts'
import { spiOf } from '../wire/esp.ts'
import { isMalformed } from '../wire/malformed.ts'
import { decodeMessage, type Message } from '../wire/messages.ts'
import { Agenda } from './agenda.ts'
import { Association, type Unsent } from './association/association.ts'
import { onClose, onCloseAck, startClose } from './association/closing.ts'
import type { Context, KeyLogEntry, OwnStart } from './association/context.ts'
import { onUpdate, readdress } from './association/control.ts'
import { enqueue, nextDatagram, onEsp } from './association/data.ts'
import { onNotify, otherIdentity, refusal } from './association/notify.ts'
import { onOtherIdentity, onR1, onR2, startOpening } from './association/opening.ts'
import { startRekey } from './association/ratchet.ts'
import { Responding } from './association/responding.ts'
import { TokenBucket } from './association/token-bucket.ts'
import { type Config, DEFAULTS } from './config.ts'
import type { Machine, MachineEvent, Transmit } from './machine.ts'
import { Floors } from './moving/floor.ts'
import type { FrozenSocket, FrozenState } from './moving/frozen.ts'
import { learnWhereabouts } from './moving/learn.ts'
import { offerRebind } from './moving/offer.ts'
import { freezeAssociation, thawAssociation } from './moving/resume.ts'
import { buildWhereabouts } from './moving/whereabouts.ts'
import { type AssociationView, viewOf } from './view.ts'

export type { KeyLogEntry, OwnStart } from './association/context.ts'
export type { AssociationView } from './view.ts'

export interface EngineOptions {
  readonly identity: Identity
  readonly start: OwnStart
  readonly entropy: Entropy
  readonly aead?: AeadProvider
  /** Where we can be reached; peers are told after a move. */
  readonly locators: readonly Locator[]
  readonly config?: Partial<Config>
  readonly keylog?: (entry: KeyLogEntry) => void
  /** ESP suites that we offer and accept, best first. */
  readonly espSuites?: readonly number[]
  /** Whether a peer whose key is known may associate; by default everybody. */
  readonly admit?: (key: PublicKey, peer: Hit) => boolean
  readonly now: number
}

export type SendOutcome = 'sent' | 'queued' | 'full' | 'too-long' | 'no-association'

/**
 * `freezing` waits until every S is confirmed (MOVING §3). `frozen` and `stopped` machines never send again; a frozen one can
 * still be unfrozen, as long as its grant has not left.
 */
type Phase =
  | { readonly name: 'running' }
  | { readonly name: 'freezing'; readonly until: number }
  | { readonly name: 'frozen'; readonly at: number }
  | { readonly name: 'stopped' }

const LOWEST_SPI = 256

export class Engine implements Machine {
  readonly hit: Hit
  readonly #identity: Identity
  readonly #config: Config
  readonly #context: Context
  readonly #responding: Responding
  readonly #associations = new Map<Hit, Association>()
  readonly #agenda = new Agenda<Association>()
  readonly #spis = new Map<number, Association>()
  readonly #ports = new Set<number>()
  readonly #ready = new Set<Association>()
  readonly #outbox: Queue<Transmit>
  readonly #events: Queue<MachineEvent>
  readonly #counters = new Map<string, number>()
  readonly #notifies: TokenBucket
  readonly #echoes: TokenBucket
  /** Resumed associations whose P1 is still to be sent, most recently active first, and those that are out. */
  #offersWaiting: Association[] = []
  readonly #offersOut = new Set<Association>()
  #locators: readonly Locator[]
  #phase: Phase = { name: 'running' }

  constructor(options: EngineOptions) {
    const config = { ...DEFAULTS, ...options.config }
    this.#identity = options.identity
    this.hit = options.identity.hit
    this.#config = config
    this.#locators = options.locators
    this.#outbox = new Queue(config.outboxPacketsMax)
    this.#events = new Queue(config.eventsMax)
    this.#notifies = new TokenBucket(config.notifiesPerSecond, config.notifiesPerSecond)
    this.#echoes = new TokenBucket(config.echoRepliesPerSecond, config.echoRepliesPerSecond)
    this.#context = this.#makeContext(options, config)
    this.#responding = new Responding(this.#context, options.admit ?? (() => true))
  }

  /** A machine that goes on where another one stopped (MOVING §4). `options.start` has been claimed and activated. */
  static thaw(options: EngineOptions, frozen: FrozenState): Engine {
    const engine = new Engine(options)
    assert(options.start.epoch > frozen.epoch, 'every start has a higher epoch than the state it resumes')
    for (const floor of frozen.floors) engine.#context.floors.raise({ ...floor, receipt: undefined })
    for (const { port } of frozen.sockets) engine.bind(port)
    for (const association of frozen.associations) {
      const thawed = thawAssociation(engine.#context, association, frozen.epoch, options.now)
      engine.#associations.set(thawed.peer, thawed)
      engine.#offersWaiting.push(thawed)
      engine.#tell({ type: 'lookup', peer: thawed.peer })
    }
    engine.#startOffers(options.now)
    return engine
  }

  // ── Machine ────────────────────────────────────────────────────────────────

  receive(now: number, datagram: Uint8Array, source: Locator): void {
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
    this.#responding.expire(now)
    for (let association = this.#agenda.due(now); association !== undefined; association = this.#agenda.due(now)) {
      association.expire(now)
      this.#touched(association, now)
    }
    this.#freezeIfQuiet(now)
  }

  transmit(now: number): Transmit | undefined {
    if (this.#phase.name === 'frozen' || this.#phase.name === 'stopped') return undefined
    const control = this.#outbox.shift()
    if (control !== undefined || this.#phase.name === 'freezing') return control
    for (const association of this.#ready) {
      this.#ready.delete(association)
      const datagram = nextDatagram(association, now)
      if (datagram === undefined) continue
      if (association.unsent.size > 0) this.#ready.add(association)
      this.#agenda.note(association)
      return datagram
    }
    return undefined
  }

  event(): MachineEvent | undefined {
    return this.#events.shift()
  }

  get deadline(): number {
    if (this.#phase.name === 'frozen' || this.#phase.name === 'stopped') return Infinity
    const freezing = this.#phase.name === 'freezing' ? this.#phase.until : Infinity
    return Math.min(this.#agenda.next, this.#responding.deadline, freezing)
  }

  // ── Commands ───────────────────────────────────────────────────────────────

  /** Begins an association, or does nothing if there is one. */
  associate(now: number, peer: { readonly hit: Hit; readonly locators: readonly Locator[] }): void {
    assert(peer.hit !== this.hit, 'an identity has no association with itself')
    if (this.#phase.name !== 'running') return
    const known = this.#associations.get(peer.hit)
    if (known !== undefined && known.state.name !== 'closed') return
    const association = this.#make(peer.hit, now)
    startOpening(association, now, peer.locators)
    this.#touched(association, now)
  }

  bind(port: number): boolean {
    assert(Number.isInteger(port) && port > 0 && port < 65_536, 'an inner port is between 1 and 65,535')
    if (this.#ports.has(port)) return false
    this.#ports.add(port)
    return true
  }

  unbind(port: number): void {
    this.#ports.delete(port)
  }

  /** Queues one datagram. The bytes are copied. */
  send(now: number, peer: Hit, sourcePort: number, port: number, bytes: Uint8Array): SendOutcome {
    if (bytes.length > this.#config.datagramBytesMax) return 'too-long'
    return this.#enqueue(now, peer, { kind: 'datagram', sourcePort, port, bytes: bytes.slice() })
  }

  /** An ICMPv6 echo inside ESP; the answer comes as the event `pong`. */
  ping(now: number, peer: Hit, identifier: number, sequence: number, bytes: Uint8Array): boolean {
    const outcome = this.#enqueue(now, peer, { kind: 'echo', reply: false, identifier, sequence, bytes: bytes.slice() })
    return outcome === 'sent' || outcome === 'queued'
  }

  /** Our own locators have changed: every peer is told (RFC 8046 §3.2.1). */
  readdress(now: number, locators: readonly Locator[]): void {
    this.#locators = locators
    if (this.#phase.name !== 'running') return
    for (const association of this.#associations.values()) {
      readdress(association, now)
      this.#touched(association, now)
    }
  }

  rekey(now: number, peer: Hit): boolean {
    const association = this.#associations.get(peer)
    if (association === undefined || this.#phase.name !== 'running') return false
    const started = startRekey(association, now)
    this.#touched(association, now)
    return started
  }

  close(now: number, peer: Hit): void {
    const association = this.#associations.get(peer)
    if (association === undefined || this.#phase.name !== 'running') return
    startClose(association, now)
    this.#touched(association, now)
  }

  closeAll(now: number): void {
    for (const peer of [...this.#associations.keys()]) this.close(now, peer)
  }

  /** Whereabouts of a peer, from the ledger. Returns why they were not believed. */
  learn(now: number, peer: Hit, whereabouts: Uint8Array): string | undefined {
    const association = this.#associations.get(peer)
    if (association === undefined || this.#phase.name !== 'running') return 'no-association'
    const fault = learnWhereabouts(association, now, whereabouts)
    this.#touched(association, now)
    return fault
  }

  /** Our own whereabouts, to publish; undefined without a ledger. Versions must rise within an epoch (MOVING §8). */
  whereabouts(version: number): Uint8Array | undefined {
    const { start } = this.#context
    const { receipt, ledgerKey, instance } = start
    if (receipt === undefined || ledgerKey === undefined) return undefined
    return buildWhereabouts({
      identity: this.#identity,
      instance,
      start,
      version,
      locators: this.#locators,
      ledger: ledgerKey,
      receipt,
    })
  }

  // ── Freezing ───────────────────────────────────────────────────────────────

  /** Stops sending data at once; the event `frozen` follows when every S is confirmed, after three PTO at most. */
  freeze(now: number): void {
    assert(this.#phase.name === 'running', 'only a running machine freezes')
    let wait = 0
    for (const association of this.#associations.values()) {
      if (isUnconfirmed(association)) wait = Math.max(wait, 3 * association.rtt.ptoMs)
    }
    this.#phase = { name: 'freezing', until: now + wait }
    this.#freezeIfQuiet(now)
  }

  /** Runs on in place. Only as long as the grant has not left this host (MOVING §4). */
  unfreeze(now: number): void {
    assert(this.#phase.name === 'frozen' || this.#phase.name === 'freezing', 'only a frozen machine unfreezes')
    this.#phase = { name: 'running' }
    for (const association of this.#associations.values()) {
      if (association.unsent.size > 0) this.#ready.add(association)
      this.#touched(association, now)
    }
  }

  /** What goes into the capsule. */
  frozenState(sockets: readonly FrozenSocket[], state: Uint8Array): FrozenState {
    const phase = this.#phase
    assert(phase.name === 'frozen', 'only a frozen machine has a frozen state')
    const associations = [...this.#associations.values()].flatMap(
      (association) => freezeAssociation(association, phase.at) ?? [],
    )
    const floors = [...this.#context.floors.all()].map(({ key, ledger, epoch, incarnation }) => ({
      key,
      ledger,
      epoch,
      incarnation,
    }))
    const { algorithm } = this.#identity
    const identity = { algorithm, secret: this.#identity.secret() }
    return { identity, epoch: this.#context.start.epoch, associations, floors, sockets, state }
  }

  /** Stops for good and forgets every key, without a word. */
  destroy(): void {
    this.#phase = { name: 'stopped' }
    for (const association of this.#associations.values()) {
      if (association.session !== undefined) association.forgetKeys(association.session)
    }
    this.#associations.clear()
    this.#spis.clear()
    this.#ready.clear()
    this.#outbox.clear()
  }

  // ── Views ──────────────────────────────────────────────────────────────────

  association(peer: Hit): AssociationView | undefined {
    const association = this.#associations.get(peer)
    return association === undefined || association.state.name === 'closed' ? undefined : viewOf(association)
  }

  *associations(): IterableIterator<AssociationView> {
    for (const peer of this.#associations.keys()) {
      const view = this.association(peer)
      if (view !== undefined) yield view
    }
  }

  /** Everything that was dropped or went wrong, by name. */
  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counters)
  }

  // ── In ─────────────────────────────────────────────────────────────────────

  /** RFC 7402 §6.6: by SPI alone; an unknown one costs no cryptography. */
  #onEsp(now: number, datagram: Uint8Array, source: Locator): void {
    const association = this.#spis.get(spiOf(datagram))
    if (association === undefined) return this.#context.count('spi-unknown')
    onEsp(association, now, datagram, source)
    this.#touched(association, now)
  }

  #onHip(now: number, packet: Uint8Array, source: Locator): void {
    const message = decodeMessage(packet)
    if (isMalformed(message)) return this.#context.count('hip-malformed')
    if (!equalBytes(message.receiver, this.#context.hitBytes)) return this.#onMisaddressed(now, message, source)
    const peer = hitText(message.sender)
    if (message.kind === 'I1') return this.#responding.onI1(now, message, source, this.#associations.get(peer))
    if (message.kind === 'I2') {
      const existing = this.#associations.get(peer)
      const association = this.#responding.onI2(now, message, source, existing, () => this.#make(peer, now))
      if (association !== undefined) this.#touched(association, now)
      return
    }
    const association = this.#associations.get(peer)
    if (association === undefined) return this.#onStranger(now, message, source)
    this.#dispatch(association, now, message, source)
    this.#touched(association, now)
  }

  #dispatch(
    association: Association,
    now: number,
    message: Exclude<Message, { kind: 'I1' | 'I2' }>,
    source: Locator,
  ): void {
    if (message.kind === 'R1') return onR1(association, now, message, source)
    if (message.kind === 'R2') return onR2(association, now, message, source)
    if (association.state.name === 'opening') return this.#context.count('packet-before-exchange')
    const tuple = association.paths.observe(source)
    if (message.kind === 'UPDATE') return onUpdate(association, now, message, tuple)
    if (message.kind === 'NOTIFY') return onNotify(association, now, message, tuple)
    if (message.kind === 'CLOSE') return onClose(association, now, message, tuple)
    return onCloseAck(association, now, message)
  }

  /** An I1 for an identity that is not here: a signed word saves its sender a riddle. Rate-limited, and shorter than an I1. */
  #onMisaddressed(now: number, message: Message, source: Locator): void {
    this.#context.count('hip-for-another')
    if (message.kind !== 'I1' || this.#phase.name !== 'running' || !this.#notifies.take(now)) return
    this.#context.sendPacket(otherIdentity(this.#context, message.sender), source)
  }

  /** MOVING §6: an UPDATE for an association that we do not have is refused, so that its sender learns it. */
  #onStranger(now: number, message: Message, source: Locator): void {
    this.#context.count('no-association')
    if (message.kind === 'NOTIFY') {
      for (const association of this.#associations.values()) onOtherIdentity(association, message, source)
      return
    }
    if (message.kind !== 'UPDATE' || message.epoch === undefined || !this.#notifies.take(now)) return
    this.#context.sendPacket(refusal(this.#context, message.sender, message.epoch.sender, message.packet.bytes), source)
  }

  // ── Bookkeeping ────────────────────────────────────────────────────────────

  #enqueue(now: number, peer: Hit, item: Unsent): SendOutcome {
    const association = this.#associations.get(peer)
    if (association === undefined || association.state.name === 'closed' || association.state.name === 'closing')
      return 'no-association'
    if (!enqueue(association, item)) {
      association.full = true
      return 'full'
    }
    this.#agenda.note(association)
    return association.state.name === 'established' && association.unsent.size === 1 && now >= 0 ? 'sent' : 'queued'
  }

  #make(peer: Hit, now: number): Association {
    const association = new Association(this.#context, peer, now)
    this.#associations.set(peer, association)
    return association
  }

  /** Every input to an association ends here. */
  #touched(association: Association, now: number): void {
    this.#agenda.note(association)
    if (this.#offersOut.size > 0 || this.#offersWaiting.length > 0) {
      if (this.#offersOut.has(association) && !isOffering(association)) this.#offersOut.delete(association)
      this.#startOffers(now)
    }
    if (this.#phase.name === 'freezing') this.#freezeIfQuiet(now)
  }

  /** MOVING §5: most recently active peers first, a bounded number at once. */
  #startOffers(now: number): void {
    while (this.#offersWaiting.length > 0 && this.#offersOut.size < this.#config.offersOutstandingMax) {
      const association = this.#offersWaiting.shift()
      if (association === undefined || association.session?.ratchet.name !== 'settled') continue
      if (association.session.outbound !== association.session.interim) continue
      this.#offersOut.add(association)
      offerRebind(association, now)
      this.#agenda.note(association)
    }
  }

  #freezeIfQuiet(now: number): void {
    if (this.#phase.name !== 'freezing') return
    if (now < this.#phase.until && [...this.#associations.values()].some(isUnconfirmed)) return
    this.#phase = { name: 'frozen', at: now }
    this.#outbox.clear()
    this.#tell({ type: 'frozen' })
  }

  #tell(event: MachineEvent): void {
    if (!this.#events.push(event)) this.#context.count('events-full')
  }

  #fenced(epoch: number): void {
    if (this.#phase.name === 'stopped') return
    for (const association of [...this.#associations.values()])
      if (association.state.name !== 'closed') association.end(0, 'fenced')
    this.#tell({ type: 'fenced', epoch })
    this.destroy()
  }

  #makeContext(options: EngineOptions, config: Config): Context {
    const counters = this.#counters
    const outbox = this.#outbox
    const count = (name: string): void => void counters.set(name, (counters.get(name) ?? 0) + 1)
    const locators = (): readonly Locator[] => this.#locators
    return {
      config,
      identity: options.identity,
      hitBytes: hitBytes(options.identity.hit),
      start: options.start,
      entropy: options.entropy,
      aead: options.aead ?? nodeAead,
      espSuites: options.espSuites ?? [13, 8],
      floors: new Floors(config.floorsMax),
      get locators() {
        return locators()
      },
      ports: this.#ports,
      sendPacket: (packet, to) => {
        if (!outbox.push({ bytes: wrapHip(packet), to })) count('outbox-full')
      },
      event: (event) => this.#tell(event),
      count,
      keylog: options.keylog ?? (() => undefined),
      newSpi: (association) => this.#newSpi(association, options.entropy),
      claimSpi: (spi, association) => void this.#spis.set(spi, association),
      dropSpi: (spi) => void this.#spis.delete(spi),
      wake: (association) => void this.#ready.add(association),
      mayNotify: (now) => this.#notifies.take(now),
      mayEchoReply: (now) => this.#echoes.take(now),
      isFull: () => this.#associations.size >= config.associationsMax,
      forget: (association) => this.#forget(association),
      fenced: (epoch) => this.#fenced(epoch),
    }
  }

  /** RFC 7402 §5.1.1: random, not reserved, new each time. */
  #newSpi(association: Association, entropy: Entropy): number {
    for (;;) {
      const bytes = entropy(4)
      const spi = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
      if (spi < LOWEST_SPI || this.#spis.has(spi)) continue
      this.#spis.set(spi, association)
      return spi
    }
  }

  #forget(association: Association): void {
    if (this.#associations.get(association.peer) === association) this.#associations.delete(association.peer)
    this.#agenda.forget(association)
    this.#ready.delete(association)
    this.#offersOut.delete(association)
  }
}

/** An S that only one end may have: FREEZE waits for its confirmation (MOVING §3). */
function isUnconfirmed(association: Association): boolean {
  const name = association.session?.ratchet.name
  return name === 'answered' || name === 'crossed' || name === 'committed'
}

/** Its P1 takes one of the places: until it is answered, or has been repeated in vain. */
function isOffering(association: Association): boolean {
  const { session, state } = association
  if (session === undefined || state.name !== 'established') return false
  return 'offer' in session.ratchet && session.ratchet.name !== 'committed' && (session.ratchet.offer?.tries ?? 0) < 3
}
