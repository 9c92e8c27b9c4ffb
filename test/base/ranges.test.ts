// Sets of ranges, against a set of numbers.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { Ranges } from '../../src/base/ranges.ts'
import { alike } from '../support/alike.ts'

const TOP = 40
const numbers = Array.from({ length: TOP }, (_, number) => number)
const step = fc.record({
  what: fc.constantFrom('add', 'add', 'remove'),
  start: fc.nat(TOP),
  length: fc.nat(12),
  limit: fc.constantFrom(Infinity, Infinity, 3),
})

describe('a set of ranges', () => {
  it('holds what a set of numbers would, in as few ranges as can be', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const ranges = new Ranges()
        const oracle = new Set<number>()
        for (const { what, start, length, limit } of steps) {
          const end = Math.min(TOP, start + length)
          const before = [...ranges]
          const stretch = numbers.slice(start, end)
          if (what === 'remove') {
            for (const number of stretch) oracle.delete(number)
            ranges.remove(start, end)
          } else if (ranges.add(start, end, limit)) for (const number of stretch) oracle.add(number)
          else {
            alike([...ranges], before)
            alike(before.length >= limit, true)
          }
          check(ranges, oracle)
        }
      }),
    )
  })

  it('has room for a number beside a range that is there, and for no other, once its limit is reached', () => {
    const ranges = new Ranges([
      { start: 0, end: 2 },
      { start: 4, end: 6 },
    ])
    expect(ranges.add(8, 9, 2)).toBe(false)
    expect(ranges.add(6, 7, 2)).toBe(true)
    expect(ranges.add(2, 4, 2)).toBe(true)
    expect([...ranges]).toEqual([{ start: 0, end: 7 }])
  })

  it('is of whole numbers: anything else is our own bug', () => {
    for (const end of [0.5, Number.NaN, 2 ** 53]) expect(() => new Ranges().add(0, end)).toThrow(InvariantError)
  })
})

function check(ranges: Ranges, oracle: ReadonlySet<number>): void {
  const bounds = [...ranges].flatMap(({ start, end }) => [start, end])
  // In rising order, and no two that touch.
  alike(
    bounds,
    [...new Set(bounds)].sort((a, b) => a - b),
  )
  alike([ranges.count, ranges.size], [bounds.length / 2, oracle.size])
  alike([ranges.first, ranges.last], [[...ranges].at(0), [...ranges].at(-1)])
  for (const number of numbers) {
    const gap = [...numbers.slice(number), TOP].find((other) => !oracle.has(other))
    alike([ranges.contains(number), ranges.firstGap(number)], [oracle.has(number), gap])
  }
  const missing = ranges.gaps(5, 30).flatMap(({ start, end }) => numbers.slice(start, end))
  alike(
    missing,
    numbers.slice(5, 30).filter((number) => !oracle.has(number)),
  )
  alike(ranges.covers(5, 30), missing.length === 0)
}
