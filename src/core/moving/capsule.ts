// The capsule's outer form (MOVING §7): a header in the clear that is authenticated twice, by the sealing and by the grant;
// the sealed bytes; and the grant, which signs their hash. The sealing itself is done between the halves here, by whoever
// has it. Nothing is decoded before everything that can be checked without opening it has been.

import { assert } from '../../base/assert.ts'
import { compareBytes, equalBytes } from '../../base/bytes.ts'
import { type Algorithms, STANDARD } from '../../crypto/algorithms.ts'
import { sha256 } from '../../crypto/hash.ts'
import { type Hit, hitBytes, hitOf, hitText, isFlatHit } from '../../crypto/hit.ts'
import { Identity, type PublicKey, publicKeyFrom } from '../../crypto/identity.ts'
import type { KeyAlgorithms } from '../../crypto/key-algorithm.ts'
import { KEY_ALGORITHMS } from '../../crypto/public-key.ts'
import { wipe } from '../../crypto/secret.ts'
import { isMalformed, type Malformed, malformed } from '../../wire/malformed.ts'
import {
  type CborValue,
  decodeCbor,
  decodeGrant,
  decodeSigned,
  encodeCbor,
  encodeGrant,
  type Grant,
} from '../../wire/object.ts'
import { EPOCH_MAX } from './fields.ts'
import { type FrozenAssociation, type FrozenState, forgetFrozen } from './frozen.ts'
import { decodeState, encodeState } from './frozen-codec.ts'
import { mayLive } from './frozen-streams-codec.ts'
import { type DelegationChain, signedBy, signObject } from './receipt.ts'

/**
 * The version written here, and those read: release N opens the capsules of N − 1, and N − 1 those of N, so a new field is
 * read for one whole release before the next one writes it.
 */
export const CAPSULE_VERSION = 2
export const CAPSULE_VERSIONS: readonly number[] = [1, 2]
/** Largest capsule, sealed or not. */
export const CAPSULE_BYTES_MAX: number = 64 * 1024 * 1024
/** Longest offer id of a READY. */
const OFFER_BYTES_MAX = 32

/** What anybody may read of a capsule. */
export interface CapsuleHeader {
  readonly version: number
  /** How it is sealed: a number of whoever seals. */
  readonly suite: number
  readonly hit: Hit
  /** The epoch that was frozen: the base of what is resumed. */
  readonly epoch: number
  /** HPKE's number of the KEM. */
  readonly kem: number
  /** The host it is sealed to. */
  readonly recipient: Hit
  /** The offer id of the READY whose one-time key it is sealed to; empty: the host's long-term key. */
  readonly offer: Uint8Array
}

/** Everything needed to seal: AAD and plaintext. */
export interface PreparedCapsule {
  readonly plaintext: Uint8Array
  readonly aad: Uint8Array
}

/** What turns sealed bytes into a capsule: who grants, to whom. */
export interface CapsuleGrant {
  readonly host: Identity
  /** The full key of the host it goes to; `header.recipient` is its HIT. */
  readonly to: PublicKey
  readonly purpose: 'move' | 'replace'
}

/** A capsule whose grant has been checked, not yet unsealed. */
export interface ReadCapsule {
  readonly header: CapsuleHeader
  readonly aad: Uint8Array
  readonly sealed: Uint8Array
  /** The signed grant, to be shown to the ledger. */
  readonly grant: Uint8Array
  readonly granted: Grant
}

/** What was frozen, and the identity that it names. */
export interface UnsealedCapsule {
  readonly frozen: FrozenState
  readonly identity: Identity
}

export type CapsuleFault =
  | 'malformed'
  | 'other-version'
  | 'too-large'
  | 'forged' // the grant's signature does not fit
  | 'edited' // header or sealed bytes are not those the grant was signed for
  | 'not-yours' // sealed and granted to another host

/**
 * The bytes to seal and what they are bound to. 'too-large' is for the user: state and unread datagrams must shrink. Whatever
 * comes out has been read back once, because a capsule that cannot be opened is a lost process.
 */
export function prepareCapsule(
  state: FrozenState,
  header: CapsuleHeader,
  algorithms: Algorithms = STANDARD,
): PreparedCapsule | 'too-large' {
  const plaintext = encodeState(state)
  if (plaintext.length > CAPSULE_BYTES_MAX / 2) {
    wipe(plaintext)
    return 'too-large'
  }
  const again = readState(plaintext, header, algorithms)
  assert(!isMalformed(again), `a capsule reads back: ${isMalformed(again) ? again.malformed : ''}`)
  forgetFrozen(again)
  return { plaintext, aad: encodeCbor(headerFields(header)) }
}

/** Puts the sealed bytes and their grant together: the whole capsule. From here on the process may only start by claim. */
export function finishCapsule(header: CapsuleHeader, sealed: Uint8Array, by: CapsuleGrant): Uint8Array {
  // Nobody could read another, and the process would be neither here nor there.
  assert(hitOf(by.to) === header.recipient, 'a capsule is granted to the host that it is sealed to')
  const grant = encodeGrant({
    from: by.host.publicKey,
    hit: hitBytes(header.hit),
    epoch: header.epoch,
    to: by.to,
    sealedHash: sha256(sealed),
    purpose: by.purpose,
  })
  return encodeCapsule(header, sealed, signObject('grant', grant, by.host))
}

