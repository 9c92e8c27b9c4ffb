// PERFORMANCE shows the figures of the runs that are kept in bench/results, and no others in their place.

import { describe, expect, it } from 'vitest'
import { filledPage, keptResult, rendered } from '../../bench/page.ts'
import type { Result } from '../../bench/report.ts'
import { filesUnder, readText } from '../support/tree.ts'

const page = readText('docs/PERFORMANCE.md')

/** A run with something of everything. */
const RESULT: Result = {
  bench: 'bulk',
  machine: { cpu: 'a  processor', cores: 2, memoryGiB: 24 },
  node: 'v20.20.2',
  commit: 'abcdef0',
  date: '2026-01-02T03:04:05.678Z',
  ok: false,
  figures: [
    { case: 'a', metric: 'goodput', unit: 'Gbit/s', median: 2, min: 1, max: 3, runs: 5 },
    { case: 'a', metric: 'left', unit: '', median: 7, min: 7, max: 7, runs: 1 },
    { case: 'timers/1000', metric: 'a timer', unit: 'ns', median: 4, min: 4, max: 4, runs: 5 },
    { case: 'timers/10', metric: 'a timer', unit: 'ns', median: 2, min: 2, max: 2, runs: 5 },
  ],
  ratios: [{ ratio: ['a', 'b'], metric: 'goodput', median: 1.5 }],
  bars: [{ bar: 'a beside b', wanted: '≥ 2', measured: 1.5, met: false }],
  notes: ['c is left out: it is not there'],
}

describe('PERFORMANCE', () => {
  it('has the tables of the runs that are kept: npm run bench -- page writes them', () => {
    expect(page).toBe(filledPage(page, keptResult))
  })

  it('has a place for every run that is kept', () => {
    const kept = filesUnder('bench/results').flatMap(({ path }) => /(\w+)\.json$/.exec(path)?.[1] ?? [])
    expect(kept.filter((bench) => !page.includes(`<!-- results of ${bench} -->`))).toEqual([])
  })
})

describe('a run as Markdown', () => {
  const lines = rendered(RESULT).split('\n')

  it('says where it ran, and which bars it has missed', () => {
    expect(lines[0]).toBe(
      'Commit abcdef0, 2026-01-02, a processor, 2 cores, 24 GiB, Node v20.20.2. Medians, with the least and the most of the runs.',
    )
    expect(lines).toContain('| a beside b | ≥ 2 | 1.5 | **no** |')
  })

  it('has a row for a case, a column for a metric, ratios and remarks', () => {
    expect(lines).toContain('|  | goodput, Gbit/s | left |')
    expect(lines).toContain('| a | 2 (1–3) | 7 |')
    expect(lines).toContain('| a | b | goodput | 1.5 |')
    expect(lines).toContain('* c is left out: it is not there')
  })

  it('draws what grows with a number', () => {
    expect(lines).toContain(`   1,000  ${'#'.repeat(48)} 4 ns`)
    expect(lines).toContain(`      10  ${'#'.repeat(24)} 2 ns`)
  })

  it('stands in its place, and says how to measure where nothing is kept', () => {
    const empty = 'x\n<!-- results of bulk -->\nold\n<!-- end of bulk -->\ny'
    expect(filledPage(empty, () => RESULT)).toBe(
      `x\n<!-- results of bulk -->\n\n${rendered(RESULT)}\n\n<!-- end of bulk -->\ny`,
    )
    expect(filledPage(empty, () => undefined)).toContain('`npm run bench -- bulk --save`')
  })
})
