// Litter: what is dropped beside large buffers, so that V8 collects them while they are young.

import { getHeapSpaceStatistics } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { fitLitter, litter } from '../../src/base/litter.ts'

const LARGE = 65_536
const SMALL = 1_400
const TIMES = 40

function young(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_used_size ?? Number.NaN
}

/** What so many calls leave in the young generation: the most of some tries, in one of which it may be collected. */
function left(bytes: number): number {
  const tries = Array.from({ length: 5 }, () => {
    const before = young()
    for (let time = 0; time < TIMES; time++) litter(bytes)
    return young() - before
  })
  return Math.max(...tries)
}

describe('litter', () => {
  it('is a sixth of large buffers, at least', () => {
    expect(left(LARGE)).toBeGreaterThan((TIMES * LARGE) / 6)
  })

  it('fills a young generation of 6 MiB beside as much outside, and of a larger one as much as it can', () => {
    for (const mebibytes of [6, 16]) {
      fitLitter(mebibytes * 1024 * 1024)
      expect(left(LARGE)).toBeGreaterThan(0.9 * TIMES * LARGE)
      expect(left(LARGE)).toBeLessThan(1.5 * TIMES * LARGE)
    }
    fitLitter(1024 * 1024)
    expect(left(LARGE)).toBeLessThan((TIMES * LARGE) / 3)
  })

  it('wants to be fitted each 16 MiB', () => {
    const told = Array.from({ length: 1_024 }, () => litter(LARGE)).filter(Boolean)
    expect(told.length).toBe(4)
  })

  it('is not dropped beside small ones, which come with enough of their own', () => {
    expect(left(SMALL)).toBeLessThan((TIMES * SMALL) / 6)
  })
})
