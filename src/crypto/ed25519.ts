// Ed25519 private keys in the form that signs (RFC 8032 §5.1.5). node:crypto derives the public half an order of magnitude
// faster than the portable code, which stands in if some Node should want to be told it.

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { base64url } from './buffer.ts'

/** Bytes of an Ed25519 seed, and of its public key. */
export const ED25519_BYTES = 32

/** The key pair of a 32-byte seed. */
export interface Ed25519Pair {
  readonly privateKey: KeyObject
  readonly publicKey: Uint8Array
}

/** Derives the pair of a seed; as a JWK, which is read ten times as fast as DER. */
export function ed25519Pair(seed: Uint8Array): Ed25519Pair {
  return derivedByNode(seed) ?? derivedByNoble(seed)
}

const UNKNOWN = new Uint8Array(ED25519_BYTES)

// Node takes d and derives x itself; the x that is given is a placeholder, all zeros, which is no key of any seed.
function derivedByNode(seed: Uint8Array): Ed25519Pair | undefined {
  try {
    const privateKey = importPrivate(seed, UNKNOWN)
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
    const publicKey = Uint8Array.from(Buffer.from(x ?? '', 'base64url'))
    return publicKey.length === ED25519_BYTES && publicKey.some((byte) => byte !== 0)
      ? { privateKey, publicKey }
      : undefined
  } catch {
    return undefined
  }
}

function derivedByNoble(seed: Uint8Array): Ed25519Pair {
  const publicKey = ed25519.getPublicKey(seed)
  return { privateKey: importPrivate(seed, publicKey), publicKey }
}

function importPrivate(seed: Uint8Array, publicKey: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey), d: base64url(seed) }
  return createPrivateKey({ key, format: 'jwk' })
}
