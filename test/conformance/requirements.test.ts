// The table of duties is whole: every row is held by tests that exist or by a reason, and the page says what the table says.

import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { testTitles } from '../support/test-titles.ts'
import { ROOT, readText } from '../support/tree.ts'
import { conformancePage, PAGE_PATH } from './page.ts'
import { ROWS, SECTIONS } from './requirements.ts'

const tested = ROWS.flatMap(({ id, held }) => (held.by === 'tests' ? [{ id, tests: held.tests }] : []))

describe('the table of duties', () => {
  it('names tests that exist', () => {
    const titles = new Map<string, readonly string[]>()
    const missing = tested.flatMap(({ id, tests }) =>
      tests.flatMap(({ file, name }) => {
        const there = titles.get(file) ?? (existsSync(ROOT + file) ? testTitles(file, readText(file)) : [])
        titles.set(file, there)
        return there.includes(name) ? [] : [`${id}: ${file}: ${name}`]
      }),
    )
    expect(missing).toEqual([])
  })

  it('holds every row by something', () => {
    const empty = ROWS.filter(({ held }) => {
      if (held.by === 'tests') return held.tests.length === 0
      return (held.by === 'reason' ? held.reason : held.missing).length < 10
    })
    expect(empty.map(({ id }) => id)).toEqual([])
    expect(tested.length).toBeGreaterThan(ROWS.length / 2)
  })

  it('has nothing open', () => {
    expect(ROWS.filter(({ held }) => held.by === 'nothing yet').map(({ id }) => id)).toEqual([])
  })

  it('has each section once', () => {
    const names = SECTIONS.map(({ rfc, section }) => `${rfc} ${section}`)
    expect(names.length).toBe(new Set(names).size)
  })

  it('is what docs/CONFORMANCE.md shows: npm run conformance writes it', () => {
    expect(readText(PAGE_PATH)).toBe(conformancePage(SECTIONS))
  })
})

describe('titles of tests', () => {
  it('are read through describe, each and templates', () => {
    const template = '`d $' + '{x} e`'
    const text = `describe('a', () => { it('b', f); it.each<T>([1])('c %s', f); it(${template}, f) })
it('f', g)`
    expect(testTitles('x.ts', text)).toEqual(['a > b', 'a > c %s', 'a > d %s e', 'f'])
  })
})
