// Sealing a capsule to a host's key without waiting: the synchronous stand-in for HPKE in the simulator, with the same parts.
// Ephemeral Diffie–Hellman over P-256, HMAC-SHA-256 to make a key of it and of everything the box is bound to, AES-128-GCM.

import { assert } from '../base/assert.ts'
import { concat } from '../base/bytes.ts'
import { nodeAead } from '../crypto/aead.ts'
import { agree, DH_GROUPS, DH_P256, type DhGroups, type DhKey, generateDh } from '../crypto/dh.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { ESP_AES128_GCM_16, hitSuite } from '../crypto/suites.ts'

/** The number that READYs and capsules of the simulator carry: none that HPKE knows. */
export const SIM_KEM = 0xfff0

const POINT_BYTES = 64
/** SPI, sequence and IV in front, ICV behind: one ESP packet of suite 13, number 1. */
const FRONT_BYTES = 16
const ICV_BYTES = 16
const SHA256_SUITE = 1

export function kemKey(entropy: Entropy, groups: DhGroups = DH_GROUPS): DhKey {
  const key = generateDh(DH_P256, entropy, groups)
  assert(key !== undefined, 'P-256 is there')
  return key
}

/** Ephemeral point ‖ sealed packet. */
export function sealBox(
  to: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  entropy: Entropy,
  groups?: DhGroups,
): Uint8Array {
  const ephemeral = kemKey(entropy, groups)
  const shared = agree(ephemeral, to)
  assert(shared !== undefined, 'a box is sealed to a point of the curve')
  const packet = new Uint8Array(FRONT_BYTES + plaintext.length + ICV_BYTES)
  packet.set(plaintext, FRONT_BYTES)
  const keys = boxKeys(shared, ephemeral.publicValue, to, aad)
  nodeAead.sealer(ESP_AES128_GCM_16, keys, entropy).seal(packet, 1)
  return concat(ephemeral.publicValue, packet)
}

/** What was sealed, or undefined: to another key, bound to something else, or changed. */
export function openBox(key: DhKey, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  const point = sealed.slice(0, POINT_BYTES)
  const shared = agree(key, point)
  if (shared === undefined) return undefined
  const keys = boxKeys(shared, point, key.publicValue, aad)
  const plaintext = nodeAead.opener(ESP_AES128_GCM_16, keys).open(sealed.slice(POINT_BYTES), 1)
  return plaintext === undefined ? undefined : Uint8Array.from(plaintext)
}

function boxKeys(shared: Uint8Array, ephemeral: Uint8Array, to: Uint8Array, aad: Uint8Array) {
  const suite = hitSuite(SHA256_SUITE)
  assert(suite !== undefined, 'SHA-256 is there')
  const key = suite.mac(shared, ephemeral, to, aad)
  return { encryption: key.slice(0, 20), authentication: new Uint8Array(0) }
}
