// Public keys of identities and what they sign. A peer is its full key (algorithm, label, bytes), not only its HIT
// (DESIGN §4). Ed25519 is verified as RFC 8032 §5.1.7 has it: no small-order or non-canonical key, canonical s. ECDSA is
// P-256 with SHA-256, signatures r‖s (RFC 4754 §7), high s accepted: RFC 7401 does not forbid it.

import { createPublicKey, type KeyObject, verify as nodeVerify } from 'node:crypto'
import { equalBytes, fromHex, toHex } from '../base/bytes.ts'
import { base64url } from './buffer.ts'
import { uncompressed } from './p256.ts'

/** HI algorithm numbers of the keys understood here (RFC 7401 §5.2.9, RFC 9374 §3.4.1). */
export const HI_ECDSA = 7
export const HI_EDDSA = 13

/** Curve labels: NIST P-256 under ECDSA, EdDSA25519 under EdDSA. */
export const LABEL_P256 = 1
export const LABEL_ED25519 = 1

/** Bytes of a signature, for both algorithms. */
export const SIGNATURE_BYTES = 64

/** An identity's public key: HI algorithm, curve label, and raw bytes (Ed25519: 32; P-256: 04‖X‖Y, 65). */
export interface PublicKey {
  readonly algorithm: number
  readonly label: number
  readonly bytes: Uint8Array
}

/**
 * A peer's key, checked and in its one form: P-256 may come as X‖Y. Undefined for an algorithm or curve that is not
 * supported, a wrong length, a point off the curve, a small-order or non-canonical Ed25519 key.
 */
export function publicKeyFrom(algorithm: number, label: number, bytes: Uint8Array): PublicKey | undefined {
  const key = normalised({ algorithm, label, bytes: bytes.slice() })
  return key !== undefined && keyObject(key) !== undefined ? key : undefined
}

/** The key in its one form (P-256: 04‖X‖Y); undefined if algorithm, label or length is not one of ours. */
export function normalised(key: PublicKey): PublicKey | undefined {
  if (key.algorithm === HI_EDDSA) return key.label === LABEL_ED25519 && key.bytes.length === 32 ? key : undefined
  if (key.algorithm !== HI_ECDSA || key.label !== LABEL_P256) return undefined
  const bytes = uncompressed(key.bytes)
  if (bytes === undefined) return undefined
  return bytes === key.bytes ? key : { ...key, bytes }
}

/** Whether two keys are the same key: algorithm, label and bytes. */
export function samePublicKey(a: PublicKey, b: PublicKey): boolean {
  const left = normalised(a) ?? a
  const right = normalised(b) ?? b
  return left.algorithm === right.algorithm && left.label === right.label && equalBytes(left.bytes, right.bytes)
}

/** A text that is equal for equal keys only, to key maps with. */
export function publicKeyText(key: PublicKey): string {
  const { algorithm, label, bytes } = normalised(key) ?? key
  return `${algorithm}.${label}.${toHex(bytes)}`
}

/** Whether `signature` (64 bytes) is the key's over `message`. False for any malformed input; never throws. */
export function verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false
  const object = keyObject(key)
  if (object === undefined) return false
  if (key.algorithm === HI_EDDSA) return nodeVerify(undefined, message, object, signature)
  return nodeVerify('sha256', message, { key: object, dsaEncoding: 'ieee-p1363' }, signature)
}

/** The SPKI PEM text of a valid key. */
export function publicKeyPem(key: PublicKey): string {
  const pem = keyObject(key)?.export({ type: 'spki', format: 'pem' })
  if (pem === undefined) throw new TypeError('this public key is not valid, so it has no PEM form')
  return pem.toString()
}

// Imported keys, least recently used first. Importing costs a tenth of a verification, so a flood of strangers' keys that
// empties the cache costs its victims little.
const IMPORTED_LIMIT = 256
const imported = new Map<string, KeyObject>()

function keyObject(key: PublicKey): KeyObject | undefined {
  const text = publicKeyText(key)
  const known = imported.get(text)
  if (known !== undefined) {
    imported.delete(text)
    imported.set(text, known)
    return known
  }
  const fresh = importKey(key)
  if (fresh === undefined) return undefined
  if (imported.size >= IMPORTED_LIMIT) {
    for (const oldest of imported.keys()) {
      imported.delete(oldest)
      break
    }
  }
  imported.set(text, fresh)
  return fresh
}

function importKey(key: PublicKey): KeyObject | undefined {
  const plainKey = normalised(key)
  if (plainKey === undefined) return undefined
  const { bytes } = plainKey
  if (plainKey.algorithm === HI_EDDSA) {
    if (weakEd25519(bytes)) return undefined
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(bytes) }, format: 'jwk' })
  }
  const x = base64url(bytes.subarray(1, 33))
  const y = base64url(bytes.subarray(33))
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  } catch {
    return undefined // not a point of the curve
  }
}

// The y coordinates (little-endian, sign bit cleared) of the eight points whose order divides the cofactor: 0 and the two of
// order 8; 1 and −1. Non-canonical forms of them are caught by the range check.
const SMALL_ORDER: readonly Uint8Array[] = [
  fromHex('0000000000000000000000000000000000000000000000000000000000000000'),
  fromHex('0100000000000000000000000000000000000000000000000000000000000000'),
  fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
]

function weakEd25519(bytes: Uint8Array): boolean {
  const y = bytes.slice()
  y[31] = (y[31] ?? 0) & 0x7f
  return atLeastP(y) || SMALL_ORDER.some((point) => equalBytes(point, y))
}

// RFC 8032 §5.1.3: a y of 2^255 − 19 or more does not decode. OpenSSL would reduce it.
function atLeastP(y: Uint8Array): boolean {
  return (y[0] ?? 0) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff)
}
