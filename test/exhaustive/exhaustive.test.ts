// The rebinding table of MOVING §5 and §6 in the real core, schedule by schedule: any order of delivery, anything in flight lost
// at any moment, a copy, a timer, a crash a host where the plot has one. The short plots are followed to the last state; the
// long ones up to a bound on states, which SOJOURN_EXHAUSTIVE=full raises (.ci/run). The counts are printed.

import './crypto-cache.ts'
import { describe, expect, it } from 'vitest'
import { explore, type Report } from './explore.ts'
import { ENDING, HONEST, HOSTILE } from './scenarios.ts'

const full = process.env.SOJOURN_EXHAUSTIVE === 'full'
const STATES_MAX = full ? 300 : 60
/** Enough for every plot that is followed to its end. */
const STATES_TO_THE_END = 20_000

function show({ name, states, schedules, cut, outcomes }: Report): void {
  const ends = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')
  console.log(`${name}: ${states} states, ${schedules} schedules${cut ? ' (bound reached)' : ''}; ${ends}`)
}

function plot(name: string): (typeof HONEST)[number] {
  const found = HONEST.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no plot is called ${name}`)
  return found
}

describe('followed to the last state, both ends converge or are both reset:', () => {
  it.each([
    ['one thaw', 1],
    ['one thaw, in place', 1],
    ['one thaw, data of C', 0],
    ['thaw while X rekeys', 0],
    ['thaw while C rekeys', 0],
    ['rekey by both', 0],
    ['claim without activation', 0],
  ])('%s, with %i copies', { timeout: 120_000 }, (name, copies) => {
    const report = explore({ ...plot(name), copies, timers: 1 }, STATES_TO_THE_END)
    show(report)
    expect(report.cut).toBe(false)
    expect(report.outcomes.get('converged')).toBeGreaterThan(0)
  })
})

describe('followed as far as the bound on states goes, no rule is broken:', () => {
  it.each([...HONEST, ...ENDING, ...HOSTILE].map((each) => [each.name, each] as const))(
    '%s',
    { timeout: 240_000 },
    (_name, each) => {
      const report = explore({ ...each, copies: 1, timers: 1 }, STATES_MAX)
      show(report)
      expect(report.states).toBeGreaterThan(0)
    },
  )
})
