// A world: hosts, links, translators, a ledger, processes and everything that is seen of them, all of it in virtual time and out
// of one seed. Scenarios are told with it in prose; `swarm.ts` lets a seed do the telling.

import { assert } from '../base/assert.ts'
import { toHex } from '../base/bytes.ts'
import { Prng } from '../base/prng.ts'
import { offerOf } from '../core/association/exchange-offer.ts'
import type { OwnStart } from '../core/engine.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import type { Started, StartPlan } from '../core/moving/start.ts'
import { type Algorithms, STANDARD } from '../crypto/algorithms.ts'
import { Identity } from '../crypto/identity.ts'
import { incarnationOf } from '../crypto/keymat.ts'
import { addressOf } from './addresses.ts'
import { Arrival, type OpenedCapsule } from './arrival.ts'
import { Checkers } from './checkers.ts'
import { Clock } from './clock.ts'
import { Departure } from './departure.ts'
import { Door, ownStart, type StartOutcome, startNow } from './door.ts'
import { calmProfile, type EventKind, type FaultKind, linkFaults } from './faults.ts'
import { Host } from './host.ts'
import { pooledIdentity } from './identities.ts'
import type { Instance } from './instance.ts'
import { SimLedger } from './ledger.ts'
import { type Filtering, Nat } from './nat.ts'
import { Network, type Socket } from './network.ts'
import type { Observation, Run, Violation } from './observation.ts'
import type { HostOptions, ProcessOptions, WorldOptions } from './options.ts'
import type { WirePacket } from './packet.ts'
import { Process } from './process.ts'
import { KeyNames } from './spy.ts'
import { Tally } from './tally.ts'

/** What a swarm may do while things take their course. */
export interface Hooks {
  /** A host is about to destroy what it had of a process that runs elsewhere. True keeps the frozen engine, as nobody may. */
  departed?(departure: Departure): boolean
  /** A capsule is about to be destroyed because it has been used, or is worthless. */
  used?(arrival: Arrival): void
  /** A start has begun on a capsule's behalf. */
  claiming?(door: Door, arrival: Arrival, opened: OpenedCapsule): void
  sent?(packet: WirePacket, run: Run | undefined): void
}

const SUBJECTS = 16
const HOSTS = 12
const LEDGERS = 3

/** Hosts, links, a ledger and processes in virtual time: out of one seed, all of it shown to checkers. */
export class World {
  /** Its time. */ readonly clock: Clock = new Clock()
  /** Its luck, of which every part takes a fork. */ readonly prng: Prng
  /** Links, addresses and translators. */ readonly network: Network
  /** The one ledger that there is. */ readonly ledger: SimLedger
  /** Who watches. */ readonly checkers: Checkers = new Checkers()
  /** What has happened. */ readonly tally: Tally = new Tally()
  /** Names for keys, as observations have them. */ readonly keyNames: KeyNames = new KeyNames()
  /** By name. */ readonly hosts: Map<string, Host> = new Map()
  /** By name. */ readonly processes: Map<string, Process> = new Map()
  /** What a swarm does at moments of a move; empty unless a seed runs. */ hooks: Hooks = {}
  /** The version of IP. */ readonly family: 4 | 6
  /** What everybody here can do, unless told otherwise. */ readonly algorithms: Algorithms
  readonly #owners = new Map<number, Instance>()
  readonly #doors = new Map<Host, Set<Door>>()
  readonly #firstSubject: number
  readonly #firstHost: number
  #runs = 0
  #lineages = 0
  #contents = 0

