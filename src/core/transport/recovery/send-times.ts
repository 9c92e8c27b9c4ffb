// When packets left that nobody has to acknowledge: datagrams and acknowledgements alone. They take numbers all the same, so
// the newest number of an acknowledgement is often one of theirs, and a round trip is measured by the newest (RFC 9002 §5.1).

import type { RecoveryConfig } from '../recovery-config.ts'

export class SendTimes {
  readonly #config: RecoveryConfig
  readonly #times = new Map<number, number>()
  #space: number | undefined

  constructor(config: RecoveryConfig) {
    this.#config = config
  }

  /** Keeps the newest of the SA that was sent under last. */
  note(now: number, space: number, number: number): void {
    if (space !== this.#space) this.#times.clear()
    this.#space = space
    this.#times.set(number, now)
    if (this.#times.size <= this.#config.sendTimesMax) return
    for (const oldest of this.#times.keys()) {
      this.#times.delete(oldest)
      break
    }
  }

  /** When that packet left, if it is remembered: to be had once, because only the first word of it measures anything. */
  take(space: number, number: number): number | undefined {
    if (space !== this.#space) return undefined
    const time = this.#times.get(number)
    this.#times.delete(number)
    return time
  }

  clear(): void {
    this.#times.clear()
  }
}
