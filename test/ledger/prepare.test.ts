// What a ledger in files writes down for a start before the start is granted: it shows to nobody, decides nothing, and is used for
// exactly that start or not at all (MOVING §1, §10).

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { FileLedger } from '../../src/ledger/file.ts'
import { activate, claim, grant, HOST_A, HOST_B, incarnation, seeded, X } from '../support/actors.ts'

let folder = ''
let records = ''
let time = 1_000

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sojourn-prepare-'))
  records = join(folder, toHex(hitBytes(X.hit)))
  time = 1_000
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

let seed = 1
const open = () => new FileLedger({ folder, entropy: seeded(seed++), now: () => time++ })
const version = (number: number) => number.toString(16).padStart(16, '0')
const unnamed = () => readdirSync(records).filter((name) => name.startsWith('.tmp-'))
const named = () => readdirSync(records).filter((name) => !name.startsWith('.tmp-'))
const nonce = (byte: number) => new Uint8Array(16).fill(byte)
const granted = () => claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1), nonce: 5 })

/** A ledger that has activated X at host A: version 1. */
async function held(): Promise<FileLedger> {
  const ledger = open()
  await ledger.start(claim({ host: HOST_A, epoch: 1, as: X }), activate(HOST_A, 1, 1))
  return ledger
}

describe('what is prepared', () => {
  it('becomes the next version as it is, when the start comes that it was made for', async () => {
    const ledger = await held()
    const request = activate(HOST_B, 2, 2)
    await ledger.prepare(nonce(5), request)
    const [temporary = ''] = unnamed()
    const { ino } = statSync(join(records, temporary))
    let foreseen: Uint8Array | undefined
    const { reply } = await ledger.start(granted(), request, (receipt) => {
      foreseen = receipt
    })
    expect(reply).toMatchObject({ record: { epoch: 2, activated: { incarnation: incarnation(2) } }, receipt: foreseen })
    expect(statSync(join(records, version(2))).ino).toBe(ino)
    expect([named(), unnamed()]).toEqual([[version(1), version(2)], []])
    expect(await open().read(X.hit)).toEqual(reply.record)
  })

  it('is nothing that anybody reads, and no start', async () => {
    const ledger = await held()
    const before = await open().read(X.hit)
    await ledger.prepare(nonce(5), activate(HOST_B, 2, 2))
    expect([await open().read(X.hit), await ledger.read(X.hit), named()]).toEqual([before, before, [version(1)]])
  })

  it('moves nothing for who has no grant', async () => {
    const ledger = await held()
    const request = activate(HOST_B, 2, 2)
    await ledger.prepare(nonce(5), request)
    const { reply } = await ledger.start(claim({ host: HOST_B, epoch: 2, nonce: 5 }), request)
    expect([reply.refused, named()]).toEqual(['not-holder', [version(1)]])
  })

  it.each([
    ['another instance', granted, () => activate(HOST_B, 2, 3), 3],
    ['another claim', () => claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1), nonce: 6 }), undefined, 2],
  ])('is not used for %s', async (_what, request, other, seedOf) => {
    const ledger = await held()
    const prepared = activate(HOST_B, 2, 2)
    await ledger.prepare(nonce(5), prepared)
    const [temporary = ''] = unnamed()
    const { reply } = await ledger.start(request(), other?.() ?? prepared)
    expect(reply.record?.activated?.incarnation).toEqual(incarnation(seedOf))
    expect(unnamed()).toEqual([temporary])
    expect(await open().read(X.hit)).toEqual(reply.record)
  })

  it.each(['one after the other', 'at once'])(
    'starts once of two copies of a process that has it, %s',
    async (when) => {
      await held()
      const request = activate(HOST_B, 2, 2)
      const [a, b] = [open(), open()]
      await a.prepare(nonce(5), request)
      await b.prepare(nonce(5), request)
      const first = a.start(granted(), request)
      if (when !== 'at once') await first
      const answers = await Promise.all([first, b.start(granted(), request)])
      expect(answers.map(({ reply }) => reply.refused).sort()).toEqual(['used', undefined])
      // Who has had an answer gets it again, should it have been lost; who has not, never.
      const again = await Promise.all([a, b].map((ledger) => ledger.start(granted(), request)))
      expect(again.map(({ reply }) => reply.refused)).toEqual(answers.map(({ reply }) => reply.refused))
    },
  )

  it('loses to whoever started in between', async () => {
    const ledger = await held()
    const request = activate(HOST_B, 2, 2)
    await ledger.prepare(nonce(5), request)
    await open().start({ ...claim({ host: HOST_A, epoch: 2, nonce: 9 }), takeOver: true }, activate(HOST_A, 2, 9))
    const { reply } = await ledger.start(granted(), request)
    expect(reply.refused).toBeDefined()
    expect((await ledger.read(X.hit))?.activated?.incarnation).toEqual(incarnation(9))
  })

  it('is taken back, and made anew when the start comes after all', async () => {
    const ledger = await held()
    const request = activate(HOST_B, 2, 2)
    const takeBack = await ledger.prepare(nonce(5), request)
    takeBack?.()
    takeBack?.()
    expect(unnamed()).toEqual([])
    expect((await ledger.start(granted(), request)).reply.refused).toBeUndefined()
    expect([named(), unnamed()]).toEqual([[version(1), version(2)], []])
  })

  it('gives way to what is prepared next', async () => {
    const ledger = await held()
    const takeBack = await ledger.prepare(nonce(5), activate(HOST_B, 2, 2))
    await ledger.prepare(nonce(5), activate(HOST_B, 2, 3))
    takeBack?.()
    expect(unnamed()).toHaveLength(1)
    const { reply } = await ledger.start(granted(), activate(HOST_B, 2, 3))
    expect([reply.refused, unnamed()]).toEqual([undefined, []])
  })

  it('is not missed when somebody has swept it away', async () => {
    const ledger = await held()
    const request = activate(HOST_B, 2, 2)
    await ledger.prepare(nonce(5), request)
    for (const name of unnamed()) rmSync(join(records, name))
    expect((await ledger.start(granted(), request)).reply.refused).toBeUndefined()
    expect(named()).toEqual([version(1), version(2)])
  })

  it('is nothing where the ledger knows no such identity, or the epoch is over', async () => {
    const ledger = open()
    await ledger.prepare(nonce(5), activate(HOST_B, 2, 2))
    await ledger.start(claim({ host: HOST_A, epoch: 1, as: X }), activate(HOST_A, 1, 1))
    await ledger.prepare(nonce(5), activate(HOST_B, 1, 2))
    await ledger.prepare(nonce(5), new Uint8Array(3))
    expect([named(), unnamed()]).toEqual([[version(1)], []])
  })
})
