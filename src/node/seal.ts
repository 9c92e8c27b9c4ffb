// Sealing a capsule to one host: HPKE (RFC 9180) in base mode by the `hpke` package, DHKEM(P-256) with HKDF-SHA-256 and
// AES-128-GCM. Its parts are node:crypto's (hpke-parts.ts).

import { CipherSuite, type KeyPair } from 'hpke'
import { concat } from '../base/bytes.ts'
import { aes128Gcm, hkdf, KEM_ID, type P256Key, p256Kem, p256Pair } from './hpke-parts.ts'

export { KEM_ID } from './hpke-parts.ts'

/** How a capsule of this release is sealed: HPKE base mode, DHKEM(P-256), HKDF-SHA-256, AES-128-GCM. */
export const SEAL_SUITE = 1

const ENCAPSULATED_BYTES = 65

/** A KEM key pair as bytes: secret scalar of 32 bytes, public point of 65. */
export interface KemKeys {
  readonly kem: number
  readonly publicKey: Uint8Array
  readonly secret: Uint8Array
}

/** A fresh pair from the operating system's randomness. */
export async function generateKemKeys(): Promise<KemKeys> {
  const pair = await suite.GenerateKeyPair(true)
  const publicKey = await suite.SerializePublicKey(pair.publicKey)
  const secret = await suite.SerializePrivateKey(pair.privateKey)
  const keys = { kem: KEM_ID, publicKey, secret }
  pairs.set(keys, pair)
  return keys
}

/** Seals one thing: encapsulated key ‖ ciphertext, bound to the `associated` bytes. */
export type Sealer = (plaintext: Uint8Array, associated: Uint8Array) => Promise<Uint8Array>

/**
 * Prepares everything that can be done before there is something to seal to `to`. Rejects with RangeError for an unknown
 * KEM or a bad key.
 */
export async function sealerTo(to: { readonly kem: number; readonly publicKey: Uint8Array }): Promise<Sealer> {
  if (to.kem !== KEM_ID) throw new RangeError(`the host asks for KEM ${to.kem}, this release knows only ${KEM_ID}`)
  const setup = suite.DeserializePublicKey(to.publicKey).then((key) => suite.SetupSender(key))
  const { encapsulatedSecret, ctx } = await setup.catch((cause: unknown) => {
    throw new RangeError('the host offers a KEM key that is not a point of P-256', { cause })
  })
  return async (plaintext, associated) => concat(encapsulatedSecret, await ctx.Seal(plaintext, associated))
}

/** What was sealed, or undefined if it was sealed to another key or changed on the way. */
export async function unseal(
  keys: KemKeys,
  sealed: Uint8Array,
  associated: Uint8Array,
): Promise<Uint8Array | undefined> {
  const pair = pairOf(keys)
  if (keys.kem !== KEM_ID || pair === undefined || sealed.length <= ENCAPSULATED_BYTES) return undefined
  const [enc, ciphertext] = [sealed.subarray(0, ENCAPSULATED_BYTES), sealed.subarray(ENCAPSULATED_BYTES)]
  try {
    return await suite.Open(pair, enc, ciphertext, { aad: associated })
  } catch {
    return undefined
  }
}

// Keys in the form that computes: making it takes as long as using it.
const pairs = new WeakMap<KemKeys, KeyPair<P256Key>>()

function pairOf(keys: KemKeys): KeyPair<P256Key> | undefined {
  const pair = pairs.get(keys) ?? p256Pair(keys.secret)
  if (pair !== undefined) pairs.set(keys, pair)
  return pair
}

const suite = new CipherSuite(p256Kem, hkdf, aes128Gcm)
