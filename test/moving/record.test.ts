// The ledger's rules, each with the attack it is there against (MOVING §1, §9).

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EPOCH_MAX } from '../../src/core/moving/fields.ts'
import { openReceipt, verifyReceipt } from '../../src/core/moving/receipt.ts'
import { applyActivate, applyClaim, type LedgerRecord } from '../../src/core/moving/record.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import {
  activate,
  claim,
  flipped,
  grant,
  HOST_A,
  HOST_B,
  HOST_C,
  heldByA,
  identity,
  incarnation,
  LEDGER,
  mustActivate,
  mustClaim,
  X,
} from '../support/actors.ts'

const claimRefused = (record: LedgerRecord | undefined, request: ReturnType<typeof claim>) =>
  applyClaim(record, request).refused

describe('a record that does not exist yet', () => {
  it('is created by a claim that the identity signs too', () => {
    const record = mustClaim(undefined, claim({ host: HOST_A, epoch: 1, as: X }))
    expect(record).toMatchObject({ hit: X.hit, epoch: 1, activated: undefined, version: 1 })
    expect(record.holder).toEqual(HOST_A.publicKey)
  })

  it('may begin at the epoch after the highest receipt seen', () => {
    expect(mustClaim(undefined, claim({ host: HOST_A, epoch: 8, as: X })).epoch).toBe(8)
  })

  it('is not created by a host alone, by another identity, or by a signature under another payload', () => {
    expect(claimRefused(undefined, claim({ host: HOST_A, epoch: 1 }))).toBe('unsigned')
    expect(claimRefused(undefined, claim({ host: HOST_A, epoch: 1, as: HOST_C }))).toBe('other-key')
    const other = claim({ host: HOST_A, epoch: 2, as: X })
    expect(claimRefused(undefined, { ...claim({ host: HOST_A, epoch: 1 }), identity: other.identity })).toBe('forged')
  })

  it('cannot be activated', () => {
    expect(applyActivate(undefined, activate(HOST_A, 1, 1), LEDGER, 0).refused).toBe('unknown')
  })
})

describe('a record that was never activated', () => {
  const record = mustClaim(undefined, claim({ host: HOST_A, epoch: 1, as: X }))

  it('moves to another host by the word of the identity', () => {
    expect(mustClaim(record, claim({ host: HOST_B, epoch: 2, as: X })).holder).toEqual(HOST_B.publicKey)
  })

  it('does not move without it, not even to the host that claimed', () => {
    expect(claimRefused(record, claim({ host: HOST_A, epoch: 2 }))).toBe('unsigned')
    expect(claimRefused(record, claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1) }))).toBe('unsigned')
  })
})

