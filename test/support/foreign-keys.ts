// Keys as a peer that knows only the RFCs (foreign-peer.ts) makes them, by node:crypto.

import { createECDH, createHmac, type ECDH, hkdfSync } from 'node:crypto'
import { concat } from '../../src/base/bytes.ts'

/** Kij with a peer's X ‖ Y. */
export function kijOf(dh: ECDH, peerDh: Uint8Array): Uint8Array {
  return dh.computeSecret(concat(Uint8Array.of(4), peerDh))
}

/** RFC 7401 §6.5: HKDF over Kij. */
export function keymatOf(kij: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha384', kij, salt, info, length))
}

/** HMAC of the hash that goes with the HITs of P-256 (RFC 7401 §5.2.9): SHA-384. */
export function hmacOf(key: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  return createHmac('sha384', key ?? new Uint8Array(0))
    .update(bytes)
    .digest()
}

/** A key pair, the same for the same `entropy` if that is given. */
export function freshDh(entropy: ((length: number) => Uint8Array) | undefined): ECDH {
  const dh = createECDH('prime256v1')
  if (entropy === undefined) dh.generateKeys()
  else dh.setPrivateKey(entropy(32))
  return dh
}
