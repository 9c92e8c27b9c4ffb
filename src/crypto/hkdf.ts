// HKDF in its two steps (RFC 5869), because the key schedule keeps the PRK of the first one (MOVING §3).

import { assert } from '../base/assert.ts'
import { type HashName, hmac } from './hash.ts'
import { Secret, wipe } from './secret.ts'

/** HKDF-Extract: the pseudorandom key, as long as the hash. */
export function extract(name: HashName, salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return hmac(name, salt, [ikm])
}

/** HKDF-Expand: `length` secret bytes, at most 255 times the hash length. */
export function expand(name: HashName, prk: Uint8Array, info: Uint8Array, length: number): Secret {
  const block = name === 'sha256' ? 32 : 48
  assert(length <= 255 * block, 'HKDF-Expand was asked for more than 255 blocks')
  const output = new Secret(length)
  let previous: Uint8Array = new Uint8Array(0)
  for (let index = 0; index * block < length; index++) {
    const next = hmac(name, prk, [previous, info, Uint8Array.of(index + 1)])
    wipe(previous)
    previous = next
    output.set(previous.subarray(0, length - index * block), index * block)
  }
  wipe(previous)
  return output
}
