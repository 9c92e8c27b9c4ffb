// The ledger in files: what is on the disk, what is refused, and what damage does (MOVING §1, §10).

import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { buildWhereabouts } from '../../src/core/moving/whereabouts.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Chain } from '../../src/ledger/chain.ts'
import { FileLedger } from '../../src/ledger/file.ts'
import { Folder } from '../../src/ledger/folder.ts'
import { LedgerError } from '../../src/ledger/interface.ts'
import { LedgerKey } from '../../src/ledger/key-file.ts'
import { activate, claim, grant, HOST_A, HOST_B, incarnation, instance, seeded, X } from '../support/actors.ts'

let root = ''
let folder = ''
let records = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sojourn-ledger-'))
  folder = join(root, 'home', 'ledger')
  records = join(folder, toHex(hitBytes(X.hit)))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

let seed = 1
const open = () => new FileLedger({ folder, entropy: seeded(seed++), now: () => 1_000 })
const version = (number: number) => number.toString(16).padStart(16, '0')
const takingOver = (epoch: number) => ({ ...claim({ host: HOST_A, epoch, nonce: epoch, as: X }), takeOver: true })

async function start(ledger: FileLedger, epoch: number): Promise<Uint8Array> {
  const claimed = await ledger.claim(takingOver(epoch))
  if (claimed.refused !== undefined) throw new Error(claimed.refused)
  const reply = await ledger.activate(activate(HOST_A, epoch, epoch))
  if (reply.refused !== undefined) throw new Error(reply.refused)
  return reply.receipt
}

/** What X says of where it is, in the start of that epoch. */
async function whereabouts(ledger: FileLedger, epoch: number, receipt: Uint8Array, number = 1): Promise<Uint8Array> {
  return buildWhereabouts({
    identity: X,
    instance: instance(epoch),
    start: { epoch, incarnation: incarnation(epoch) },
    version: number,
    locators: [],
    ledger: await ledger.key(),
    receipt,
  })
}

async function failure(action: Promise<unknown>): Promise<LedgerError> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof LedgerError)) throw new Error(`no LedgerError: ${String(error)}`)
  expect(error.message).not.toContain('\n')
  return error
}

describe('a ledger in files', () => {
  it('does not use a folder that others can write', async () => {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o777)
    expect(await failure(open().key())).toMatchObject({ code: 'exposed' })
    chmodSync(folder, 0o755)
    expect(await open().key()).toBeDefined()
  })

  it('writes a file a version, 0600 in 0700 whatever the umask, and leaves nothing else', async () => {
    const umask = process.umask(0)
    try {
      await start(open(), 1)
    } finally {
      process.umask(umask)
    }
    expect(readdirSync(records).sort()).toEqual([version(1), version(2)])
    expect(readdirSync(folder).sort()).toEqual([toHex(hitBytes(X.hit)), 'ledger.pem'].sort())
    for (const path of [folder, records]) expect(statSync(path).mode & 0o777).toBe(0o700)
    for (const path of [join(records, version(1)), join(folder, 'ledger.pem')]) {
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }
  })

  it('makes no folder for a question', async () => {
    expect(await open().read(X.hit)).toBeUndefined()
    expect(readdirSync(root)).toEqual([])
  })

  it('has the same key, records and answers after it is opened again', async () => {
    const first = open()
    const receipt = await start(first, 1)
    const second = open()
    expect((await second.key()).bytes).toEqual((await first.key()).bytes)
    expect(await second.read(X.hit)).toEqual(await first.read(X.hit))
    const again = await second.activate(activate(HOST_A, 1, 1))
    expect(again.refused === undefined && toHex(again.receipt)).toBe(toHex(receipt))
    expect(await second.claim(takingOver(1))).toMatchObject({ record: { version: 2 } })
    expect(readdirSync(records)).toHaveLength(2)
  })

  it('lets one of two claims at once win, and the other decide again on what won', async () => {
    const ledgers = [open(), open(), open(), open()]
    const replies = await Promise.all(
      ledgers.map((ledger, index) => ledger.claim(claim({ host: HOST_A, epoch: 1, nonce: index, as: X }))),
    )
    expect(replies.filter(({ refused }) => refused === undefined)).toHaveLength(1)
    expect(replies.filter(({ refused }) => refused === 'stale')).toHaveLength(3)
    expect(readdirSync(records)).toEqual([version(1)])
  })

  it('agrees on one key when several make it at once', async () => {
    const keys = await Promise.all([open(), open(), open()].map(async (ledger) => toHex((await ledger.key()).bytes)))
    expect(new Set(keys).size).toBe(1)
  })

  it('sweeps temporary files of processes that have died, and leaves those of the living', async () => {
    await start(open(), 1)
    const dead = '.tmp-4194304-0123456789abcdef-00'
    const reused = `.tmp-${process.pid}-0123456789abcdef-00`
    for (const name of [dead, reused, '.tmp-other']) writeFileSync(join(records, name), 'half')
    expect(await open().read(X.hit)).toMatchObject({ version: 2 })
    expect(readdirSync(records).sort()).toEqual(['.tmp-other', version(1), version(2)])
  })

  it('keeps the newest whereabouts only', async () => {
    const ledger = open()
    const receipt = await start(ledger, 1)
    for (const number of [1, 3, 2]) await ledger.publish(await whereabouts(ledger, 1, receipt, number))
    await ledger.publish(new Uint8Array(5))
    const third = await whereabouts(ledger, 1, receipt, 3)
    expect(await open().find(X.hit)).toEqual(third)
    expect(readdirSync(records).filter((name) => name.startsWith('whereabouts'))).toEqual([
      `whereabouts-00000001-${version(3)}`,
    ])
    writeFileSync(join(records, `whereabouts-00000001-${version(3)}`), third.subarray(1))
    const error = await failure(open().find(X.hit))
    expect([error.code, error.message]).toEqual(['damaged', expect.stringContaining(version(3))])
  })
})

