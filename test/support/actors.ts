// Who acts in the tests of moving: process X, hosts, a ledger, and the signed objects they make, honest or not.

import { Prng } from '../../src/base/prng.ts'
import { signObject } from '../../src/core/moving/receipt.ts'
import { applyActivate, applyClaim, type ClaimRequest, type LedgerRecord } from '../../src/core/moving/record.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { incarnationOf } from '../../src/crypto/keymat.ts'
import { encodeClaim, encodeGrant, type Grant, signedInput } from '../../src/wire/object.ts'

/** A repeatable source of bytes. */
export function seeded(seed: number): Entropy {
  const prng = new Prng(seed)
  return (length) => prng.bytes(length)
}

/** An identity that is the same in every run. */
export function identity(seed: number): Identity {
  return Identity.generate(seeded(seed))
}

export const X: Identity = identity(1)
export const HOST_A: Identity = identity(2)
export const HOST_B: Identity = identity(3)
export const HOST_C: Identity = identity(4)
export const LEDGER: Identity = identity(5)

export interface ClaimDraft {
  readonly host: Identity
  readonly epoch: number
  readonly grant?: Uint8Array
  readonly nonce?: number
  /** Who signs as the identity; nobody if not given. */
  readonly as?: Identity
  readonly of?: Identity
}

/** A claim on X's record. */
export function claim({ host, epoch, grant, nonce = 0, as, of = X }: ClaimDraft): ClaimRequest {
  const payload = encodeClaim({
    host: host.publicKey,
    hit: hitBytes(of.hit),
    epoch,
    grant,
    incarnation: undefined,
    nonce: new Uint8Array(16).fill(nonce),
  })
  return {
    claim: signObject('claim', payload, host),
    identity: as && { key: as.publicKey, signature: as.sign(signedInput('claim', payload)) },
  }
}

/** An activation of X's record by the instance that `instance` seeds. */
export function activate(host: Identity, epoch: number, instance: number): Uint8Array {
  const payload = encodeClaim({
    host: host.publicKey,
    hit: hitBytes(X.hit),
    epoch,
    grant: undefined,
    incarnation: incarnation(instance),
    nonce: new Uint8Array(16),
  })
  return signObject('activate', payload, host)
}

/** The instance key that `seed` draws, and its incarnation. */
export function instance(seed: number): Identity {
  return identity(0x1000 + seed)
}

export function incarnation(seed: number): Uint8Array {
  return incarnationOf(instance(seed).publicKey.bytes)
}

/** A grant of X from one host to another for an epoch; `by` signs it, `from` if not given. */
export function grant(
  from: Identity,
  to: Identity,
  epoch: number,
  over: Partial<Grant> = {},
  by: Identity = from,
): Uint8Array {
  const payload = encodeGrant({
    from: from.publicKey,
    hit: hitBytes(X.hit),
    epoch,
    to: to.publicKey,
    sealedHash: new Uint8Array(32),
    purpose: 'move',
    ...over,
  })
  return signObject('grant', payload, by)
}

/** A record that A has claimed and activated, epoch 1, instance 1. */
export function heldByA(): LedgerRecord {
  return mustActivate(mustClaim(undefined, claim({ host: HOST_A, epoch: 1, as: X })), activate(HOST_A, 1, 1))
}

export function mustClaim(record: LedgerRecord | undefined, request: ClaimRequest): LedgerRecord {
  const reply = applyClaim(record, request)
  if (reply.refused !== undefined) throw new Error(`claim refused: ${reply.refused}`)
  return reply.record
}

export function mustActivate(record: LedgerRecord, request: Uint8Array): LedgerRecord {
  const reply = applyActivate(record, request, LEDGER, 1_000)
  if (reply.refused !== undefined) throw new Error(`activation refused: ${reply.refused}`)
  return reply.record
}

/** Bytes with one bit flipped. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  const at = Math.floor(bit / 8)
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8))
  return copy
}
