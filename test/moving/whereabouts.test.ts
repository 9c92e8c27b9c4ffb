// Whereabouts: signed twice, so that neither a former host nor a copied receipt can send peers astray (MOVING §8, §9).

import { describe, expect, it } from 'vitest'
import { signObject, signReceipt } from '../../src/core/moving/receipt.ts'
import {
  admitWhereabouts,
  buildWhereabouts,
  compareWhereabouts,
  verifyWhereabouts,
  type WhereaboutsDraft,
  whereaboutsHit,
} from '../../src/core/moving/whereabouts.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import {
  activate,
  claim,
  flipped,
  HOST_A,
  HOST_C,
  heldByA,
  incarnation,
  instance,
  LEDGER,
  mustActivate,
  mustClaim,
  X,
} from '../support/actors.ts'

const start = { epoch: 3, incarnation: incarnation(1) }
const draft: WhereaboutsDraft = {
  identity: X,
  instance: instance(1),
  start,
  version: 7,
  locators: [
    { address: '192.0.2.1', port: 10_500 },
    { address: '2001:db8::1', port: 10_501 },
  ],
  ledger: LEDGER.publicKey,
  receipt: receiptFor(start),
}
const bytes = buildWhereabouts(draft)
const expected = { hit: X.hit, key: X.publicKey, pinned: LEDGER.publicKey }

function receiptFor({ epoch, incarnation: of }: typeof start): Uint8Array {
  const host = hitBytes(HOST_A.hit)
  const fields = { ledger: LEDGER.publicKey, hit: hitBytes(X.hit), epoch, host, incarnation: of, timeMs: 1 }
  return signReceipt(fields, LEDGER)
}

describe('whereabouts', () => {
  it('say where an identity is, to whoever knows its HIT', () => {
    expect(verifyWhereabouts(bytes, { hit: X.hit })).toMatchObject({
      start,
      version: 7,
      locators: draft.locators,
      lifetimeSeconds: 3_600,
      ledgerKey: LEDGER.publicKey,
    })
    expect(whereaboutsHit(bytes)).toBe(X.hit)
  })

  it.each([
    ['other-identity', 'of another HIT', { ...expected, hit: HOST_A.hit }],
    ['other-identity', 'of another key with this HIT', { ...expected, key: HOST_A.publicKey }],
    ['other-ledger', 'by another ledger than the pinned one', { ...expected, pinned: HOST_C.publicKey }],
  ])('are refused as %s: %s', (why, _, other) => {
    expect(verifyWhereabouts(bytes, other)).toBe(why)
  })

  it('by a former host, which has the identity key and a copied receipt, are refused', () => {
    expect(verifyWhereabouts(buildWhereabouts({ ...draft, instance: instance(2) }), expected)).toBe('not-instance')
  })

  it('by the instance alone, without the identity, are refused', () => {
    expect(verifyWhereabouts(buildWhereabouts({ ...draft, identity: HOST_C }), { ...expected, key: undefined })).toBe(
      'other-identity',
    )
  })

  it('with a receipt for another start are refused', () => {
    const receipt = receiptFor({ ...start, epoch: 2 })
    expect(verifyWhereabouts(buildWhereabouts({ ...draft, receipt }), expected)).toBe('other-epoch')
  })

  it('that name another ledger than their receipt are refused', () => {
    expect(verifyWhereabouts(buildWhereabouts({ ...draft, ledger: HOST_C.publicKey }), expected)).toBe('other-ledger')
  })

  it('signed once only are malformed', () => {
    expect(verifyWhereabouts(signObject('whereabouts', new Uint8Array(3), X), expected)).toBe('malformed')
  })

  it('are refused with any bit flipped and any tail cut off', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      expect(typeof verifyWhereabouts(flipped(bytes, bit), expected)).toBe('string')
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(verifyWhereabouts(bytes.subarray(0, length), expected)).toBe('malformed')
      expect(whereaboutsHit(bytes.subarray(0, length))).toBeUndefined()
    }
    expect(verifyWhereabouts(new Uint8Array(5_000), expected)).toBe('malformed')
  })

  it('are ordered by epoch first and version second', () => {
    const at = (epoch: number, version: number) => ({ start: { ...start, epoch }, version })
    expect(compareWhereabouts(at(2, 1), at(1, 99))).toBeGreaterThan(0)
    expect(compareWhereabouts(at(2, 1), at(2, 2))).toBeLessThan(0)
    expect(compareWhereabouts(at(2, 1), at(2, 1))).toBe(0)
  })

  it('are kept by a ledger only if they are of the start activated last', () => {
    const record = heldByA()
    const activated = record.activated
    if (activated === undefined) throw new Error('not activated')
    const current = { epoch: activated.epoch, incarnation: activated.incarnation }
    const kept = buildWhereabouts({ ...draft, start: current, receipt: activated.receipt })
    expect(admitWhereabouts(kept, record, LEDGER.publicKey)).toMatchObject({ version: 7 })
    expect(admitWhereabouts(kept, undefined, LEDGER.publicKey)).toBeUndefined()
    expect(admitWhereabouts(kept, record, HOST_C.publicKey)).toBeUndefined()
    const later = mustActivate(mustClaim(record, claim({ host: HOST_A, epoch: 2 })), activate(HOST_A, 2, 9))
    expect(admitWhereabouts(kept, later, LEDGER.publicKey)).toBeUndefined()
  })
})
