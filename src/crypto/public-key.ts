// Public keys of identities and what they sign. A peer is its full key (algorithm, label, bytes), not only its HIT
// (DESIGN §4). What a kind of key takes for valid is in ed25519.ts and ecdsa.ts; which kinds are taken is a table.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { equalBytes, toHex } from '../base/bytes.ts'
import { ECDSA_P256 } from './ecdsa.ts'
import { ED25519 } from './ed25519.ts'
import { HI_ECDSA, type KeyAlgorithm, type KeyAlgorithms, type Verifier } from './key-algorithm.ts'

export { HI_ECDSA, HI_EDDSA, LABEL_ED25519, LABEL_P256 } from './key-algorithm.ts'

/** The kinds of key that are taken without being asked for: Ed25519 and ECDSA P-256. */
export const KEY_ALGORITHMS: KeyAlgorithms = [ED25519, ECDSA_P256]

/** Bytes of a signature of both of them, and of whatever an instance signs (MOVING §2). */
export const SIGNATURE_BYTES = 64

/**
 * An identity's public key: HI algorithm, curve label, and raw bytes (Ed25519: 32; P-256: 04‖X‖Y, 65; P-384: 97; RSA: exponent
 * and modulus as in RFC 3110 §2).
 */
export interface PublicKey {
  /** The number of its kind in HIP (RFC 7401 §5.2.9). */
  readonly algorithm: number
  /** What of the kind it is: a curve, or 0. */
  readonly label: number
  /** The key as HIP writes it. */
  readonly bytes: Uint8Array
}

/**
 * A peer's key, checked and in its one form: ECDSA keys may come as X‖Y. Undefined for an algorithm or curve that is not in
 * the table, a wrong length, a point off the curve, a small-order or non-canonical Ed25519 key, an RSA key too short or too long.
 */
export function publicKeyFrom(
  algorithm: number,
  label: number,
  bytes: Uint8Array,
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): PublicKey | undefined {
  const key = normalised({ algorithm, label, bytes: Uint8Array.from(bytes) }, keys)
  return key !== undefined && verifierOf(key, keys) !== undefined ? key : undefined
}

/** The key in its one form; undefined if it is of no kind in the table, or has the shape of none. */
export function normalised(key: PublicKey, keys: KeyAlgorithms = KEY_ALGORITHMS): PublicKey | undefined {
  const bytes = kindOf(key, keys)?.normalise(key.bytes)
  if (bytes === undefined) return undefined
  return bytes === key.bytes ? key : { ...key, bytes }
}

/** Whether two keys are the same key: algorithm, label and bytes, however their points are written. */
export function samePublicKey(a: PublicKey, b: PublicKey): boolean {
  return a.algorithm === b.algorithm && a.label === b.label && equalBytes(oneForm(a), oneForm(b))
}

/** A text that is equal for equal keys only, to key maps with. */
export function publicKeyText(key: PublicKey): string {
  return `${key.algorithm}.${key.label}.${toHex(oneForm(key))}`
}

/** Whether `signature` is the key's over `message`. False for any malformed input, and for a kind not in the table; never throws. */
export function verify(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): boolean {
  const kind = kindOf(key, keys)
  if (kind === undefined || signature.length !== kind.signatureBytes(key.bytes)) return false
  return verifierOf(key, keys)?.verify(message, signature) ?? false
}

/** The SPKI PEM text of a valid key. */
export function publicKeyPem(key: PublicKey, keys: KeyAlgorithms = KEY_ALGORITHMS): string {
  const pem = imported(key, keys)?.export({ type: 'spki', format: 'pem' })
  if (pem === undefined) throw new TypeError('this public key is not valid, so it has no PEM form')
  return pem.toString()
}

/**
 * Reads a public key in PEM (SPKI). Throws TypeError of one line that never quotes the text: no key, a private one, or of a
 * kind not in the table.
 */
export function publicKeyFromPem(pem: string, keys: KeyAlgorithms = KEY_ALGORITHMS): PublicKey {
  // createPublicKey would take a private key too: whoever puts one on a list has mistaken the file.
  if (!pem.includes('BEGIN PUBLIC KEY')) throw new TypeError('this PEM text holds no public key')
  const object = spki(pem)
  for (const { algorithm, label, publicOf } of object === undefined ? [] : keys) {
    const bytes = object && publicOf(object)
    const key = bytes && publicKeyFrom(algorithm, label, bytes, keys)
    if (key !== undefined) return key
  }
  throw new TypeError(`this PEM text holds no key of ${keys.map(({ title }) => title).join(', ')}`)
}

function spki(pem: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: pem, format: 'pem' })
  } catch {
    return undefined
  }
}

/** The kind of a key, if it is in the table. */
export function kindOf(key: PublicKey, keys: KeyAlgorithms): KeyAlgorithm | undefined {
  return keys.find(({ algorithm, label }) => algorithm === key.algorithm && label === key.label)
}

/**
 * The bytes of a key in their one form, whatever the table: RFC 7401 §5.2.9 leaves open how a point is written, but an odd number
 * of bytes has the 04 in front and an even one has not.
 */
export function oneForm({ algorithm, bytes }: PublicKey): Uint8Array {
  if (algorithm !== HI_ECDSA || bytes.length % 2 === 1) return bytes
  const full = new Uint8Array(bytes.length + 1)
  full[0] = 4
  full.set(bytes, 1)
  return full
}

function imported(key: PublicKey, keys: KeyAlgorithms): KeyObject | undefined {
  const kind = kindOf(key, keys)
  const bytes = kind?.normalise(key.bytes)
  return bytes && kind?.importKey(bytes)
}

// Keys that are ready, least recently used first. Making one ready costs a tenth of a verification, so a flood of strangers' keys that
// empties the cache costs its victims little. Of one key that two tables have in ways of their own, the last one counts.
const READY_LIMIT = 256
const ready = new Map<string, { readonly kind: KeyAlgorithm; readonly verifier: Verifier }>()

function verifierOf(key: PublicKey, keys: KeyAlgorithms): Verifier | undefined {
  const kind = kindOf(key, keys)
  if (kind === undefined) return undefined
  const text = readyText(key)
  const known = ready.get(text)
  if (known !== undefined) ready.delete(text)
  if (known?.kind === kind) {
    ready.set(text, known)
    return known.verifier
  }
  const bytes = kind.normalise(key.bytes)
  const verifier = bytes && kind.verifier(bytes)
  if (verifier === undefined) return undefined
  if (ready.size >= READY_LIMIT) {
    for (const oldest of ready.keys()) {
      ready.delete(oldest)
      break
    }
  }
  ready.set(text, { kind, verifier })
  return verifier
}

// Shorter and sooner made than `publicKeyText`: every signature that is checked asks for it.
function readyText(key: PublicKey): string {
  const { algorithm, label } = key
  const bytes = oneForm(key)
  return `${algorithm}.${label}.${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`
}
