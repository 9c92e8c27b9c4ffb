// What ECDSA and Diffie–Hellman share on a NIST curve: secret scalars from injected entropy, and the two ways to write a point,
// 04‖X‖Y (identities) and X‖Y (RFC 5903 §7). P-384 is here for Diffie–Hellman group 8; as an identity it has to be asked for.

import { p256, p384 } from '@noble/curves/nist.js'
import { assert } from '../base/assert.ts'
import { compareBytes, fromHex } from '../base/bytes.ts'
import type { Entropy } from './entropy.ts'

/** A prime-order curve of cofactor 1 by the names that everybody has for it. */
export interface NistCurve {
  /** Its name in JSON Web Keys (RFC 7518 §6.2.1.1). */
  readonly jwk: 'P-256' | 'P-384'
  /** Its name in OpenSSL. */
  readonly openssl: 'prime256v1' | 'secp384r1'
  /** Bytes of a scalar and of a coordinate. */
  readonly bytes: 32 | 48
  /** n, the number of its points, as wide as a scalar (FIPS 186-4, D.1.2). */
  readonly order: Uint8Array
  readonly noble: typeof p256
}

export const P256: NistCurve = Object.freeze({
  jwk: 'P-256',
  openssl: 'prime256v1',
  bytes: 32,
  order: fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  noble: p256,
})
export const P384: NistCurve = Object.freeze({
  jwk: 'P-384',
  openssl: 'secp384r1',
  bytes: 48,
  order: fromHex('ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973'),
  noble: p384,
})

const DRAWS = 16

/** Draws a secret scalar in [1, n − 1] by rejection; a draw is refused once in 2^32 times, if entropy is entropy. */
export function drawScalar(curve: NistCurve, entropy: Entropy): Uint8Array {
  for (let draw = 0; draw < DRAWS; draw++) {
    const secret = entropy(curve.bytes)
    if (validScalar(curve, secret)) return secret
  }
  assert(false, `entropy gave no valid ${curve.jwk} scalar`)
}

/** Whether these are the bytes of a scalar in [1, n − 1]. */
export function validScalar(curve: NistCurve, secret: Uint8Array): boolean {
  // By bytes: noble would make text and numbers of the secret, which nobody could overwrite.
  if (secret.length !== curve.bytes || compareBytes(secret, curve.order) >= 0) return false
  return secret.some((byte) => byte !== 0)
}

/** A point as 04‖X‖Y from that or from X‖Y; undefined for any other shape. Does not check that it is on the curve. */
export function uncompressed(curve: NistCurve, point: Uint8Array): Uint8Array | undefined {
  const length = 2 * curve.bytes
  if (point.length === length + 1) return point[0] === 4 ? point : undefined
  if (point.length !== length) return undefined
  const full = new Uint8Array(length + 1)
  full[0] = 4
  full.set(point, 1)
  return full
}
