// What a seed does: who lives in its world and where, who talks to whom, and which operations and faults befall them when.
// Everything is drawn once, at the beginning, but for what only shows on the way (the target of a move, say).

import { Prng } from '../base/prng.ts'
import { type Algorithms, STANDARD } from '../crypto/algorithms.ts'
import { Talker } from './application.ts'
import { Attackers } from './attackers.ts'
import type { Departure } from './departure.ts'
import type { FaultKind, Profile } from './faults.ts'
import type { Host } from './host.ts'
import type { Filtering } from './nat.ts'
import type { Process } from './process.ts'
import { type SeedKind, SWARM } from './seed-kinds.ts'
import { World } from './world.ts'

const FILTERINGS: readonly Filtering[] = ['anybody', 'same-address', 'same-tuple']
const SPARE_HOSTS = 3
/** How often a move that cannot begin is tried, and how long after the last time. */
const MOVE_TRIES = 100
const MOVE_AGAIN_MS = 20

/** The world that a seed draws, with all that is to happen in it. */
export class Swarm {
  /** Where it happens. */
  readonly world: World
  /** Of the seed. */
  readonly kind: SeedKind
  /** How things go wrong. */
  readonly profile: Profile
  /** The conversations between processes, each in one direction. */
  readonly talkers: Talker[] = []
  readonly #prng: Prng
  /** For what has to do with several paths: apart, so that seeds that are kept keep their course. */
  readonly #luck: Prng
  readonly #streamLuck: Prng
  readonly #attackers: Attackers
  readonly #processes: Process[] = []
  readonly #open: Host[] = []
  readonly #private: Host[] = []
  readonly #endsAt: number
  #pings = 0
  /** Somebody has begun to move. */
  #setOut = false

  constructor(seed: number, kind: SeedKind = SWARM, algorithms: Algorithms = STANDARD) {
    const prng = new Prng(seed + 2 ** 40)
    this.kind = kind
    this.profile = kind.faults(prng)
    this.world = new World({ seed, profile: this.profile, family: prng.chance(0.7) ? 4 : 6, algorithms })
    this.world.ledger.faults = this.profile
    this.#prng = this.world.prng.fork()
    this.#luck = new Prng(seed + 2 ** 41)
    this.#streamLuck = new Prng(seed + 2 ** 42)
    this.#attackers = new Attackers(this.world, this.profile)
    this.#endsAt = kind.lengthMs(this.#prng)
    this.#populate()
    this.#converse()
    this.#schedule()
  }

  /** When the faults stop. */
  get endsAt(): number {
    return this.#endsAt
  }

  /** No fault from here on; what is down comes up. */
  calm(): void {
    const { world } = this
    this.#attackers.rest()
    world.network.calm()
    world.ledger.calm()
    for (const host of world.hosts.values()) {
      if (!host.up) world.boot(host)
      if (host.nat !== undefined) host.nat.timeoutMs = 120_000
    }
  }