  constructor({ seed, profile = calmProfile(), family = 4, algorithms = STANDARD }: WorldOptions) {
    this.prng = new Prng(seed)
    this.family = family
    this.algorithms = algorithms
    this.#firstSubject = this.prng.below(SUBJECTS)
    this.#firstHost = this.prng.below(HOSTS)
    this.network = new Network(
      this.clock,
      this.prng.fork(),
      {
        sent: (packet, socket) => this.#sent(packet, socket),
        arrived: (packet, socket) => this.#arrived(packet, socket),
        fault: (kind) => this.fault(kind),
      },
      linkFaults(profile),
    )
    const ledger = pooledIdentity('ledger', this.prng.below(LEDGERS), 'ed25519', algorithms)
    this.ledger = new SimLedger(
      this.clock,
      this.prng.fork(),
      { identity: ledger, keys: algorithms.keys },
      {
        fault: (kind) => this.fault(kind),
        event: (kind) => this.event(kind),
        activated: ({ hit, activated }) => {
          if (activated === undefined) return
          const { epoch, incarnation } = activated
          this.see({ type: 'activated', hit, epoch, incarnation: toHex(incarnation) })
        },
      },
    )
  }

  // ── Time ───────────────────────────────────────────────────────────────────

  /** Virtual ms since it began. */
  get now(): number {
    return this.clock.now
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    this.clock.run(this.now + ms)
  }

  /** Lets time pass until `holds`, at most `ms`. Returns whether it does. */
  until(holds: () => boolean, ms = 60_000): boolean {
    const end = this.now + ms
    while (!holds()) if (!this.clock.step(end)) return holds()
    return true
  }

  // ── Who lives here ─────────────────────────────────────────────────────────

