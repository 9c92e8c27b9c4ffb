// The ledger in memory keeps the rules of record.ts and nothing but the newest (MOVING §1, §8).

import { describe, expect, it } from 'vitest'
import { buildWhereabouts } from '../../src/core/moving/whereabouts.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { activate, claim, HOST_A, HOST_B, incarnation, instance, LEDGER, X } from '../support/actors.ts'

async function started(ledger: MemoryLedger, epoch: number, seed: number): Promise<Uint8Array> {
  await ledger.claim(claim({ host: HOST_A, epoch, nonce: epoch, as: X }))
  const reply = await ledger.activate(activate(HOST_A, epoch, seed))
  if (reply.refused !== undefined) throw new Error(reply.refused)
  return reply.receipt
}

function whereabouts(epoch: number, seed: number, version: number, receipt: Uint8Array): Uint8Array {
  const start = { epoch, incarnation: incarnation(seed) }
  const ledger = LEDGER.publicKey
  return buildWhereabouts({ identity: X, instance: instance(seed), start, version, locators: [], ledger, receipt })
}

describe('a ledger in memory', () => {
  it('claims and activates, and refuses as the rules say', async () => {
    const ledger = new MemoryLedger({ identity: LEDGER, now: () => 5 })
    expect(await ledger.read(X.hit)).toBeUndefined()
    await started(ledger, 1, 1)
    expect(await ledger.read(X.hit)).toMatchObject({ version: 2, activated: { epoch: 1 } })
    expect(await ledger.claim(claim({ host: HOST_B, epoch: 2, as: X }))).toMatchObject({ refused: 'not-holder' })
    expect(await ledger.activate(activate(HOST_A, 1, 2))).toMatchObject({ refused: 'used' })
    expect(await ledger.claim({ claim: new Uint8Array(3), identity: undefined })).toMatchObject({
      refused: 'malformed',
    })
    expect((await ledger.key()).bytes).toEqual(LEDGER.publicKey.bytes)
  })

  it('keeps the newest whereabouts of the start activated last', async () => {
    const ledger = new MemoryLedger({ identity: LEDGER })
    const first = await started(ledger, 1, 1)
    const older = whereabouts(1, 1, 1, first)
    const newer = whereabouts(1, 1, 2, first)
    await ledger.publish(newer)
    await ledger.publish(older)
    await ledger.publish(new Uint8Array(9))
    expect(await ledger.find(X.hit)).toEqual(newer)
    const second = await started(ledger, 2, 2)
    await ledger.publish(whereabouts(1, 1, 3, first))
    expect(await ledger.find(X.hit)).toEqual(newer)
    const latest = whereabouts(2, 2, 1, second)
    await ledger.publish(latest)
    expect(await ledger.find(X.hit)).toEqual(latest)
  })
})
