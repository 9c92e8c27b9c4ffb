// The ledger's rules, pure, so that every kind of ledger and the simulator decide alike (MOVING §1). A record says who may
// start an identity. It moves only by the hand of the host that was last *activated*, or by that host's grant for exactly that
// epoch, however many claims were made and never activated in between. The identity's own key, of which every former host
// has a copy, creates a record and never moves one.

import { equalBytes } from '../../base/bytes.ts'
import { type Hit, hitBytes, hitOf, hitText, isFlatHit } from '../../crypto/hit.ts'
import { type Identity, type PublicKey, samePublicKey, verify } from '../../crypto/identity.ts'
import type { KeyAlgorithms } from '../../crypto/key-algorithm.ts'
import { KEY_ALGORITHMS } from '../../crypto/public-key.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { decodeClaim, decodeGrant, decodeSigned, signedInput } from '../../wire/object.ts'
import { EPOCH_MAX, INCARNATION_BYTES } from './fields.ts'
import { type DelegationChain, openObject, signedBy, signReceipt } from './receipt.ts'

/** The one linearizable record of an identity. Plain data. */
export interface LedgerRecord {
  readonly hit: Hit
  /** The identity's full key: a second key with the same HIT never shares a record. */
  readonly key: PublicKey
  /** The highest epoch claimed, and who claimed it. */
  readonly epoch: number
  readonly holder: PublicKey
  /** Of the last claim: the same one again gets the same answer. */
  readonly nonce: Uint8Array
  readonly activated: Activation | undefined
  /** Hosts that may claim once the lease ran out, and its length in ms. Empty and 0 until leases exist. */
  readonly successors: readonly PublicKey[]
  readonly leaseMs: number
  /** 1 for the first, and one more with every change. */
  readonly version: number
}

/** The last start that was activated. */
export interface Activation {
  readonly epoch: number
  readonly host: PublicKey
  readonly incarnation: Uint8Array
  /** The epoch that was activated before this one; 0 if none: tells a used capsule from an older one. */
  readonly previous: number
  /** The signed receipt, given again to whoever asks again. */
  readonly receipt: Uint8Array
}

/** What a host asks of the ledger first. */
export interface ClaimRequest {
  /** Signed object `claim` by the host (MOVING §10). */
  readonly claim: Uint8Array
  /** The identity's own signature over the same payload: needed until something has been activated. */
  readonly identity: { readonly key: PublicKey; readonly signature: Uint8Array } | undefined
  /** Start although an earlier start on this host seems to be alive: only for a ledger that can tell. */
  readonly takeOver?: boolean
}

export type ClaimRefusal =
  | 'malformed'
  | 'forged' // a signature does not fit
  | 'unsigned' // the identity must sign too, and did not
  | 'other-key' // the record belongs to another key with this HIT
  | 'not-holder' // neither the host last activated nor its grant
  | 'wrong-grant' // forged, for another epoch, another host, another identity, or not by the host last activated
  | 'stale' // the epoch is not above the record's
  | 'epoch-limit'
  | 'alive' // an earlier start on this host is still running

export type ActivateRefusal =
  | 'malformed'
  | 'forged'
  | 'unknown' // nothing was ever claimed
  | 'lost' // somebody has claimed since
  | 'used' // this epoch has been activated by another incarnation

/** Refusals show the record, so that the claimant can decide again without asking again. */
export type ClaimReply =
  | { readonly record: LedgerRecord; readonly refused?: undefined }
  | { readonly refused: ClaimRefusal; readonly record: LedgerRecord | undefined; readonly detail?: string }

export type ActivateReply =
  | { readonly record: LedgerRecord; readonly receipt: Uint8Array; readonly refused?: undefined }
  | { readonly refused: ActivateRefusal; readonly record: LedgerRecord | undefined }

/** Claim and activation in one step: refused as a claim, or answered as an activation. */
export type StartReply =
  | { readonly step: 'claim'; readonly reply: Extract<ClaimReply, { readonly refused: ClaimRefusal }> }
  | { readonly step: 'activate'; readonly reply: ActivateReply }