  /** A new host with two addresses. */
  host(name: string, options: HostOptions = {}): Host {
    assert(!this.hosts.has(name), `there is a host ${name} already`)
    const number = this.hosts.size + 1
    const identity = pooledIdentity('host', (this.#firstHost + number) % (2 * HOSTS), 'ed25519', this.algorithms)
    const nat = options.nat === undefined ? undefined : this.#nat(number, options.nat)
    const addresses = [number, number + 100].map((part) =>
      addressOf(this.family, nat === undefined ? 'public' : 'private', part),
    )
    const host = new Host(name, identity, addresses, nat)
    for (const address of addresses) this.network.addAddress(name, address, nat)
    this.hosts.set(name, host)
    return host
  }

  /** A new identity, started at once on a host of its own unless told otherwise. */
  process(name: string, options: ProcessOptions = {}): Process {
    assert(!this.processes.has(name), `there is a process ${name} already`)
    const { algorithm = 'ed25519', saved = true, config = {}, homes = 1 } = options
    const offer = offerOf({ algorithms: this.algorithms, ...options })
    const index = (this.#firstSubject + this.processes.size) % SUBJECTS
    const identity = pooledIdentity('subject', index, algorithm, offer.algorithms)
    const subject = new Process(this, name, { identity, config, offer, homes }, saved)
    this.processes.set(name, subject)
    this.see({ type: 'secret', what: 'identity key', bytes: identity.secret() })
    const host = options.host ?? this.host(name)
    this.event('start')
    subject.begin(host, host.identity, saved ? this.#startNow(subject, host) : this.#unsaved(), undefined)
    return subject
  }

  // ── Moves ──────────────────────────────────────────────────────────────────

  /** Begins to move a process through the whole hand-off; time has to pass for it to happen. */
  move(subject: Process, to: Host): Departure {
    assert(subject.saved, 'only an identity with a ledger moves')
    return new Departure({ world: this, subject, instance: subject.here, to })
  }

  /** Freezes a process and takes its state, without sealing it to anybody. Time passes. */
  freeze(subject: Process): FrozenState {
    const instance = subject.here
    instance.command((engine, now) => engine.freeze(now))
    assert(
      this.until(() => !instance.running, 10_000),
      `${subject.name} freezes`,
    )
    this.event('freeze')
    return instance.engine.frozenState([{ port: 7, unread: [] }], subject.suitcase)
  }

  /** Starts a frozen state again at once, by the ledger's leave, as if the old host had granted it. */
  thaw(subject: Process, frozen: FrozenState, host: Host): Instance {
    const old = subject.here
    const plan = this.#plan(subject, { base: frozen.epoch })
    const started = startNow(this.ledger, plan, this.#keys(subject, old.signer), this.now)
    assert(typeof started !== 'string', `${subject.name} starts again: ${String(started)}`)
    old.stop()
    return this.launch(subject, host, old.signer, started, frozen)
  }

  /** Starts an identity without its associations, as after a crash, at once. */
  restart(subject: Process, host: Host = subject.host): Instance {
    const { signer } = subject.here
    const started = startNow(this.ledger, this.#plan(subject, {}), this.#keys(subject, signer), this.now)
    assert(typeof started !== 'string', `${subject.name} starts again: ${String(started)}`)
    subject.here.stop()
    return this.launch(subject, host, signer, started, undefined)
  }

  // ── Crashes ────────────────────────────────────────────────────────────────

  /** A host goes down: all that runs there stops, and all but its disk is lost. */
  crash(host: Host): void {
    host.up = false
    for (const subject of this.processes.values()) {
      if (subject.instance?.host === host) subject.instance.stop()
    }
    for (const departure of host.departures.values()) {
      departure.instance.stop()
      departure.crash()
    }
    for (const arrival of host.arrivals.values()) arrival.crash()
    for (const door of this.#doors.get(host) ?? []) forgetStart(host, door)
    this.#doors.delete(host)
  }

  /** A crashed host comes up: what its disk knows goes on. */
  boot(host: Host): void {
    host.up = true
    const busy = new Set<string>()
    for (const [hit, departure] of host.departures) if (departure.recover()) busy.add(hit)
    for (const [hit, arrival] of host.arrivals) if (arrival.recover()) busy.add(hit)
    for (const subject of this.processes.values()) {
      if (host.disk.has(subject.hit) && !busy.has(subject.hit)) this.revive(subject, host)
    }
  }

  // ── For what lives here ────────────────────────────────────────────────────

  /** Shows the checkers something. */
  readonly see = (observation: Observation): void => this.checkers.see(observation)

  /** So many bytes of the world's luck. */
  readonly entropy = (length: number): Uint8Array => this.prng.bytes(length)

  /** Counts something that happened. */
  event(kind: EventKind): void {
    this.tally.event(kind)
  }

  /** Counts something that went wrong. */
  fault(kind: FaultKind): void {
    this.tally.fault(kind)
  }

  /** What the checkers have objected to so far: empty if all is well. */
  get violations(): readonly Violation[] {
    return this.checkers.violations
  }

  /** A number that no run has yet. */
  nextRun(): number {
    return this.#runs++
  }

  /** A number that no lineage has yet. */
  nextLineage(): number {
    return this.#lineages++
  }

  /** A number that no datagram and no direction of a stream has yet. */
  nextContent(): number {
    return this.#contents++
  }

  /** Says whose socket this is, for what is seen of it. */
  own(socket: Socket, instance: Instance): void {
    this.#owners.set(socket.id, instance)
  }

  /** A short message between two hosts; it can be lost, and damaged is lost. */
  tell(from: Host, to: Host, arrive: (to: Host) => void): void {
    const token = new Uint8Array(16)
    this.network.message(from.name, to.name, token, (bytes) => {
      if (bytes === token && to.up) arrive(to)
    })
  }

  /** The target machine that a message from `from` about a process is for. */
  arrivalAt(host: Host, from: Host, subject: Process, epoch: number): Arrival {
    const known = host.arrivals.get(subject.hit)
    const { phase = 'idle', epoch: last = 0 } = known?.state ?? {}
    const rests = phase === 'idle' || phase === 'offering' || phase === 'running' || phase === 'crashed'
    const stale = known === undefined || (rests && epoch > last) || (phase === 'idle' && known.from !== from)
    return stale ? new Arrival({ world: this, subject, host, from }) : known
  }

  /** Begins a start on a host. A crash of the host forgets it. */
  start(
    subject: Process,
    host: Host,
    signer: Identity,
    part: Partial<StartPlan>,
    done: (outcome: StartOutcome) => void,
  ): Door {
    const plan = this.#plan(subject, part)
    const keys = this.#keys(subject, signer)
    const door: Door = new Door({
      clock: this.clock,
      ledger: this.ledger,
      plan,
      keys,
      done: (outcome) => {
        if (outcome === 'unavailable') forgetStart(host, door)
        done(outcome)
      },
    })
    this.#remember(host, door)
    return door
  }

  /** True if the last start that the ledger activated is one of this host's that never came to run. */
  isLost(subject: Process, host: Host): boolean {
    const activated = this.ledger.read(subject.hit)?.activated
    return activated !== undefined && host.lost.has(toHex(activated.incarnation))
  }

  /** Starts what the disk of a host says is to run there, with no associations. */
  revive(subject: Process, host: Host, signer: Identity = host.disk.get(subject.hit)?.signer ?? host.identity): void {
    host.disk.set(subject.hit, { signer })
    this.start(subject, host, signer, { takeOver: true }, (outcome) => {
      if (outcome === 'unavailable') return this.clock.after(1_000, () => host.up && this.revive(subject, host, signer))
      if (typeof outcome === 'string') return void host.disk.delete(subject.hit)
      this.launch(subject, host, signer, outcome, undefined)
    })
  }

  /** A copy of a start that is under way, on another host; undefined if it is too late for that. */
  copyStart(
    door: Door,
    subject: Process,
    host: Host,
    signer: Identity,
    done: (outcome: StartOutcome) => void,
  ): Door | undefined {
    const plan = this.#plan(subject, {})
    const keys = this.#keys(subject, signer)
    const copy = door.copy({ clock: this.clock, ledger: this.ledger, plan, keys, done })
    if (copy !== undefined) this.#remember(host, copy)
    return copy
  }

  /** Runs what the ledger has activated. */
  launch(subject: Process, host: Host, signer: Identity, started: Started, frozen: FrozenState | undefined): Instance {
    const resumed = started.base === undefined ? undefined : frozen
    this.event(resumed === undefined ? 'restart' : 'thaw')
    return subject.begin(host, signer, ownStart(started, this.algorithms), resumed)
  }

  // ── Inside ─────────────────────────────────────────────────────────────────

  #remember(host: Host, door: Door): void {
    const doors = this.#doors.get(host) ?? new Set()
    this.#doors.set(host, doors.add(door))
  }

  #plan(subject: Process, part: Partial<StartPlan>): StartPlan {
    const ledger = this.ledger.identity.publicKey
    const { together } = this.ledger
    return { hit: subject.hit, base: undefined, grant: undefined, seen: 0, ledger, takeOver: false, together, ...part }
  }

  #keys(subject: Process, host: Identity) {
    const prng = this.prng.fork()
    const { identity } = subject
    return { host, identity, entropy: (length: number) => prng.bytes(length), algorithms: this.algorithms }
  }

  #startNow(subject: Process, host: Host): OwnStart {
    const started = startNow(this.ledger, this.#plan(subject, {}), this.#keys(subject, host.identity), this.now)
    assert(typeof started !== 'string', `${subject.name} starts: ${String(started)}`)
    return ownStart(started, this.algorithms)
  }

  #unsaved(): OwnStart {
    const instance = Identity.generate(this.entropy, 'ed25519', this.algorithms)
    const incarnation = incarnationOf(instance.publicKey.bytes)
    return { epoch: 1, incarnation, instance, receipt: undefined, ledgerKey: undefined }
  }

  #nat(number: number, options: { readonly timeoutMs: number; readonly filtering: Filtering }): Nat {
    const address = addressOf(this.family, 'translator', number)
    return new Nat({ address, ...options }, this.prng.fork(), () => this.fault('nat-expire'))
  }

  #sent(packet: WirePacket, socket: Socket): void {
    this.tally.trace(packet.at, packet.bytes)
    const run = this.#owners.get(socket.id)?.run
    this.see({ type: 'wire-sent', packet, socket: socket.id, run })
    this.hooks.sent?.(packet, run)
  }

  #arrived(packet: WirePacket, socket: Socket): void {
    this.see({ type: 'wire-arrived', packet, socket: socket.id, run: this.#owners.get(socket.id)?.run })
  }
}

/** What a host writes down before it asks for an activation is all it has of it afterwards. */
function forgetStart(host: Host, door: Door): void {
  door.shut()
  if (door.drawn !== undefined) host.lost.add(door.drawn)
}
