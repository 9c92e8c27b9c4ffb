// What becomes of a transfer between whole engines when one of them goes to another address, on a link of its own, or when a
// translator of ports forgets it. `npm run bench -- lossy` measures the same for longer.

import { describe, expect, it } from 'vitest'
import { afterNarrowing, disturbedShare, VirtualJourney } from '../support/virtual-moves.ts'

const RTT_MS = 50
const MBIT_BYTES = 125_000

/** Mbit/s at the client in each of `count` stretches of time. */
function rates(journey: VirtualJourney, count: number, ms: number): number[] {
  return Array.from({ length: count }, () => {
    const before = journey.read
    journey.run(ms)
    return ((journey.read - before) * 1_000) / ms / MBIT_BYTES
  })
}

describe('after a move to another address a transfer', () => {
  it('begins with an initial window as soon as the address is verified, whatever window it had before', () => {
    const journey = new VirtualJourney(20, RTT_MS)
    journey.run(3_000)
    journey.move()
    // UPDATE, its answer with the question, the answer to that: one and a half round trips, and not one more packet before.
    journey.run(1.4 * RTT_MS)
    expect(journey.down.offered).toBe(1)
    journey.run(0.2 * RTT_MS)
    // Ten packets, and one that asks how large they may be.
    expect(journey.down.offered).toBe(12)
  })

  it('floods a narrow link with no more than two initial windows, and goes on at its rate', () => {
    const journey = afterNarrowing(RTT_MS)
    // Verified after one and a half, and then three of a slow start.
    journey.run(4.5 * RTT_MS)
    expect(journey.down.overflowed).toBe(0)
    journey.run(1_000 - 4.5 * RTT_MS)
    expect(journey.down.overflowed).toBeLessThanOrEqual(20)
    for (const rate of rates(journey, 4, 1_000)) expect(rate).toBeGreaterThan(4)
  })

  it('goes on at once where it was a short while ago: with half of its window, the round trip and the size of packets', () => {
    const [known, unknown] = [true, false].map((back) => {
      const journey = new VirtualJourney(20, RTT_MS)
      journey.run(1_500)
      journey.move()
      journey.run(500)
      if (back) journey.back()
      else journey.move()
      journey.run(1.5 * RTT_MS)
      const before = journey.read
      journey.run(2 * RTT_MS)
      return journey.read - before
    })
    expect(known).toBeGreaterThan(2 * (unknown ?? Infinity))
  })

  it('fills a wide link in 15 round trips', () => {
    const journey = new VirtualJourney(5, RTT_MS)
    journey.run(2_000)
    journey.mbit = 100
    journey.move()
    expect(Math.max(...rates(journey, 15, RTT_MS).slice(-8, -1))).toBeGreaterThan(90)
  })
})

describe('a transfer that is disturbed all the time', () => {
  it.each<[what: 'move' | 'rebind', everyMs: number, share: number]>([
    ['move', 1_000, 0.4],
    ['rebind', 5_000, 0.95],
  ])('by a %s each %d ms still carries a share of %d', (what, everyMs, share) => {
    expect(disturbedShare(what, everyMs, 10_000)).toBeGreaterThanOrEqual(share)
  })
})
