// What may be said of a world, of a host and of a process when they are made.

import type { Choices } from '../core/association/exchange-offer.ts'
import type { Config } from '../core/config.ts'
import type { Algorithms } from '../crypto/algorithms.ts'
import type { IdentityAlgorithm } from '../crypto/identity.ts'
import type { Profile } from './faults.ts'
import type { Host } from './host.ts'
import type { Filtering } from './nat.ts'

/** What may be said of a world. */
export interface WorldOptions {
  /** Decides everything. */
  readonly seed: number
  /** How things go wrong; nothing does by default. */
  readonly profile?: Profile
  /** The version of IP; 4 by default. */
  readonly family?: 4 | 6
  /** What everybody here can do, unless told otherwise. */
  readonly algorithms?: Algorithms
}

/** What may be said of a host. */
export interface HostOptions {
  /** Puts the host behind a translator of its own. */
  readonly nat?: {
    /** An idle mapping is dropped after so long. */
    readonly timeoutMs: number
    /** Who may answer to a mapping. */
    readonly filtering: Filtering
  }
}

/** What may be said of a process. */
export interface ProcessOptions extends Choices {
  /** Where it starts; a host of the same name by default. */
  readonly host?: Host
  /** The kind of its key; Ed25519 by default. */
  readonly algorithm?: IdentityAlgorithm
  /** False for an identity that has no ledger, and can neither move nor be restarted. */
  readonly saved?: boolean
  /** What differs from the core's own settings. */
  readonly config?: Partial<Config>
  /** On how many addresses of its host it is at once; 1 by default, 2 at most. */
  readonly homes?: number
}
