// Seeds in which one end knows only the RFCs (test/support/foreign-peer.ts): a process of ours and a stranger talk over a bad link, rekey from
// either end and both, readdress, and ours moves. All checkers watch ours; those of what applications send and get watch both. What
// an RFC-only end does not have to survive is left out: its own restart, and packets that are damaged, which it may take for an attack.

import { Prng } from '../../src/base/prng.ts'
import type { Algorithms } from '../../src/crypto/algorithms.ts'
import { drawAmong } from '../../src/sim/faults.ts'
import { pooledIdentity } from '../../src/sim/identities.ts'
import { APP_PORT } from '../../src/sim/instance.ts'
import type { Process } from '../../src/sim/process.ts'
import { algorithmsOfSeed } from '../../src/sim/seed.ts'
import { contentBytes, type SeedFailure, type SeedResult, World } from '../../src/sim.ts'
import { Stranger } from './stranger.ts'

export const STRANGERS = 'strangers'

const CALM_MS = 60_000
const LOOK_MS = 100
const RETRY_MS = 150
const CALL_MS = 700
const SOURCE_PORT = 1_007
const DATAGRAMS = 20

type Operation = 'our-rekey' | 'their-rekey' | 'both-rekey' | 'our-readdress' | 'their-readdress' | 'move'
const OPERATIONS: readonly Operation[] = ['our-rekey', 'their-rekey', 'both-rekey', 'our-readdress', 'their-readdress']

class Meeting {
  readonly world: World
  readonly endsAt: number
  readonly ours: Process
  readonly stranger: Stranger
  readonly #prng: Prng
  readonly #weBegin: boolean
  #calledAt = -Infinity
  #waiting = 0
  #probes: { readonly ours: number; readonly theirs: number } | undefined

  constructor(seed: number, algorithms: Algorithms) {
    const prng = new Prng(seed + 2 ** 43)
    this.#prng = prng
    const profile = drawAmong(['loss', 'duplicate', 'reorder', 'jitter', 'ledger-slow'], prng)
    this.world = new World({ seed, profile, family: prng.chance(0.7) ? 4 : 6, algorithms })
    this.world.ledger.faults = profile
    this.endsAt = 2_000 + 6_000 * prng.next() ** 2
    const config = prng.chance(0.3) ? { rekeyPackets: 10 } : {}
    const options = { algorithm: 'ecdsa-p256', espSuites: [8], config } as const
    this.ours = this.world.process('ours', { ...options, host: this.world.host('home') })
    const identity = pooledIdentity('host', 100 + prng.below(4), 'ecdsa-p256', this.world.algorithms)
    this.stranger = new Stranger(this.world, this.world.host('abroad'), identity)
    this.#weBegin = prng.chance(0.5)
    this.#plan()
  }

