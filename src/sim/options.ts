// What may be said of a world, of a host and of a process when they are made.

import type { Choices } from '../core/association/exchange-offer.ts'
import type { Config } from '../core/config.ts'
import type { Algorithms } from '../crypto/algorithms.ts'
import type { IdentityAlgorithm } from '../crypto/identity.ts'
import type { Profile } from './faults.ts'
import type { Host } from './host.ts'
import type { Filtering } from './nat.ts'

export interface WorldOptions {
  /** Decides everything. */
  readonly seed: number
  /** How things go wrong; nothing does by default. */
  readonly profile?: Profile
  readonly family?: 4 | 6
  /** What everybody here can do, unless told otherwise. */
  readonly algorithms?: Algorithms
}

export interface HostOptions {
  /** Puts the host behind a translator of its own. */
  readonly nat?: { readonly timeoutMs: number; readonly filtering: Filtering }
}

export interface ProcessOptions extends Choices {
  /** Where it starts; a host of the same name by default. */
  readonly host?: Host
  readonly algorithm?: IdentityAlgorithm
  /** False for an identity that has no ledger, and can neither move nor be restarted. */
  readonly saved?: boolean
  readonly config?: Partial<Config>
  /** On how many addresses of its host it is at once; 1 by default, 2 at most. */
  readonly homes?: number
}
