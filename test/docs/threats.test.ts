// Every row of the threat list is in THREATS, with a defence and a test that is there.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, readText } from '../support/tree.ts'

const ROWS =
  'D1 D2 D3 D4 D5 D6 D7 D8 D9 M1 M2 M3 M4 M5 M6 M7 E1 E2 E3 E4 E5 C1 C2 C3 C4 C5 H1 H2 H3 P1 P2 F2 L1 L2 L3 L4 L5 K1 K2'.split(
    ' ',
  )

const rows = new Map(
  readText('docs/THREATS.md')
    .split('\n')
    .map((line) => line.replace(/^\| | \|$/g, '').split(' | '))
    .filter(([id = '', , ...cells]) => /^[A-Z]\d$/.test(id) && cells.length > 1)
    .map(([id = '', attack, defence, tests, held, ...more]) => [id, { attack, defence, tests, held, more }]),
)

describe.each(ROWS)('attack %s', (id) => {
  it('has a defence, a test that exists, and a word on whether it is held', () => {
    const row = rows.get(id)
    expect(row?.more).toEqual([])
    expect(row?.attack).not.toBe('')
    expect(row?.defence).not.toBe('')
    expect(row?.held).toMatch(/^(?:held|partly|not yet)/)
    const files = [...(row?.tests ?? '').matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file = '']) => file)
    expect(files).not.toEqual([])
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })
})

it('no row of the list stands in THREATS twice, or without being listed here', () => {
  const ids = [...readText('docs/THREATS.md').matchAll(/^\| ([A-Z]\d) \|/gm)].map(([, id]) => id)
  expect(ids.filter((id, index) => ids.indexOf(id) !== index && !['I1', 'S1', 'L3'].includes(id ?? ''))).toEqual([])
  const attacks = new Set(ids.filter((id) => /^[DMECHPFLK]/.test(id ?? '')))
  expect([...attacks].sort()).toEqual([...ROWS].sort())
})