describe('a claim on an activated record', () => {
  const held = heldByA()

  it('is the right of the host activated last', () => {
    expect(mustClaim(held, claim({ host: HOST_A, epoch: 2 }))).toMatchObject({ epoch: 2, version: 3 })
  })

  it('is the right of whoever that host granted this epoch to', () => {
    const record = mustClaim(held, claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1) }))
    expect(record.holder).toEqual(HOST_B.publicKey)
  })

  it('does not follow from the key of X, which every former host has', () => {
    const moved = mustActivate(
      mustClaim(held, claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1) })),
      activate(HOST_B, 2, 2),
    )
    expect(claimRefused(moved, claim({ host: HOST_A, epoch: 3, as: X }))).toBe('not-holder')
    expect(claimRefused(moved, claim({ host: HOST_C, epoch: 3, as: X }))).toBe('not-holder')
    expect(claimRefused(moved, claim({ host: HOST_A, epoch: 3, as: X, grant: grant(X, HOST_A, 2) }))).toBe(
      'wrong-grant',
    )
  })

  it('cannot lock the identity out: epochs end at 2^32 − 1', () => {
    expect(claimRefused(held, claim({ host: HOST_A, epoch: EPOCH_MAX + 1, as: X }))).toBeDefined()
    expect(claimRefused(held, claim({ host: HOST_A, epoch: Number.MAX_SAFE_INTEGER, as: X }))).toBeDefined()
    expect(claimRefused(held, claim({ host: HOST_C, epoch: EPOCH_MAX, as: X }))).toBe('not-holder')
  })

  it.each([
    ['another epoch', grant(HOST_A, HOST_B, 2)],
    ['another host', grant(HOST_A, HOST_C, 1)],
    ['another identity', grant(HOST_A, HOST_B, 1, { hit: hitBytes(HOST_C.hit) })],
    ['an association of this identity', grant(HOST_A, HOST_B, 1, { hit: new Uint8Array(32) })],
    ['a host that is not the one activated last', grant(HOST_C, HOST_B, 1)],
    ['the right host by another key', grant(HOST_A, HOST_B, 1, {}, HOST_C)],
    ['nothing that can be read', new Uint8Array([1, 2, 3])],
    ['the right epoch, one bit flipped', flipped(grant(HOST_A, HOST_B, 1), 400)],
  ])('is refused with a grant for %s', (_, wrong) => {
    expect(claimRefused(held, claim({ host: HOST_B, epoch: 2, grant: wrong }))).toBe('wrong-grant')
  })

  it('is refused with a wrong grant even to the host that would have needed none', () => {
    expect(claimRefused(held, claim({ host: HOST_A, epoch: 2, grant: grant(HOST_A, HOST_A, 3) }))).toBe('wrong-grant')
  })

  it('looks at the last activated entry, however many claims were never activated', () => {
    const toB = grant(HOST_A, HOST_B, 1)
    let record = held
    for (let epoch = 2; epoch < 8; epoch += 2) {
      record = mustClaim(record, claim({ host: HOST_B, epoch, grant: toB }))
      record = mustClaim(record, claim({ host: HOST_A, epoch: epoch + 1 }))
    }
    expect(record).toMatchObject({ epoch: 7, activated: { epoch: 1 } })
    // A claimed last and never activated: B is not shut out, and a bystander is not let in.
    expect(claimRefused(record, claim({ host: HOST_C, epoch: 8, grant: grant(HOST_A, HOST_B, 1) }))).toBe('wrong-grant')
    expect(claimRefused(record, claim({ host: HOST_B, epoch: 8, grant: grant(HOST_A, HOST_B, 7) }))).toBe('wrong-grant')
    const after = mustActivate(mustClaim(record, claim({ host: HOST_B, epoch: 8, grant: toB })), activate(HOST_B, 8, 2))
    // The old grant is spent, and so is A.
    expect(claimRefused(after, claim({ host: HOST_B, epoch: 9, grant: toB }))).toBe('wrong-grant')
    expect(claimRefused(after, claim({ host: HOST_A, epoch: 9 }))).toBe('not-holder')
    expect(after.activated).toMatchObject({ epoch: 8, previous: 1 })
  })

  it('must be for a later epoch than any claimed', () => {
    const claimed = mustClaim(held, claim({ host: HOST_A, epoch: 5, nonce: 1 }))
    for (const epoch of [1, 4, 5]) expect(claimRefused(claimed, claim({ host: HOST_A, epoch, nonce: 2 }))).toBe('stale')
    expect(claimRefused(claimed, claim({ host: HOST_A, epoch: 6, nonce: 2 }))).toBeUndefined()
  })

  it('is answered again, unchanged, when it is repeated, and only then', () => {
    const request = claim({ host: HOST_A, epoch: 2, nonce: 7 })
    const claimed = mustClaim(held, request)
    expect(mustClaim(claimed, request)).toBe(claimed)
    const activated = mustActivate(claimed, activate(HOST_A, 2, 2))
    expect(mustClaim(activated, request)).toBe(activated)
    const later = mustClaim(activated, claim({ host: HOST_A, epoch: 3, nonce: 8 }))
    expect(claimRefused(later, request)).toBe('stale')
  })

  it('is not taken from an activation, nor an activation from a claim', () => {
    expect(claimRefused(held, { claim: activate(HOST_A, 2, 2), identity: undefined })).toBe('forged')
    const claimed = mustClaim(held, claim({ host: HOST_A, epoch: 2 }))
    expect(applyActivate(claimed, claim({ host: HOST_A, epoch: 2 }).claim, LEDGER, 0).refused).toBe('forged')
  })

  it('never throws and never passes when any of its bits is flipped', () => {
    const request = claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1) })
    fc.assert(
      fc.property(fc.nat(request.claim.length * 8 - 1), (bit) => {
        const refused = claimRefused(held, { ...request, claim: flipped(request.claim, bit) })
        expect(['malformed', 'forged']).toContain(refused)
      }),
      { numRuns: 300 },
    )
  })

  it('is refused for a record of another identity', () => {
    expect(claimRefused(held, claim({ host: HOST_A, epoch: 2, of: HOST_C }))).toBe('malformed')
  })
})

