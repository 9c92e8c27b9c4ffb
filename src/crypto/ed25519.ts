// Ed25519 identities (RFC 9374 §3.4). Verified as RFC 8032 §5.1.7 has it: no small-order or non-canonical key, canonical s.
// node:crypto derives the public key an order of magnitude faster than the portable code, which stands in if some Node should
// want to be told it.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { equalBytes, fromHex } from '../base/bytes.ts'
import { base64url, fromBase64url, plain } from './buffer.ts'
import type { Entropy } from './entropy.ts'
import {
  HI_EDDSA,
  type KeyAlgorithm,
  type KeyPair,
  LABEL_ED25519,
  SUITE_EDDSA_CSHAKE128,
  type Verifier,
} from './key-algorithm.ts'

const SECRET_BYTES = 32
const PUBLIC_BYTES = 32
const SIGNATURE_BYTES = 64

/** The default kind of identity. Its secret is the 32-byte seed of RFC 8032 §5.1.5. */
export const ED25519: KeyAlgorithm = Object.freeze({
  name: 'ed25519',
  title: 'Ed25519',
  algorithm: HI_EDDSA,
  label: LABEL_ED25519,
  hitSuite: SUITE_EDDSA_CSHAKE128,
  normalise: (bytes: Uint8Array) => (bytes.length === PUBLIC_BYTES ? bytes : undefined),
  importKey: importPublic,
  verifier(bytes: Uint8Array): Verifier | undefined {
    const key = importPublic(bytes)
    return key && { verify: (message, signature) => verify(undefined, message, key, signature) }
  },
  signatureBytes: () => SIGNATURE_BYTES,
  generate: (entropy: Entropy) => entropy(SECRET_BYTES),
  validSecret: (secret: Uint8Array) => secret.length === SECRET_BYTES,
  keyPair: (seed: Uint8Array) => keyPairByNode(seed) ?? { publicBytes: derivedByNoble(seed), privateKey: undefined },
  privateKey: importPrivate,
  publicOf(key: KeyObject): Uint8Array | undefined {
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    return Uint8Array.from(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'))
  },
  secretOf(key: KeyObject): Uint8Array | undefined {
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    return fromBase64url(key.export({ format: 'jwk' }).d ?? '')
  },
  sign: (_secret: Uint8Array, key: () => KeyObject, message: Uint8Array) => plain(sign(undefined, message, key())),
})

const UNKNOWN = new Uint8Array(PUBLIC_BYTES)

/** The key of a seed by node:crypto, through a JWK, which is read ten times as fast as DER; undefined if it will not. */
export function keyPairByNode(seed: Uint8Array): KeyPair | undefined {
  try {
    // Node takes d and derives x itself; the x that is given is a placeholder, all zeros, which is no key of any seed.
    const privateKey = importPrivate(seed, UNKNOWN)
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
    const publicBytes = Uint8Array.from(Buffer.from(x ?? '', 'base64url'))
    return publicBytes.length === PUBLIC_BYTES && publicBytes.some((byte) => byte !== 0)
      ? { publicBytes, privateKey }
      : undefined
  } catch {
    return undefined
  }
}

/** The same by noble. */
export function derivedByNoble(seed: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(seed)
}

function importPublic(bytes: Uint8Array): KeyObject | undefined {
  if (isWeak(bytes)) return undefined
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(bytes) }, format: 'jwk' })
}

function importPrivate(seed: Uint8Array, publicBytes: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'Ed25519', x: base64url(publicBytes), d: base64url(seed) }
  return createPrivateKey({ key, format: 'jwk' })
}

// The y coordinates (little-endian, sign bit cleared) of the eight points whose order divides the cofactor: 0 and the two of
// order 8; 1 and −1. Non-canonical forms of them are caught by the range check.
const SMALL_ORDER: readonly Uint8Array[] = [
  fromHex('0000000000000000000000000000000000000000000000000000000000000000'),
  fromHex('0100000000000000000000000000000000000000000000000000000000000000'),
  fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
]

/** Whether these 32 bytes are no public key that may be used: of small order, or not canonical. Whether they are a point is seen when something is verified. */
export function isWeak(bytes: Uint8Array): boolean {
  const y = Uint8Array.from(bytes)
  y[31] = (y[31] ?? 0) & 0x7f
  return atLeastP(y) || SMALL_ORDER.some((point) => equalBytes(point, y))
}

// RFC 8032 §5.1.3: a y of 2^255 − 19 or more does not decode. OpenSSL would reduce it.
function atLeastP(y: Uint8Array): boolean {
  return (y[0] ?? 0) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff)
}
