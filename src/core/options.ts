// What a machine is made of (DESIGN §1): everything ambient is an argument.

import type { AeadProvider } from '../crypto/aead.ts'
import type { DhKey } from '../crypto/dh.ts'
import type { Entropy } from '../crypto/entropy.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity, PublicKey } from '../crypto/identity.ts'
import type { AccessList } from './access.ts'
import type { KeyLogEntry, OwnStart } from './association/context.ts'
import type { Choices } from './association/exchange-offer.ts'
import type { Config } from './config.ts'
import type { Floors } from './moving/floor.ts'
import type { OwnLocator } from './own-locators.ts'

export interface EngineOptions extends Choices {
  readonly identity: Identity
  readonly start: OwnStart
  readonly entropy: Entropy
  /** Default: node:crypto over the ESP suites of `algorithms`. */
  readonly aead?: AeadProvider
  /** Where we can be reached, the best first. Peers are told if there are several, and after a move. */
  readonly locators: readonly OwnLocator[]
  readonly config?: Partial<Config>
  /** What is to be sent whole or not at all is: then the search for the MTU of a path may go as far as any link does. Default: false. */
  readonly dontFragment?: boolean
  readonly keylog?: (entry: KeyLogEntry) => void
  /** Who may associate, whoever begins; asked before `admit`. By default everybody. */
  readonly access?: AccessList
  /** Whether a peer that comes to us, and whose key is known, may associate; by default everybody. To throw is to say no. */
  readonly admit?: (key: PublicKey, peer: Hit) => boolean
  /** What earlier starts of this identity learnt of its peers; by default nothing. */
  readonly floors?: Floors
  /** Drawn ahead for the first exchange that takes one of its group: the P1 of a thaw that was prepared for. */
  readonly dh?: DhKey | undefined
  /** Whether an I1 without a receiver HIT is answered (RFC 7401 §4.1.8); by default it is not. */
  readonly opportunistic?: boolean
  readonly now: number
}
