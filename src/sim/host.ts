// A host of a world: it has a key, addresses and a disk. A crash loses everything but the disk.

import type { Hit } from '../crypto/hit.ts'
import type { Identity } from '../crypto/identity.ts'
import type { Arrival } from './arrival.ts'
import type { Departure } from './departure.ts'
import type { Nat } from './nat.ts'

/** A saved identity, and under which host key it is held here. */
export interface Saved {
  readonly signer: Identity
}

/** A host of a world. A crash takes from it all but its disk. */
export class Host {
  /** What prose calls it. */
  readonly name: string
  /** Its host key, which signs grants and claims. */
  readonly identity: Identity
  /** Its own addresses; behind a translator nobody outside sees them. */
  readonly addresses: readonly string[]
  /** The translator it stands behind, if any. */
  readonly nat: Nat | undefined
  /** False from a crash until it is booted. */
  up = true
  /** Identities that are to run here, as the disk has it. */
  readonly disk: Map<Hit, Saved> = new Map()
  /** On disk too: incarnations that were to be activated here and do not run: nobody else can have started them. */
  readonly lost: Set<string> = new Set()
  /** Moves away from here, the last of each process. */
  readonly departures: Map<Hit, Departure> = new Map()
  /** Moves to here, the last of each process. */
  readonly arrivals: Map<Hit, Arrival> = new Map()
  #port = 10_500

  constructor(name: string, identity: Identity, addresses: readonly string[], nat: Nat | undefined) {
    this.name = name
    this.identity = identity
    this.addresses = addresses
    this.nat = nat
  }

  /** A port that no socket of this host has had. */
  freshPort(): number {
    return this.#port++
  }
}
