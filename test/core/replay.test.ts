// The replay window (RFC 4303 §3.4.3 and appendix A): its edges, properties, and snapshots. A million steps are in replay-model.test.ts.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { ReplayWindow } from '../../src/core/sa/replay.ts'
import { alike } from '../support/alike.ts'
import { Oracle } from '../support/window-oracle.ts'

const TWO_32 = 2 ** 32
const TWO_53 = 2 ** 53

function windowAt(highest: number, size = 64): ReplayWindow {
  const window = new ReplayWindow(size)
  window.mark(highest)
  return window
}

describe('a window of 64', () => {
  it.each<[highest: number, sequence: number, fresh: boolean]>([
    [0, 0, false],
    [0, -1, false],
    [0, 1, true],
    [0, 64, true],
    [0, TWO_53 - 1, true],
    [0, TWO_53, false],
    [1, 1, false],
    [1, 0, false],
    [1, 2, true],
    [63, 1, true],
    [64, 1, true],
    [65, 1, false],
    [65, 2, true],
    [100, 36, false],
    [100, 37, true],
    [100, 99, true],
    [100, 100, false],
    [100, 101, true],
    [TWO_32 - 1, TWO_32 - 1, false],
    [TWO_32 - 1, TWO_32, true],
    [TWO_32, TWO_32 - 1, true],
    [TWO_32, TWO_32 - 63, true],
    [TWO_32, TWO_32 - 64, false],
    [TWO_32 + 5, 5, false],
    [TWO_53 - 1, TWO_53 - 1, false],
    [TWO_53 - 1, TWO_53, false],
    [TWO_53 - 1, TWO_53 - 64, true],
    [TWO_53 - 1, TWO_53 - 65, false],
  ])('whose highest number is %d finds %d fresh: %s', (highest, sequence, fresh) => {
    const window = highest === 0 ? new ReplayWindow(64) : windowAt(highest)
    expect(window.fresh(sequence)).toBe(fresh)
    expect(window.highest).toBe(highest)
  })

  it.each<[highest: number, low: number, sequence: number]>([
    [0, 0, 0],
    [0, 1, 1],
    [0, TWO_32 - 1, TWO_32 - 1],
    [1, 5, 5],
    [62, TWO_32 - 1, TWO_32 - 1],
    [63, 0, 0],
    [64, 0, TWO_32],
    [64, 1, 1],
    [100, 36, TWO_32 + 36],
    [100, 37, 37],
    [100, TWO_32 - 1, TWO_32 - 1],
    [TWO_32 - 1, 0, TWO_32],
    [TWO_32 - 1, TWO_32 - 64, TWO_32 - 64],
    [TWO_32 - 1, TWO_32 - 65, 2 * TWO_32 - 65],
    [TWO_32, TWO_32 - 1, TWO_32 - 1],
    [TWO_32, TWO_32 - 63, TWO_32 - 63],
    [TWO_32, TWO_32 - 64, 2 * TWO_32 - 64],
    [TWO_32 + 62, TWO_32 - 1, TWO_32 - 1],
    [TWO_32 + 63, TWO_32 - 1, 2 * TWO_32 - 1],
    [TWO_32 + 63, 0, TWO_32],
    [5 * TWO_32 + 10, 11, 5 * TWO_32 + 11],
    [TWO_53 - 1, TWO_32 - 2, TWO_53 - 2],
    [TWO_53 - 1, 0, TWO_53],
  ])('whose highest number is %d takes the low half %d for %d', (highest, low, sequence) => {
    expect((highest === 0 ? new ReplayWindow(64) : windowAt(highest)).infer(low)).toBe(sequence)
  })

  it('is not moved by a forged huge number: asking changes nothing', () => {
    const window = windowAt(10)
    expect(window.fresh(TWO_32 - 1)).toBe(true)
    expect(window.infer(TWO_32 - 1)).toBe(TWO_32 - 1)
    expect(window.highest).toBe(10)
    expect(window.fresh(9)).toBe(true)
    expect(window.fresh(10)).toBe(false)
  })

  it('forgets what a jump of a whole window, or of more, leaves behind', () => {
    for (const jump of [63, 64, 65, 127, 128, 1000, TWO_32]) {
      const window = new ReplayWindow(64)
      for (let number = 1; number <= 64; number++) window.mark(number)
      window.mark(64 + jump)
      for (let number = 65; number < 64 + jump && number < 200; number++) {
        alike([jump, number, window.fresh(number)], [jump, number, number > jump])
      }
    }
  })
})

