// All checkers together. Each is a class of its own under checkers/; this file only hands observations around and keeps what they
// object to.

import { AmplificationChecker } from './checkers/amplification.ts'
import { CapChecker } from './checkers/caps.ts'
import { CapsuleChecker } from './checkers/capsules.ts'
import { EpochChecker } from './checkers/epochs.ts'
import { FormerHostChecker } from './checkers/former-host.ts'
import { HolderChecker } from './checkers/holders.ts'
import { HonestyChecker } from './checkers/honesty.ts'
import { LivelockChecker } from './checkers/livelock.ts'
import { NonceChecker } from './checkers/nonces.ts'
import { OnceChecker } from './checkers/once.ts'
import { SecretChecker } from './checkers/secrets.ts'
import { StatelessChecker } from './checkers/stateless.ts'
import { StreamEndChecker } from './checkers/stream-ends.ts'
import { StreamChecker } from './checkers/streams.ts'
import type { Checker, Observation, ObservationType, Violation } from './observation.ts'

/** One of each checker, new. */
export function allCheckers(): Checker[] {
  return [
    new OnceChecker(),
    new StreamChecker(),
    new StreamEndChecker(),
    new NonceChecker(),
    new EpochChecker(),
    new HonestyChecker(),
    new AmplificationChecker(),
    new StatelessChecker(),
    new CapChecker(),
    new SecretChecker(),
    new HolderChecker(),
    new CapsuleChecker(),
    new FormerHostChecker(),
    new LivelockChecker(),
  ]
}

/** Hands each observation to the checkers that want to see it, and keeps what they object to. */
export class Checkers {
  /** In the order they were found. */
  readonly violations: Violation[] = []
  readonly #byType = new Map<ObservationType, Checker[]>()

  constructor(checkers: readonly Checker[] = allCheckers()) {
    for (const checker of checkers) {
      for (const type of checker.sees) this.#byType.set(type, [...(this.#byType.get(type) ?? []), checker])
    }
  }

  /** Something has been seen. */
  see(observation: Observation): void {
    for (const checker of this.#byType.get(observation.type) ?? []) {
      const detail = checker.see(observation)
      if (detail !== undefined) this.violations.push({ rule: checker.rule, detail })
    }
  }
}
