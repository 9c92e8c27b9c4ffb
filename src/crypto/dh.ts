// Ephemeral Diffie–Hellman keys (RFC 7401 §5.2.7). On a curve the public value is X‖Y and the shared secret the X coordinate, fixed
// width (RFC 5903 §7, §9); in a MODP group both are as long as the modulus (modp.ts). node:crypto computes, from a secret that
// was drawn from injected entropy. Which groups there are is a table that is handed in.

import { createECDH, type ECDH } from 'node:crypto'
import { plain } from './buffer.ts'
import type { Entropy } from './entropy.ts'
import { modpGroup } from './modp.ts'
import { drawScalar, type NistCurve, P256, P384, uncompressed } from './nist-curve.ts'
import { Secret, wipe } from './secret.ts'

/** DH group numbers (RFC 7401 §5.2.7). */
export const DH_MODP_3072 = 4
export const DH_P256 = 7
export const DH_P384 = 8

/** One Diffie–Hellman key pair. `secret` does not show in inspect or JSON. */
export interface DhKey {
  readonly group: number
  /** As DIFFIE_HELLMAN carries it. */
  readonly publicValue: Uint8Array
  readonly secret: Uint8Array
  /** Kij, of the group's full width; undefined if the peer's value is none of the group. Never throws. */
  agree(peerPublic: Uint8Array): Uint8Array | undefined
}

/** A group: its number, the length of a public value in DIFFIE_HELLMAN, and how a key pair is drawn. */
export interface DhGroup {
  readonly id: number
  readonly name: string
  readonly publicBytes: number
  generate(entropy: Entropy): DhKey
  /** The pair of a secret as `DhKey.secret` gives it. */
  fromSecret(secret: Uint8Array): DhKey
}

/** Diffie–Hellman groups by number. */
export type DhGroups = ReadonlyMap<number, DhGroup>

/** The groups that are there without being asked for: 7, 8 and 4. */
export const DH_GROUPS: DhGroups = new Map(
  [
    curveGroup(DH_P256, P256),
    curveGroup(DH_P384, P384),
    // RFC 3526 §8: an exponent of twice the strength of the group, by the higher of its two estimates.
    modpGroup({ id: DH_MODP_3072, name: 'MODP-3072', primeOf: 'modp15', publicBytes: 384, exponentBytes: 53 }),
  ].map((group) => [group.id, group]),
)

/** Draws a key pair of that group; undefined if the group is not in the table. */
export function generateDh(group: number, entropy: Entropy, groups: DhGroups = DH_GROUPS): DhKey | undefined {
  return groups.get(group)?.generate(entropy)
}

/** The pair of a secret as `DhKey.secret` gives it, in range; undefined if the group is not in the table. */
export function dhFromSecret(group: number, secret: Uint8Array, groups: DhGroups = DH_GROUPS): DhKey | undefined {
  return groups.get(group)?.fromSecret(secret)
}

/** Kij with the peer's public value; undefined if that is no value of the group. */
export function agree(key: DhKey, peerPublic: Uint8Array): Uint8Array | undefined {
  return key.agree(peerPublic)
}

function curveGroup(id: number, curve: NistCurve): DhGroup {
  return Object.freeze({
    id,
    name: curve.jwk,
    publicBytes: 2 * curve.bytes,
    generate(entropy: Entropy): DhKey {
      const secret = drawScalar(curve, entropy)
      const key = new CurveKey(id, curve, secret)
      wipe(secret)
      return key
    },
    fromSecret: (secret: Uint8Array) => new CurveKey(id, curve, secret),
  })
}

class CurveKey implements DhKey {
  readonly group: number
  readonly publicValue: Uint8Array
  readonly #curve: NistCurve
  readonly #ecdh: ECDH

  constructor(group: number, curve: NistCurve, secret: Uint8Array) {
    this.group = group
    this.#curve = curve
    this.#ecdh = createECDH(curve.openssl)
    this.#ecdh.setPrivateKey(secret)
    this.publicValue = Uint8Array.from(this.#ecdh.getPublicKey().subarray(1))
  }

  get secret(): Uint8Array {
    // OpenSSL writes the scalar without leading zeros.
    const scalar = this.#ecdh.getPrivateKey()
    const padded = new Secret(this.#curve.bytes)
    padded.set(scalar, padded.length - scalar.length)
    wipe(scalar)
    return padded
  }

  agree(peerPublic: Uint8Array): Uint8Array | undefined {
    if (peerPublic.length !== 2 * this.#curve.bytes) return undefined
    const point = uncompressed(this.#curve, peerPublic)
    if (point === undefined) return undefined
    try {
      return plain(this.#ecdh.computeSecret(point))
    } catch {
      return undefined
    }
  }
}
