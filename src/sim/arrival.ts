// Drives the target's side of a hand-off (core/moving/target.ts) on one host, with a READY and a one-time key of its own.

import { assert } from '../base/assert.ts'
import { toHex } from '../base/bytes.ts'
import { decodeCapsule, openCapsule, readCapsule } from '../core/moving/capsule.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import {
  crashTarget,
  stepTarget,
  type TargetInput,
  type TargetOutput,
  type TargetState,
  targetIdle,
} from '../core/moving/handoff.ts'
import { signReady } from '../core/moving/ready.ts'
import type { DhKey } from '../crypto/dh.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity } from '../crypto/identity.ts'
import { isMalformed } from '../wire.ts'
import type { Door, StartOutcome } from './door.ts'
import type { Host } from './host.ts'
import type { Process } from './process.ts'
import { kemKey, openBox, SIM_KEM } from './seal.ts'
import type { World } from './world.ts'

const STORE_MS = 3
const OFFER_BYTES = 8

/** A capsule that was opened: what to thaw and by whose leave. */
export interface OpenedCapsule {
  readonly frozen: FrozenState
  readonly grant: Uint8Array
  /** The host it was granted to. */
  readonly signer: Identity
}

export interface ArrivalOptions {
  readonly world: World
  readonly subject: Process
  readonly host: Host
  readonly from: Host
}

/** The target's side of a move: what a host does to take a process in. */
export class Arrival {
  /** Who moves. */
  readonly subject: Process
  /** Where this is. */
  readonly host: Host
  /** Where the process comes from. */
  readonly from: Host
  readonly #world: World
  #state: TargetState = targetIdle()
  readonly #kem = new Map<string, DhKey>()
  #bytes: Uint8Array | undefined
  #opened: OpenedCapsule | undefined
  #door: Door | undefined
  #started: StartOutcome | undefined
  #crashed = false

  constructor({ world, subject, host, from }: ArrivalOptions) {
    this.#world = world
    this.subject = subject
    this.host = host
    this.from = from
    host.arrivals.set(subject.hit, this)
  }

  /** How far it is: `phase` says that in a word. */
  get state(): TargetState {
    return this.#state
  }

  /** The capsule, once it is open and until it is destroyed. */
  get opened(): OpenedCapsule | undefined {
    return this.#opened
  }

  /** True when nothing more will come of it by itself. */
  get over(): boolean {
    return ['idle', 'offering', 'running', 'crashed'].includes(this.#state.phase)
  }

  /** The source asks whether there is room. */
  onPrepare(epoch: number, hit: Hit): void {
    if (!this.#crashed && hit === this.subject.hit) this.#input({ type: 'prepare', epoch })
  }

  /** The capsule has come; what is none for this process is dropped. */
  onCapsule(bytes: Uint8Array): void {
    const capsule = readCapsule(bytes)
    if (this.#crashed || typeof capsule === 'string' || capsule.header.hit !== this.subject.hit) return
    if (this.#state.phase === 'idle' || this.#state.phase === 'offering') this.#bytes = bytes
    this.#input({ type: 'capsule', epoch: capsule.header.epoch })
  }

  /** The source has nothing left of the process. */
  onGone(): void {
    if (!this.#crashed) this.#input({ type: 'gone' })
  }

  /** The host goes down. A write that was under way may have been completed. */
  crash(): void {
    const writing = this.#state.phase === 'storing'
    const found = this.#state.stored && !(writing && this.#world.prng.chance(0.5))
    this.#crashed = true
    this.#door?.shut()
    this.#state = crashTarget(this.#state, found)
    if (!found) {
      this.#opened = undefined
      this.#kem.clear()
    }
  }

  /** The host is up again. Returns true if there is a capsule to be claimed. */
  recover(): boolean {
    this.#crashed = false
    this.#tickLater()
    return this.#state.phase === 'holding'
  }

  #input(input: TargetInput): void {
    const { state, outputs } = stepTarget(this.#state, input, this.#world.now)
    this.#state = state
    for (const output of outputs) this.#output(output)
    this.#tickLater()
  }

  #tickLater(): void {
    const { wakeAt } = this.#state
    if (wakeAt === Infinity || this.#crashed) return
    this.#world.clock.at(wakeAt, () => {
      if (!this.#crashed && this.#state.wakeAt === wakeAt) this.#input({ type: 'tick' })
    })
  }

  #output(output: TargetOutput): void {
    const { host, from } = this
    const departure = (at: Host) => at.departures.get(this.subject.hit)
    switch (output) {
      case 'ready': {
        const ready = this.#makeReady()
        return this.#world.tell(host, from, (at) => departure(at)?.onReady(ready))
      }
      case 'open':
        return this.#later(0, this.#open())
      case 'store':
        return this.#later(STORE_MS, { type: 'stored' })
      case 'delivered':
        return this.#world.tell(host, from, (at) => departure(at)?.onDelivered())
      case 'claim':
        return this.#claim()
      case 'thaw':
        return this.#thaw()
      case 'live':
        return this.#live()
      case 'forget':
        return this.#kem.clear()
      case 'discard':
        this.#world.hooks.used?.(this)
        this.#opened = undefined
        return
      case 'reject':
        return this.#world.tell(host, from, (at) => departure(at)?.onRejected())
    }
  }

  #live(): void {
    const { epoch } = this.#state
    const { hit } = this.subject
    this.#world.tell(this.host, this.from, (at) => {
      const departure = at.departures.get(hit)
      if (departure !== undefined) return departure.onLive(epoch)
      this.#world.tell(at, this.host, () => this.onGone())
    })
  }