/** CBOR of the header's fields, the sealed bytes and the signed grant. */
export function encodeCapsule(header: CapsuleHeader, sealed: Uint8Array, grant: Uint8Array): Uint8Array {
  return encodeCbor([...headerFields(header), sealed, grant])
}

/**
 * Reads a capsule as far as it can be read by anybody: framing, then the grant's signature, then that header and sealed bytes
 * are the granted ones. Whether the grant counts, the ledger decides.
 */
export function readCapsule(
  bytes: Uint8Array,
  chain: DelegationChain = [],
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): ReadCapsule | CapsuleFault {
  if (bytes.length > CAPSULE_BYTES_MAX) return 'too-large'
  const value = decodeCbor(bytes, { bytes: CAPSULE_BYTES_MAX, depth: 1 })
  if (isMalformed(value) || !Array.isArray(value)) return 'malformed'
  const header = readHeader(value)
  if (typeof header === 'string') return header
  const [sealed, grant, ...rest] = value.slice(HEADER_FIELDS)
  if (!(sealed instanceof Uint8Array) || !(grant instanceof Uint8Array) || rest.length > 0) return 'malformed'
  const granted = readGrant(grant, chain, keys)
  if (typeof granted === 'string') return granted
  const fits =
    equalBytes(granted.hit, hitBytes(header.hit)) &&
    granted.epoch === header.epoch &&
    hitOf(granted.to) === header.recipient &&
    equalBytes(granted.sealedHash, sha256(sealed))
  if (!fits) return 'edited'
  return { header, aad: encodeCbor(headerFields(header)), sealed, grant, granted }
}

/** Reads a capsule that is meant for this host; what is left is to unseal it and to call `decodeCapsule`. */
export function openCapsule(
  bytes: Uint8Array,
  host: Hit,
  chain: DelegationChain = [],
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): ReadCapsule | CapsuleFault {
  const capsule = readCapsule(bytes, chain, keys)
  if (typeof capsule === 'string') return capsule
  return capsule.header.recipient === host ? capsule : 'not-yours'
}

/** What an unsealed capsule holds, if it is the one the header speaks of and `algorithms` has all that it names. */
export function decodeCapsule(
  plaintext: Uint8Array,
  header: CapsuleHeader,
  algorithms: Algorithms = STANDARD,
): UnsealedCapsule | Malformed {
  const frozen = readState(plaintext, header, algorithms)
  if (isMalformed(frozen)) return frozen
  const identity = Identity.fromSecret(frozen.identity.algorithm, frozen.identity.secret, algorithms)
  const other = identity.hit !== header.hit
  if (!other && frozen.associations.every((association) => haveBegun(association, header.hit)))
    return { frozen, identity }
  identity.destroy()
  forgetFrozen(frozen)
  return malformed(other ? 'identity of another HIT' : 'stream that was never opened, or is over', 0)
}

function haveBegun({ streams, peerKey }: FrozenAssociation, own: Hit): boolean {
  return streams === undefined || mayLive(streams, compareBytes(hitBytes(own), hitBytes(hitOf(peerKey))) > 0)
}

function readState(plaintext: Uint8Array, header: CapsuleHeader, algorithms: Algorithms): FrozenState | Malformed {
  const value = decodeCbor(plaintext, { bytes: CAPSULE_BYTES_MAX, depth: 8 })
  if (isMalformed(value)) return value
  const state = decodeState(value, header.version, algorithms)
  if (isMalformed(state)) return state
  return state.epoch === header.epoch ? state : malformed('state of another epoch', 0)
}

const HEADER_FIELDS = 7

function headerFields(header: CapsuleHeader): readonly CborValue[] {
  const { version, suite, hit, epoch, kem, recipient, offer } = header
  return [version, suite, hitBytes(hit), epoch, kem, hitBytes(recipient), offer]
}

function readHeader(value: readonly CborValue[]): CapsuleHeader | 'malformed' | 'other-version' {
  const [version, suite, hit, epoch, kem, recipient, offer] = value
  if (!isNumber(version, 1, 0xffff)) return 'malformed'
  // Another version may look different from here on.
  if (!CAPSULE_VERSIONS.includes(version)) return 'other-version'
  if (!isNumber(suite, 0, 0xffff) || !isNumber(epoch, 1, EPOCH_MAX) || !isNumber(kem, 0, 0xffff)) return 'malformed'
  if (!isHit(hit) || !isHit(recipient)) return 'malformed'
  if (!(offer instanceof Uint8Array) || offer.length > OFFER_BYTES_MAX) return 'malformed'
  return { version, suite, hit: hitText(hit), epoch, kem, recipient: hitText(recipient), offer }
}

function readGrant(bytes: Uint8Array, chain: DelegationChain, keys: KeyAlgorithms): Grant | 'malformed' | 'forged' {
  const object = decodeSigned(bytes)
  if (isMalformed(object)) return 'malformed'
  const grant = decodeGrant(object.payload)
  if (isMalformed(grant)) return 'malformed'
  const to = publicKeyFrom(grant.to.algorithm, grant.to.label, grant.to.bytes, keys)
  if (to === undefined) return 'malformed'
  return signedBy('grant', object, grant.from, chain, keys) ? grant : 'forged'
}

function isNumber(value: CborValue | undefined, min: number, max: number): value is number {
  return typeof value === 'number' && value >= min && value <= max
}

function isHit(value: CborValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array && isFlatHit(value)
}
