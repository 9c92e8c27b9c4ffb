// Real processes before one file ledger: racing, and killed in the middle of whatever they did (MOVING §1).

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { openReceipt } from '../../src/core/moving/receipt.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { FileLedger } from '../../src/ledger/file.ts'
import { decodeVersion, type VersionFile } from '../../src/ledger/version-file.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { claim, HOST_A, seeded, X } from '../support/actors.ts'
import { Child } from '../support/children.ts'

const HOST_A_SEED = '2'
let folder = ''
let children: Child[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sojourn-crash-'))
  children = []
})

afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()))
  rmSync(folder, { recursive: true, force: true })
})

function spawn(mode: string): Child {
  const child = new Child('ledger-child', [mode, folder, HOST_A_SEED])
  children.push(child)
  return child
}

const records = () => join(folder, toHex(hitBytes(X.hit)))
const versionNames = () =>
  readdirSync(records())
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .sort()

function chain(): VersionFile[] {
  return versionNames().map((name) => {
    const version = decodeVersion(new Uint8Array(readFileSync(join(records(), name))))
    if (isMalformed(version)) throw new Error(`${name}: ${version.malformed}`)
    return version
  })
}

describe('processes that are killed with −9 while they claim', () => {
  it('leave every version whole, no hole, epochs that rise, and one receipt an epoch', async () => {
    const prng = new Prng(11)
    const activated: string[] = []
    for (let round = 0; round < 3; round++) {
      const gang = [0, 1, 2, 3].map(() => spawn('hammer'))
      await Promise.all(
        gang.map(async (child) => {
          await child.said(1 + prng.below(6))
          await child.kill()
        }),
      )
      for (const { lines } of gang) {
        expect(lines.filter(({ failed }) => failed !== undefined)).toEqual([])
        for (const { started, incarnation } of lines) {
          if (typeof started === 'number') activated.push(`${started} ${String(incarnation)}`)
        }
      }
    }

    const versions = chain()
    expect(versions.length).toBeGreaterThan(20)
    const receipts = new Map<number, string>()
    for (const [index, { record }] of versions.entries()) {
      const before = versions[index - 1]?.record
      expect(record.version).toBe(index + 1)
      const isClaim = record.epoch !== before?.epoch
      if (isClaim) expect(record.epoch).toBeGreaterThan(before?.epoch ?? 0)
      else expect(record.activated?.epoch).toBe(record.epoch)
      if (record.activated === undefined) continue
      const receipt = openReceipt(record.activated.receipt)
      if (typeof receipt === 'string') throw new Error(receipt)
      const { epoch, incarnation } = receipt
      expect(receipts.get(epoch) ?? toHex(incarnation)).toBe(toHex(incarnation))
      receipts.set(epoch, toHex(incarnation))
    }
    // What a process was told is in the chain for ever.
    const known = [...receipts].map(([epoch, incarnation]) => `${epoch} ${incarnation}`)
    expect(known).toEqual(expect.arrayContaining(activated))
    expect(new Set(activated).size).toBe(activated.length)

    const ledger = new FileLedger({ folder, entropy: seeded(1) })
    expect(await ledger.read(X.hit)).toMatchObject({ version: versions.length })
    expect(readdirSync(records()).filter((name) => name.startsWith('.tmp'))).toEqual([])
    console.info(`${versions.length} versions, ${receipts.size} activations, ${activated.length} told of, 12 kills`)
  })
})

describe('processes that start the same identity at once', () => {
  it('are one that starts, and three that are told which one', async () => {
    const gang = [0, 1, 2, 3].map(() => spawn('hold'))
    await Promise.all(gang.map((child) => child.said(1)))
    for (const child of gang) child.tell('go\n')
    const results = await Promise.all(gang.map((child) => child.said(2)))
    expect(results.filter((line) => line?.started !== undefined)).toHaveLength(1)
    expect(results.filter((line) => line?.refused === 'alive')).toHaveLength(3)
    const winner = gang.find(({ lines }) => lines[1]?.started !== undefined)
    const ledger = new FileLedger({ folder, entropy: seeded(1) })
    const epoch = ((await ledger.read(X.hit))?.epoch ?? 0) + 1
    const refused = await ledger.claim(claim({ host: HOST_A, epoch }))
    expect(refused).toMatchObject({ refused: 'alive', detail: expect.stringContaining(String(winner?.pid)) })

    // A crashed one restarts by itself, without anybody's word.
    await winner?.kill()
    expect((await ledger.claim(claim({ host: HOST_A, epoch }))).refused).toBeUndefined()
  })

  it('agree on the key of a ledger that none of them has seen before', async () => {
    const keys = await Promise.all([0, 1, 2, 3].map(async () => (await spawn('key').said(1))?.key))
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
  })
})
