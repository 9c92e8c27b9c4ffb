// Ed25519 identities (RFC 9374 §3.4). Verified as RFC 8032 §5.1.7 has it: no small-order or non-canonical key, canonical s. noble
// computes the public key from injected entropy, node:crypto signs and verifies.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { equalBytes, fromHex, toHex } from '../base/bytes.ts'
import { base64url, plain } from './buffer.ts'
import type { Entropy } from './entropy.ts'
import { sha256 } from './hash.ts'
import { HI_EDDSA, type KeyAlgorithm, LABEL_ED25519, SUITE_EDDSA_CSHAKE128 } from './key-algorithm.ts'

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
  importKey(bytes: Uint8Array): KeyObject | undefined {
    if (weak(bytes)) return undefined
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(bytes) }, format: 'jwk' })
  },
  signatureBytes: () => SIGNATURE_BYTES,
  verify: (key: KeyObject, message: Uint8Array, signature: Uint8Array) => verify(undefined, message, key, signature),
  generate: (entropy: Entropy) => entropy(SECRET_BYTES),
  validSecret: (secret: Uint8Array) => secret.length === SECRET_BYTES,
  publicKey,
  privateKey(secret: Uint8Array): KeyObject {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey(secret)), d: base64url(secret) }
    return createPrivateKey({ key: jwk, format: 'jwk' })
  },
  secretOf(key: KeyObject): Uint8Array | undefined {
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    return Uint8Array.from(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'))
  },
  sign: (_secret: Uint8Array, key: () => KeyObject, message: Uint8Array) => plain(sign(undefined, message, key())),
})

/** Public keys lately derived, by the SHA-256 of their seeds: a thaw meets the same few several times, at 0.5 ms each. */
const derived = new Map<string, Uint8Array>()
const DERIVED_MAX = 16

function publicKey(seed: Uint8Array): Uint8Array {
  const name = toHex(sha256(seed))
  const known = derived.get(name)
  if (known !== undefined) return known.slice()
  const bytes = ed25519.getPublicKey(seed)
  derived.set(name, bytes)
  for (const oldest of derived.keys()) {
    if (derived.size <= DERIVED_MAX) break
    derived.delete(oldest)
  }
  return bytes.slice()
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

function weak(bytes: Uint8Array): boolean {
  const y = bytes.slice()
  y[31] = (y[31] ?? 0) & 0x7f
  return atLeastP(y) || SMALL_ORDER.some((point) => equalBytes(point, y))
}

// RFC 8032 §5.1.3: a y of 2^255 − 19 or more does not decode. OpenSSL would reduce it.
function atLeastP(y: Uint8Array): boolean {
  return (y[0] ?? 0) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff)
}
