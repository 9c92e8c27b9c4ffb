// What an association itself says of its peer's starts: a floor that is there as long as the association is, whereas the kept
// one (../moving/floor.ts) may have made way for those of others.

import type { PublicKey } from '../../crypto/identity.ts'
import type { Start } from '../../crypto/keymat.ts'
import type { Floor } from '../moving/floor.ts'
import type { Association } from './association.ts'
import type { PeerProof } from './seed.ts'
import { UNKNOWN_START } from './start-proof.ts'

/** The newest whereabouts of a peer that an association has been shown. */
export interface Learned {
  readonly start: Start
  readonly version: number
  /** That vouched for it. */
  readonly ledger: PublicKey
}

/** Undefined as long as no key has shown itself. */
export function liveFloor({ session, state, learned }: Association): Floor | undefined {
  if (session !== undefined) {
    const { peerKey: key, peerLedger, peerStart } = session
    const start = learned !== undefined && learned.start.epoch > peerStart.epoch ? learned.start : peerStart
    return { key, ...start, ledger: peerLedger ?? learned?.ledger, receipt: undefined }
  }
  if (state.name !== 'opening' || state.opening.name === 'I1-SENT') return undefined
  return shownBy(state.opening.name === 'SOLVING' ? state.opening.accepted : state.opening.sent.accepted)
}

/** By an R1 that has been accepted. */
function shownBy({ peerKey: key, peerStart = UNKNOWN_START, peerReceipt }: PeerProof): Floor {
  return { key, ...peerStart, ledger: peerReceipt?.ledgerKey, receipt: undefined }
}
