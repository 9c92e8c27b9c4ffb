// What ECDSA and Diffie–Hellman share on the curve P-256: secret scalars from injected entropy, and the two ways to write
// a point, 04‖X‖Y (identities) and X‖Y (RFC 5903 §7).

import { p256 } from '@noble/curves/nist.js'
import { assert } from '../base/assert.ts'
import type { Entropy } from './entropy.ts'

/** Bytes of a P-256 secret scalar. */
export const P256_SECRET_BYTES = 32

const DRAWS = 16

/** Draws a secret scalar in [1, n − 1] by rejection; a draw is refused once in 2^32 times, if entropy is entropy. */
export function drawP256Secret(entropy: Entropy): Uint8Array {
  for (let draw = 0; draw < DRAWS; draw++) {
    const secret = entropy(P256_SECRET_BYTES)
    if (validP256Secret(secret)) return secret
  }
  assert(false, 'entropy gave no valid P-256 scalar')
}

/** Whether these are 32 bytes of a scalar in [1, n − 1]. */
export function validP256Secret(secret: Uint8Array): boolean {
  return secret.length === P256_SECRET_BYTES && p256.utils.isValidSecretKey(secret)
}

/** The point as 04‖X‖Y from that or from X‖Y; undefined for any other shape. Does not check that it is on the curve. */
export function uncompressed(point: Uint8Array): Uint8Array | undefined {
  if (point.length === 65) return point[0] === 4 ? point : undefined
  if (point.length !== 64) return undefined
  const full = new Uint8Array(65)
  full[0] = 4
  full.set(point, 1)
  return full
}