describe('a start that is alive', () => {
  it('keeps a second one out that shows no grant, and says which process it is', async () => {
    await start(open(), 1)
    const reply = await open().claim(claim({ host: HOST_A, epoch: 2, nonce: 9 }))
    expect(reply).toMatchObject({ refused: 'alive', detail: expect.stringContaining(String(process.pid)) })
    expect(readdirSync(records)).toHaveLength(2)
  })

  it('does not keep out a grant, a take-over, or a start after an orderly end', async () => {
    const ledger = open()
    await start(ledger, 1)
    const granted = claim({ host: HOST_B, epoch: 2, nonce: 1, grant: grant(HOST_A, HOST_B, 1) })
    expect((await open().claim(granted)).refused).toBeUndefined()
    expect((await open().claim(takingOver(3))).refused).toBeUndefined()
    await ledger.release(X.hit, 1)
    expect((await open().claim(claim({ host: HOST_A, epoch: 4, nonce: 4 }))).refused).toBeUndefined()
    await ledger.activate(activate(HOST_A, 4, 4))
    expect((await open().claim(claim({ host: HOST_A, epoch: 5, nonce: 5 }))).refused).toBe('alive')
    await ledger.release(X.hit, 4)
    expect(readdirSync(records).filter((name) => name.startsWith('ended'))).toEqual(['ended-00000004'])
  })
})

