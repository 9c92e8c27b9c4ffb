// Whole engines beside plain CUBIC that shares no code with them (plain-cubic.test.ts says how plain), or in its place. `npm run bench -- lossy`
// holds the same gates, and others, for longer and over more seeds.

import { expect, it } from 'vitest'
import { crossTraffic, crowded, unfairness } from '../support/virtual-bottleneck.ts'

it('5 MB over 10 Mbit/s that plain CUBIC fills already take no more than 36 seconds, and leave it a third', () => {
  const { seconds, plainMbit } = crossTraffic(5_000_000)
  expect(seconds).toBeLessThanOrEqual(36)
  expect(plainMbit).toBeGreaterThan(3.3)
})

it('a flow of 20 ms takes from one of 80 ms no more than a tenth more than plain CUBIC does', () => {
  // Whoever loses when is chance, and single runs differ by a tenth: so many are only to be had of what recovers losses alone.
  expect(unfairness('bare', 60, 3)).toBeLessThanOrEqual(1.1 * unfairness('plain', 60, 8))
}, 120_000)

it.each([
  ['one flow', [40]],
  ['two flows', [40, 40]],
])(
  '%s let packets wait in the queue no more than a tenth longer than plain CUBIC does, by the 95th percentile',
  (_, rttsMs) => {
    const [ours, plain] = (['ours', 'plain'] as const).map(
      (kind) => crowded({ kind, rttsMs, mbit: 10, warmSeconds: 10, seconds: 10 }, 1).p95Ms,
    )
    expect(plain).toBeGreaterThan(30)
    expect(ours).toBeLessThanOrEqual(1.1 * (plain ?? 0))
  },
)
