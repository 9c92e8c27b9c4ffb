// The contents of ENCRYPTED (RFC 7401 §5.2.18): AES in CBC mode with PKCS padding, an IV in front. It has no integrity of its own;
// HIP_MAC and the signature of the packet cover it. Which ciphers there are is a table that is handed in.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { concat } from '../base/bytes.ts'
import type { Entropy } from './entropy.ts'

/** A HIP cipher (RFC 7401 §5.2.8). Keys and IVs have its lengths. */
export interface HipCipher {
  readonly id: number
  readonly name: string
  readonly keyBytes: number
  readonly ivBytes: number
  encrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The plaintext without padding; undefined if the ciphertext cannot be one. Never throws. */
  decrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

/** HIP ciphers by number. */
export type HipCiphers = ReadonlyMap<number, HipCipher>

/** HIP cipher numbers (RFC 7401 §5.2.8). */
export const CIPHER_AES128_CBC = 2
export const CIPHER_AES256_CBC = 4

/** The ciphers that are there without being asked for. */
export const HIP_CIPHERS: HipCiphers = new Map(
  [
    cbc(CIPHER_AES128_CBC, 'AES-128-CBC', 'aes-128-cbc', 16),
    cbc(CIPHER_AES256_CBC, 'AES-256-CBC', 'aes-256-cbc', 32),
  ].map((cipher) => [cipher.id, cipher]),
)

/** Key length of a HIP cipher; undefined for one that is not in the table. */
export function cipherKeyBytes(id: number, ciphers: HipCiphers = HIP_CIPHERS): number | undefined {
  return ciphers.get(id)?.keyBytes
}

/** What stands in ENCRYPTED after the reserved word: a fresh IV, if the cipher has one, and the ciphertext. */
export function sealParameter(
  id: number,
  key: Uint8Array,
  plaintext: Uint8Array,
  entropy: Entropy,
  ciphers: HipCiphers = HIP_CIPHERS,
): Uint8Array {
  const cipher = cipherFor(ciphers, id, key)
  const iv = cipher.ivBytes === 0 ? new Uint8Array(0) : entropy(cipher.ivBytes)
  return concat(iv, cipher.encrypt(key, iv, plaintext))
}

/** The ciphertext alone, for an IV that the caller has drawn. */
export function encryptParameter(id: number, key: Uint8Array, plaintext: Uint8Array, iv: Uint8Array): Uint8Array {
  return cipherFor(HIP_CIPHERS, id, key).encrypt(key, iv, plaintext)
}

/** The plaintext without padding; undefined if the ciphertext is no whole number of blocks or its padding is wrong. */
export function decryptParameter(
  id: number,
  key: Uint8Array,
  ivAndCiphertext: Uint8Array,
  ciphers: HipCiphers = HIP_CIPHERS,
): Uint8Array | undefined {
  const cipher = cipherFor(ciphers, id, key)
  if (ivAndCiphertext.length < cipher.ivBytes) return undefined
  const iv = ivAndCiphertext.subarray(0, cipher.ivBytes)
  return cipher.decrypt(key, iv, ivAndCiphertext.subarray(cipher.ivBytes))
}

function cipherFor(ciphers: HipCiphers, id: number, key: Uint8Array): HipCipher {
  const cipher = ciphers.get(id)
  assert(cipher !== undefined && key.length === cipher.keyBytes, 'the key does not fit the HIP cipher')
  return cipher
}

function cbc(id: number, name: string, algorithm: 'aes-128-cbc' | 'aes-256-cbc', keyBytes: number): HipCipher {
  return Object.freeze({
    id,
    name,
    keyBytes,
    ivBytes: 16,
    encrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
      const state = createCipheriv(algorithm, key, iv)
      return concat(state.update(plaintext), state.final())
    },
    decrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
      if (ciphertext.length === 0 || ciphertext.length % 16 !== 0) return undefined
      const state = createDecipheriv(algorithm, key, iv)
      try {
        return concat(state.update(ciphertext), state.final())
      } catch {
        return undefined
      }
    },
  })
}