  #makeReady(): Uint8Array {
    const offer = this.#world.entropy(OFFER_BYTES)
    const key = kemKey(this.#world.entropy, this.#world.algorithms.dhGroups)
    this.#kem.set(toHex(offer), key)
    const { epoch } = this.#state
    const draft = { offer, hit: this.subject.hit, epoch, kem: SIM_KEM, kemKey: key.publicValue }
    return signReady(draft, this.host.identity)
  }

  #open(): TargetInput {
    const rejected: TargetInput = { type: 'rejected' }
    const capsule = this.#bytes === undefined ? 'malformed' : openCapsule(this.#bytes, this.host.identity.hit)
    if (typeof capsule === 'string') return rejected
    const key = this.#kem.get(toHex(capsule.header.offer))
    const plaintext = key === undefined ? undefined : openBox(key, capsule.sealed, capsule.aad)
    if (plaintext === undefined) return rejected
    const unsealed = decodeCapsule(plaintext, capsule.header, this.subject.offer.algorithms)
    if (isMalformed(unsealed)) return rejected
    this.#opened = { frozen: unsealed.frozen, grant: capsule.grant, signer: this.host.identity }
    return { type: 'opened' }
  }

  #claim(): void {
    const opened = this.#opened
    assert(opened !== undefined, 'a target claims for a capsule that it has opened')
    const plan = { base: opened.frozen.epoch, grant: opened.grant }
    this.#door = this.#world.start(this.subject, this.host, opened.signer, plan, (outcome) => {
      this.#started = outcome
      if (outcome === 'unavailable') return this.#input({ type: 'unavailable' })
      if (typeof outcome === 'string') {
        this.#world.event('thaw-refused')
        if (this.#world.isLost(this.subject, this.host)) this.#world.revive(this.subject, this.host, opened.signer)
        return this.#input({ type: 'refused' })
      }
      this.#input({ type: 'started', epoch: outcome.epoch })
    })
    this.#world.hooks.claiming?.(this.#door, this, opened)
  }

  #thaw(): void {
    const opened = this.#opened
    const started = this.#started
    assert(opened !== undefined && started !== undefined && typeof started !== 'string', 'a thaw follows a start')
    this.#world.event('moved')
    this.#world.launch(this.subject, this.host, opened.signer, started, opened.frozen)
  }

  #later(ms: number, input: TargetInput): void {
    this.#world.clock.after(ms, () => {
      if (!this.#crashed) this.#input(input)
    })
  }
}
