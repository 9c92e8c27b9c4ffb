// RFC 8046 §5.3 and RFC 8047 §4.3 with a peer that knows only the RFCs: more than one pair of SAs in one association.

import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { type Abroad, associated, run, talk } from '../support/abroad.ts'

const counted = ({ a }: Abroad, name: string): number => a.engine.counters[name] ?? 0

function withPairs(count: number): Abroad {
  const here = associated('they')
  expect(talk(here)).toBe(true)
  for (let n = 1; n < count; n++) {
    here.foreign.addPair()
    run(here, 100)
  }
  return here
}

describe('a peer that asks for another pair of SAs', () => {
  it('gets one, and the one before it stays open', () => {
    const here = withPairs(2)
    expect([here.foreign.rekeys, counted(here, 'sa-pair-added')]).toEqual([1, 1])
    expect(here.a.told).not.toContain('rekeyed')
    run(here, 5_000)
    for (const _ of [1, 2, 3, 4]) {
      expect(talk(here)).toBe(true)
      here.foreign.turnBack()
    }
  })

  it('rekeys either of them, and the other one is left as it is', () => {
    const here = withPairs(2)
    here.foreign.turnBack()
    here.foreign.startRekey(true)
    run(here, 5_000)
    expect([here.a.told.filter((type) => type === 'rekeyed').length, here.foreign.rekeys]).toEqual([1, 2])
    expect(talk(here)).toBe(true)
    here.foreign.turnBack()
    expect(talk(here)).toBe(true)
    here.a.engine.rekey(here.cast.wire.now, here.foreign.identity.hit)
    run(here, 5_000)
    expect(talk(here)).toBe(true)
  })

  it('takes one back, whichever is used, and goes on with the other', () => {
    const here = withPairs(3)
    here.foreign.withdrawPair()
    run(here, 5_000)
    expect([talk(here), counted(here, 'sa-pair-withdrawn')]).toEqual([true, 1])
    here.foreign.withdrawPair()
    run(here, 5_000)
    expect([talk(here), counted(here, 'sa-pair-withdrawn')]).toEqual([true, 2])
  })

  it('gets no more than four, and goes on with those', () => {
    const here = withPairs(DEFAULTS.saPairsMax)
    expect(counted(here, 'sa-pair-added')).toBe(DEFAULTS.saPairsMax - 1)
    here.foreign.addPair()
    run(here, 500)
    expect([counted(here, 'sa-pair-refused'), counted(here, 'sa-pair-added')]).toEqual([1, DEFAULTS.saPairsMax - 1])
    expect(talk(here)).toBe(true)
  })
})
