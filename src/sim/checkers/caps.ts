// S8: no queue that others can drive grows past its cap.

import type { Checker, Observation, ObservationType } from '../observation.ts'

export class CapChecker implements Checker {
  readonly rule = 'S8'
  readonly sees: readonly ObservationType[] = ['queue']

  see(observation: Observation): string | undefined {
    if (observation.type !== 'queue' || observation.size <= observation.cap) return undefined
    return `${observation.run.name}: ${observation.size} in ${observation.what}, which holds ${observation.cap}`
  }
}
