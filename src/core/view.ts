// What the owner of a machine may look at.

import type { Locator } from '../base/address.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Association } from './association/association.ts'

/** What became of a datagram: on its way, waiting for its peer, or refused. */
export type SendOutcome = 'sent' | 'queued' | 'full' | 'too-long' | 'no-association'

export interface AssociationView {
  readonly peer: Hit
  /** `moving`: our own P1 is unanswered, or the peer has moved and its address is not verified yet. */
  readonly state: 'opening' | 'established' | 'moving' | 'parked' | 'closing'
  readonly locator: Locator | undefined
  readonly rttMs: number | undefined
  /** The start of the peer that the association is bound to; 0 while it opens. */
  readonly peerEpoch: number
  readonly baseExchanges: number
  /** We began the base exchange. */
  readonly initiator: boolean
  /** Datagrams that wait to be sealed. */
  readonly queued: number
}

export function viewOf(association: Association): AssociationView {
  const { peer, paths, rtt, session, baseExchanges, unsent } = association
  return {
    peer,
    state: stateOf(association),
    locator: paths.current?.locator,
    rttMs: rtt.smoothedMs,
    peerEpoch: session?.peerStart.epoch ?? 0,
    baseExchanges,
    initiator: session?.responder !== true,
    queued: unsent.size,
  }
}

function stateOf(association: Association): AssociationView['state'] {
  const { state, session, paths } = association
  if (state.name === 'parked' || state.name === 'closing') return state.name
  if (session === undefined) return 'opening'
  const offering =
    'offer' in session.ratchet && session.ratchet.name !== 'committed' && session.ratchet.offer.kind === 'rebind'
  return offering || paths.current?.state !== 'active' ? 'moving' : 'established'
}
