// What a frozen process is (MOVING §7): a plain value that `capsule.ts` turns into bytes and the engine into a running machine.
// It holds no outbound ESP key, no send counter to go on from, no Kij, PRK, KEYMAT, Diffie–Hellman secret or generator state:
// the types below have no place for them.

import type { Locator } from '../../base/address.ts'
import { forgetEspKeys, forgetHipKeys } from '../../crypto/forget.ts'
import { type Hit, hitOf } from '../../crypto/hit.ts'
import type { IdentityAlgorithm, PublicKey } from '../../crypto/identity.ts'
import type { EspKeys, HipKeys, Start } from '../../crypto/keymat.ts'
import { wipe } from '../../crypto/secret.ts'
import type { FrozenStreams } from '../transport/streams/frozen-streams.ts'

/** A frozen process identity, ready to be sealed. Times are remaining durations in milliseconds. */
export interface FrozenState {
  /** Algorithm and secret of the Host Identity (`Identity.fromSecret`). */
  readonly identity: { readonly algorithm: IdentityAlgorithm; readonly secret: Uint8Array }
  /** The epoch that was running; the base epoch of what is resumed (MOVING §4). */
  readonly epoch: number
  readonly associations: readonly FrozenAssociation[]
  readonly floors: readonly FrozenFloor[]
  readonly sockets: readonly FrozenSocket[]
  /** Ports that take streams. */
  readonly listeners: readonly number[]
  /** The application's own suitcase. */
  readonly state: Uint8Array
}

/** One association, complete in itself. */
export interface FrozenAssociation {
  readonly peerKey: PublicKey
  readonly peerLedger: PublicKey | undefined
  readonly peerStart: Start
  /** Our own start that the peer was bound to when we froze. */
  readonly ownStart: Start
  /** True if we were the Responder of the base exchange: its HIT suite rules the hash (RFC 7401 §3.2). */
  readonly responder: boolean
  readonly hitSuite: number
  readonly dhGroup: number
  readonly cipher: number
  readonly espSuite: number
  readonly i: Uint8Array
  readonly j: Uint8Array
  /** Exactly one S: the one this end has committed to. */
  readonly secret: Uint8Array
  readonly hipSend: HipKeys
  readonly hipReceive: HipKeys
  readonly reserveIn: number
  readonly reserveOut: number
  readonly inbound: readonly FrozenInbound[]
  readonly finals: readonly { readonly spi: number; readonly sequence: number }[]
  readonly locators: readonly FrozenLocator[]
  /** What a peer that knows only the RFCs is told and remembered of (MOVING §2): its value, our next Update ID, its own. */
  readonly plain: FrozenPlain | undefined
  /** Datagrams that had not been sealed yet, oldest first. */
  readonly unsent: readonly { readonly sourcePort: number; readonly port: number; readonly bytes: Uint8Array }[]
  /** The stream table; undefined if there has never been a stream. */
  readonly streams: FrozenStreams | undefined
}

export interface FrozenPlain {
  readonly peerDh: Uint8Array
  readonly nextUpdateId: number
  /** At most as many as the window of Update IDs is wide. */
  readonly peerUpdateIds: readonly number[]
}

export interface FrozenInbound {
  readonly spi: number
  readonly keys: EspKeys
  readonly highest: number
  readonly bitmap: Uint8Array
  /** The last number the peer announced for this SA, if it did. */
  readonly final: number | undefined
  /** Resumption id of the S whose keys it has; 8 bytes. */
  readonly of: Uint8Array
  /** How much longer it is open; undefined while nothing closes it. */
  readonly remainingMs: number | undefined
}

export interface FrozenLocator {
  readonly locator: Locator
  readonly preferred: boolean
  readonly remainingMs: number
}

/** The highest epoch accepted for a full key (MOVING, Words); 0 if it has shown none. */
export interface FrozenFloor {
  readonly key: PublicKey
  readonly ledger: PublicKey | undefined
  readonly epoch: number
  readonly incarnation: Uint8Array
}

/** A bound datagram port with what the application had not yet read. */
export interface FrozenSocket {
  readonly port: number
  readonly unread: readonly { readonly hit: Hit; readonly port: number; readonly bytes: Uint8Array }[]
}

/**
 * `state`, but that the streams which no application has taken yet are as if they had just been opened: their listener is told of
 * them anew where it is thawed.
 */
export function withUntaken(state: FrozenState, untaken: ReadonlyMap<Hit, ReadonlySet<number>>): FrozenState {
  const asOpened = (association: FrozenAssociation): FrozenAssociation => {
    const { streams, peerKey } = association
    const ids = untaken.get(hitOf(peerKey))
    if (streams === undefined || ids === undefined) return association
    const back = streams.streams.map((stream) => (ids.has(stream.id) ? { ...stream, accepted: false } : stream))
    return { ...association, streams: { ...streams, streams: back } }
  }
  return untaken.size === 0 ? state : { ...state, associations: state.associations.map(asOpened) }
}

/** Streams that were opened, and of which no application has been told: their ids by peer. */
export function untoldOf(state: FrozenState | undefined): ReadonlyMap<Hit, ReadonlySet<number>> {
  const untold = ({ peerKey, streams }: FrozenAssociation): readonly [Hit, ReadonlySet<number>] => {
    const ids = (streams?.streams ?? []).flatMap(({ id, ports, accepted }) => (ports && !accepted ? [id] : []))
    return [hitOf(peerKey), new Set(ids)]
  }
  return new Map(state?.associations.map(untold))
}

/** Overwrites the keys in it, once they have gone into a capsule or an engine. */
export function forgetFrozen({ identity, associations }: FrozenState): void {
  wipe(identity.secret)
  for (const { secret, hipSend, hipReceive, inbound } of associations) {
    wipe(secret)
    forgetHipKeys(hipSend)
    forgetHipKeys(hipReceive)
    for (const { keys } of inbound) forgetEspKeys(keys)
  }
}
