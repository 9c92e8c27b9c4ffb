// What a kind of Host Identity key is (RFC 7401 §5.2.9): its numbers, its one form, how it verifies, and how its secret signs. Which
// kinds there are is a table that is handed in.

import type { KeyObject } from 'node:crypto'
import type { Entropy } from './entropy.ts'

/** The names of the kinds of key an identity can have. The last two are there only with `sojourn/conformance`. */
export type IdentityAlgorithm = 'ed25519' | 'ecdsa-p256' | 'ecdsa-p384' | 'rsa'

/** A public key that is ready to verify with. */
export interface Verifier {
  /** `signature` is as long as those of the key. Never throws. */
  verify(message: Uint8Array, signature: Uint8Array): boolean
}

/** One kind of key. `bytes` is a public key as HOST_ID carries it after the curve label. */
export interface KeyAlgorithm {
  readonly name: IdentityAlgorithm
  /** For messages. */
  readonly title: string
  /** HI algorithm number. */
  readonly algorithm: number
  /** Curve label; 0 for an algorithm without curves. */
  readonly label: number
  /** The HIT suite of its HITs: the OGA id (RFC 7343 §2). */
  readonly hitSuite: number
  /** The one form of a public key; undefined if these bytes have the shape of none. Does not compute. */
  normalise(bytes: Uint8Array): Uint8Array | undefined
  /** The key in its one form as node:crypto has it; undefined if it is none or too weak. Never throws. */
  importKey(bytes: Uint8Array): KeyObject | undefined
  /** The same, ready to verify with. */
  verifier(bytes: Uint8Array): Verifier | undefined
  signatureBytes(bytes: Uint8Array): number
  /** Draws a secret; undefined where that takes more than entropy and patience (RSA). */
  readonly generate: ((entropy: Entropy) => Uint8Array) | undefined
  validSecret(secret: Uint8Array): boolean
  /** The public key of a valid secret, in its one form, and `privateKey` of it where that came about on the way. */
  keyPair(secret: Uint8Array): KeyPair
  /** A valid secret, whose public key is `publicBytes`, as node:crypto has it. */
  privateKey(secret: Uint8Array, publicBytes: Uint8Array): KeyObject
  /** The public key, in its one form, of a key of this kind; undefined for another kind. */
  publicOf(key: KeyObject): Uint8Array | undefined
  /** The secret of a private key, if it is one of this kind and good enough. */
  secretOf(key: KeyObject): Uint8Array | undefined
  /** Signs without ambient randomness: equal messages get equal signatures. `key` is `privateKey(secret)`, made when asked for. */
  sign(secret: Uint8Array, key: () => KeyObject, message: Uint8Array): Uint8Array
  /** Whoever holds the secret is about to overwrite it: what was made of these very bytes goes, too. */
  forget?(secret: Uint8Array): void
}

export interface KeyPair {
  readonly publicBytes: Uint8Array
  readonly privateKey: KeyObject | undefined
}

/** Kinds of key, best first. */
export type KeyAlgorithms = readonly KeyAlgorithm[]

/** HI algorithm numbers (RFC 7401 §5.2.9, RFC 9374 §3.4.1). */
export const HI_RSA = 5
export const HI_ECDSA = 7
export const HI_EDDSA = 13

/** Curve labels: NIST P-256 and P-384 under ECDSA, EdDSA25519 under EdDSA. */
export const LABEL_P256 = 1
export const LABEL_P384 = 2
export const LABEL_ED25519 = 1

/** HIT suites (OGA ids): RSA and DSA with SHA-256, ECDSA with SHA-384, EdDSA with cSHAKE128. */
export const SUITE_RSA_SHA256 = 1
export const SUITE_ECDSA_SHA384 = 2
export const SUITE_EDDSA_CSHAKE128 = 5
