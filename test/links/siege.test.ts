// L2 of the threat list: a hundred peers hold 256 streams each, and stand still. `npm run bench -- lossy --only=attacks` measures for longer,
// and what it leaves to be sent when the server has answered on all of them and nobody reads.

import { expect, it } from 'vitest'
import { besieged } from '../support/virtual-siege.ts'

const PEERS = 100
const WAIT_MS = 120_000

/** What the honest client gets without them, each way. */
const alone = { from: besieged('silent', 0, 'from', 1).mbit, to: besieged('silent', 0, 'to', 1).mbit }

it.each(['from', 'to'] as const)(
  'what goes %s an honest client is no less than nine tenths of what it is without them',
  (way) => {
    const beside = besieged('silent', PEERS, way, 1)
    expect(beside.streams).toBe(PEERS * 256)
    // Nothing is said to who says nothing, but now and then that we are there.
    expect(beside.packets).toBeLessThan(PEERS / 5)
    expect(beside.mbit).toBeGreaterThanOrEqual(0.9 * alone[way])
  },
  WAIT_MS,
)

it.each(['unread', 'one by one'] as const)(
  'nor is what goes to it when answers fill the budget that nobody reads: %s',
  (stall) => {
    const beside = besieged(stall, 20, 'to', 1)
    expect(beside.mbit).toBeGreaterThanOrEqual(0.9 * alone.to)
  },
  WAIT_MS,
)

it(
  'nor is what comes from it when answers to as many as it takes to fill the budget wait for nobody to read them',
  () => {
    const beside = besieged('one by one', 20, 'from', 1)
    expect(beside.mbit).toBeGreaterThanOrEqual(0.9 * alone.from)
  },
  WAIT_MS,
)
