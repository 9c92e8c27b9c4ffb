// Forty rows of the table of duties, drawn by lot: under an edit that breaks one of them, a test that the row names fails. Who is
// drawn depends on the seed and the names of the rows alone, so a row more or less changes one draw and not all.

import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Collected } from '../sabotage/backstage.ts'
import type { Edit } from '../sabotage/control.ts'
import { load, unload } from '../sabotage/loader.ts'
import { BREACHES, type Breach } from './breaches.ts'
import type { Row, TestName } from './requirement.ts'
import { ROWS } from './requirements.ts'

const SEED = 1
const DRAWN = 40

const lot = ({ id }: Row) => createHash('sha256').update(`${SEED} ${id}`).digest('hex')
const drawn = ROWS.filter(({ held }) => held.by === 'tests')
  .map((row) => ({ row, lot: lot(row) }))
  .sort((a, b) => (a.lot < b.lot ? -1 : 1))
  .slice(0, DRAWN)
  .map(({ row }) => row)
const broken = drawn.flatMap((row) =>
  BREACHES.filter((breach) => breach.row === row.id).map((breach) => ({ row, breach })),
)

afterAll(unload)

/** The test that is to notice. */
function noticing({ held, id }: Row, { file }: Pick<Breach, 'file'>): TestName {
  const tests = held.by === 'tests' ? held.tests : []
  const [first] = tests.filter((test) => file === undefined || test.file === file)
  if (first === undefined) throw new Error(`${id} has no test in ${file}`)
  return first
}

async function testsOf({ file, name }: TestName, edits: readonly Edit[]): Promise<readonly Collected[]> {
  const tests = (await load(file, edits, { expect, vi })).filter(({ template }) => template === name)
  expect(tests.length, name).toBeGreaterThan(0)
  return tests
}

/** What an expectation that is not met throws, as it is or as the cause of a property that does not hold. */
async function unmet(tests: readonly Collected[]): Promise<readonly unknown[]> {
  const faults: unknown[] = []
  for (const test of tests) {
    try {
      await test.run()
    } catch (fault) {
      faults.push(fault instanceof Error && fault.cause instanceof Error ? fault.cause : fault)
    }
  }
  return faults
}

describe(`of the rows that seed ${SEED} draws`, () => {
  it('there are forty, and each has its edit', () => {
    expect(drawn.length).toBe(DRAWN)
    const without = drawn.filter(({ id }) => !BREACHES.some(({ row }) => row === id))
    expect(without.map(({ id, says }) => `${id}: ${says}`)).toEqual([])
  })

  it('every edit is for a row of the table, and no row has two', () => {
    const rows = BREACHES.map(({ row }) => row)
    expect(rows.filter((row) => !ROWS.some(({ id }) => id === row))).toEqual([])
    expect(rows.length).toBe(new Set(rows).size)
  })

  const files = new Set(broken.map(({ row, breach }) => noticing(row, breach).file))
  it.each([...files])('those held in %s pass as long as nothing is broken', async (file) => {
    for (const { row, breach } of broken) {
      const test = noticing(row, breach)
      if (test.file === file) expect(await unmet(await testsOf(test, []))).toEqual([])
    }
  })

  it.each(broken.map(({ row, breach }) => [row.id, row.says, row, breach] as const))(
    '%s is noticed if it is broken: %s',
    async (_id, _says, row, breach) => {
      const faults = await unmet(await testsOf(noticing(row, breach), breach.edits))
      expect(
        faults.some((fault) => fault instanceof Error && fault.name === 'AssertionError'),
        String(faults[0]),
      ).toBe(true)
    },
  )
})
