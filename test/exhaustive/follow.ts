// The tests of one list of plots: each is followed to its last state within its bounds on faults. The counts are printed.

import { expect, it } from 'vitest'
import { explore } from './explore.ts'
import { type Bounds, type Faults, HASTE, type HostilePlot, NONE, ONE, type Plot } from './scenarios.ts'
import { Walk } from './walk.ts'

/** `full` takes minutes, `long` an hour and 4 GiB: what `full` does and the plots that are too long for it. */
const MODE = process.env.SOJOURN_EXHAUSTIVE
const LONG = MODE === 'long'
const FULL = MODE === 'full' || LONG
/** Far more than any plot has within its bounds. */
const ALL_STATES = 20_000_000
const TIMEOUT_MS = LONG ? 3_600_000 : FULL ? 900_000 : 60_000

/** Follows every plot; a schedule that breaks a rule fails the test with all its actions. */
export function follow(plots: readonly Plot[]): void {
  for (const plot of plots) {
    for (const faults of wanted(plot)) {
      it(`${plot.name}: every state with ${words(faults)}`, { timeout: TIMEOUT_MS }, () => {
        const begin = process.cpuUsage().user
        const { states, schedules, finals, cut, alone, runs, outcomes } = new Walk(plot, faults).run(ALL_STATES)
        const ends = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')
        const seconds = ((process.cpuUsage().user - begin) / 1e6).toFixed(1)
        console.log(
          `${plot.name} (${words(faults)}): ${states} states, ${schedules} steps, ${finals} finals; ${ends}; ` +
            `${alone} states of one end, ${runs} runs, ${seconds} s`,
        )
        expect(cut).toBe(false)
        expect(states).toBeGreaterThan(5)
      })
    }
  }
}

function wanted({ quick, full = [ONE, HASTE], long = [] }: Plot): readonly Faults[] {
  if (FULL) return LONG ? [...full, ...long] : full
  return quick === undefined ? [] : [quick]
}

function words(faults: Faults): string {
  if (faults === NONE) return 'no faults'
  return faults === HASTE ? 'one timer too early' : faults === ONE ? '1 loss and 1 duplicate' : JSON.stringify(faults)
}

/** The same for a world with a former host in it, which sees both ends: every schedule is run again from its beginning. */
export function followHostile(plots: readonly HostilePlot[]): void {
  for (const plot of plots) {
    const [copies, timers]: Bounds = FULL ? plot.full : plot.quick
    const bounds = `${copies} copies and ${timers} timers`
    it(`${plot.name}: every state within ${bounds}`, { timeout: TIMEOUT_MS }, () => {
      const { states, schedules, outcomes, cut } = explore({ ...plot, copies, timers }, ALL_STATES)
      const ends = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')
      console.log(`${plot.name} (${bounds}): ${states} states, ${schedules} schedules; ${ends}`)
      expect(cut).toBe(false)
      expect(states).toBeGreaterThan(5)
    })
  }
}
