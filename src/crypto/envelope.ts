// The contents of ENCRYPTED (RFC 7401 §5.2.18): AES in CBC mode with PKCS padding. It has no integrity of its own; HIP_MAC
// and the signature of the packet cover it.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { concat } from '../base/bytes.ts'
import { cipherKeyBytes } from './suites.ts'

/** Bytes of the IV in front of the ciphertext. */
export const ENVELOPE_IV_BYTES = 16

/** The ciphertext alone; on the wire the IV (16 fresh random bytes) stands before it. */
export function encryptParameter(cipher: number, key: Uint8Array, plaintext: Uint8Array, iv: Uint8Array): Uint8Array {
  const state = createCipheriv(algorithm(cipher, key), key, iv)
  return concat(state.update(plaintext), state.final())
}

/** The plaintext without padding; undefined if the ciphertext is no whole number of blocks or its padding is wrong. */
export function decryptParameter(cipher: number, key: Uint8Array, ivAndCiphertext: Uint8Array): Uint8Array | undefined {
  const ciphertext = ivAndCiphertext.subarray(ENVELOPE_IV_BYTES)
  if (ciphertext.length === 0 || ciphertext.length % 16 !== 0) return undefined
  const state = createDecipheriv(algorithm(cipher, key), key, ivAndCiphertext.subarray(0, ENVELOPE_IV_BYTES))
  try {
    return concat(state.update(ciphertext), state.final())
  } catch {
    return undefined
  }
}

function algorithm(cipher: number, key: Uint8Array): 'aes-128-cbc' | 'aes-256-cbc' {
  assert(key.length === cipherKeyBytes(cipher), 'the key does not fit the HIP cipher')
  return key.length === 16 ? 'aes-128-cbc' : 'aes-256-cbc'
}
