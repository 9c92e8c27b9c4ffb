// The sender that ours are held against is somebody else's: what it reaches is what CUBIC of the Linux kernel did, on the same links for the
// same 15 seconds. The kernel's are single runs, and where packets are lost by chance one run differs from the next by as much as this allows.

import { expect, it } from 'vitest'
import { PlainCubic } from '../support/plain-cubic.ts'
import { VirtualClock, VirtualLink } from '../support/virtual-link.ts'

const SECONDS = 15

function links(clock: VirtualClock, mbitPerSecond: number, rttMs: number, seed: number, loss = 0) {
  const base = { mbitPerSecond, delayMs: rttMs / 2, queueBytes: mbitPerSecond * 125 * rttMs }
  const forth = new VirtualLink(clock, seed, { ...base, loss })
  return { clock, forth, back: new VirtualLink(clock, seed + 1_000, base) }
}

function goodput(mbit: number, rttMs: number, percent: number, seed: number): number {
  const clock = new VirtualClock()
  const flow = new PlainCubic(links(clock, mbit, rttMs, seed, percent / 100))
  flow.start()
  clock.runUntil(SECONDS * 1_000)
  return (flow.delivered * 8) / SECONDS / 1_000_000
}

it.each([
  [10, 30, 9.61],
  [20, 100, 18.8],
  [100, 100, 92.2],
])(
  'plain CUBIC carries on %d Mbit/s and %d ms the %d Mbit/s of the kernel, within a hundredth',
  (mbit, rttMs, kernel) => {
    expect(Math.abs(goodput(mbit, rttMs, 0, 1) / kernel - 1)).toBeLessThan(0.01)
  },
)

it.each([
  [10, 30, 1, 4.23],
  [20, 100, 0.1, 10.5],
  [20, 100, 1, 3.37],
  [20, 100, 3, 0.72],
  [100, 100, 0.1, 11.8],
  [100, 20, 1, 7.2],
])('and on %d Mbit/s, %d ms and %d percent loss about the %d Mbit/s of a run of it', (mbit, rttMs, percent, kernel) => {
  const rates = Array.from({ length: 8 }, (_, n) => goodput(mbit, rttMs, percent, n + 1))
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
  expect(mean / kernel).toBeGreaterThan(0.6)
  expect(mean / kernel).toBeLessThan(1.6)
})
