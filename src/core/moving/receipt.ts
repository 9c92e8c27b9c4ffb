// Signed objects and the two signatures a start is proved with (MOVING §1, §10): the ledger's receipt, and the instance key
// that must hash to the incarnation the receipt names. A receipt alone proves nothing, for anybody can copy one.

import { concat, equalBytes } from '../../base/bytes.ts'
import { type Hit, hitBytes } from '../../crypto/hit.ts'
import { type Identity, type PublicKey, samePublicKey, verify } from '../../crypto/identity.ts'
import type { KeyAlgorithms } from '../../crypto/key-algorithm.ts'
import { incarnationOf, type Start } from '../../crypto/keymat.ts'
import { KEY_ALGORITHMS, kindOf } from '../../crypto/public-key.ts'
import { isMalformed } from '../../wire/malformed.ts'
import {
  decodeReceipt,
  decodeSigned,
  encodeReceipt,
  encodeSigned,
  type Receipt,
  signedInput,
} from '../../wire/object.ts'
import { KnownSignatures } from './known-signatures.ts'

/** What is signed, by the name that separates one kind of signature from another (MOVING §10). */
export type ObjectName = 'receipt' | 'ready' | 'grant' | 'claim' | 'activate' | 'whereabouts'

/** Delegations from an identity key to the key that signed. Always empty today; every verifier already takes one. */
export type DelegationChain = readonly []

/** Why an object was not believed. */
export type ObjectFault = 'malformed' | 'forged'

/** Why a receipt was not believed. */
export type ReceiptFault = ObjectFault | 'other-identity' | 'other-epoch' | 'other-incarnation' | 'other-ledger' // not by the ledger this identity is pinned to

/** A receipt whose signature has been checked, with the key that made it. */
export interface VerifiedReceipt extends Receipt {
  readonly ledgerKey: PublicKey
}

/** What a receipt has to say to be believed. `pinned` is the ledger accepted before, if one was. */
export interface ReceiptExpectation {
  readonly hit: Hit
  readonly start: Start
  readonly pinned?: PublicKey | undefined
  readonly chain?: DelegationChain
  /** What computes, if the ledger's kind of key is among them. */
  readonly keys?: KeyAlgorithms
}

/** The contents of an INSTANCE parameter, as far as they matter here. */
export interface InstanceProof {
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

const INSTANCE_KEY_BYTES = 32
const INSTANCE_SIGNATURE_BYTES = 64

/** Signs `payload` as an object of that name; the result is the whole object (MOVING §10). */
export function signObject(name: ObjectName, payload: Uint8Array, identity: Identity): Uint8Array {
  const input = signedInput(name, payload)
  const signature = known.by(identity.publicKey, input) ?? identity.sign(input)
  known.keep(identity.publicKey, input, signature)
  return encodeSigned({ payload, signature })
}

/** The payload of a signed object, if `key` signed it as an object of that name. */
export function openObject(
  name: ObjectName,
  bytes: Uint8Array,
  key: PublicKey,
  chain: DelegationChain = [],
): { readonly payload: Uint8Array } | ObjectFault {
  const object = decodeSigned(bytes)
  if (isMalformed(object)) return 'malformed'
  return signedBy(name, object, key, chain) ? { payload: object.payload } : 'forged'
}

/** True if `key`, or a key it delegated to, made this signature. */
export function signedBy(
  name: ObjectName,
  object: { readonly payload: Uint8Array; readonly signature: Uint8Array },
  key: PublicKey,
  _chain: DelegationChain = [],
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): boolean {
  const input = signedInput(name, object.payload)
  if (kindOf(key, keys) !== undefined && known.has(key, input, object.signature)) return true
  const good = verify(key, input, object.signature, keys)
  if (good) known.keep(key, input, object.signature)
  return good
}

const known = new KnownSignatures()

/** The ledger's signed word that `receipt.host` holds this epoch of this identity by this incarnation. */
export function signReceipt(receipt: Receipt, ledger: Identity): Uint8Array {
  return signObject('receipt', encodeReceipt(receipt), ledger)
}

/**
 * Reads a receipt and checks its signature by the ledger key it names, and nothing else: whether that ledger is the right
 * one, and whether the start that shows it owns it, `verifyReceipt` and `verifyInstance` decide.
 */
export function openReceipt(
  bytes: Uint8Array,
  chain: DelegationChain = [],
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): VerifiedReceipt | ObjectFault {
  const object = decodeSigned(bytes)
  if (isMalformed(object)) return 'malformed'
  const receipt = decodeReceipt(object.payload)
  if (isMalformed(receipt)) return 'malformed'
  if (!signedBy('receipt', object, receipt.ledger, chain, standardOf(receipt.ledger, keys))) return 'forged'
  // Field by field: of a spread that goes on, V8 makes a shape of its own for every object.
  const { ledger, hit, epoch, host, incarnation, timeMs } = receipt
  return { ledger, hit, epoch, host, incarnation, timeMs, ledgerKey: ledger }
}

/** Believes a receipt for exactly this identity and start, by the pinned ledger if there is one; else says why not. */
export function verifyReceipt(bytes: Uint8Array, expected: ReceiptExpectation): VerifiedReceipt | ReceiptFault {
  const receipt = openReceipt(bytes, expected.chain, expected.keys)
  if (typeof receipt === 'string') return receipt
  if (!equalBytes(receipt.hit, hitBytes(expected.hit))) return 'other-identity'
  if (receipt.epoch !== expected.start.epoch) return 'other-epoch'
  if (!equalBytes(receipt.incarnation, expected.start.incarnation)) return 'other-incarnation'
  if (expected.pinned !== undefined && !samePublicKey(receipt.ledgerKey, expected.pinned)) return 'other-ledger'
  return receipt
}

/** True if the INSTANCE key is the one this start was activated with, and it signed the covered bytes (MOVING §2). */
export function verifyInstance(
  instance: InstanceProof,
  covered: Uint8Array,
  start: Start,
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): boolean {
  if (instance.key.length !== INSTANCE_KEY_BYTES || instance.signature.length !== INSTANCE_SIGNATURE_BYTES) return false
  if (!equalBytes(incarnationOf(instance.key), start.incarnation)) return false
  const key = instancePublicKey(instance.key)
  const input = signedInput('instance', covered)
  if (known.has(key, input, instance.signature)) return true
  const good = verify(key, input, instance.signature, standardOf(key, keys))
  if (good) known.keep(key, input, instance.signature)
  return good
}

/** Contents of an INSTANCE parameter over `covered`, 96 bytes: key ‖ signature. */
export function signInstance(instance: Identity, covered: Uint8Array): Uint8Array {
  return concat(instance.publicKey.bytes, instance.sign(signedInput('instance', covered)))
}

/** The same over a signed object; remembered, as the object is. */
export function countersign(instance: Identity, object: Uint8Array): Uint8Array {
  const input = signedInput('instance', object)
  const signature = instance.sign(input)
  known.keep(instance.publicKey, input, signature)
  return concat(instance.publicKey.bytes, signature)
}

/** Ledgers and instances have keys of the standard kinds, whichever identities may have: `keys` only computes them. */
function standardOf(key: PublicKey, keys: KeyAlgorithms): KeyAlgorithms {
  return kindOf(key, KEY_ALGORITHMS) === undefined || kindOf(key, keys) === undefined ? KEY_ALGORITHMS : keys
}

/** Instance keys are always Ed25519: HI algorithm 13, curve label 1 (RFC 9374 §3.4.1). */
function instancePublicKey(key: Uint8Array): PublicKey {
  return { algorithm: 13, label: 1, bytes: concat(key) }
}
