// The options of an endpoint and of its longer calls.

import type { Choices } from '../core/association/exchange-offer.ts'
import type { Config } from '../core/config.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity, PublicKey } from '../crypto/identity.ts'
import type { Ledger } from '../ledger/interface.ts'
import type { Access } from './access.ts'
import type { Host, HostKem } from './host.ts'
import type { Bind } from './port.ts'

/**
 * What opening and thawing have in common. `allow` and `deny` say who may associate with this identity, whoever begins; a thaw
 * has to be given them again.
 */
export interface PlaceOptions extends Choices, Access {
  /** This machine: needed, with a ledger, for an identity that is saved or will move. */
  readonly host?: Host
  /** Where the starts of identities are recorded. */
  readonly ledger?: Ledger
  /**
   * Local UDP address, or up to eight, the preferred first: peers learn all of them and go on over another one when one fails.
   * Default: every address, any free port.
   */
  readonly bind?: Bind | readonly Bind[]
  /**
   * Whether a peer that `allow` and `deny` let pass may associate with us, asked when it comes and before it costs a signature;
   * who may not is told so. Only `true` is a yes: nobody waits for a promise, and what it throws is a no, counted as `admit-threw`
   * and told with NODE_DEBUG=sojourn. Default: everybody.
   */
  readonly admit?: (peer: Hit, key: PublicKey) => boolean
  /** Whether those who ask for whoever is here, without a HIT, are answered (RFC 7401 §4.1.8). Default: no. */
  readonly opportunistic?: boolean
  /** An association without a datagram or a ping for so many milliseconds is closed. Default: none ever is. */
  readonly idleMs?: number
  /**
   * The longest UDP payload that streams may use, in bytes; never less than 1200 is used. For a tunnel on the way that swallows
   * larger ones, or to spare the search for them. Default: what the path carries, found by probing.
   */
  readonly packetBytesMax?: number
  /** Aborting stops the opening; afterwards it closes the endpoint kindly. */
  readonly signal?: AbortSignal
  /** Limits and times that differ from the defaults. */
  readonly config?: Partial<Config>
}

export interface EndpointOptions extends PlaceOptions {
  /**
   * Who this process is. Default: a fresh identity that is not saved, and whose key is destroyed with the endpoint. One that is
   * given stays its owner's: `identity.destroy()` when it is not needed any more.
   */
  readonly identity?: Identity
  /** Start although an earlier start of this identity seems to be running here. */
  readonly takeOver?: boolean
}

/** How to associate. */
export interface AssociateOptions {
  /** Aborting gives up. */
  readonly signal?: AbortSignal | undefined
  /** Default 5000. */
  readonly timeoutMs?: number | undefined
}

/** How to freeze. */
export interface FreezeOptions {
  /** Where it goes: a READY of the target host (`host.offer`), or that host's long-term key (`host.kem`). */
  readonly to: Uint8Array | HostKem
  /**
   * The application's own suitcase, carried along as it is. A function is called once nothing more comes or goes: what it
   * packs fits exactly what the sockets carry.
   */
  readonly state?: Uint8Array | (() => Uint8Array)
  /**
   * Called when all that can be prepared has been, in the very turn in which the process stops: the last moment to write, and the
   * time to leave off. Whoever stops before `freeze` is called stands still the longer. If it throws, the endpoint runs on.
   */
  readonly stopping?: () => void
  /** Aborting lets the endpoint run on. */
  readonly signal?: AbortSignal
}