describe('an activation', () => {
  const claimed = mustClaim(heldByA(), claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1) }))

  it('gives a receipt for exactly this epoch, host and incarnation, by the ledger', () => {
    const reply = applyActivate(claimed, activate(HOST_B, 2, 9), LEDGER, 77)
    if (reply.refused !== undefined) throw new Error(reply.refused)
    const start = { epoch: 2, incarnation: incarnation(9) }
    const receipt = verifyReceipt(reply.receipt, { hit: X.hit, start, pinned: LEDGER.publicKey })
    expect(receipt).toMatchObject({ epoch: 2, timeMs: 77, host: hitBytes(HOST_B.hit) })
  })

  it('is for the holder of the claimed epoch alone', () => {
    expect(applyActivate(claimed, activate(HOST_A, 2, 9), LEDGER, 0).refused).toBe('lost')
    expect(applyActivate(claimed, activate(HOST_B, 3, 9), LEDGER, 0).refused).toBe('lost')
  })

  it('happens once an epoch: the same incarnation gets the same receipt, another none', () => {
    const first = applyActivate(claimed, activate(HOST_B, 2, 9), LEDGER, 1)
    if (first.refused !== undefined) throw new Error(first.refused)
    const again = applyActivate(first.record, activate(HOST_B, 2, 9), LEDGER, 2)
    expect(again).toEqual({ record: first.record, receipt: first.receipt })
    expect(applyActivate(first.record, activate(HOST_B, 2, 10), LEDGER, 3).refused).toBe('used')
  })

  it('is answered again even after a later claim, and refused once the later claim is activated', () => {
    const first = mustActivate(claimed, activate(HOST_B, 2, 9))
    const later = mustClaim(first, claim({ host: HOST_B, epoch: 3, nonce: 3 }))
    expect(applyActivate(later, activate(HOST_B, 2, 9), LEDGER, 0)).toMatchObject({ receipt: first.activated?.receipt })
    const last = mustActivate(later, activate(HOST_B, 3, 10))
    expect(applyActivate(last, activate(HOST_B, 2, 9), LEDGER, 0).refused).toBe('lost')
  })

  it('is lost when another host has claimed meanwhile', () => {
    const overtaken = mustClaim(claimed, claim({ host: HOST_A, epoch: 3 }))
    expect(applyActivate(overtaken, activate(HOST_B, 2, 9), LEDGER, 0).refused).toBe('lost')
  })

  it('needs an incarnation', () => {
    const payloadless = claim({ host: HOST_B, epoch: 2 })
    expect(applyActivate(claimed, payloadless.claim, LEDGER, 0).refused).toBe('forged')
  })
})

describe('a ledger of any history', () => {
  it('has rising versions and epochs, and at most one receipt an epoch', () => {
    const hosts = [HOST_A, HOST_B, HOST_C, identity(9)]
    const host = fc.integer({ min: 0, max: 3 })
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('claim'),
        host,
        ahead: fc.integer({ min: -1, max: 3 }),
        to: host,
        sign: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant('activate'),
        host,
        ahead: fc.integer({ min: -1, max: 0 }),
        to: host,
        sign: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 24 }), (actions) => {
        let record: LedgerRecord | undefined
        const receipts = new Map<number, string>()
        for (const [index, { kind, host: by, ahead, to, sign }] of actions.entries()) {
          const actor = hosts[by] ?? HOST_A
          const epoch = Math.max(1, (record?.epoch ?? 0) + ahead)
          const from = hosts[to] ?? HOST_A
          const shown = sign ? {} : { grant: grant(from, actor, record?.activated?.epoch ?? 1) }
          const reply =
            kind === 'claim'
              ? applyClaim(record, claim({ host: actor, epoch, nonce: index, as: X, ...shown }))
              : applyActivate(record, activate(actor, epoch, index), LEDGER, index)
          if (reply.refused !== undefined) continue
          const before = record
          record = reply.record
          expect(record.version).toBe((before?.version ?? 0) + 1)
          if (kind === 'claim') expect(record.epoch).toBeGreaterThan(before?.epoch ?? 0)
          if (kind === 'activate') {
            const receipt = openReceipt(record.activated?.receipt ?? new Uint8Array(0))
            expect(receipt).toMatchObject({ epoch })
            expect(receipts.has(epoch)).toBe(false)
            receipts.set(epoch, String(index))
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})