  /** What is not as it should be after everything has calmed down; undefined if all is well. */
  unsettled(): string | undefined {
    for (const host of this.world.hosts.values()) {
      for (const departure of host.departures.values()) {
        if (!departure.over) return `${departure.subject.name} is ${departure.state.phase} on ${host.name}`
      }
      for (const arrival of host.arrivals.values()) {
        if (!arrival.over) return `${arrival.subject.name} is ${arrival.state.phase} for ${host.name}`
      }
    }
    for (const subject of this.#processes) if (!subject.running) return `${subject.name} does not run`
    // What was taken back, or thawed by a thief, has not moved.
    if (this.world.tally.events.moved === 0) {
      this.#move(this.#mover(), false)
      return 'nothing has moved'
    }
    for (const talker of this.talkers) talker.call()
    for (const talker of this.talkers) {
      if (!talker.settled) return `${talker.from.name} is not settled with ${talker.to.name}`
    }
    for (const { name, desk } of this.#processes) if (!desk.idle) return `${name} has ${desk.busyWith}`
    for (const talker of this.talkers) {
      if (!talker.heard) return `${talker.to.name} does not hear ${talker.from.name}`
    }
    return undefined
  }

  // ── Who and where ──────────────────────────────────────────────────────────

  #populate(): void {
    const { world } = this
    const prng = this.#prng
    for (let i = 0; i < SPARE_HOSTS; i++) this.#open.push(world.host(`spare${i}`))
    const espSuites = prng.pick([[13, 8], [13, 8], [13], [8]])
    const unsaved = prng.chance(0.15)
    const timeoutMs = this.profile['nat-expire'] > 0 ? 2_000 + 10_000 * prng.next() : 120_000
    if (this.profile['nat-rebind'] + this.profile['nat-expire'] > 0) {
      const filtering = prng.pick(FILTERINGS)
      for (let i = 0; i < 2; i++) this.#private.push(world.host(`home${i}`, { nat: { timeoutMs, filtering } }))
    }
    const count = this.kind.identities(prng)
    for (let i = 0; i < count; i++) {
      const saved = !(unsaved && i === 1)
      const algorithm = prng.chance(0.04) ? 'ecdsa-p256' : 'ed25519'
      const config = {
        ...(prng.chance(0.15) ? { unsentPacketsMax: 12 } : {}),
        ...(prng.chance(0.15) ? { rekeyPackets: 40 } : {}),
        ...(this.kind.streams > 0 && this.#streamLuck.chance(0.5) ? { sendHighWaterBytes: 4_096 } : {}),
      }
      const host = i === 0 && this.#private.length > 0 ? prng.pick(this.#private) : world.host(`host${i}`)
      if (saved && host.nat === undefined) this.#open.push(host)
      const homes = this.#private.length === 0 && this.#luck.chance(0.4) ? 2 : 1
      this.#processes.push(world.process(`p${i}`, { host, saved, algorithm, config, espSuites, homes }))
    }
  }

  /** Everybody talks to everybody, or to the first. Only the first may live where nobody can call it. */
  #converse(): void {
    const [hub] = this.#processes
    const pairs = this.#processes
      .flatMap((from) => this.#processes.map((to) => ({ from, to })))
      .filter(({ from, to }) => from !== to && (!this.kind.star || from === hub || to === hub))
    const each = Math.ceil(this.kind.datagrams / pairs.length)
    for (const { from, to } of pairs) {
      const mayCall = to !== this.#processes[0] || this.#private.length === 0
      const talker = new Talker(this.world, from, to, mayCall)
      talker.plan(each, 10, this.#endsAt)
      this.talkers.push(talker)
    }
    for (const { desk } of this.#processes) desk.luck = this.#streamLuck.fork()
    for (let left = this.kind.streams; left > 0; left--) {
      const { from, to } = this.#streamLuck.pick(this.talkers)
      from.desk.plan(20 + (this.#endsAt - 20) * this.#streamLuck.next(), to.hit)
    }
    const first = this.#prng.chance(0.3) ? this.talkers : this.talkers.filter(({ from }) => from === this.#processes[0])
    for (const talker of first) this.world.clock.at(1, () => talker.call())
  }

  // ── What befalls them ──────────────────────────────────────────────────────

  #schedule(): void {
    const prng = this.#prng
    this.#moves()
    this.#blockPaths()
    for (let extra = this.kind.operations(prng); extra > 0; extra--) {
      const operation = prng.pick(['readdress', 'rekey', 'close', 'ping', 'ping', 'rekey', 'readdress'] as const)
      this.#at(() => this.#operate(operation))
    }
    const faults: readonly (readonly [FaultKind, () => void])[] = [
      ['partition', () => this.#partition('partition')],
      ['partition-one-way', () => this.#partition('partition-one-way')],
      ['nat-rebind', () => this.#forgetMappings()],
      ['crash', () => this.#crash(prng.pick(this.#crashable()), 'crash')],
      ['thaw-older-capsule', () => this.#attackers.rethaw('thaw-older-capsule')],
      ['thaw-foreign-capsule', () => this.#attackers.rethaw('thaw-foreign-capsule')],
      ['ledger-down', () => this.#ledgerDown()],
      ['flood', () => this.#flood()],
      ['false-locator', () => this.#lie()],
    ]
    for (const [kind, strike] of faults) {
      for (let weight = this.profile[kind]; weight > 0; weight--) if (prng.chance(Math.min(1, weight))) this.#at(strike)
    }
  }

  /** An address, or a port, through which nothing passes any more. */
  #blockPaths(): void {
    const { network, clock } = this.world
    const luck = this.#luck
    const strikes = (['path-dead', 'port-dead'] as const).flatMap((kind) => {
      const weight = this.profile[kind]
      return luck.chance(weight / 2) ? [kind, ...(luck.chance(weight / 4) ? [kind] : [])] : []
    })
    for (const kind of strikes) {
      this.#at(() => {
        const { instance } = luck.pick(this.#processes)
        if (instance?.running !== true) return
        this.world.fault(kind)
        const where = kind === 'port-dead' ? instance.locator : instance.locator.address
        network.block(where)
        if (kind === 'path-dead') clock.after(200 + 30_000 * luck.next() ** 2, () => network.mend(where))
      }, luck)
    }
  }

  #at(what: () => void, luck = this.#prng): void {
    this.world.clock.at(100 + (this.#endsAt - 100) * luck.next(), () => {
      if (this.world.now < this.#endsAt) what()
    })
  }

  #moves(): void {
    const prng = this.#prng
    for (let count = this.kind.moves(prng); count > 0; count--) this.#at(() => this.#moveSoon())
    const [first, second] = this.#processes
    if (!prng.chance(this.profile['both-move']) || first === undefined || second?.saved !== true) return
    this.#at(() => {
      const [one, two] = [this.#move(first), this.#move(second)]
      if (one !== undefined && two !== undefined) this.world.fault('both-move')
    })
  }

  /** Who is down or on the way does not move: as long as nobody else has set out either, somebody is asked again. */
  #moveSoon(tries = MOVE_TRIES): void {
    if (this.#move(this.#mover()) !== undefined || this.#setOut || tries === 1) return
    this.world.clock.after(MOVE_AGAIN_MS, () => {
      if (this.world.now < this.#endsAt && !this.#setOut) this.#moveSoon(tries - 1)
    })
  }

  #mover(): Process {
    const movers = this.#processes.filter((subject) => subject.saved)
    return this.#prng.pick(movers)
  }

  #move(subject: Process, harm = true): Departure | undefined {
    if (!subject.running) return undefined
    const from = subject.host
    const busy = from.departures.get(subject.hit)
    if (busy !== undefined && !busy.over) return undefined
    const places = subject === this.#processes[0] ? [...this.#open, ...this.#private] : this.#open
    const to = this.#prng.pick(places.filter((host) => host !== from))
    const departure = this.world.move(subject, to)
    this.#setOut = true
    if (!harm) return departure
    if (this.#prng.chance(this.profile.abort)) this.#abort(departure)
    if (this.#prng.chance(this.profile['crash-in-move'])) {
      const victim = this.#prng.chance(0.5) ? from : to
      this.world.clock.after(this.#delayInMove(), () => this.#crash(victim, 'crash-in-move'))
    }
    return departure
  }

  /** A moment of a hand-off: its steps follow the delay of links and ledger. */
  #delayInMove(): number {
    return (8 * this.profile.delayMs + 40) * this.#prng.next()
  }

  /** Often right after FREEZE, when the grant has not left. */
  #abort(departure: Departure): void {
    const { clock } = this.world
    const strike = (): void => {
      if (departure.over) return
      this.world.fault('abort')
      departure.abort()
    }
    const afterReady = (): void => {
      if (departure.state.phase === 'preparing') clock.after(1, afterReady)
      else clock.after(4 * this.#prng.next(), strike)
    }
    if (this.#prng.chance(0.5)) afterReady()
    else clock.after(this.#delayInMove(), strike)
  }

  #operate(what: 'readdress' | 'rekey' | 'close' | 'ping'): void {
    const { from, to } = this.#prng.pick(this.talkers)
    if (!from.running || from.with(to) === undefined) return
    if (what === 'rekey') from.rekey(to)
    else if (what === 'close') from.close(to)
    else if (what === 'ping') from.ping(to, this.#pings++)
    // Who has no ledger to be found in stays where those behind translators can find it.
    else if (from.saved || this.#private.length === 0) from.rebind(this.#prng.pick(from.host.addresses))
  }

  #partition(kind: 'partition' | 'partition-one-way'): void {
    const { network, clock } = this.world
    const names = [...this.world.hosts.keys()]
    const cutOff = this.#prng.pick(
      this.#processes
        .filter(({ running }) => running)
        .map(({ host }) => host.name)
        .concat(names),
    )
    this.world.fault(kind)
    const oneWay = kind === 'partition-one-way'
    const inward = this.#prng.chance(0.5)
    for (const name of names) {
      if (name === cutOff) continue
      if (inward) network.cut(name, cutOff, oneWay)
      else network.cut(cutOff, name, oneWay)
    }
    clock.after(100 + 40_000 * this.#prng.next() ** 3, () => {
      for (const name of names) if (name !== cutOff) network.heal(name, cutOff)
    })
  }

  #forgetMappings(): void {
    for (const host of this.#private) if ((host.nat?.rebind() ?? 0) > 0) this.world.fault('nat-rebind')
  }

  /** Hosts that may go down: nobody lives there who could not be started again. */
  #crashable(): Host[] {
    const unsaved = this.#processes.filter((subject) => !subject.saved).map((subject) => subject.instance?.host)
    return [...this.world.hosts.values()].filter((host) => host.name !== 'lair' && !unsaved.includes(host))
  }

  #crash(host: Host, kind: FaultKind): void {
    if (!host.up || !this.#crashable().includes(host) || this.world.now >= this.#endsAt) return
    this.world.fault(kind)
    this.world.crash(host)
    this.world.clock.after(20 + 8_000 * this.#prng.next() ** 2, () => {
      if (!host.up) this.world.boot(host)
    })
  }

  #ledgerDown(): void {
    const { ledger, clock } = this.world
    ledger.down = true
    clock.after(100 + 10_000 * this.#prng.next() ** 2, () => {
      ledger.down = false
    })
  }

  #flood(): void {
    const { instance } = this.#prng.pick(this.#processes)
    if (instance !== undefined) this.#attackers.flood(instance)
  }

  /** A peer in good standing says that it is where somebody else is. */
  #lie(): void {
    const { instance } = this.#prng.pick(this.#processes)
    if (instance?.running !== true) return
    this.world.fault('false-locator')
    const victim = this.#attackers.victim()
    instance.command((engine, now) => engine.readdress(now, [victim]))
    this.world.clock.after(500 + 3_000 * this.#prng.next(), () => {
      if (instance.running) instance.command((engine, now) => engine.readdress(now, [instance.locator]))
    })
  }
}
