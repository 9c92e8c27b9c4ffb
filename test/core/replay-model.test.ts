// The replay window against an oracle that remembers every number (RFC 4303 §3.4.3 and appendix A).

import { expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import { ReplayWindow } from '../../src/core/sa/replay.ts'
import { Oracle } from '../support/window-oracle.ts'

const TWO_32 = 2 ** 32
const TWO_53 = 2 ** 53
/** Of each of eight windows. */
const STEPS = 125_000

it('a window of any size agrees with an oracle over a million random steps that cross 2^32 and come near 2^53', () => {
  const prng = new Prng(20)
  let steps = 0
  for (const start of [0, TWO_32 - 2_000, 7 * TWO_32 - 100, TWO_53 - 4_000_000]) {
    for (const size of [32, 4096]) {
      const window = new ReplayWindow(size, start, new Uint8Array(size / 8))
      const oracle = new Oracle(size, start)
      for (let step = 0; step < STEPS; step++) {
        steps += 1
        const reach = prng.chance(0.02) ? 3 * size : size >> prng.below(5)
        const sequence = oracle.highest + prng.below(reach) - prng.below(reach)
        if (sequence > TWO_53 - 10 || sequence < 0) continue
        const fresh = oracle.fresh(sequence)
        if (window.fresh(sequence) !== fresh) expect([start, size, step, sequence]).toBe(fresh)
        if (fresh) {
          const inferred = window.infer(sequence >>> 0)
          if (inferred !== sequence) expect([start, size, step, sequence]).toBe(inferred)
          if (prng.chance(0.9)) {
            window.mark(sequence)
            oracle.mark(sequence)
          }
        }
        if (window.highest !== oracle.highest) expect(window.highest).toBe(oracle.highest)
      }
    }
  }
  expect(steps).toBe(1_000_000)
})