/** A claim or activate whose host signature has been checked. */
export interface OpenedClaim {
  readonly hit: Hit
  readonly host: PublicKey
  readonly epoch: number
  readonly grant: Uint8Array | undefined
  readonly incarnation: Uint8Array | undefined
  readonly nonce: Uint8Array
  readonly payload: Uint8Array
}

/** Opens a claim or activate; `name` keeps one from passing as the other. */
export function openClaim(
  name: 'claim' | 'activate',
  bytes: Uint8Array,
  chain: DelegationChain = [],
): OpenedClaim | 'malformed' | 'forged' {
  const object = decodeSigned(bytes)
  if (isMalformed(object)) return 'malformed'
  const claim = decodeClaim(object.payload)
  if (isMalformed(claim) || !isFlatHit(claim.hit)) return 'malformed'
  if (!signedBy(name, object, claim.host, chain)) return 'forged'
  const { host, epoch, grant, incarnation, nonce } = claim
  return { hit: hitText(claim.hit), host, epoch, grant, incarnation, nonce, payload: object.payload }
}

/**
 * Decides on a claim. A reply whose record is not the one given is to be stored, as its successor by compare-and-swap; one
 * whose record is the one given repeats an earlier answer. `keys`: the kinds of key that an identity may have.
 */
export function applyClaim(
  record: LedgerRecord | undefined,
  request: ClaimRequest,
  chain: DelegationChain = [],
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): ClaimReply {
  const claim = openClaim('claim', request.claim, chain)
  if (typeof claim === 'string') return { refused: claim, record }
  if (record !== undefined && repeats(record, claim)) return { record }
  const refused = refusal(record, claim, request, chain, keys)
  if (refused !== undefined) return { refused, record }
  const key = record?.key ?? request.identity?.key
  if (key === undefined) return { refused: 'unsigned', record }
  return {
    record: {
      hit: claim.hit,
      key,
      epoch: claim.epoch,
      holder: claim.host,
      nonce: claim.nonce,
      activated: record?.activated,
      successors: record?.successors ?? [],
      leaseMs: record?.leaseMs ?? 0,
      version: (record?.version ?? 0) + 1,
    },
  }
}

/**
 * Decides on an activation; `request` is a signed object `activate`. The receipt is signed here, once: the same incarnation
 * asking again gets the same bytes, even when somebody has claimed since, because it did hold the epoch.
 */
export function applyActivate(
  record: LedgerRecord | undefined,
  request: Uint8Array,
  ledger: Identity,
  timeMs: number,
  chain: DelegationChain = [],
): ActivateReply {
  const claim = openClaim('activate', request, chain)
  if (typeof claim === 'string') return { refused: claim, record }
  const { incarnation, epoch, host } = claim
  if (incarnation?.length !== INCARNATION_BYTES) return { refused: 'malformed', record }
  if (record === undefined) return { refused: 'unknown', record }
  const { activated } = record
  if (activated?.epoch === epoch && samePublicKey(activated.host, host)) {
    if (!equalBytes(activated.incarnation, incarnation)) return { refused: 'used', record }
    return { record, receipt: activated.receipt }
  }
  if (record.epoch !== epoch || !samePublicKey(record.holder, host)) return { refused: 'lost', record }
  const receipt = signReceipt(
    { ledger: ledger.publicKey, hit: hitBytes(record.hit), epoch, host: hitBytes(hitOf(host)), incarnation, timeMs },
    ledger,
  )
  const next = { epoch, host, incarnation, previous: activated?.epoch ?? 0, receipt }
  return { record: { ...record, activated: next, version: record.version + 1 }, receipt }
}

/**
 * Decides on a claim and on the activation that builds on it as one change: nobody comes in between, and there is no claim
 * without an activation. Both requests name the same epoch. Asked again, it gives the same receipt, as `applyActivate` does.
 */
export function applyStart(
  record: LedgerRecord | undefined,
  request: ClaimRequest,
  activate: Uint8Array,
  ledger: Identity,
  timeMs: number,
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): StartReply {
  const claimed = applyClaim(record, request, [], keys)
  if (claimed.refused === undefined) {
    const reply = applyActivate(claimed.record, activate, ledger, timeMs)
    if (reply.refused !== undefined) return { step: 'activate', reply: { ...reply, record } }
    if (reply.record === record) return { step: 'activate', reply }
    const version = (record?.version ?? 0) + 1
    return { step: 'activate', reply: { ...reply, record: { ...reply.record, version } } }
  }
  // A late copy of a request that has been granted, when others have claimed since.
  const again = claimed.refused === 'stale' ? applyActivate(record, activate, ledger, timeMs) : undefined
  if (again?.refused === undefined && again?.record === record && again !== undefined)
    return { step: 'activate', reply: again }
  return { step: 'claim', reply: claimed }
}

