// Host Identity Tags: ORCHIDv2 (RFC 7343) printed as IPv6 addresses in 2001:20::/28. The suite-5 HIT hashes the raw 32-byte key
// (DESIGN §4); an ECDSA HIT hashes curve label ‖ 04‖X‖Y, an RSA HIT exponent and modulus as HOST_ID has them. The hierarchical
// form is in det.ts.

import { addressBytes, addressText } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { concat, equalBytes, fromHex } from '../base/bytes.ts'
import { hash, shake128 } from './hash.ts'
import {
  HI_ECDSA,
  HI_EDDSA,
  HI_RSA,
  SUITE_ECDSA_SHA384,
  SUITE_EDDSA_CSHAKE128,
  SUITE_RSA_SHA256,
} from './key-algorithm.ts'
import { oneForm, type PublicKey } from './public-key.ts'

export { SUITE_ECDSA_SHA384, SUITE_EDDSA_CSHAKE128, SUITE_RSA_SHA256 } from './key-algorithm.ts'

/** A Host Identity Tag as canonical IPv6 text (RFC 5952), such as `2001:25:9952:e1b6:84ad:ea37:f69b:e377`. */
export type Hit = string & { readonly __hit: unique symbol }

/** Bytes of a HIT. */
export const HIT_BYTES = 16

const FLAT_CONTEXT = fromHex('f0eff02fbff43d0fe7930c3c6e6174ea') // RFC 7401 §3.2

/** The text of a 16-byte HIT. */
export function hitText(bytes: Uint8Array): Hit {
  assert(bytes.length === HIT_BYTES, 'a HIT has 16 bytes')
  // By its last byte, which is one of a hash: every packet names two, mostly the same, and a text that is the same one is found at once.
  const place = (bytes[HIT_BYTES - 1] ?? 0) % TEXTS_MAX
  const known = texts[place]
  if (known !== undefined && equalBytes(known.bytes, bytes)) return known.text
  const text = addressText(bytes) as Hit
  // Not by `slice`: that of a Buffer is a view.
  texts[place] = { bytes: Uint8Array.from(bytes), text }
  return text
}

const TEXTS_MAX = 64
const texts: { readonly bytes: Uint8Array; readonly text: Hit }[] = []

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

/** The flat HIT of a key, which must be a valid one (as `publicKeyFrom` checks), of whatever kind. */
export function hitOf(key: PublicKey): Hit {
  const known = hits.get(key)
  if (known !== undefined) return known
  const hit = computed(key)
  hits.set(key, hit)
  return hit
}

// An exchange asks four times of one key: to compare, to look for its floor, and to raise it.
const hits = new WeakMap<PublicKey, Hit>()

function computed(key: PublicKey): Hit {
  const { algorithm, label } = key
  const bytes = oneForm(key)
  if (algorithm === HI_EDDSA) {
    // cSHAKE128 without a name and a customisation is SHAKE128 (NIST SP 800-185 §3.3).
    return flatHit(SUITE_EDDSA_CSHAKE128, shake128(ENCODED_BYTES, [FLAT_CONTEXT, bytes]))
  }
  // What is hashed is the field as our HOST_ID carries it (RFC 7401 §3.2), and of a point that came without 04 the same: a key has
  // one HIT.
  if (algorithm === HI_ECDSA) {
    return flatHit(SUITE_ECDSA_SHA384, middle(hash('sha384', [FLAT_CONTEXT, Uint8Array.of(label >> 8, label), bytes])))
  }
  assert(algorithm === HI_RSA, 'only EdDSA, ECDSA and RSA keys have a HIT')
  return flatHit(SUITE_RSA_SHA256, middle(hash('sha256', [FLAT_CONTEXT, bytes])))
}

/** Whether a HIT is that of a key of whatever kind, checked or not; false for kinds that have no HIT. */
export function isHitOf(hit: Hit, key: PublicKey): boolean {
  return [HI_EDDSA, HI_ECDSA, HI_RSA].includes(key.algorithm) && hitOf(key) === hit
}

/** The HIT suite of a flat HIT: its OGA id, which settles hash, MAC and key derivation (RFC 7401 §3.2). */
export function hitSuiteOf(hit: Hit): number {
  return (hitBytes(hit)[3] ?? 0) & 0x0f
}

const ENCODED_BYTES = 12

function flatHit(suite: number, encoded: Uint8Array): Hit {
  return hitText(concat(Uint8Array.of(0x20, 0x01, 0x00, 0x20 | suite), encoded))
}

/** Encode_96 takes the middle 96 bits of a hash of fixed length (RFC 7343 §2). */
function middle(digest: Uint8Array): Uint8Array {
  const start = (digest.length - ENCODED_BYTES) / 2
  return digest.subarray(start, start + ENCODED_BYTES)
}
