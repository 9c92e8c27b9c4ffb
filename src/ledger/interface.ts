// What every ledger does (MOVING §1): one linearizable record an identity, moved by compare-and-swap, and a signed receipt for
// every activation. The rules are core/moving/record.ts; a ledger only stores, and signs with the one key that it alone has.

import type { ActivateReply, ClaimReply, ClaimRequest, LedgerRecord, StartReply } from '../core/moving/record.ts'
import type { Hit } from '../crypto/hit.ts'
import type { PublicKey } from '../crypto/identity.ts'

export type { ActivateReply, ClaimReply, ClaimRequest, LedgerRecord, StartReply } from '../core/moving/record.ts'

/**
 * A ledger. Methods reject with LedgerError only if the ledger itself cannot answer; a refusal is a reply. A rejected or lost
 * claim or activate may have been carried out: ask again with the same bytes.
 */
export interface Ledger {
  /** The key that signs its receipts. */
  key(): Promise<PublicKey>
  /** The newest record of an identity; undefined if it never was claimed. */
  read(hit: Hit): Promise<LedgerRecord | undefined>
  /** Asks to be the next start of an identity. */
  claim(request: ClaimRequest): Promise<ClaimReply>
  /** `request` is a signed object `activate` (MOVING §10). */
  activate(request: Uint8Array): Promise<ActivateReply>
  /**
   * Both as one change, if the ledger can: half the waiting of a process that stands still. Rejects only if nothing was
   * changed, as far as the ledger can know. `foreseen` may be told the receipt that will be given if all goes well, while it is
   * being made durable: whoever starts may prepare with it, and may do nothing yet that others could see.
   */
  start?(claim: ClaimRequest, activate: Uint8Array, foreseen?: (receipt: Uint8Array) => void): Promise<StartReply>
  /**
   * Makes ready what `start` will keep if a claim with this nonce is granted and this `activate` comes with it: it then waits for
   * less. Decides nothing, and shows nothing to anybody. What it returns takes it back; undefined if there is nothing to prepare. For
   * one start of an identity at a time. Of two processes with copies of one prepared start, `start` is to refuse one as `used`.
   */
  prepare?(nonce: Uint8Array, activate: Uint8Array): Promise<(() => void) | undefined>
  /** Keeps whereabouts for `find` if they are of the start activated last and newer than those kept; else does nothing. */
  publish(whereabouts: Uint8Array): Promise<void>
  /** The newest whereabouts published, as published: to be verified by the reader. */
  find(hit: Hit): Promise<Uint8Array | undefined>
  /** Says that the start of that epoch has ended in order, so that the next one need not take over. For liveness only. */
  release?(hit: Hit, epoch: number): Promise<void>
  /** Lets go of whatever it holds open. */
  close?(): Promise<void>
}

/** Why a ledger could not answer. */
export type LedgerErrorCode =
  | 'damaged' // what it holds is not what it wrote
  | 'unavailable' // it cannot be reached, read or written
  | 'exposed' // its key can be read by others, or its folder written

/** One line: what, where, way out. */
export class LedgerError extends Error {
  /** For logs. */
  override readonly name = 'LedgerError'
  /** What kind of trouble it is. */
  readonly code: LedgerErrorCode

  constructor(code: LedgerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
