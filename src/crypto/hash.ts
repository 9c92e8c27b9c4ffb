// The plain hash functions and HMAC, by node:crypto: several times faster than the portable ones, and the same bytes.
// KMAC and cSHAKE, which node:crypto lacks, are in kmac.ts and hit.ts.

import { createHash, createHmac, type KeyObject, hash as oneShot } from 'node:crypto'
import { concat } from '../base/bytes.ts'
import { plain } from './buffer.ts'
import { wipe } from './secret.ts'

/** The hash functions that HMAC and HKDF run over here. */
export type HashName = 'sha256' | 'sha384'

/** SHA-256 of the parts one after another; 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hash('sha256', parts)
}

/**
 * A number below 2^32 that nobody without the secret can predict: 32 bits of SHA-256 over secret and input. Both must always
 * have the same lengths: then the hash is a pseudorandom function, at a third of HMAC's cost.
 */
export function keyedNumber(secret: Uint8Array, input: Uint8Array): number {
  const digest = hash('sha256', [secret, input])
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0)
}

/** SHA-256 or SHA-384 of the parts one after another. */
export function hash(name: HashName, parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  // In one call, which costs half as much; what is long is not copied for it.
  if (first !== undefined && parts.length === 1) return plain(oneShot(name, first, 'buffer'))
  if (parts.every(({ length }) => length <= COPIED_BYTES_MAX)) {
    const whole = concat(...parts)
    const digest = plain(oneShot(name, whole, 'buffer'))
    wipe(whole)
    return digest
  }
  const state = createHash(name)
  for (const part of parts) state.update(part)
  return plain(state.digest())
}

const COPIED_BYTES_MAX = 256

/** SHAKE128 of the parts one after another, `length` bytes of it (FIPS 202 §6.2). */
export function shake128(length: number, parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash('shake128', { outputLength: length })
  for (const part of parts) state.update(part)
  return plain(state.digest())
}

/** HMAC (RFC 2104), untruncated, of the parts one after another. */
export function hmac(name: HashName, key: Uint8Array | KeyObject, parts: readonly Uint8Array[]): Uint8Array {
  const state = createHmac(name, key)
  for (const part of parts) state.update(part)
  return plain(state.digest())
}
