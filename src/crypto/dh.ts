// Ephemeral Diffie–Hellman keys (RFC 7401 §5.2.7). Group 7 is P-256: the public value is X‖Y and the shared secret the X
// coordinate, fixed width (RFC 5903 §7, §9). node:crypto computes, from a secret that was drawn from injected entropy.

import { createECDH, type ECDH } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { plain } from './buffer.ts'
import type { Entropy } from './entropy.ts'
import { drawP256Secret, uncompressed } from './p256.ts'

/** DH group number of P-256 (RFC 7401 §5.2.7). */
export const DH_P256 = 7

/** One Diffie–Hellman key pair. `secret` does not show in inspect or JSON. */
export interface DhKey {
  readonly group: number
  readonly publicValue: Uint8Array
  readonly secret: Uint8Array
}

/** Draws a key pair of that group; undefined if the group is not supported (7 is). */
export function generateDh(group: number, entropy: Entropy): DhKey | undefined {
  return group === DH_P256 ? new P256Key(drawP256Secret(entropy)) : undefined
}

/** The key pair of a secret as `DhKey.secret` gives it. The group must be supported and the secret in range. */
export function dhFromSecret(group: number, secret: Uint8Array): DhKey {
  assert(group === DH_P256, `Diffie–Hellman group ${group} is not one of ours`)
  return new P256Key(secret)
}

/** Kij with the peer's public value; undefined if that is no point of the curve. The key must come from `generateDh`. */
export function agree(key: DhKey, peerPublic: Uint8Array): Uint8Array | undefined {
  const pair = key instanceof P256Key ? key : new P256Key(key.secret)
  return pair.agree(peerPublic)
}

class P256Key implements DhKey {
  readonly group: number = DH_P256
  readonly publicValue: Uint8Array
  readonly #ecdh: ECDH

  constructor(secret: Uint8Array) {
    this.#ecdh = createECDH('prime256v1')
    this.#ecdh.setPrivateKey(secret)
    this.publicValue = Uint8Array.from(this.#ecdh.getPublicKey().subarray(1))
  }

  get secret(): Uint8Array {
    // OpenSSL writes the scalar without leading zeros.
    const scalar = this.#ecdh.getPrivateKey()
    const padded = new Uint8Array(32)
    padded.set(scalar, 32 - scalar.length)
    return padded
  }

  agree(peerPublic: Uint8Array): Uint8Array | undefined {
    const point = peerPublic.length === 64 ? uncompressed(peerPublic) : undefined
    if (point === undefined) return undefined
    try {
      return plain(this.#ecdh.computeSecret(point))
    } catch {
      return undefined
    }
  }
}
