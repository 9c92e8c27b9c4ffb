// READY, a target host's signed offer (MOVING, Words; §7, §10): a one-time key to seal one capsule to, for one identity.

import { type Hit, hitBytes, hitText, isFlatHit } from '../../crypto/hit.ts'
import { type Identity, type PublicKey, publicKeyFrom } from '../../crypto/identity.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { decodeReady, decodeSigned, encodeReady } from '../../wire/object.ts'
import { CAPSULE_BYTES_MAX, CAPSULE_VERSION, CAPSULE_VERSIONS } from './capsule.ts'
import { type DelegationChain, signedBy, signObject } from './receipt.ts'

/** How long a READY holds (MOVING §10). */
export const READY_SECONDS = 60

/** What a host offers. */
export interface ReadyDraft {
  /** Names the one-time key; 1 to 32 bytes. */
  readonly offer: Uint8Array
  readonly hit: Hit
  /** The epoch that will be frozen; 0 if the host was not told. */
  readonly epoch: number
  readonly kem: number
  readonly kemKey: Uint8Array
}

/** An offer whose signature has been checked. */
export interface VerifiedReady extends ReadyDraft {
  readonly host: PublicKey
  readonly byteLimit: number
  readonly lifetimeSeconds: number
}

export type ReadyFault =
  | 'malformed'
  | 'forged'
  | 'other-identity' // offered for somebody else
  | 'other-epoch' // offered for an earlier or later start
  | 'other-version' // the host cannot open what we write

/** Signs an offer by the host that makes it. */
export function signReady(draft: ReadyDraft, host: Identity): Uint8Array {
  const payload = encodeReady({
    ...draft,
    hit: hitBytes(draft.hit),
    host: host.publicKey,
    versions: CAPSULE_VERSIONS,
    byteLimit: CAPSULE_BYTES_MAX,
    lifetimeSeconds: READY_SECONDS,
  })
  return signObject('ready', payload, host)
}

/** Believes an offer for this identity and epoch, signed by the host it names; else says why not. */
export function verifyReady(
  bytes: Uint8Array,
  hit: Hit,
  epoch: number,
  chain: DelegationChain = [],
): VerifiedReady | ReadyFault {
  const object = decodeSigned(bytes)
  if (isMalformed(object)) return 'malformed'
  const ready = decodeReady(object.payload)
  if (isMalformed(ready)) return 'malformed'
  const host = publicKeyFrom(ready.host.algorithm, ready.host.label, ready.host.bytes)
  if (host === undefined || ready.offer.length === 0 || !isFlatHit(ready.hit)) return 'malformed'
  if (!signedBy('ready', object, host, chain)) return 'forged'
  if (hitText(ready.hit) !== hit) return 'other-identity'
  if (ready.epoch !== 0 && ready.epoch !== epoch) return 'other-epoch'
  if (!ready.versions.includes(CAPSULE_VERSION)) return 'other-version'
  return { ...ready, hit, host }
}
