// Host Identity Tags: ORCHIDv2 (RFC 7343) printed as IPv6 addresses in 2001:20::/28, and the hierarchical form of RFC 9374.
// The flat suite-5 HIT hashes the raw 32-byte key (DESIGN §4); an ECDSA HIT hashes curve label ‖ 04‖X‖Y.

import { cshake128 } from '@noble/hashes/sha3-addons.js'
import { addressBytes, addressText } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { concat, fromHex } from '../base/bytes.ts'
import { hash, shake128 } from './hash.ts'
import { HI_EDDSA, normalised, type PublicKey } from './public-key.ts'

/** A Host Identity Tag as canonical IPv6 text (RFC 5952), such as `2001:25:9952:e1b6:84ad:ea37:f69b:e377`. */
export type Hit = string & { readonly __hit: unique symbol }

/** Bytes of a HIT. */
export const HIT_BYTES = 16

/** HIT suites (OGA ids): RSA and DSA with SHA-256, ECDSA with SHA-384, EdDSA with cSHAKE128. */
export const SUITE_RSA_SHA256 = 1
export const SUITE_ECDSA_SHA384 = 2
export const SUITE_EDDSA_CSHAKE128 = 5

const FLAT_CONTEXT = fromHex('f0eff02fbff43d0fe7930c3c6e6174ea') // RFC 7401 §3.2
const HIERARCHICAL_CONTEXT = fromHex('00b5a69c795df5d5f0087f56843f2c40') // RFC 9374 §3.5.2

/** The text of a 16-byte HIT. */
export function hitText(bytes: Uint8Array): Hit {
  assert(bytes.length === HIT_BYTES, 'a HIT has 16 bytes')
  return addressText(bytes) as Hit
}

/** The 16 bytes of a HIT. */
export function hitBytes(hit: Hit): Uint8Array {
  const bytes = addressBytes(hit)
  assert(bytes !== undefined && bytes.length === HIT_BYTES, 'a HIT is an IPv6 address')
  return bytes
}

/** Reads any IPv6 spelling of a flat HIT; undefined if it is not an address in 2001:20::/28. */
export function parseHit(text: string): Hit | undefined {
  if (text.includes('%')) return undefined
  const bytes = addressBytes(text)
  return bytes !== undefined && isFlatHit(bytes) ? hitText(bytes) : undefined
}

/** Whether 16 bytes lie in 2001:20::/28, the prefix of flat HITs (RFC 7343 §2). */
export function isFlatHit(bytes: Uint8Array): boolean {
  return (
    bytes.length === HIT_BYTES &&
    bytes[0] === 0x20 &&
    bytes[1] === 0x01 &&
    bytes[2] === 0x00 &&
    ((bytes[3] ?? 0) & 0xf0) === 0x20
  )
}

/** The flat HIT of a key. The key must be of a supported algorithm (as `publicKeyFrom` checks). */
export function hitOf(key: PublicKey): Hit {
  const known = normalised(key)
  assert(known !== undefined, 'only Ed25519 and P-256 keys have a HIT')
  const { algorithm, label, bytes } = known
  const prefix = Uint8Array.of(0x20, 0x01, 0x00, 0x20 | suiteOf(algorithm))
  // cSHAKE128 without a name and a customisation is SHAKE128 (NIST SP 800-185 §3.3).
  if (algorithm === HI_EDDSA) return hitText(concat(prefix, shake128(12, [FLAT_CONTEXT, bytes])))
  // Encode_96 takes the middle 96 bits of the hash (RFC 7343 §2).
  const digest = hash('sha384', [FLAT_CONTEXT, Uint8Array.of(label >> 8, label), bytes])
  return hitText(concat(prefix, digest.subarray(18, 30)))
}

/** The HIT suite of a flat HIT: its OGA id, which settles hash, MAC and key derivation (RFC 7401 §3.2). */
export function hitSuiteOf(hit: Hit): number {
  return (hitBytes(hit)[3] ?? 0) & 0x0f
}

/** The hierarchical HIT (DET) of an Ed25519 key under `prefix`: the upper 8 bytes, up to the suite id (RFC 9374 §3.5). */
export function detOf(prefix: Uint8Array, key: PublicKey): Hit {
  assert(prefix.length === 8, 'the upper half of a DET has 8 bytes')
  assert(key.algorithm === HI_EDDSA, 'DETs are of EdDSA keys')
  const tail = cshake128(concat(prefix, key.bytes), { dkLen: 8, personalization: HIERARCHICAL_CONTEXT })
  return hitText(concat(prefix, tail))
}

function suiteOf(algorithm: number): number {
  return algorithm === HI_EDDSA ? SUITE_EDDSA_CSHAKE128 : SUITE_ECDSA_SHA384
}
