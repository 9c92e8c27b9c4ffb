// Hierarchical HITs of Ed25519 keys, as DRIP Entity Tags have them (RFC 9374 §3): 2001:30::/28 ‖ RAA 14 ‖ HDA 14 ‖ suite 8 ‖ hash 64.
// The hash covers the upper half and the raw 32-byte key: the only reading under which the published examples of RFC 9886
// verify (DESIGN §4). They are read and verified here; associations are between flat HITs.

import { cshake128 } from '@noble/hashes/sha3-addons.js'
import { assert } from '../base/assert.ts'
import { concat, equalBytes, fromHex } from '../base/bytes.ts'
import { HIT_BYTES, type Hit, hitText } from './hit.ts'
import { HI_EDDSA, LABEL_ED25519, SUITE_EDDSA_CSHAKE128 } from './key-algorithm.ts'
import type { PublicKey } from './public-key.ts'

/** The Hierarchy ID (RFC 9374 §3.3): who registers, 14 bits each. */
export interface HierarchyId {
  /** Registered Assigning Authority. */
  readonly raa: number
  /** HHIT Domain Authority. */
  readonly hda: number
}

/** A hierarchical HIT in its parts. */
export interface Det extends HierarchyId {
  /** HHIT suite: 5 is EdDSA with cSHAKE128. */
  readonly suite: number
  /** 8 bytes. */
  readonly hash: Uint8Array
}

const CONTEXT = fromHex('00b5a69c795df5d5f0087f56843f2c40') // RFC 9374 §3.5.2
const PREFIX_BYTES = 8
const AUTHORITY_MAX = 0x3fff

/** The parts of 16 bytes in 2001:30::/28; undefined for any other address. */
export function readDet(bytes: Uint8Array): Det | undefined {
  if (bytes.length !== HIT_BYTES) return undefined
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, suite = 0] = bytes
  if (a !== 0x20 || b !== 0x01 || c !== 0x00 || (d & 0xf0) !== 0x30) return undefined
  const raa = ((d & 0x0f) << 10) | (e << 2) | (f >> 6)
  const hda = ((f & 0x3f) << 8) | g
  return { raa, hda, suite, hash: bytes.slice(PREFIX_BYTES) }
}

/** The upper half of the DETs that one domain authority registers. */
export function detPrefix({ raa, hda }: HierarchyId): Uint8Array {
  const whole = [raa, hda].every((part) => Number.isInteger(part) && part >= 0 && part <= AUTHORITY_MAX)
  assert(whole, 'RAA and HDA have 14 bits each')
  const id = [0x30 | (raa >> 10), raa >> 2, (raa << 6) | (hda >> 8), hda]
  return Uint8Array.of(0x20, 0x01, 0x00, ...id, SUITE_EDDSA_CSHAKE128)
}

/** The DET of an Ed25519 key under an upper half as `detPrefix` makes it. */
export function detOf(prefix: Uint8Array, key: PublicKey): Hit {
  assert(prefix.length === PREFIX_BYTES, 'the upper half of a DET has 8 bytes')
  assert(key.algorithm === HI_EDDSA, 'DETs are of EdDSA keys')
  return hitText(concat(prefix, detHash(prefix, key)))
}

/**
 * Whether 16 bytes are the DET of this key, and, if a hierarchy is given, of that hierarchy. False for every other suite and kind
 * of key, whatever the bytes. That the hierarchy has registered the key is another question (RFC 9374 §3.3.1).
 */
export function verifyDet(bytes: Uint8Array, key: PublicKey, hierarchy?: HierarchyId): boolean {
  const det = readDet(bytes)
  if (det === undefined || det.suite !== SUITE_EDDSA_CSHAKE128) return false
  if (key.algorithm !== HI_EDDSA || key.label !== LABEL_ED25519) return false
  if (hierarchy !== undefined && (hierarchy.raa !== det.raa || hierarchy.hda !== det.hda)) return false
  return equalBytes(detHash(bytes.subarray(0, PREFIX_BYTES), key), det.hash)
}

function detHash(prefix: Uint8Array, key: PublicKey): Uint8Array {
  return cshake128(concat(prefix, key.bytes), { dkLen: PREFIX_BYTES, personalization: CONTEXT })
}
