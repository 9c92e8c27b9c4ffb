// The P1s of a thaw (MOVING §5): most recently active peers first, a bounded number out at once. A P1 gives up its place when
// it has been answered, or has been repeated in vain.

import type { Association } from '../association/association.ts'
import { offerRebind } from './offer.ts'

/** A P1 that has been sent this often may be waiting for a peer that is not there. */
const TRIES_IN_PLACE = 3

const NONE: readonly Association[] = []

export class Flight {
  readonly #max: number
  readonly #waiting: Association[] = []
  readonly #out = new Set<Association>()

  constructor(max: number) {
    this.#max = max
  }

  add(association: Association): void {
    this.#waiting.push(association)
  }

  forget(association: Association): void {
    this.#out.delete(association)
  }

  /** Something happened to `association`: if its P1 has given up its place, the next ones start. Returns those. */
  advance(now: number, association?: Association): readonly Association[] {
    if (association !== undefined && this.#out.has(association) && !holdsPlace(association))
      this.#out.delete(association)
    if (this.#waiting.length === 0) return NONE
    const started: Association[] = []
    while (this.#waiting.length > 0 && this.#out.size < this.#max) {
      const next = this.#waiting.shift()
      if (next === undefined || !needsOffer(next)) continue
      this.#out.add(next)
      offerRebind(next, now)
      started.push(next)
    }
    return started
  }
}

/** The peer may have rebound us first, or we may not want it any more; then there is nothing left to offer. */
function needsOffer({ session, state }: Association): boolean {
  if (session === undefined || state.name === 'closing') return false
  if (session.plain !== undefined) return session.plain.thawed && session.plain.rekey === undefined
  return session.ratchet.name === 'settled' && session.outbound === session.interim
}

function holdsPlace({ usable: session }: Association): boolean {
  if (session === undefined) return false
  const { ratchet, plain } = session
  if (plain?.rekey !== undefined) return plain.thawed && plain.rekey.tries < TRIES_IN_PLACE
  return (ratchet.name === 'offering' || ratchet.name === 'crossed') && ratchet.offer.tries < TRIES_IN_PLACE
}
