// The tests of one list of plots. Each plot is followed to its last state within its own bounds on faults, and sampled beyond
// them: with one copy and two timers, states are drawn at random (always the same ones) up to a bound. The counts are printed.

import { expect, it } from 'vitest'
import { explore, type Report } from './explore.ts'
import type { Faults, Plot } from './scenarios.ts'

const FULL = process.env.SOJOURN_EXHAUSTIVE === 'full'
const SAMPLED: Faults = [1, 2]
const SAMPLED_STATES = FULL ? 1_000 : 80
/** Far more than any plot has within its bounds. */
const ALL_STATES = 100_000
const TIMEOUT_MS = FULL ? 300_000 : 60_000

/** Follows every plot; a schedule that breaks a rule fails the test with all its actions. */
export function follow(plots: readonly Plot[]): void {
  for (const plot of plots) {
    const bounds = FULL ? plot.full : plot.quick
    if (bounds !== undefined) {
      it(`${plot.name}: every state within ${words(bounds)}`, { timeout: TIMEOUT_MS }, () => {
        const report = run(plot, bounds, ALL_STATES)
        expect(report.cut).toBe(false)
        expect(report.states).toBeGreaterThan(5)
      })
    }
    it(`${plot.name}: ${SAMPLED_STATES} states within ${words(SAMPLED)}`, { timeout: TIMEOUT_MS }, () => {
      const report = run(plot, SAMPLED, SAMPLED_STATES)
      expect(report.states).toBe(SAMPLED_STATES)
    })
  }
}

function words([copies, timers]: Faults): string {
  return `${copies} copies and ${timers} timers`
}

function run(plot: Plot, [copies, timers]: Faults, statesMax: number): Report {
  const report = explore({ ...plot, copies, timers }, statesMax)
  const { states, schedules, outcomes } = report
  const ends = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')
  console.log(`${plot.name} (${words([copies, timers])}): ${states} states, ${schedules} schedules; ${ends}`)
  return report
}
