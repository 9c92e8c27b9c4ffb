// ECDSA identities (RFC 7401 §5.2.9): the hash goes with the curve (RFC 4754 §2), signatures are r‖s of fixed width, high s accepted:
// RFC 7401 does not forbid it. noble signs, deterministically (RFC 6979), node:crypto verifies.

import { createPrivateKey, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { concat } from '../base/bytes.ts'
import { base64url, fromBase64url } from './buffer.ts'
import type { Entropy } from './entropy.ts'
import {
  HI_ECDSA,
  type IdentityAlgorithm,
  type KeyAlgorithm,
  LABEL_P256,
  SUITE_ECDSA_SHA384,
  type Verifier,
} from './key-algorithm.ts'
import { drawScalar, type NistCurve, P256, uncompressed, validScalar } from './nist-curve.ts'

/** What tells the kinds of ECDSA apart. */
export interface EcdsaParts {
  readonly name: IdentityAlgorithm
  readonly label: number
  readonly curve: NistCurve
  readonly hash: 'sha256' | 'sha384'
}

/** ECDSA on a curve. Its secret is the scalar, as wide as the curve; its public key 04‖X‖Y, or X‖Y as received. */
export function ecdsa({ name, label, curve, hash }: EcdsaParts): KeyAlgorithm {
  const publicKey = (secret: Uint8Array): Uint8Array => curve.noble.getPublicKey(secret, false)
  return Object.freeze({
    name,
    title: `ECDSA ${curve.jwk}`,
    algorithm: HI_ECDSA,
    label,
    hitSuite: SUITE_ECDSA_SHA384,
    normalise: (bytes: Uint8Array) => uncompressed(curve, bytes),
    importKey: (bytes: Uint8Array) => importPublic(curve, bytes),
    verifier(bytes: Uint8Array): Verifier | undefined {
      const key = importPublic(curve, bytes)
      return (
        key && {
          verify: (message, signature) => verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature),
        }
      )
    },
    signatureBytes: () => 2 * curve.bytes,
    generate: (entropy: Entropy) => drawScalar(curve, entropy),
    validSecret: (secret: Uint8Array) => validScalar(curve, secret),
    keyPair: (secret: Uint8Array) => ({ publicBytes: publicKey(secret), privateKey: undefined }),
    privateKey: (secret: Uint8Array, publicBytes: Uint8Array) =>
      createPrivateKey({ key: { ...point(curve, publicBytes), d: base64url(secret) }, format: 'jwk' }),
    publicOf(key: KeyObject): Uint8Array | undefined {
      if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== curve.openssl) return undefined
      const { x = '', y = '' } = key.export({ format: 'jwk' })
      return uncompressed(curve, concat(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')))
    },
    secretOf(key: KeyObject): Uint8Array | undefined {
      if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== curve.openssl) return undefined
      return fromBase64url(key.export({ format: 'jwk' }).d ?? '')
    },
    sign: (secret: Uint8Array, _key: () => KeyObject, message: Uint8Array) =>
      curve.noble.sign(message, secret, { prehash: true, lowS: false, format: 'compact' }),
  })
}

/** ECDSA over P-256 with SHA-256. */
export const ECDSA_P256: KeyAlgorithm = ecdsa({ name: 'ecdsa-p256', label: LABEL_P256, curve: P256, hash: 'sha256' })

function importPublic(curve: NistCurve, bytes: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: point(curve, bytes), format: 'jwk' })
  } catch {
    return undefined // not a point of the curve
  }
}

function point(curve: NistCurve, bytes: Uint8Array): Record<string, string> {
  const x = base64url(bytes.subarray(1, 1 + curve.bytes))
  const y = base64url(bytes.subarray(1 + curve.bytes))
  return { kty: 'EC', crv: curve.jwk, x, y }
}
