// Under an edit that breaks a row of the table of duties, a test that the row names fails. Forty rows are drawn by lot and must have
// such an edit; who is drawn depends on the seed and the names of the rows alone, so a row more or less changes one draw and not all.

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
const found = BREACHES.map((breach) => ({ breach, row: ROWS.find(({ id }) => id === breach.row) }))
const broken = found.flatMap(({ breach, row }) =>
  row === undefined ? [] : [{ breach, row, test: noticing(row, breach) }],
)

afterAll(unload)

/** The test that is to notice. */
function noticing({ held, id }: Row, { file }: Breach): TestName {
  const tests = held.by === 'tests' ? held.tests : []
  const [first] = tests.filter((test) => file === undefined || test.file === file)
  if (first === undefined) throw new Error(`${id} is held by no test${file === undefined ? '' : ` of ${file}`}`)
  return first
}

async function testsOf(
  file: string,
  names: ReadonlySet<string>,
  edits: readonly Edit[],
): Promise<readonly Collected[]> {
  const tests = (await load(file, edits, { expect, vi })).filter(({ template }) => names.has(template))
  expect(new Set(tests.map(({ template }) => template))).toEqual(names)
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

describe(`the ${DRAWN} rows that seed ${SEED} draws`, () => {
  it('have an edit each that breaks them', () => {
    expect(drawn.length).toBe(DRAWN)
    const without = drawn.filter(({ id }) => !BREACHES.some(({ row }) => row === id))
    expect(without.map(({ id, says }) => `${id}: ${says}`)).toEqual([])
  })
})

describe('every edit', () => {
  it('is for a row of the table, and no row has two', () => {
    expect(found.filter(({ row }) => row === undefined).map(({ breach }) => breach.row)).toEqual([])
    expect(new Set(BREACHES.map(({ row }) => row)).size).toBe(BREACHES.length)
  })

  it.each([...new Set(broken.map(({ test }) => test.file))])(
    'is what its test notices: %s passes without any',
    async (file) => {
      const names = new Set(broken.filter(({ test }) => test.file === file).map(({ test }) => test.name))
      expect(await unmet(await testsOf(file, names, []))).toEqual([])
    },
  )

  it.each(broken.map((one) => [one.row.id, one.row.says, one] as const))(
    'is noticed. %s: %s',
    async (_id, _says, { breach, test }) => {
      const faults = await unmet(await testsOf(test.file, new Set([test.name]), breach.edits))
      const told = faults.some((fault) => fault instanceof Error && fault.name === 'AssertionError')
      expect(told, String(faults[0])).toBe(true)
    },
  )
})
