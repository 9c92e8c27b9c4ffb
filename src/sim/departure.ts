// Drives the source's side of a hand-off (core/moving/source.ts) on one host: does what the machine says, and tells it what came
// of it. What is written to disk survives a crash; all else does not.

import { assert } from '../base/assert.ts'
import { CAPSULE_VERSION, type CapsuleHeader, finishCapsule, prepareCapsule } from '../core/moving/capsule.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import {
  crashSource,
  type SourceInput,
  type SourceOutput,
  type SourceState,
  sourceRunning,
  stepSource,
} from '../core/moving/handoff.ts'
import { type VerifiedReady, verifyReady } from '../core/moving/ready.ts'
import type { Hit } from '../crypto/hit.ts'
import { samePublicKey } from '../crypto/identity.ts'
import type { Door, StartOutcome } from './door.ts'
import type { Host } from './host.ts'
import type { Instance } from './instance.ts'
import type { Process } from './process.ts'
import { SIM_KEM, sealBox } from './seal.ts'
import type { World } from './world.ts'

/** How long a write to disk takes. */
const STORE_MS = 3

export interface DepartureOptions {
  readonly world: World
  readonly subject: Process
  readonly instance: Instance
  readonly to: Host
}

/** The source's side of a move: what a host does to hand a process over. */
export class Departure {
  /** Who moves. */
  readonly subject: Process
  /** The start that ends with the move. */
  readonly instance: Instance
  /** Where this is. */
  readonly from: Host
  /** Where the process goes. */
  readonly to: Host
  readonly #world: World
  #state: SourceState
  #ready: VerifiedReady | undefined
  #frozen: FrozenState | undefined
  /** On disk from `stored` on. */
  #capsule: Uint8Array | undefined
  #door: Door | undefined
  #crashed = false

  constructor(options: DepartureOptions) {
    this.#world = options.world
    this.subject = options.subject
    this.instance = options.instance
    this.from = options.instance.host
    this.to = options.to
    this.#state = sourceRunning(options.instance.run.epoch)
    this.from.departures.set(this.subject.hit, this)
    this.#input({ type: 'begin', offered: false })
  }

  /** How far it is: `phase` says that in a word. */
  get state(): SourceState {
    return this.#state
  }

