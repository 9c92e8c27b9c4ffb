// What an association needs of the identity it belongs to. The engine implements it; nothing here has a clock or a socket.

import type { Locator, Route } from '../../base/address.ts'
import type { AeadProvider } from '../../crypto/aead.ts'
import type { DhKey } from '../../crypto/dh.ts'
import type { Entropy } from '../../crypto/entropy.ts'
import type { Hit } from '../../crypto/hit.ts'
import type { Identity, PublicKey } from '../../crypto/identity.ts'
import type { EspKeys, Start } from '../../crypto/keymat.ts'
import type { AccessList } from '../access.ts'
import type { Config } from '../config.ts'
import type { MachineEvent } from '../machine.ts'
import type { Floors } from '../moving/floor.ts'
import type { OwnLocator } from '../own-locators.ts'
import type { Ports } from '../ports.ts'
import type { StreamBudget } from '../transport/streams/budget.ts'
import type { Association } from './association.ts'
import type { Offer } from './exchange-offer.ts'

/** One start of this identity: its epoch, its incarnation and what proves them (MOVING §1). */
export interface OwnStart extends Start {
  /** Drawn at activation; never in a capsule. */
  readonly instance: Identity
  /** The ledger's signed word, as object bytes; undefined for an identity that needs no ledger. */
  readonly receipt: Uint8Array | undefined
  readonly ledgerKey: PublicKey | undefined
}

/** A line of a key log. */
export type KeyLogEntry =
  | {
      readonly kind: 'ESP'
      readonly spi: number
      readonly suite: number
      readonly encryption: Uint8Array
      readonly authentication: Uint8Array
    }
  | { readonly kind: 'KIJ'; readonly a: Hit; readonly b: Hit; readonly kij: Uint8Array }

/** Names of everything that is dropped or goes wrong; each is a counter of the engine. */
export type Counted = string

export interface Context extends Offer {
  readonly config: Config
  readonly identity: Identity
  readonly hitBytes: Uint8Array
  readonly start: OwnStart
  readonly entropy: Entropy
  /** A Diffie–Hellman key that was drawn ahead, once; undefined if there is none of that group. */
  takeDh(group: number): DhKey | undefined
  readonly aead: AeadProvider
  /** As in EngineOptions. */
  readonly dontFragment: boolean
  readonly floors: Floors
  readonly streamBudget: StreamBudget
  /** Our own locators, as peers should know them, the best first. */
  readonly locators: readonly OwnLocator[]
  /** Who may associate, whoever begins. */
  readonly access: AccessList
  /** An I1 for whoever is here is answered (RFC 7401 §4.1.8). */
  readonly opportunistic: boolean
  /** Ports that the application has bound for datagrams, and those where it takes streams. */
  readonly ports: Ports
  readonly listeners: Ports
  /** Puts one HIP packet on the wire, inside UDP. */
  sendPacket(packet: Uint8Array, to: Route): void
  /** Has `make` put a packet on the wire that can wait until what the peer waits for has left. */
  owe(association: Association, make: (now: number) => void): void
  event(event: MachineEvent): void
  count(name: Counted): void
  /** Undefined unless somebody wants the keys: then it is given copies. */
  readonly keylog: ((entry: KeyLogEntry) => void) | undefined
  /** A fresh inbound SPI that leads to this association. */
  newSpi(association: Association): number
  /** An SPI from a capsule. */
  claimSpi(spi: number, association: Association): void
  dropSpi(spi: number): void
  /** The association has something to seal and may. */
  wake(association: Association): void
  /** There is something to tell of its streams (`nextStreamEvent`). */
  hasNews(association: Association): void
  /** Takes one token of the budget for signed notifications; false if there is none. */
  mayNotify(now: number): boolean
  /** The same for those who have proved nothing. */
  mayNotifyStranger(now: number, source: Locator): boolean
  mayEchoReply(now: number): boolean
  /** Nothing is heard on any path to this peer: its owner is told, if nobody else is heard either. */
  silent(now: number, association: Association): void
  /** No room for another association. */
  isFull(): boolean
  /** A closed association is not remembered any longer. */
  forget(association: Association): void
  /** A newer start of this identity exists. */
  fenced(epoch: number): void
}

/** As the engine has it: where we can be reached changes there and nowhere else. */
export type OwnContext = Context & { locators: readonly OwnLocator[] }

export function logEsp({ keylog }: Pick<Context, 'keylog'>, spi: number, suite: number, keys: EspKeys): void {
  const { encryption, authentication } = keys
  keylog?.({ kind: 'ESP', spi, suite, encryption: encryption.slice(), authentication: authentication.slice() })
}

export function logKij({ keylog, identity }: Pick<Context, 'keylog' | 'identity'>, peer: Hit, kij: Uint8Array): void {
  keylog?.({ kind: 'KIJ', a: identity.hit, b: peer, kij: kij.slice() })
}
