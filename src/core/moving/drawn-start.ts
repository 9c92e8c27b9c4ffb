// The part of a start that depends on no capsule (MOVING §1): the instance key, fresh from the operating system, and the host's
// request to activate it. It is drawn when the start is asked for, or while the process still runs elsewhere and READY waits for its
// capsule: then the ledger can prepare for it. It lives in the memory of this process alone, and serves one start of one epoch.

import type { Entropy } from '../../crypto/entropy.ts'
import { type Hit, hitBytes } from '../../crypto/hit.ts'
import { Identity, type WithKeys } from '../../crypto/identity.ts'
import { incarnationOf } from '../../crypto/keymat.ts'
import { encodeClaim } from '../../wire/object.ts'
import { signObject } from './receipt.ts'

/** An activation that has been asked for, or will be. `secret` is the instance key's. */
export interface Activating {
  readonly epoch: number
  readonly secret: Uint8Array
  readonly incarnation: Uint8Array
  readonly request: Uint8Array
}

/** An activation for a claim that is still to be made. */
export interface DrawnStart extends Activating {
  /** Of the claim. */
  readonly nonce: Uint8Array
}

/** Who asks, and randomness from the operating system (MOVING §3). */
interface Drawing {
  readonly host: Identity
  readonly entropy: Entropy
  /** What makes the instance key; the standard ones if it is not said. */
  readonly algorithms?: WithKeys
}

export const NONCE_BYTES = 16

/** Draws a start of `hit` at this host as `epoch`, for a plan that is to come. */
export function drawStart(hit: Hit, epoch: number, by: Drawing): DrawnStart {
  return { ...drawActivation(hit, epoch, by), nonce: by.entropy(NONCE_BYTES) }
}

/** Draws the instance key of one start, and asks for its activation. */
export function drawActivation(hit: Hit, epoch: number, { host, entropy, algorithms }: Drawing): Activating {
  const instance = Identity.generate(entropy, 'ed25519', algorithms)
  const incarnation = incarnationOf(instance.publicKey.bytes)
  const payload = encodeClaim({
    host: host.publicKey,
    hit: hitBytes(hit),
    epoch,
    grant: undefined,
    incarnation,
    nonce: entropy(NONCE_BYTES),
  })
  return { epoch, secret: instance.secret(), incarnation, request: signObject('activate', payload, host) }
}
