// Sealing a capsule to one host: HPKE (RFC 9180) in base mode by the `hpke` package, DHKEM(P-256) with HKDF-SHA-256 and
// AES-128-GCM. Not X25519: WebCrypto of early Node 20 releases prints a warning for it. Every ephemeral key comes from the
// operating system (MOVING §3), not from WebCrypto's own generator, which a copied process would repeat.

import {
  AEAD_AES_128_GCM,
  CipherSuite,
  type CryptoKey,
  KDF_HKDF_SHA256,
  type KEM,
  KEM_DHKEM_P256_HKDF_SHA256,
  type KeyPair,
} from 'hpke'
import { concat } from '../base/bytes.ts'
import { systemEntropy } from './entropy.ts'

/** HPKE KEM identifier of DHKEM(P-256, HKDF-SHA256) (RFC 9180 §7.1), written into READY and capsules. */
export const KEM_ID = 0x0010

/** How a capsule of this release is sealed: HPKE base mode, the KEM below, HKDF-SHA-256, AES-128-GCM. */
export const SEAL_SUITE = 1

const SECRET_BYTES = 32
const ENCAPSULATED_BYTES = 65

/** A KEM key pair as bytes: secret scalar of 32 bytes, public point of 65. */
export interface KemKeys {
  readonly kem: number
  readonly publicKey: Uint8Array
  readonly secret: Uint8Array
}

/** A fresh pair from the operating system's randomness. */
export async function generateKemKeys(): Promise<KemKeys> {
  const pair = await suite.DeriveKeyPair(systemEntropy(SECRET_BYTES), true)
  const publicKey = await suite.SerializePublicKey(pair.publicKey)
  const secret = await suite.SerializePrivateKey(pair.privateKey)
  const keys = { kem: KEM_ID, publicKey, secret }
  imported.set(keys, pair)
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
  const key = await suite.DeserializePublicKey(to.publicKey).catch((cause: unknown) => {
    throw new RangeError('the host offers a KEM key that is not a point of P-256', { cause })
  })
  const { encapsulatedSecret, ctx } = await suite.SetupSender(key)
  return async (plaintext, associated) => concat(encapsulatedSecret, await ctx.Seal(plaintext, associated))
}

/** What was sealed, or undefined if it was sealed to another key or changed on the way. */
export async function unseal(
  keys: KemKeys,
  sealed: Uint8Array,
  associated: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (keys.kem !== KEM_ID || sealed.length <= ENCAPSULATED_BYTES) return undefined
  const pair = await importedPair(keys)
  try {
    return await suite.Open(pair, sealed.subarray(0, ENCAPSULATED_BYTES), sealed.subarray(ENCAPSULATED_BYTES), {
      aad: associated,
    })
  } catch {
    return undefined
  }
}

// Keys in the form that WebCrypto works with: importing one takes longer than using it.
const imported = new WeakMap<KemKeys, KeyPair<CryptoKey>>()

async function importedPair(keys: KemKeys): Promise<KeyPair<CryptoKey>> {
  const known = imported.get(keys)
  if (known !== undefined) return known
  const privateKey = await suite.DeserializePrivateKey(keys.secret, true)
  const publicKey = await suite.DeserializePublicKey(keys.publicKey)
  const pair = { privateKey, publicKey }
  imported.set(keys, pair)
  return pair
}

// The library's KEM with its one source of randomness replaced: `Encap` takes its ephemeral key from here.
function kemFromSystem(): KEM<CryptoKey> {
  const kem = KEM_DHKEM_P256_HKDF_SHA256()
  return {
    ...kem,
    GenerateKeyPair(extractable) {
      return this.DeriveKeyPair(systemEntropy(SECRET_BYTES), extractable)
    },
  }
}

const suite = new CipherSuite(kemFromSystem, KDF_HKDF_SHA256, AEAD_AES_128_GCM)
