// S7: whoever has not solved a puzzle leaves nothing behind: a flood of spoofed I1s makes no association, and no counter of
// its own.

import type { Checker, Observation, ObservationType } from '../observation.ts'

/** Names of counters that a flood may bring up for the first time: kinds of drops, never sources. */
const COUNTERS_MAX = 3

export class StatelessChecker implements Checker {
  readonly rule = 'S7'
  readonly sees: readonly ObservationType[] = ['flooded']

  see(observation: Observation): string | undefined {
    if (observation.type !== 'flooded') return undefined
    const { run, packets, before, after } = observation
    if (after.associations > before.associations) {
      return `${packets} spoofed packets made ${after.associations - before.associations} associations at ${run.name}`
    }
    if (after.counters > before.counters + COUNTERS_MAX)
      return `${packets} spoofed packets made counters at ${run.name}`
    return undefined
  }
}