  /** True when there is nothing left to do here. */
  get over(): boolean {
    return ['running', 'gone', 'restarted', 'crashed'].includes(this.#state.phase)
  }

  /** The frozen state, as long as this host has it: what a former host keeps. */
  get frozen(): FrozenState | undefined {
    return this.#frozen
  }

  /** The sealed capsule, as long as this host has it. */
  get capsule(): Uint8Array | undefined {
    return this.#capsule
  }

  /** The process is to stay here, if the ledger lets us. */
  abort(): void {
    if (!this.#crashed) this.#input({ type: 'abort' })
  }

  /** The engine has stopped for good. Its state is taken at once. */
  onFrozen(): void {
    if (this.#state.phase !== 'freezing') return
    this.#world.event('freeze')
    this.#input({ type: 'frozen' })
  }

  /** The target has room: its signed READY, which is checked. */
  onReady(bytes: Uint8Array): void {
    const ready = verifyReady(bytes, this.subject.hit, this.#state.epoch)
    if (typeof ready === 'string' || this.#crashed) return
    // A host that was asked before may answer late.
    if (!samePublicKey(ready.host, this.to.identity.publicKey)) return
    if (this.#state.phase === 'preparing') this.#ready = ready
    this.#input({ type: 'ready', epoch: this.#state.epoch })
  }

  /** The target has stored the capsule. */
  onDelivered(): void {
    if (!this.#crashed) this.#input({ type: 'delivered' })
  }

  /** The target can do nothing with the capsule: take the process back, if the ledger lets us. */
  onRejected(): void {
    this.abort()
  }

  /** The process runs at the target, in that epoch. */
  onLive(epoch: number): void {
    if (this.#crashed) return
    this.#input({ type: 'live', epoch })
    if (this.#state.phase === 'gone')
      this.#world.tell(this.from, this.to, (to) => to.arrivals.get(this.subject.hit)?.onGone())
  }

  /** The host goes down. A write that was under way may have been completed. */
  crash(): void {
    const writing = this.#state.phase === 'sealed' || this.#state.phase === 'discarding'
    const found = this.#state.stored && this.#capsule !== undefined && !(writing && this.#world.prng.chance(0.5))
    this.#crashed = true
    this.#door?.shut()
    this.#frozen = undefined
    this.#state = crashSource(this.#state, found)
    if (!found) this.#capsule = undefined
  }

  /** The host is up again. Returns true if the capsule is offered further, false if the identity is to be started anew. */
  recover(): boolean {
    if (this.#state.phase !== 'granted') return false
    this.#crashed = false
    this.#tickLater()
    return true
  }

  #input(input: SourceInput): void {
    const { state, outputs } = stepSource(this.#state, input, this.#world.now)
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

  #output(output: SourceOutput): void {
    const { instance, subject } = this
    switch (output) {
      case 'ask-ready':
        return this.#askReady()
      case 'freeze':
        return instance.command((engine, now) => engine.freeze(now))
      case 'unfreeze':
        this.#frozen = undefined
        this.#world.event('unfreeze')
        return instance.resume()
      case 'seal':
        return this.#seal()
      case 'store':
        return this.#later(STORE_MS, { type: 'stored' })
      case 'send':
        return this.#send()
      case 'discard':
        this.#capsule = undefined
        if (this.#state.phase === 'discarding') this.#later(STORE_MS, { type: 'discarded' })
        return
      case 'claim':
        return this.#claim()
      case 'look':
        return this.#look(subject.hit)
      case 'destroy':
        return this.#destroy()
      case 'resume':
      case 'restart':
      case 'failed':
        return
    }
  }

  #askReady(): void {
    const { hit } = this.subject
    const { epoch } = this.#state
    this.#world.tell(this.from, this.to, (to) =>
      this.#world.arrivalAt(to, this.from, this.subject, epoch).onPrepare(epoch, hit),
    )
  }

  #seal(): void {
    const ready = this.#ready
    assert(ready !== undefined, 'a source seals to a READY')
    const { engine, run } = this.instance
    const sockets = [{ port: 7, unread: [] }]
    this.#frozen = engine.frozenState(sockets, this.subject.suitcase)
    const header: CapsuleHeader = {
      version: CAPSULE_VERSION,
      suite: SIM_KEM,
      hit: this.subject.hit,
      epoch: this.#state.epoch,
      kem: SIM_KEM,
      recipient: this.to.identity.hit,
      offer: ready.offer,
    }
    const prepared = prepareCapsule(this.#frozen, header, this.subject.offer.algorithms)
    assert(prepared !== 'too-large', 'a world has small processes')
    this.#world.see({ type: 'capsule', run, plaintext: prepared.plaintext })
    for (const { secret } of this.#frozen.associations)
      this.#world.see({ type: 'secret', what: 'frozen key', bytes: secret })
    const sealed = sealBox(
      ready.kemKey,
      prepared.plaintext,
      prepared.aad,
      this.#world.entropy,
      this.#world.algorithms.dhGroups,
    )
    this.#capsule = finishCapsule(header, sealed, { host: this.instance.signer, to: ready.host, purpose: 'move' })
    this.#later(0, { type: 'sealed' })
  }

  #send(): void {
    const capsule = this.#capsule
    if (capsule === undefined) return
    this.#world.event('transfer')
    this.#world.network.message(this.from.name, this.to.name, capsule, (bytes) => {
      if (this.to.up) this.#world.arrivalAt(this.to, this.from, this.subject, 0).onCapsule(bytes)
    })
  }

  /** An abort after the grant has left: only the ledger can give the identity back. */
  #claim(): void {
    const base = this.#state.inMemory && this.#frozen !== undefined ? this.#state.epoch : undefined
    const frozen = this.#frozen
    this.#door = this.#world.start(this.subject, this.from, this.instance.signer, { base, takeOver: true }, (outcome) =>
      this.#claimed(outcome, frozen),
    )
  }

  #claimed(outcome: StartOutcome, frozen: FrozenState | undefined): void {
    if (outcome === 'unavailable') return this.#input({ type: 'unavailable' })
    if (typeof outcome === 'string') return this.#input({ type: 'refused' })
    this.instance.stop()
    this.#world.launch(this.subject, this.from, this.instance.signer, outcome, frozen)
    this.#input({ type: 'started', epoch: outcome.epoch })
  }

  #look(hit: Hit): void {
    const { ledger } = this.#world
    ledger.ask(
      () => ledger.read(hit),
      (record) => {
        const epoch = record?.activated?.epoch ?? 0
        if (epoch <= this.#state.epoch || this.#crashed) return
        // A start of our own that a crash cut short is nobody's: take the identity back.
        if (this.#world.isLost(this.subject, this.from)) this.abort()
        else this.#input({ type: 'live', epoch })
      },
    )
  }

  #destroy(): void {
    if (this.#world.hooks.departed?.(this) !== true) {
      this.instance.engine.destroy()
      this.instance.stop()
    }
    this.#capsule = undefined
    this.#frozen = undefined
    if (this.subject.instance === this.instance || this.subject.instance?.host !== this.from) {
      this.from.disk.delete(this.subject.hit)
    }
    this.#later(0, { type: 'destroyed' })
  }

  #later(ms: number, input: SourceInput): void {
    this.#world.clock.after(ms, () => {
      if (!this.#crashed) this.#input(input)
    })
  }
}
