// Worlds decided by seeds: the ones that failed once, for ever, and a fixed number of fresh ones (SOJOURN_SEEDS, 80 by default).
// `npm run seeds` runs thousands and says how often every kind of event and fault happened.

import { describe, expect, it } from 'vitest'
import { algorithmsOfSeed } from '../../src/sim/seed.ts'
import { Swarm } from '../../src/sim/swarm.ts'
import {
  addCounts,
  describeFailure,
  FAULT_KINDS,
  kindOfSeed,
  runSeed,
  SEED_KINDS,
  type SeedResult,
  SWARM,
  zeros,
} from '../../src/sim.ts'
import { readText } from '../support/tree.ts'

/** Of the kind `swarm` unless another is named. */
const kept: readonly { seed: number; kind?: string; why: string }[] = JSON.parse(readText('test/seeds/kept.json'))
const COUNT = Number(process.env.SOJOURN_SEEDS ?? 80)
const CHUNK = 25
/** Out of the way of the seeds that `npm run seeds` runs. */
const FIRST = 101_601

describe('a seed that failed once passes:', () => {
  it.each(kept.map(({ seed, why, kind = SWARM.name }) => [seed, why, kind] as const))('%i, %s', (seed, _why, name) => {
    const kind = SEED_KINDS.find((one) => one.name === name)
    expect(kind).toBeDefined()
    expect(failure(runSeed(seed, kind))).toBe('')
  })
})

describe('seeds', () => {
  const faults = zeros(FAULT_KINDS)
  const chunks = Array.from({ length: Math.ceil(COUNT / CHUNK) }, (_, i) => FIRST + i * CHUNK)

  it.each(chunks)('from %i hold every rule and come to rest', (from) => {
    const results = Array.from({ length: Math.min(CHUNK, FIRST + COUNT - from) }, (_, i) =>
      runSeed(from + i, kindOfSeed(from + i)),
    )
    for (const result of results) addCounts(faults, result.faults)
    expect(results.map(failure).filter(Boolean)).toEqual([])
  })

  it('do every kind of harm', () => {
    if (COUNT < 240) return
    expect(FAULT_KINDS.filter((kind) => faults[kind] === 0)).toEqual([])
  })

  it('take turns, of eighty as many of each kind as its share', () => {
    const turn = Array.from({ length: 80 }, (_, i) => kindOfSeed(FIRST + i))
    for (const kind of SEED_KINDS) expect(turn.filter((one) => one === kind)).toHaveLength(kind.share)
  })

  it.each(SEED_KINDS)('of the kind $name have two identities, a move and $datagramsMin datagrams at least', (kind) => {
    const { ok, events } = runSeed(7, kind)
    expect(ok).toBe(true)
    expect(events.start).toBeGreaterThanOrEqual(2)
    expect(events.moved).toBeGreaterThanOrEqual(1)
    expect(events.sent + events.queued).toBeGreaterThanOrEqual(kind.datagramsMin)
  })

  it('move to another host, where all that thaws at first is what its own host takes back', () => {
    const { ok, events } = runSeed(160, kindOfSeed(160))
    expect(ok).toBe(true)
    expect(events.moved).toBeGreaterThanOrEqual(1)
  })

  it.each([78, 169, 570])(
    'begin to move while faults happen, though whoever was to move first was down: %i',
    (seed) => {
      const { world, endsAt } = new Swarm(seed, kindOfSeed(seed), algorithmsOfSeed(seed))
      world.clock.run(endsAt)
      expect([...world.hosts.values()].some(({ departures }) => departures.size > 0)).toBe(true)
    },
  )

  it('have 200 datagrams, unless they are short', () => {
    for (const { name, datagramsMin } of SEED_KINDS) if (!name.startsWith('short-')) expect(datagramsMin).toBe(200)
  })

  it('decide everything: the same one twice takes the same course, and another takes another', () => {
    const [first, again, other] = [42, 42, 43].map((seed) => runSeed(seed).hash)
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })
})

function failure(result: SeedResult): string {
  return result.ok ? '' : describeFailure(result)
}
