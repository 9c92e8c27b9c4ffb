// Floors (MOVING, Words; §2): the highest epoch accepted for a full key, with the ledger pinned for it. They outlive
// associations and travel in capsules. A floor refuses lower epochs; it never stands in for the epoch an association is bound to.
// It also pins the key: of two keys with one HIT the second is refused for as long as the first is remembered.

import { equalBytes } from '../../base/bytes.ts'
import { type Hit, hitOf } from '../../crypto/hit.ts'
import { type PublicKey, samePublicKey } from '../../crypto/identity.ts'
import type { Start } from '../../crypto/keymat.ts'

export interface Floor {
  readonly key: PublicKey
  readonly epoch: number
  readonly incarnation: Uint8Array
  readonly ledger: PublicKey | undefined
  /** The receipt that proved it, to show to a superseded instance. */
  readonly receipt: Uint8Array | undefined
}

/** What a peer shows for the start it claims. */
export interface Claimed {
  readonly key: PublicKey
  readonly start: Start
  /** A receipt that has been verified for this key and start. */
  readonly receipt: { readonly ledgerKey: PublicKey; readonly bytes: Uint8Array } | undefined
}

/** `other-key`: another key with this HIT was here first. */
export type Judgement =
  | 'accepted'
  | 'other-key'
  | 'lower-epoch'
  | 'equal-epoch-other-incarnation'
  | 'no-receipt'
  | 'other-ledger'

export class Floors {
  /** Set by whoever keeps them: told when a floor is new or higher, or a ledger is pinned, not at every contact. */
  onChange: () => void = () => undefined
  readonly #max: number
  /** One a HIT. */
  readonly #floors = new Map<Hit, Floor>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#floors.size
  }

  get(key: PublicKey): Floor | undefined {
    const floor = this.#floors.get(hitOf(key))
    return floor !== undefined && samePublicKey(floor.key, key) ? floor : undefined
  }

  all(): Iterable<Floor> {
    return this.#floors.values()
  }

  /**
   * MOVING §1, §2: a lower epoch never; an equal one only of the same incarnation; without a receipt only the first epoch
   * of a key for which no ledger is pinned; with one only from the pinned ledger.
   */
  judge({ key, start, receipt }: Claimed): Judgement {
    const floor = this.#floors.get(hitOf(key))
    if (floor !== undefined && !samePublicKey(floor.key, key)) return 'other-key'
    if (floor !== undefined && start.epoch < floor.epoch) return 'lower-epoch'
    // Epoch and incarnation stand in the clear: naming those of the accepted start proves nothing.
    if (receipt === undefined) return floor?.ledger === undefined && start.epoch === 1 ? 'accepted' : 'no-receipt'
    const same = floor !== undefined && floor.epoch === start.epoch && equalBytes(floor.incarnation, start.incarnation)
    if (floor?.ledger !== undefined && !samePublicKey(floor.ledger, receipt.ledgerKey)) return 'other-ledger'
    if (floor?.ledger !== undefined && floor.epoch === start.epoch && !same) return 'equal-epoch-other-incarnation'
    return 'accepted'
  }

  /**
   * Records an accepted start; lower ones change nothing, and neither does another key with the HIT of one that is recorded. The
   * least recently contacted key goes first.
   */
  raise(floor: Floor): void {
    const hit = hitOf(floor.key)
    const old = this.#floors.get(hit)
    if (old !== undefined && !samePublicKey(old.key, floor.key)) return
    const raised = old === undefined || old.epoch <= floor.epoch ? merged(old, floor) : old
    this.#floors.delete(hit)
    this.#floors.set(hit, raised)
    if (this.#floors.size > this.#max) {
      const oldest = this.#floors.keys().next()
      if (!oldest.done) this.#floors.delete(oldest.value)
    }
    if (old === undefined || saysMore(raised, old)) this.onChange()
  }
}

/** A pinned ledger and a receipt that is still true are never forgotten. */
function merged(old: Floor | undefined, floor: Floor): Floor {
  const sameEpoch = old !== undefined && old.epoch === floor.epoch
  return {
    ...floor,
    ledger: floor.ledger ?? old?.ledger,
    receipt: floor.receipt ?? (sameEpoch ? old.receipt : undefined),
  }
}

function saysMore(raised: Floor, old: Floor): boolean {
  const { epoch, incarnation, ledger } = raised
  return (
    epoch !== old.epoch ||
    (ledger !== undefined && old.ledger === undefined) ||
    !equalBytes(incarnation, old.incarnation)
  )
}
