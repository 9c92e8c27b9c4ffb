// Receipts and INSTANCE: each worth something only with the other (MOVING §1, §9).

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import {
  openObject,
  openReceipt,
  signInstance,
  signObject,
  signReceipt,
  verifyInstance,
  verifyReceipt,
} from '../../src/core/moving/receipt.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'
import { flipped, HOST_A, HOST_B, incarnation, instance, LEDGER, seeded, X } from '../support/actors.ts'

const start = { epoch: 3, incarnation: incarnation(1) }
const fields = {
  ledger: LEDGER.publicKey,
  hit: hitBytes(X.hit),
  epoch: 3,
  host: hitBytes(HOST_A.hit),
  incarnation: start.incarnation,
  timeMs: 12_345,
}
const receipt = signReceipt(fields, LEDGER)

describe('a receipt', () => {
  it('is believed for the identity and start it names, and names the ledger', () => {
    const verified = verifyReceipt(receipt, { hit: X.hit, start })
    expect(verified).toMatchObject({ epoch: 3, ledgerKey: LEDGER.publicKey })
    expect(verifyReceipt(receipt, { hit: X.hit, start, pinned: LEDGER.publicKey })).toEqual(verified)
  })

  it('is believed by a ledger with an ECDSA key too', () => {
    const ledger = Identity.generate(seeded(77), 'ecdsa-p256')
    const signed = signReceipt({ ...fields, ledger: ledger.publicKey }, ledger)
    expect(verifyReceipt(signed, { hit: X.hit, start, pinned: ledger.publicKey })).toMatchObject({ epoch: 3 })
  })

  it('by a ledger with a key of a kind that identities alone may have is forged', () => {
    const ledger = Identity.generate(seeded(78), 'ecdsa-p384', conformance)
    const signed = signReceipt({ ...fields, ledger: ledger.publicKey }, ledger)
    expect(verifyReceipt(signed, { hit: X.hit, start, keys: conformance.keys })).toBe('forged')
  })

  it('is believed where identities have no keys of the kind of its ledger', () => {
    const keys = conformance.keys.filter(({ name }) => name === 'rsa')
    expect(verifyReceipt(receipt, { hit: X.hit, start, keys })).toMatchObject({ epoch: 3 })
  })

  it.each([
    ['other-identity', { hit: HOST_A.hit, start }],
    ['other-epoch', { hit: X.hit, start: { ...start, epoch: 4 } }],
    ['other-incarnation', { hit: X.hit, start: { ...start, incarnation: incarnation(2) } }],
    ['other-ledger', { hit: X.hit, start, pinned: HOST_B.publicKey }],
  ])('is refused as %s', (why, expected) => {
    expect(verifyReceipt(receipt, expected)).toBe(why)
  })

  it('by another ledger that names the pinned one is forged', () => {
    expect(verifyReceipt(signReceipt(fields, HOST_B), { hit: X.hit, start })).toBe('forged')
  })

  it('by a ledger with a key that is none is forged, and nothing throws', () => {
    const weak = { algorithm: 13, label: 1, bytes: new Uint8Array(32) }
    const unknown = { algorithm: 99, label: 1, bytes: new Uint8Array(5) }
    for (const ledger of [weak, unknown]) expect(openReceipt(signReceipt({ ...fields, ledger }, LEDGER))).toBe('forged')
  })

  it('is refused with any bit flipped and any tail cut off', () => {
    for (let bit = 0; bit < receipt.length * 8; bit++) {
      expect(typeof verifyReceipt(flipped(receipt, bit), { hit: X.hit, start, pinned: LEDGER.publicKey })).toBe(
        'string',
      )
    }
    for (let length = 0; length < receipt.length; length++) {
      expect(openReceipt(receipt.subarray(0, length))).toBe('malformed')
    }
  })
})

describe('an INSTANCE', () => {
  const covered = utf8('header and smaller parameters')
  const proof = signInstance(instance(1), covered)
  const parts = { key: proof.subarray(0, 32), signature: proof.subarray(32) }

  it('has 96 bytes and proves the start whose incarnation is the hash of its key', () => {
    expect(proof).toHaveLength(96)
    expect(verifyInstance(parts, covered, start)).toBe(true)
  })

  it('by another key proves nothing: a copied receipt stays worthless', () => {
    const forged = signInstance(instance(2), covered)
    expect(verifyInstance({ key: forged.subarray(0, 32), signature: forged.subarray(32) }, covered, start)).toBe(false)
    expect(verifyInstance({ key: parts.key, signature: forged.subarray(32) }, covered, start)).toBe(false)
  })

  it('covers every byte of what it is said to cover', () => {
    for (let bit = 0; bit < covered.length * 8; bit++) {
      expect(verifyInstance(parts, flipped(covered, bit), start)).toBe(false)
    }
  })

  it('of a wrong length proves nothing and throws nothing', () => {
    expect(verifyInstance({ key: new Uint8Array(0), signature: parts.signature }, covered, start)).toBe(false)
    expect(verifyInstance({ key: parts.key, signature: new Uint8Array(63) }, covered, start)).toBe(false)
  })
})

describe('a signed object', () => {
  it('opens under its own name and key only', () => {
    const object = signObject('grant', utf8('payload'), HOST_A)
    expect(openObject('grant', object, HOST_A.publicKey)).toEqual({ payload: utf8('payload') })
    expect(openObject('claim', object, HOST_A.publicKey)).toBe('forged')
    expect(openObject('grant', object, HOST_B.publicKey)).toBe('forged')
    expect(openObject('grant', object.subarray(1), HOST_A.publicKey)).toBe('malformed')
  })
})