describe('a damaged ledger', () => {
  it('says so, and never goes back to an older version, whichever byte is cut off or changed', async () => {
    await start(open(), 1)
    await start(open(), 2)
    const newest = join(records, version(4))
    const whole = readFileSync(newest)
    const ledger = open()
    for (let at = 0; at < whole.length; at++) {
      writeFileSync(newest, whole.subarray(0, at))
      const cut = await failure(ledger.read(X.hit))
      expect([cut.code, cut.message]).toEqual(['damaged', expect.stringContaining(newest)])
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(newest, changed)
      expect((await failure(ledger.read(X.hit))).code).toBe('damaged')
    }
    writeFileSync(newest, Buffer.concat([whole, Buffer.from([0])]))
    expect((await failure(ledger.claim(takingOver(3)))).code).toBe('damaged')
    expect((await failure(ledger.activate(activate(HOST_A, 2, 2)))).code).toBe('damaged')
    expect(readdirSync(records)).toHaveLength(4)
    writeFileSync(newest, whole)
    expect(await ledger.read(X.hit)).toMatchObject({ version: 4, epoch: 2 })
  })

  it('says which version is missing, misplaced or no file', async () => {
    await start(open(), 1)
    const second = join(records, version(2))
    const bytes = readFileSync(second)
    rmSync(join(records, version(1)))
    expect((await failure(open().read(X.hit))).message).toContain(version(1))
    writeFileSync(join(records, version(1)), bytes)
    writeFileSync(join(records, version(3)), bytes)
    expect((await failure(open().read(X.hit))).message).toContain('belongs elsewhere')
    rmSync(join(records, version(3)))
    mkdirSync(join(records, version(3)))
    expect((await failure(open().read(X.hit))).code).toBe('unavailable')
    rmSync(join(records, version(3)), { recursive: true })
    writeFileSync(join(records, 'ffffffffffffffff'), bytes)
    expect((await failure(open().read(X.hit))).message).toContain(version(3))
  })

  it('does not use a key that is damaged or that others can read', async () => {
    await open().key()
    const path = join(folder, 'ledger.pem')
    chmodSync(path, 0o640)
    expect(await failure(open().key())).toMatchObject({ code: 'exposed', message: expect.stringContaining(path) })
    chmodSync(path, 0o600)
    writeFileSync(path, readFileSync(path).subarray(0, 40))
    expect(await failure(open().activate(activate(HOST_A, 1, 1)))).toMatchObject({ code: 'damaged' })
  })

  it('draws no second key where the first is missing and records are left, and takes the first when it is back', async () => {
    const first = open()
    const receipt = await start(first, 1)
    const path = join(folder, 'ledger.pem')
    const key = readFileSync(path)
    rmSync(path)
    const ledger = open()
    const error = await failure(ledger.key())
    expect([error.code, error.message]).toEqual(['damaged', expect.stringContaining(`${path} is missing`)])
    expect(error.message).toContain(records)
    expect((await failure(ledger.claim(takingOver(2)))).code).toBe('damaged')
    expect((await failure(ledger.activate(activate(HOST_A, 1, 1)))).code).toBe('damaged')
    // What is left of a record will do.
    await first.publish(await whereabouts(first, 1, receipt))
    for (const number of [1, 2]) renameSync(join(records, version(number)), join(root, version(number)))
    expect((await failure(open().key())).code).toBe('damaged')
    for (const number of [1, 2]) renameSync(join(root, version(number)), join(records, version(number)))
    expect(readdirSync(folder)).toEqual([toHex(hitBytes(X.hit))])
    writeFileSync(path, key, { mode: 0o600 })
    expect(await ledger.key()).toEqual(await first.key())
    expect((await ledger.claim(takingOver(2))).refused).toBeUndefined()
  })

  it.each(['ended', 'whereabouts'])(
    'gives no older record where %s is left of a start whose version is gone, and goes on when that is back',
    async (left) => {
      const first = open()
      await start(first, 1)
      const receipt = await start(first, 2)
      if (left === 'ended') await first.release(X.hit, 2)
      else await first.publish(await whereabouts(first, 2, receipt))
      expect(await open().read(X.hit)).toMatchObject({ version: 4 })
      let ledger = open()
      for (const number of [4, 3, 2, 1]) {
        ledger = open()
        renameSync(join(records, version(number)), join(root, version(number)))
        const there = readdirSync(records)
        const error = await failure(ledger.read(X.hit))
        expect([error.code, error.message]).toEqual([
          'damaged',
          expect.stringContaining(join(records, version(number))),
        ])
        expect(error.message).toContain(`${left}-00000002`)
        expect((await failure(open().claim(takingOver(3)))).code).toBe('damaged')
        expect(readdirSync(records)).toEqual(there)
      }
      for (const number of [1, 2, 3, 4]) renameSync(join(root, version(number)), join(records, version(number)))
      expect(await ledger.read(X.hit)).toMatchObject({ version: 4 })
    },
  )

  it('is unavailable where no folder can be made', async () => {
    writeFileSync(join(root, 'home'), 'a file in the way')
    const error = await failure(open().claim(takingOver(1)))
    expect([error.code, error.message]).toEqual(['unavailable', expect.stringContaining(folder)])
  })
})

describe('a ledger that nothing is missing of', () => {
  it('is taken as it is with a claim that nobody has activated, after an end and whereabouts', async () => {
    const ledger = open()
    const receipt = await start(ledger, 1)
    await ledger.publish(await whereabouts(ledger, 1, receipt))
    await ledger.release(X.hit, 1)
    for (const epoch of [2, 3]) await ledger.claim(takingOver(epoch))
    expect(await open().read(X.hit)).toMatchObject({ version: 4, epoch: 3, activated: { epoch: 1 } })
    await ledger.activate(activate(HOST_A, 3, 3))
    expect(await open().read(X.hit)).toMatchObject({ version: 5, activated: { epoch: 3 } })
  })

  it('has the key of whoever came between two looks and has left a record', async () => {
    await start(open(), 1)
    const late = join(root, 'late')
    class Late extends Folder {
      override names(): readonly string[] {
        cpSync(folder, late, { recursive: true })
        return super.names()
      }
    }
    const key = new LedgerKey(new Late(late, seeded(90), async () => ({ pid: 1, started: '' })), seeded(91))
    expect((await key.identity()).publicKey).toEqual(await open().key())
  })

  it('has a key drawn where there are other files, and folders with nothing in them', async () => {
    mkdirSync(records, { recursive: true, mode: 0o700 })
    mkdirSync(join(folder, 'others'))
    writeFileSync(join(records, '.tmp-4194304-0123456789abcdef-00'), 'half')
    writeFileSync(join(folder, 'others', version(1)), 'other')
    expect(await open().key()).toBeDefined()
  })

  it('is read whole by a listing that is older than what is in it', async () => {
    await start(open(), 1)
    const ledger = open()
    await start(ledger, 2)
    await ledger.release(X.hit, 2)
    class Old extends Folder {
      override names(): readonly string[] {
        return super.names().filter((name) => name !== version(3) && name !== version(4))
      }
    }
    const chain = new Chain(new Old(records, seeded(92), async () => ({ pid: 1, started: '' })), X.hit)
    expect((await chain.newest())?.record).toMatchObject({ version: 4 })
  })
})
