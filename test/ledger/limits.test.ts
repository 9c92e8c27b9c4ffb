// Every limit of src/ledger, crossed: at the limit it is taken, one more is not.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { hitText } from '../../src/crypto/hit.ts'
import { Chain } from '../../src/ledger/chain.ts'
import * as limits from '../../src/ledger/config.ts'
import { FileLedger } from '../../src/ledger/file.ts'
import { Folder } from '../../src/ledger/folder.ts'
import { decodeVersion, encodeVersion, type VersionFile } from '../../src/ledger/version-file.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { claim, HOST_A, heldByA, seeded, X } from '../support/actors.ts'
import { strewnLimits } from '../support/strewn-limits.ts'
import { temporaryFolder } from '../support/temporary.ts'

afterEach(() => vi.restoreAllMocks())

const root = temporaryFolder()
let folders = 0
const open = (): FileLedger =>
  new FileLedger({ folder: join(root, `${folders++}`), entropy: seeded(folders), now: () => 1_000 })

const isRead = (file: VersionFile): boolean => !isMalformed(decodeVersion(encodeVersion(file)))

/** Whether a version file is read that has so many of something. */
function holds(of: (count: number) => Partial<VersionFile['record']>): (count: number) => boolean {
  return (count) => isRead({ record: { ...heldByA(), ...of(count) }, runner: undefined })
}

/** It is read at the limit, and not beyond. */
function crossed(max: number, taken: (count: number) => boolean): void {
  expect([taken(max), taken(max + 1)]).toEqual([true, false])
}

const CROSSINGS: Readonly<Record<keyof typeof limits, () => void | Promise<void>>> = {
  VERSION_FILE_BYTES_MAX: () => {
    const said = (length: number): string => {
      const read = decodeVersion(new Uint8Array(length))
      return isMalformed(read) ? read.malformed : 'read'
    }
    crossed(limits.VERSION_FILE_BYTES_MAX, (length) => !said(length).includes(`of ${length} bytes`))
  },
  NONCE_BYTES_MAX: () =>
    crossed(
      limits.NONCE_BYTES_MAX,
      holds((length) => ({ nonce: new Uint8Array(length) })),
    ),
  RECEIPT_BYTES_MAX: () => {
    const { activated } = heldByA()
    if (activated === undefined) throw new Error('A has activated')
    crossed(
      limits.RECEIPT_BYTES_MAX,
      holds((length) => ({ activated: { ...activated, receipt: new Uint8Array(length) } })),
    )
  },
  STARTED_BYTES_MAX: () =>
    crossed(limits.STARTED_BYTES_MAX, (length) =>
      isRead({ record: heldByA(), runner: { pid: 1, started: 'x'.repeat(length) } }),
    ),
  SUCCESSORS_MAX: () =>
    crossed(
      limits.SUCCESSORS_MAX,
      holds((length) => ({ successors: Array.from({ length }, () => X.publicKey) })),
    ),
  RACES_MAX: async () => {
    const lost = vi.spyOn(Chain.prototype, 'append').mockResolvedValue(false)
    const claimed = open().claim(claim({ host: HOST_A, epoch: 1, as: X }))
    await expect(claimed).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('too busy') })
    expect(lost).toHaveBeenCalledTimes(limits.RACES_MAX)
  },
  CREATE_TRIES_MAX: async () => {
    const path = join(root, 'swept')
    let swept = 0
    const sweeping = (length: number): Uint8Array => {
      rmSync(path, { recursive: true, force: true })
      swept++
      return new Uint8Array(length)
    }
    const folder = new Folder(path, sweeping, async () => ({ pid: 1, started: '' }))
    await expect(folder.create('a', new Uint8Array(1))).rejects.toThrow('temporary files vanish')
    expect(swept).toBe(limits.CREATE_TRIES_MAX)
  },
  CHAINS_MAX: async () => {
    const ledger = open()
    const looks = vi.spyOn(Folder.prototype, 'sweep')
    const hit = (number: number) => hitText(Uint8Array.of(0x20, 1, 0, 0x21, ...new Uint8Array(10), number >> 8, number))
    // Only what has no chain yet is looked at from the beginning.
    const looked = async (number: number): Promise<boolean> => {
      const before = looks.mock.calls.length
      await ledger.read(hit(number))
      return looks.mock.calls.length > before
    }
    for (let number = 0; number < limits.CHAINS_MAX; number++) await looked(number)
    expect(await looked(limits.CHAINS_MAX)).toBe(true)
    expect(await looked(0)).toBe(true)
    expect(await looked(limits.CHAINS_MAX)).toBe(false)
  },
}

test.each(Object.entries(CROSSINGS))('%s is crossed', (_limit, cross) => cross())

test('no limit of the ledger stands elsewhere', () => {
  expect(Object.keys(CROSSINGS).sort()).toEqual(Object.keys(limits).sort())
  expect(strewnLimits('src/ledger', ['config.ts'])).toEqual([])
})
