// Credit (RFC 8046 §5.6) under any history: whatever is paid with it has come from the peer before.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Credit } from '../../src/core/association/credit.ts'
import { DEFAULTS } from '../../src/core/config.ts'

const config = { ...DEFAULTS, creditBytesMax: 50_000 }

/** `bytes` of credit at `now`, aged. */
function at(credit: Credit, now: number): number {
  credit.covers(now, 0)
  return credit.bytes
}

const size = fc.integer({ min: 0, max: 20_000 })
const step = fc.record({
  wait: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 4_999 }) }, fc.integer({ min: 0, max: 60_000 })),
  what: fc.constantFrom('earn', 'pay', 'wait'),
  size,
})

describe('credit', () => {
  it('ages by 7/8 every five seconds, and not between (RFC 8046 §5.6.2)', () => {
    const credit = new Credit(config, 0)
    credit.earn(0, 8 ** 5)
    for (let n = 1; n <= 5; n++) {
      expect(at(credit, 5_000 * n - 1)).toBe(7 ** (n - 1) * 8 ** (6 - n))
      expect(at(credit, 5_000 * n)).toBe(7 ** n * 8 ** (5 - n))
    }
    // What is earned between two such moments ages with the rest at the next.
    credit.earn(27_000, 8_000)
    expect(at(credit, 30_000)).toBe(Math.floor(((7 ** 5 + 8_000) * 7) / 8))
  })

  it('is never more than what came minus what was paid, nor than its cap, and waiting never adds to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const credit = new Credit(config, 0)
        let [now, came, paid] = [0, 0, 0]
        for (const { wait, what, size: bytes } of steps) {
          const before = credit.bytes
          now += wait
          expect(at(credit, now)).toBeLessThanOrEqual(before)
          if (what === 'earn') {
            credit.earn(now, bytes)
            came += bytes
          } else if (what === 'pay' && credit.covers(now, bytes)) {
            credit.spend(now, bytes)
            paid += bytes
          }
          expect(credit.bytes).toBeGreaterThanOrEqual(0)
          expect(credit.bytes).toBeLessThanOrEqual(Math.min(came - paid, config.creditBytesMax))
          expect(credit.covers(now, credit.bytes)).toBe(true)
          expect(credit.covers(now, credit.bytes + 1)).toBe(false)
        }
      }),
    )
  })

  it('is less the longer one waits, whether it is looked at meanwhile or not, and runs out in the end', () => {
    const times = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(size, times, (earned, waits) => {
        const [watched, unwatched] = [new Credit(config, 0), new Credit(config, 0)]
        for (const credit of [watched, unwatched]) credit.earn(0, earned)
        let [now, last] = [0, earned]
        for (const wait of waits) {
          now += wait
          expect(at(watched, now)).toBeLessThanOrEqual(last)
          last = watched.bytes
        }
        // Every look rounds down: it may cost the peer a byte, and never gives it one.
        expect(last).toBeLessThanOrEqual(at(unwatched, now))
        expect(last).toBeLessThanOrEqual(earned * (7 / 8) ** Math.floor(now / config.creditAgeMs))
        expect(at(watched, now + 1_000_000)).toBe(0)
      }),
    )
  })

  it('loses an eighth every five seconds, and keeps what the seconds between have begun', () => {
    const credit = new Credit(config, 1_000)
    credit.earn(1_000, 8_000)
    expect([5_999, 6_000, 6_001, 10_999, 11_000].map((now) => at(credit, now))).toEqual([
      8_000, 7_000, 7_000, 7_000, 6_125,
    ])
    // Two steps at once, in the middle of a third.
    expect([23_500, 25_999, 26_000].map((now) => at(credit, now))).toEqual([4_689, 4_689, 4_102])
  })

  it('pays for what it covers to the last byte, and a debt is none', () => {
    const credit = new Credit(config, 0)
    credit.earn(0, 1_000)
    expect([credit.covers(0, 1_000), credit.covers(0, 1_001)]).toEqual([true, false])
    credit.spend(0, 400)
    expect(credit.bytes).toBe(600)
    credit.spend(0, 601)
    expect(credit.bytes).toBe(0)
    credit.earn(0, 50_001)
    expect(credit.bytes).toBe(50_000)
  })

  it('is aged before it is paid with or added to', () => {
    const credit = new Credit(config, 0)
    credit.earn(0, 8_000)
    credit.spend(5_000, 1_000)
    expect(credit.bytes).toBe(6_000)
    credit.earn(10_000, 10)
    expect(credit.bytes).toBe(5_260)
    expect(credit.covers(15_000, 4_602)).toBe(true)
    expect(credit.bytes).toBe(4_602)
  })

  it('begins anew, with its five seconds, after a thaw of the peer', () => {
    const credit = new Credit(config, 0)
    credit.earn(0, 8_000)
    credit.restart(4_000)
    expect(credit.bytes).toBe(0)
    credit.earn(4_000, 800)
    expect([8_999, 9_000].map((now) => at(credit, now))).toEqual([800, 700])
  })

  it('is not brought back by a clock that goes back', () => {
    const credit = new Credit(config, 10_000)
    credit.earn(10_000, 8_000)
    expect(at(credit, 15_000)).toBe(7_000)
    expect([at(credit, 0), at(credit, 19_999), at(credit, 20_000)]).toEqual([7_000, 7_000, 6_125])
  })
})
