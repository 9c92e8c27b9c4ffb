// Worlds with a peer that knows only the RFCs (strangers.ts): those that failed once, and some fresh ones. `npm run seeds` runs a
// thousand.

import { describe, expect, it } from 'vitest'
import { STANDARD } from '../../src/crypto/algorithms.ts'
import { recollecting } from '../../src/sim/recollection.ts'
import { addCounts, describeFailure, EVENT_KINDS, type SeedResult, zeros } from '../../src/sim.ts'
import { runStrangers } from './strangers.ts'

describe('a seed with a stranger', () => {
  it.each([
    [126, 'the R2 is lost and the process moves: the exchange is begun again'],
    [279, 'a readdress that a rekey overtakes is sent again'],
    [295, 'both rekey, and the offer of the former host comes last'],
    [592, 'a move cuts a rekey in two, with the half of the stranger acknowledged and forgotten'],
    [20_860, 'the second of two readdresses overtakes the first, by which the stranger then goes'],
  ])('that failed once passes: %i, %s', (seed) => {
    expect(failure(runStrangers(seed))).toBe('')
  })

  it('holds every rule and comes to rest, with moves, rekeys and readdresses', () => {
    const results = Array.from({ length: 20 }, (_, i) => runStrangers(1_001 + i))
    expect(results.map(failure).filter(Boolean)).toEqual([])
    const events = zeros(EVENT_KINDS)
    for (const result of results) addCounts(events, result.events)
    for (const kind of ['resumed', 'rekeyed', 'readdress', 'thaw'] as const)
      expect(events[kind], kind).toBeGreaterThan(0)
  })

  it('takes the same course again, and with all of its cryptography', () => {
    expect(runStrangers(1_007, STANDARD)).toEqual(runStrangers(1_007, recollecting(STANDARD)))
  })
})

function failure(result: SeedResult): string {
  return result.ok ? '' : describeFailure(result)
}
