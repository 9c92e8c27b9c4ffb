// What is known of paths that were left a short while ago. Who comes back to one need not begin as on one that nobody knows: round-trip
// time and packet size are still those of that path, and half of the window is likely to be free (RFC 9000 §9.4 allows no more).

import type { RecoveryConfig } from '../recovery-config.ts'
import type { Rtt } from './rtt.ts'

/** How a change of paths is called: the path that is left, and the one that is taken, by any names that tell paths apart. */
export interface Route {
  readonly at: number
  readonly from: string
  readonly to: string
}

export interface EarlierPath {
  readonly windowBytes: number
  readonly mtuBytes: number
  readonly rtt: Rtt
}

export class EarlierPaths {
  readonly #config: RecoveryConfig
  /** The one that was left last at the end. */
  readonly #paths = new Map<string, EarlierPath & { readonly leftAt: number }>()

  constructor(config: RecoveryConfig) {
    this.#config = config
  }

  /** The path is left, and was good until now; nothing is worth keeping of one whose round trip was never measured. */
  leave(now: number, name: string, path: EarlierPath): void {
    this.#paths.delete(name)
    if (path.rtt.sampledAt === undefined) return
    this.#paths.set(name, { ...path, leftAt: now })
    for (const oldest of this.#paths.keys()) {
      if (this.#paths.size <= this.#config.earlierPathsMax) return
      this.#paths.delete(oldest)
    }
  }

  /** What is still good of a path that is taken again. */
  take(now: number, name: string): EarlierPath | undefined {
    const path = this.#paths.get(name)
    this.#paths.delete(name)
    return path !== undefined && now - path.leftAt < this.#config.earlierPathMs ? path : undefined
  }

  clear(): void {
    this.#paths.clear()
  }
}
