// A ledger in a world: the rules are the real ones (core/moving/record.ts), the way there is not: it can be slow or down, and
// lose what it is asked or what it answers.

import type { Prng } from '../base/prng.ts'
import {
  type ActivateReply,
  applyActivate,
  applyClaim,
  applyStart,
  type ClaimReply,
  type ClaimRequest,
  type LedgerRecord,
  peekClaim,
  type StartReply,
} from '../core/moving/record.ts'
import {
  admitWhereabouts,
  compareWhereabouts,
  type VerifiedWhereabouts,
  whereaboutsHit,
} from '../core/moving/whereabouts.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity } from '../crypto/identity.ts'
import type { KeyAlgorithms } from '../crypto/key-algorithm.ts'
import type { Clock } from './clock.ts'
import type { EventKind, FaultKind, Profile } from './faults.ts'

export type LedgerFaults = Pick<Profile, 'ledger-slow' | 'ledger-request-lost' | 'ledger-reply-lost'>

export interface LedgerWatch {
  fault(kind: FaultKind): void
  event(kind: EventKind): void
  /** A record has just been activated by a new start. */
  activated(record: LedgerRecord): void
}

/** What it signs with, and the kinds of key that others may have. */
export interface LedgerKeys {
  readonly identity: Identity
  readonly keys: KeyAlgorithms
}

const DELAY_MS = 2
const SLOW_MS_MAX = 3_000

/** The ledger of a world, by the real rules, on a way that loses and delays. */
export class SimLedger {
  /** The key that signs its receipts. */
  readonly identity: Identity
  /** Probabilities that a request or reply is lost or late, by up to 3 s. */
  faults: LedgerFaults = { 'ledger-slow': 0, 'ledger-request-lost': 0, 'ledger-reply-lost': 0 }
  /** While it is down nothing arrives, and half of those who ask notice. */
  down = false
  /** Whether it takes claim and activation as one change: every other ledger does. */
  readonly together: boolean
  readonly #keys: KeyAlgorithms
  readonly #clock: Clock
  readonly #prng: Prng
  readonly #watch: LedgerWatch
  readonly #records = new Map<Hit, LedgerRecord>()
  readonly #whereabouts = new Map<Hit, { readonly bytes: Uint8Array; readonly said: VerifiedWhereabouts }>()

  constructor(clock: Clock, prng: Prng, { identity, keys }: LedgerKeys, watch: LedgerWatch) {
    this.#clock = clock
    this.#prng = prng
    this.identity = identity
    this.#keys = keys
    this.together = (identity.publicKey.bytes[0] ?? 0) % 2 === 1
    this.#watch = watch
  }

  /** Asks from afar. `reply` gets the answer unless something is lost; `failed` is called if the ledger is seen to be down. */
  ask<T>(work: () => T, reply: (answer: T) => void, failed: () => void = () => {}): void {
    if (this.down) {
      this.#watch.fault('ledger-down')
      if (this.#prng.chance(0.5)) this.#clock.after(DELAY_MS, failed)
      return
    }
    if (this.#strikes('ledger-request-lost')) return
    this.#clock.after(this.#delay(), () => {
      if (this.down) return
      const answer = work()
      if (!this.#strikes('ledger-reply-lost')) this.#clock.after(this.#delay(), () => reply(answer))
    })
  }

  /** It is up, and nothing is lost or late from now on. */
  calm(): void {
    this.faults = { 'ledger-slow': 0, 'ledger-request-lost': 0, 'ledger-reply-lost': 0 }
    this.down = false
  }

  // ── What it does, at once ──────────────────────────────────────────────────

  /** The record of an identity, at once, as is all below. */
  read(hit: Hit): LedgerRecord | undefined {
    return this.#records.get(hit)
  }

  /** Gives the next epoch to a host, or says why not. */
  claim(request: ClaimRequest): ClaimReply {
    this.#watch.event('claim')
    const reply = applyClaim(this.#recordOf(request.claim), request, [], this.#keys)
    if (reply.refused === undefined) this.#records.set(reply.record.hit, reply.record)
    return reply
  }

  /** Lets a claimed epoch run, with a receipt, or says why not. */
  activate(request: Uint8Array): ActivateReply {
    this.#watch.event('activate')
    const before = this.#recordOf(request)
    const reply = applyActivate(before, request, this.identity, Math.floor(this.#clock.now))
    if (reply.refused !== undefined) return reply
    this.#records.set(reply.record.hit, reply.record)
    if (reply.record.activated !== before?.activated) this.#watch.activated(reply.record)
    return reply
  }

  /** Claims and activates as one change. */
  start(claim: ClaimRequest, activate: Uint8Array): StartReply {
    this.#watch.event('claim')
    this.#watch.event('activate')
    const before = this.#recordOf(claim.claim)
    const now = Math.floor(this.#clock.now)
    const answer = applyStart(before, claim, activate, this.identity, now, this.#keys)
    const { refused, record } = answer.reply
    if (refused !== undefined || record === undefined) return answer
    this.#records.set(record.hit, record)
    if (record.activated !== before?.activated) this.#watch.activated(record)
    return answer
  }

  /** Keeps signed whereabouts, if they are newer than those it has; drops all others. */
  publish(whereabouts: Uint8Array): void {
    const hit = whereaboutsHit(whereabouts)
    const record = hit === undefined ? undefined : this.#records.get(hit)
    const said = admitWhereabouts(whereabouts, record, this.identity.publicKey)
    if (said === undefined) return
    const kept = this.#whereabouts.get(said.hit)
    if (kept !== undefined && compareWhereabouts(said, kept.said) <= 0) return
    this.#whereabouts.set(said.hit, { bytes: whereabouts.slice(), said })
    this.#watch.event('publish')
  }

  /** The signed whereabouts of an identity, if there are any. */
  find(hit: Hit): Uint8Array | undefined {
    return this.#whereabouts.get(hit)?.bytes
  }

  #recordOf(claim: Uint8Array): LedgerRecord | undefined {
    const about = peekClaim(claim)
    return about === undefined ? undefined : this.#records.get(about.hit)
  }

  #strikes(kind: 'ledger-request-lost' | 'ledger-reply-lost' | 'ledger-slow'): boolean {
    const chance = this.faults[kind]
    if (chance === 0 || !this.#prng.chance(chance)) return false
    this.#watch.fault(kind)
    return true
  }

  #delay(): number {
    return this.#strikes('ledger-slow') ? SLOW_MS_MAX * this.#prng.next() : DELAY_MS
  }
}
