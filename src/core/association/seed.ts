// What a base exchange works with and what it hands over. A Seed is complete: keys, SPIs and who the peer has proved to be;
// nothing of the exchange itself has to be kept for it (RFC 7401 §4.1, MOVING §2).

import type { Hit } from '../../crypto/hit.ts'
import type { PublicKey } from '../../crypto/identity.ts'
import type { KeyContext, KeySet, Start } from '../../crypto/keymat.ts'
import type { VerifiedReceipt } from '../moving/receipt.ts'
import type { Context } from './context.ts'
import type { Offer } from './exchange-offer.ts'

/** What both ends of a base exchange need of the identity they belong to. */
export type ExchangeContext = Offer &
  Pick<Context, 'config' | 'identity' | 'hitBytes' | 'start' | 'entropy' | 'keylog'> &
  Partial<Pick<Context, 'locators'>>

/** A receipt that has been verified for the peer's HIT and start, with its INSTANCE; and its bytes, to show to others. */
export interface PeerReceipt extends VerifiedReceipt {
  readonly bytes: Uint8Array
}

/** Who the peer is, once its signature has been checked. */
export interface PeerProof {
  readonly peer: Hit
  readonly peerKey: PublicKey
  /** The start it speaks for; undefined if it does not support EPOCH. */
  readonly peerStart: Start | undefined
  /** Undefined if it has no ledger. */
  readonly peerReceipt: PeerReceipt | undefined
}

/** An association to be. */
export interface Seed extends PeerProof {
  readonly initiator: boolean
  readonly context: KeyContext
  readonly dhGroup: number
  readonly keys: KeySet
  /** The SPI that the peer seals to. */
  readonly inboundSpi: number
  /** The SPI that we seal to. */
  readonly outboundSpi: number
  /** The SPI we keep free for the peer's thaw, and the one it keeps free for ours: there whenever `peerStart` is. */
  readonly reserveIn: number
  readonly reserveOut: number | undefined
  /** The peer's Diffie–Hellman value, if it has no EPOCH: a rekey may need it (RFC 7402 §6.10). */
  readonly peerDh: Uint8Array | undefined
}

/** A packet that is not acted on, and the name under which it is counted. */
export interface Drop<Reason extends string> {
  readonly drop: Reason
}
