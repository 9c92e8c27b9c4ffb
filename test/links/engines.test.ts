// Whole engines on simulated links: that what loss recovery reaches alone (recovery.test.ts) is reached by what users run, with
// packets sealed, timers armed and windows granted. `npm run bench -- lossy` measures more links for longer.

import { describe, expect, it } from 'vitest'
import { jain } from '../support/virtual-network.ts'
import { besideCubic, goodput, shares } from '../support/virtual-transfer.ts'

describe('one stream between two engines', () => {
  it.each<[mbit: number, rttMs: number, percent: number, gate: number]>([
    [10, 30, 0, 9],
    [10, 30, 1, 3.8],
    [20, 100, 0, 15],
    [20, 100, 1, 3],
    [20, 100, 3, 0.7],
  ])('carries on %d Mbit/s, %d ms and %d percent loss at least %d Mbit/s, its start included', (...row) => {
    const [mbit, rttMs, percent, gate] = row
    expect(goodput({ mbit, rttMs, loss: percent / 100 }, 1, 6)).toBeGreaterThanOrEqual(gate)
  })
})

describe('streams that share a link', () => {
  it('of two associations share it evenly', () => {
    expect(jain(shares({ mbit: 5, rttMs: 40 }, 2, 30))).toBeGreaterThanOrEqual(0.95)
  })

  it('with a sender of plain CUBIC leave it half', () => {
    const [ours, cubic] = besideCubic({ mbit: 5, rttMs: 40 }, 30)
    expect(jain([ours, cubic])).toBeGreaterThanOrEqual(0.95)
    expect(ours / (ours + cubic)).toBeGreaterThanOrEqual(0.4)
  })
})
