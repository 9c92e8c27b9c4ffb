// Floors (MOVING, Words; §2): the highest epoch accepted for a full key, with the ledger pinned for it. They outlive
// associations and travel in capsules. A floor refuses lower epochs; it never stands in for the epoch an association is bound to.
// It also pins the key: of two keys with one HIT the second is refused for as long as the first is remembered. Of a key that has
// shown no epoch the floor is 0 and pins nothing else.

import { equalBytes } from '../../base/bytes.ts'
import { type Hit, hitOf } from '../../crypto/hit.ts'
import { type PublicKey, samePublicKey } from '../../crypto/identity.ts'
import type { Start } from '../../crypto/keymat.ts'

export interface Floor {
  readonly key: PublicKey
  /** 0: it has shown none. */
  readonly epoch: number
  readonly incarnation: Uint8Array
  readonly ledger: PublicKey | undefined
  /** The receipt that proved it, to show to a superseded instance. */
  readonly receipt: Uint8Array | undefined
}

/** What a peer shows for the start it claims. */
export interface Claimed {
  readonly key: PublicKey
  /** Undefined if it names none. */
  readonly start: Start | undefined
  /** A receipt that has been verified for this key and start. */
  readonly receipt: { readonly ledgerKey: PublicKey; readonly bytes: Uint8Array } | undefined
}

/** `other-key`: another key with this HIT was here first. `without-epoch`: it has had epochs, and a former host could leave them out. */
export type Judgement =
  | 'accepted'
  | 'other-key'
  | 'without-epoch'
  | 'lower-epoch'
  | 'equal-epoch-other-incarnation'
  | 'no-receipt'
  | 'other-ledger'

export class Floors {
  /** Set by whoever keeps them: told when a floor is new or higher, or a ledger is pinned, not at every contact. */
  onChange: () => void = () => undefined
  readonly #max: number
  /** One a HIT, here or among the plain. */
  readonly #floors = new Map<Hit, Floor>()
  /** Those of epoch 0. They make way first: keys that cost nothing must not push out what only the other floors tell. */
  readonly #plain = new Map<Hit, Floor>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#floors.size + this.#plain.size
  }

  get(key: PublicKey): Floor | undefined {
    const floor = this.#of(hitOf(key))
    return floor !== undefined && samePublicKey(floor.key, key) ? floor : undefined
  }

  *all(): IterableIterator<Floor> {
    yield* this.#plain.values()
    yield* this.#floors.values()
  }

  /**
   * MOVING §1, §2: a lower epoch never; an equal one only of the same incarnation; without a receipt only the first epoch
   * of a key for which no ledger is pinned; with one only from the pinned ledger. `live`: what the association at hand says, which
   * counts even when its floor has made way for others.
   */
  judge({ key, start, receipt }: Claimed, live?: Floor): Judgement {
    const kept = this.#of(hitOf(key))
    if ([kept, live].some((known) => known !== undefined && !samePublicKey(known.key, key))) return 'other-key'
    const floor = highest(kept, live)
    if (start === undefined) return floor === undefined || floor.epoch === 0 ? 'accepted' : 'without-epoch'
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
   * least recently contacted key goes first, of those without epochs if there are any.
   */
  raise(floor: Floor): void {
    const hit = hitOf(floor.key)
    const old = this.#of(hit)
    if (old !== undefined && !samePublicKey(old.key, floor.key)) return
    const raised = old === undefined || old.epoch <= floor.epoch ? merged(old, floor) : old
    this.#floors.delete(hit)
    this.#plain.delete(hit)
    const its = raised.epoch === 0 ? this.#plain : this.#floors
    its.set(hit, raised)
    if (this.size > this.#max) dropOldest(this.#plain.size > 0 ? this.#plain : this.#floors)
    if (old === undefined ? its.has(hit) : saysMore(raised, old)) this.onChange()
  }

  #of(hit: Hit): Floor | undefined {
    return this.#floors.get(hit) ?? this.#plain.get(hit)
  }
}

function dropOldest(floors: Map<Hit, Floor>): void {
  const oldest = floors.keys().next()
  if (!oldest.done) floors.delete(oldest.value)
}

/** Of two floors of one key what both say together. */
function highest(kept: Floor | undefined, live: Floor | undefined): Floor | undefined {
  if (kept === undefined || live === undefined) return kept ?? live
  const [high, low] = kept.epoch >= live.epoch ? [kept, live] : [live, kept]
  return { ...high, ledger: high.ledger ?? low.ledger }
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
