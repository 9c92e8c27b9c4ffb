// A ledger in this process's memory: for tests, and for identities that need to outlive nothing. It forgets everything when
// the process ends, and so arbitrates between nobody else (MOVING §1).

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
import type { Identity, PublicKey, WithKeys } from '../crypto/identity.ts'
import type { KeyAlgorithms } from '../crypto/key-algorithm.ts'
import { KEY_ALGORITHMS } from '../crypto/public-key.ts'
import type { Ledger } from './interface.ts'

export interface MemoryLedgerOptions {
  /** The ledger's own key. */
  readonly identity: Identity
  /** Wall clock in ms, for receipts; the system's if not given. */
  readonly now?: () => number
  /** The kinds of key that identities may have; by default Ed25519 and ECDSA P-256. */
  readonly algorithms?: WithKeys
}

export class MemoryLedger implements Ledger {
  readonly #identity: Identity
  readonly #now: () => number
  readonly #keys: KeyAlgorithms
  readonly #records = new Map<Hit, LedgerRecord>()
  readonly #whereabouts = new Map<Hit, { readonly bytes: Uint8Array; readonly said: VerifiedWhereabouts }>()

  constructor(options: MemoryLedgerOptions) {
    this.#identity = options.identity
    this.#now = options.now ?? Date.now
    this.#keys = options.algorithms?.keys ?? KEY_ALGORITHMS
  }

  key(): Promise<PublicKey> {
    return Promise.resolve(this.#identity.publicKey)
  }

  read(hit: Hit): Promise<LedgerRecord | undefined> {
    return Promise.resolve(this.#records.get(hit))
  }

  /** As the interface says. */
  claim(request: ClaimRequest): Promise<ClaimReply> {
    const reply = applyClaim(this.#recordOf(request.claim), request, [], this.#keys)
    if (reply.refused === undefined) this.#records.set(reply.record.hit, reply.record)
    return Promise.resolve(reply)
  }

  activate(request: Uint8Array): Promise<ActivateReply> {
    const reply = applyActivate(this.#recordOf(request), request, this.#identity, this.#now())
    if (reply.refused === undefined) this.#records.set(reply.record.hit, reply.record)
    return Promise.resolve(reply)
  }

  start(claim: ClaimRequest, activate: Uint8Array): Promise<StartReply> {
    const record = this.#recordOf(claim.claim)
    const answer = applyStart(record, claim, activate, this.#identity, this.#now(), this.#keys)
    const { reply } = answer
    if (reply.refused === undefined) this.#records.set(reply.record.hit, reply.record)
    return Promise.resolve(answer)
  }

  publish(whereabouts: Uint8Array): Promise<void> {
    const hit = whereaboutsHit(whereabouts)
    const record = hit === undefined ? undefined : this.#records.get(hit)
    const said = admitWhereabouts(whereabouts, record, this.#identity.publicKey, this.#keys)
    if (said !== undefined) {
      const kept = this.#whereabouts.get(said.hit)
      const newer = kept === undefined || compareWhereabouts(said, kept.said) > 0
      if (newer) this.#whereabouts.set(said.hit, { bytes: whereabouts.slice(), said })
    }
    return Promise.resolve()
  }

  find(hit: Hit): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#whereabouts.get(hit)?.bytes)
  }

  #recordOf(claim: Uint8Array): LedgerRecord | undefined {
    const about = peekClaim(claim)
    return about === undefined ? undefined : this.#records.get(about.hit)
  }
}