describe('a window of any size', () => {
  it.each([1, 2, 3, 31, 32, 33, 63, 64, 65, 95, 96, 127, 128])(
    'forgets nothing that is inside, and keeps nothing that is not, as its highest number rises by %d',
    (rise) => {
      for (const start of [0, 1, 30, TWO_32 - 50]) {
        const window = new ReplayWindow(128, start, new Uint8Array(16))
        const oracle = new Oracle(128, start)
        for (let top = start + rise, marks = 0; marks < 20; top += rise, marks++) {
          window.mark(top)
          oracle.mark(top)
          for (let number = Math.max(0, top - 140); number <= top + 2; number++)
            alike([top, number, window.fresh(number)], [top, number, oracle.fresh(number)])
        }
      }
    },
  )

  it('infers the number that lies within 2^32 of its bottom', () => {
    const highest = fc.oneof(
      fc.integer({ min: 0, max: 5000 }),
      fc.maxSafeNat().filter((n) => n < TWO_53 - TWO_32),
    )
    fc.assert(
      fc.property(highest, fc.integer({ min: 0, max: TWO_32 - 1 }), fc.constantFrom(32, 64, 4096), (top, low, size) => {
        const window = new ReplayWindow(size, top, new Uint8Array(0))
        expect(window.infer(low)).toBe(new Oracle(size, top).infer(low))
      }),
    )
  })

  it('never finds a number fresh twice once it is marked', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200 }), (numbers) => {
        const window = new ReplayWindow(128)
        const taken = new Set<number>()
        for (const number of numbers) {
          if (!window.fresh(number)) continue
          expect(taken.has(number)).toBe(false)
          taken.add(number)
          window.mark(number)
          expect(window.fresh(number)).toBe(false)
        }
      }),
    )
  })
})

describe('a snapshot of a window', () => {
  it('goes on exactly as the window would have', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, TWO_32 - 100, TWO_53 - 10_000),
        fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 100 }),
        (base, offsets) => {
          const window = new ReplayWindow(128, base, new Uint8Array(16))
          for (const offset of offsets) if (window.fresh(base + offset)) window.mark(base + offset)
          const { highest, bitmap } = window.snapshot()
          const restored = new ReplayWindow(128, highest, bitmap)
          expect(restored.snapshot()).toEqual({ highest, bitmap })
          for (let offset = -200; offset <= 500; offset++) {
            const number = base + offset
            alike([offset, restored.fresh(number)], [offset, window.fresh(number)])
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('has the highest number in the lowest bit of its first byte', () => {
    const window = new ReplayWindow(64)
    for (const number of [100, 98, 92, 37]) window.mark(number)
    const { highest, bitmap } = window.snapshot()
    expect(highest).toBe(100)
    expect([...bitmap]).toEqual([0b101, 0b1, 0, 0, 0, 0, 0, 0b1000_0000])
  })

  it('counts as seen what a shorter bitmap does not tell', () => {
    const wider = new ReplayWindow(128, 1000, new Uint8Array(8))
    expect(wider.fresh(1000)).toBe(true)
    expect(wider.fresh(1000 - 63)).toBe(true)
    expect(wider.fresh(1000 - 64)).toBe(false)
    expect(wider.fresh(1000 - 127)).toBe(false)
  })

  it('may be longer than the window it goes into', () => {
    const window = new ReplayWindow(4096)
    for (let number = 1; number <= 3000; number += 3) window.mark(number)
    const { highest, bitmap } = window.snapshot()
    const smaller = new ReplayWindow(64, highest, bitmap)
    for (let number = highest - 63; number <= highest; number++) alike(smaller.fresh(number), window.fresh(number))
    expect(smaller.fresh(highest - 64)).toBe(false)
  })
})

it('a window whose size is no power of two is our own bug', () => {
  for (const size of [0, 16, 33, 100, 2 ** 32]) expect(() => new ReplayWindow(size)).toThrow(InvariantError)
})