/**
 * What a record will be after a start at `activate`'s host whose claim has that nonce, if it is granted; undefined if there is no
 * such start. Decides nothing: a ledger may write it down, where nobody reads it, so that the decision waits for less.
 */
export function foretellStart(
  record: LedgerRecord,
  nonce: Uint8Array,
  activate: Uint8Array,
  ledger: Identity,
  timeMs: number,
): LedgerRecord | undefined {
  const claim = openClaim('activate', activate)
  if (typeof claim === 'string' || claim.hit !== record.hit || claim.epoch <= record.epoch) return undefined
  const claimed = { ...record, epoch: claim.epoch, holder: claim.host, nonce }
  const reply = applyActivate(claimed, activate, ledger, timeMs)
  return reply.refused === undefined ? reply.record : undefined
}

/** What a claim or activate is about, before anything is checked: which record to look at. */
export function peekClaim(bytes: Uint8Array): { readonly hit: Hit; readonly granted: boolean } | undefined {
  const object = decodeSigned(bytes)
  if (isMalformed(object)) return undefined
  const claim = decodeClaim(object.payload)
  if (isMalformed(claim) || !isFlatHit(claim.hit)) return undefined
  return { hit: hitText(claim.hit), granted: claim.grant !== undefined }
}

function repeats(record: LedgerRecord, claim: OpenedClaim): boolean {
  return (
    record.hit === claim.hit &&
    record.epoch === claim.epoch &&
    samePublicKey(record.holder, claim.host) &&
    equalBytes(record.nonce, claim.nonce)
  )
}

function refusal(
  record: LedgerRecord | undefined,
  claim: OpenedClaim,
  request: ClaimRequest,
  chain: DelegationChain,
  keys: KeyAlgorithms,
): ClaimRefusal | undefined {
  if (record !== undefined && record.hit !== claim.hit) return 'malformed'
  if (claim.epoch < 1 || claim.epoch > EPOCH_MAX) return 'epoch-limit'
  if (record !== undefined && request.identity !== undefined && !samePublicKey(record.key, request.identity.key))
    return 'other-key'
  const unauthorised =
    record?.activated === undefined
      ? identityRefusal(claim, request, keys)
      : authorityRefusal(record.activated, claim, chain)
  if (unauthorised !== undefined) return unauthorised
  return record !== undefined && claim.epoch <= record.epoch ? 'stale' : undefined
}

/** As long as nothing was activated, only the identity itself says who may claim. */
function identityRefusal(
  claim: OpenedClaim,
  { identity }: ClaimRequest,
  keys: KeyAlgorithms,
): ClaimRefusal | undefined {
  if (identity === undefined) return 'unsigned'
  if (!verify(identity.key, signedInput('claim', claim.payload), identity.signature, keys)) return 'forged'
  return hitOf(identity.key) === claim.hit ? undefined : 'other-key'
}

/** A grant that is shown must fit, even if the claimant would not have needed one: that is how a thaw names its base. */
function authorityRefusal(activated: Activation, claim: OpenedClaim, chain: DelegationChain): ClaimRefusal | undefined {
  if (claim.grant === undefined) return samePublicKey(activated.host, claim.host) ? undefined : 'not-holder'
  const opened = openObject('grant', claim.grant, activated.host, chain)
  if (typeof opened === 'string') return 'wrong-grant'
  const grant = decodeGrant(opened.payload)
  if (isMalformed(grant)) return 'wrong-grant'
  const fits =
    equalBytes(grant.hit, hitBytes(claim.hit)) &&
    samePublicKey(grant.from, activated.host) &&
    samePublicKey(grant.to, claim.host) &&
    grant.epoch === activated.epoch
  return fits ? undefined : 'wrong-grant'
}
