// Whereabouts: the signed record of where an identity is (MOVING §8, §10). Signed by the identity, and again by the instance
// key of the start it speaks of, so that a former host cannot send peers astray; with the ledger's receipt for that start.
// Outer form: CBOR [object, key ‖ signature], where the second is over "sojourn instance 1\0" ‖ object.

import { addressBytes, addressText, type Locator } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { type Hit, hitBytes, hitOf, hitText, isFlatHit } from '../../crypto/hit.ts'
import { type Identity, type PublicKey, samePublicKey } from '../../crypto/identity.ts'
import type { KeyAlgorithms } from '../../crypto/key-algorithm.ts'
import type { Start } from '../../crypto/keymat.ts'
import { KEY_ALGORITHMS } from '../../crypto/public-key.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { decodeSigned, decodeWhereabouts, encodeSigned, encodeWhereabouts } from '../../wire/object.ts'
import {
  countersign,
  type DelegationChain,
  type ReceiptFault,
  signedBy,
  signObject,
  verifyInstance,
  verifyReceipt,
} from './receipt.ts'
import type { LedgerRecord } from './record.ts'

/** How long whereabouts are worth trying without looking again: a hint, never a rule. */
export const WHEREABOUTS_LIFETIME_SECONDS = 3_600
/** Longest accepted, and most locators and rendezvous each. */
export const WHEREABOUTS_BYTES_MAX = 4_096
const PLACES_MAX = 16
const INSTANCE_KEY_BYTES = 32

/** What a running identity says of itself. */
export interface WhereaboutsDraft {
  readonly identity: Identity
  readonly instance: Identity
  readonly start: Start
  /** Rises with every change within an epoch. */
  readonly version: number
  readonly locators: readonly Locator[]
  readonly ledger: PublicKey
  readonly receipt: Uint8Array
}

/** Whereabouts that have been checked. */
export interface VerifiedWhereabouts {
  readonly key: PublicKey
  readonly hit: Hit
  readonly start: Start
  readonly version: number
  readonly locators: readonly Locator[]
  readonly rendezvous: readonly Hit[]
  readonly ledgerKey: PublicKey
  readonly lifetimeSeconds: number
  readonly receipt: Uint8Array
}

/** What a reader knows already: whose whereabouts, and, if it does, the full key and the pinned ledger. */
export interface WhereaboutsExpectation {
  readonly hit: Hit
  readonly key?: PublicKey | undefined
  readonly pinned?: PublicKey | undefined
  readonly chain?: DelegationChain
  /** The kinds of key that the identity may have; by default the standard ones. */
  readonly keys?: KeyAlgorithms
}

/** Those of a receipt, or: the instance key is not the one of the start. */
export type WhereaboutsFault = ReceiptFault | 'not-instance'

/** Signs whereabouts twice. */
export function buildWhereabouts(draft: WhereaboutsDraft): Uint8Array {
  const { identity, start } = draft
  const payload = encodeWhereabouts({
    key: identity.publicKey,
    hit: hitBytes(identity.hit),
    epoch: start.epoch,
    incarnation: start.incarnation,
    version: draft.version,
    locators: draft.locators.slice(0, PLACES_MAX).map((locator) => {
      const address = addressBytes(locator.address)
      assert(address !== undefined, `locator address ${locator.address}`)
      return { address, port: locator.port }
    }),
    rendezvous: [],
    ledger: draft.ledger,
    lifetimeSeconds: WHEREABOUTS_LIFETIME_SECONDS,
    receipt: draft.receipt,
  })
  const object = signObject('whereabouts', payload, identity)
  return encodeSigned({ payload: object, signature: countersign(draft.instance, object) })
}

/** Believes whereabouts signed by the identity and by the instance that the ledger's receipt names; else says why not. */
export function verifyWhereabouts(
  bytes: Uint8Array,
  expected: WhereaboutsExpectation,
): VerifiedWhereabouts | WhereaboutsFault {
  const { hit, chain, keys } = expected
  if (bytes.length > WHEREABOUTS_BYTES_MAX) return 'malformed'
  const twice = decodeSigned(bytes)
  if (isMalformed(twice)) return 'malformed'
  const object = decodeSigned(twice.payload)
  if (isMalformed(object)) return 'malformed'
  const said = decodeWhereabouts(object.payload)
  if (isMalformed(said) || said.locators.length > PLACES_MAX || said.rendezvous.length > PLACES_MAX) return 'malformed'
  if (!equalBytes(said.hit, hitBytes(hit))) return 'other-identity'
  if (!signedBy('whereabouts', object, said.key, chain, keys)) return 'forged'
  if (hitOf(said.key) !== hit) return 'other-identity'
  if (expected.key !== undefined && !samePublicKey(expected.key, said.key)) return 'other-identity'
  const start = { epoch: said.epoch, incarnation: said.incarnation }
  const receipt = verifyReceipt(said.receipt, { hit, start, pinned: expected.pinned, ...(chain && { chain }) })
  if (typeof receipt === 'string') return receipt
  if (said.ledger === undefined || !samePublicKey(said.ledger, receipt.ledgerKey)) return 'other-ledger'
  const key = twice.signature.subarray(0, INSTANCE_KEY_BYTES)
  const signature = twice.signature.subarray(INSTANCE_KEY_BYTES)
  if (!verifyInstance({ key, signature }, twice.payload, start)) return 'not-instance'
  if (!said.rendezvous.every(isFlatHit)) return 'malformed'
  return {
    key: said.key,
    hit,
    start,
    version: said.version,
    locators: said.locators.map(({ address, port }) => ({ address: addressText(address), port })),
    rendezvous: said.rendezvous.map(hitText),
    ledgerKey: receipt.ledgerKey,
    lifetimeSeconds: said.lifetimeSeconds,
    receipt: said.receipt,
  }
}

/** Whose whereabouts these claim to be, before anything is checked: which record to look at. */
export function whereaboutsHit(bytes: Uint8Array): Hit | undefined {
  if (bytes.length > WHEREABOUTS_BYTES_MAX) return undefined
  const twice = decodeSigned(bytes)
  const object = isMalformed(twice) ? twice : decodeSigned(twice.payload)
  const said = isMalformed(object) ? object : decodeWhereabouts(object.payload)
  return isMalformed(said) || !isFlatHit(said.hit) ? undefined : hitText(said.hit)
}

/** Whereabouts a ledger may keep: by its own receipt, and of the start that was activated last. */
export function admitWhereabouts(
  bytes: Uint8Array,
  record: LedgerRecord | undefined,
  ledger: PublicKey,
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): VerifiedWhereabouts | undefined {
  if (record?.activated === undefined) return undefined
  const verified = verifyWhereabouts(bytes, { hit: record.hit, key: record.key, pinned: ledger, keys })
  if (typeof verified === 'string') return undefined
  const { epoch, incarnation } = record.activated
  const current = verified.start.epoch === epoch && equalBytes(verified.start.incarnation, incarnation)
  return current ? verified : undefined
}

/** Orders whereabouts of one identity: the epoch decides, then the version; time never does. Above 0: `a` is newer. */
export function compareWhereabouts(
  a: { readonly start: Start; readonly version: number },
  b: { readonly start: Start; readonly version: number },
): number {
  return a.start.epoch - b.start.epoch || a.version - b.version
}
