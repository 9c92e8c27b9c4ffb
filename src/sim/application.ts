// What the processes of a swarm do all day: each has peers, sends them numbered datagrams, and begins an association again when
// it has lost one, as any application would. In the end it says whether all is well with every peer.

import type { Prng } from '../base/prng.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

const RETRY_MS = 150
const REASSOCIATE_MS = 700
const PROBE_MS = 500
const LENGTH_MAX = 180

/** One direction of a conversation. */
export class Talker {
  readonly from: Process
  readonly to: Process
  readonly #world: World
  readonly #prng: Prng
  /** False if `to` cannot be reached unless it calls: it lives behind a translator. */
  readonly #mayCall: boolean
  #waiting = 0
  #calledAt = -Infinity
  #probe: { readonly id: number; readonly at: number } | undefined

  constructor(world: World, from: Process, to: Process, mayCall: boolean) {
    this.#world = world
    this.#prng = world.prng.fork()
    this.from = from
    this.to = to
    this.#mayCall = mayCall
  }

  /** Sends `count` datagrams at random times until `until`, some of them close together. */
  plan(count: number, from: number, until: number): void {
    for (let planned = 0; planned < count; ) {
      const at = from + (until - from) * this.#prng.next()
      const burst = Math.min(count - planned, this.#prng.chance(0.1) ? 12 : 1)
      for (let i = 0; i < burst; i++) this.#sendLater(at + i * this.#prng.next())
      planned += burst
    }
  }

  /** Everything planned has been taken by the engine, the association stands and its queue is empty. */
  get settled(): boolean {
    const { from, to } = this
    if (this.#waiting > 0 || !from.running || !to.running) return false
    const view = from.with(to)
    return view?.state === 'established' && view.queued === 0
  }

  /** Has a datagram of the last moments arrived? Sends one if not. */
  get heard(): boolean {
    const { from, to } = this
    if (this.#probe !== undefined && to.has(this.#probe.id)) return true
    if (this.#probe !== undefined && this.#world.now - this.#probe.at < PROBE_MS) return false
    if (!from.running) return false
    this.#probe = { id: from.send(to, 16).id, at: this.#world.now }
    return false
  }

  /** Begins an association if there is none. */
  call(): void {
    const { from, to } = this
    const now = this.#world.now
    if (!this.#mayCall || !from.running || to.instance === undefined) return
    if (now - this.#calledAt < REASSOCIATE_MS || from.with(to) !== undefined) return
    this.#calledAt = now
    from.associate(to)
  }

  #sendLater(at: number): void {
    this.#waiting += 1
    this.#world.clock.at(at, () => {
      this.#waiting -= 1
      this.#sendNow()
    })
  }

  #sendNow(): void {
    const { from, to } = this
    const outcome = from.running ? from.send(to, 8 + this.#prng.below(LENGTH_MAX)).outcome : 'full'
    if (outcome === 'no-association') this.call()
    if (outcome === 'sent' || outcome === 'queued') return
    this.#sendLater(this.#world.now + RETRY_MS * (0.5 + this.#prng.next()))
  }
}