  /** What is not as it should be after the faults; undefined if all is well. */
  unsettled(): string | undefined {
    const { ours, stranger } = this
    if (!ours.running) return 'ours does not run'
    if (this.world.tally.events.thaw === 0) return this.#do('move') ?? 'nothing has moved'
    this.#call()
    if (this.#waiting > 0) return `${this.#waiting} datagrams wait`
    const probes = this.#probes
    if (probes !== undefined && ours.has(probes.theirs) && stranger.has(probes.ours)) return undefined
    if (this.#established()) this.#probes = { ours: this.#sendOurs(), theirs: stranger.say(ours) }
    return probes !== undefined && ours.has(probes.theirs) ? 'the stranger does not hear' : 'the stranger is not heard'
  }

  calm(): void {
    this.world.network.calm()
    this.world.ledger.calm()
  }

  #plan(): void {
    const { world } = this
    const prng = this.#prng
    const moment = (): number => 300 + (this.endsAt - 300) * prng.next()
    world.clock.at(1, () => this.#call())
    for (let i = 0; i < DATAGRAMS; i++) this.#later(moment(), i % 2 === 0)
    for (let i = 1 + prng.below(4); i > 0; i--) {
      const operation = prng.pick(OPERATIONS)
      world.clock.at(moment(), () => void this.#do(operation))
    }
    world.clock.at(moment(), () => void this.#do('move'))
  }

  #later(at: number, fromUs: boolean): void {
    this.#waiting += 1
    this.world.clock.at(at, () => {
      this.#waiting -= 1
      this.#call()
      if (!this.#established()) return this.#later(this.world.now + RETRY_MS, fromUs)
      if (fromUs) this.#sendOurs()
      else this.stranger.say(this.ours)
    })
  }

  #established(): boolean {
    const { ours, stranger } = this
    return ours.running && ours.engine.association(stranger.hit)?.state === 'established' && stranger.canTalk
  }

  /** Whoever is to begin does, and does again when there is no association. */
  #call(): void {
    const { world, ours, stranger } = this
    if (!ours.running || world.now - this.#calledAt < CALL_MS) return
    const theyBegin = !this.#weBegin && stranger.state === 'UNASSOCIATED'
    if (ours.engine.association(stranger.hit) !== undefined && !theyBegin) return
    this.#calledAt = world.now
    const { hit, locator } = stranger
    world.see({ type: 'announced', locator, run: ours.here.run })
    if (theyBegin) return stranger.associate(ours)
    if (stranger.state === 'I1-SENT' || stranger.state === 'I2-SENT') return
    ours.here.command((engine, now) => engine.associate(now, { hit, locators: [locator] }))
  }

  #do(operation: Operation): undefined {
    const { world, ours, stranger } = this
    const { hit } = stranger
    if (operation === 'move') {
      if (!ours.running || !ours.host.up) return
      world.move(ours, world.hosts.get('away') ?? world.host('away'))
      return
    }
    if (!this.#established()) return
    world.event(operation.endsWith('rekey') ? 'rekey' : 'readdress')
    if (operation === 'our-rekey' || operation === 'both-rekey') {
      ours.here.command((engine, now) => engine.rekey(now, hit))
    }
    if (operation === 'their-rekey' || operation === 'both-rekey') stranger.rekey()
    if (operation === 'our-readdress') ours.here.rebind(ours.host.addresses[1] ?? ours.locator.address)
    if (operation === 'their-readdress') stranger.readdress()
  }

  #sendOurs(): number {
    const { world, ours, stranger } = this
    const id = world.nextContent()
    const bytes = contentBytes(id, 24)
    const content = { id, sourcePort: SOURCE_PORT, port: APP_PORT, bytes }
    world.see({ type: 'app-sent', run: ours.here.run, to: stranger.hit, content })
    ours.here.command((engine, now) => engine.send(now, stranger.hit, SOURCE_PORT, APP_PORT, bytes))
    world.event('sent')
    return id
  }
}

/** Runs the world of a seed with a stranger in it. */
export function runStrangers(seed: number, algorithms: Algorithms = algorithmsOfSeed(seed)): SeedResult {
  const meeting = new Meeting(seed, algorithms)
  const { world, ours } = meeting
  const sound = (): boolean => world.violations.length === 0
  const pass = (until: number): void => {
    while (sound() && world.clock.step(until));
    if (sound()) world.clock.run(until)
  }
  let calmedMs: number | undefined
  let failure: SeedFailure | undefined
  try {
    pass(meeting.endsAt)
    meeting.calm()
    const begin = world.now
    while (sound() && calmedMs === undefined && world.now - begin <= CALM_MS) {
      pass(world.now + LOOK_MS)
      if (meeting.unsettled() === undefined) calmedMs = world.now - begin
    }
    const [violation] = world.violations
    if (violation !== undefined) failure = { ...violation, at: world.now }
    else if (calmedMs === undefined) failure = { rule: 'L1', detail: meeting.unsettled() ?? 'late', at: world.now }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const where = error.stack?.split('\n').slice(1, 4).join(' < ') ?? ''
    failure = { rule: 'error', detail: `${error.message} of ${ours.name} or the stranger [${where}]`, at: world.now }
  }
  const { events, faults, hash } = world.tally
  const repro = `npm run seeds -- ${seed} 1 ${STRANGERS}`
  return { seed, ok: failure === undefined, events, faults, hash, calmedMs, failure, repro }
}
