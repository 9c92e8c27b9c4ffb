// What the owner of a machine may look at.

import { type Locator, locatorFamily } from '../base/address.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Association } from './association/association.ts'
import { byWorth, type PathReason, type Tuple, type TupleState } from './association/tuple.ts'
import type { OwnLocator, Traffic } from './own-locators.ts'

export type { StreamView } from './transport/streams/streams.ts'

/** What became of a datagram: on its way, waiting for its peer, or refused. */
export type SendOutcome = 'sent' | 'queued' | 'full' | 'too-long' | 'no-association'

/** One way to a peer, and whether it may be used. */
export interface Way {
  /** Ours; undefined if the system chooses among several. */
  readonly local: Locator | undefined
  /** The peer's. */
  readonly remote: Locator
  /** `active`: it has answered an address check. `unverified`: data there is limited. `deprecated`: the peer has left it. */
  readonly state: TupleState
  /** What the peer wants to have there, and whether rather than elsewhere. */
  readonly traffic: Traffic
  /** The peer has asked for this one. */
  readonly preferred: boolean
  /** The last round trip measured there, in milliseconds. */
  readonly rttMs: number | undefined
}

/** The way that data takes now, and why; the other ways that are known, the best first. */
export interface Path extends Way {
  /** What made it the path that is used. */
  readonly why: PathReason
  /** How long an answer is waited for before a path counts as silent, in milliseconds (RFC 9002 §6.2.1). */
  readonly ptoMs: number
  /** The other ways to this peer that are known. */
  readonly alternatives: readonly Way[]
}

export interface AssociationView {
  readonly peer: Hit
  /** `moving`: our own P1 is unanswered, or the peer has moved and its address is not verified yet. */
  readonly state: 'opening' | 'established' | 'moving' | 'parked' | 'closing'
  readonly locator: Locator | undefined
  readonly path: Path | undefined
  readonly rttMs: number | undefined
  /** The start of the peer that the association is bound to; 0 while it opens. */
  readonly peerEpoch: number
  readonly baseExchanges: number
  /** We began the base exchange. */
  readonly initiator: boolean
  /** Datagrams that wait to be sealed. */
  readonly queued: number
  /** What its peer has made it hold at this moment, and how much of each there may be. */
  readonly holdings: readonly Holding[]
}

/** Something that a peer can fill. */
export interface Holding {
  readonly what: string
  readonly size: number
  readonly cap: number
}

export function viewOf(association: Association): AssociationView {
  return new View(association)
}

/** How it is at this moment; but for its path, which is more to find out and seldom asked for. */
class View implements AssociationView {
  readonly peer: Hit
  readonly state: AssociationView['state']
  readonly locator: Locator | undefined
  readonly rttMs: number | undefined
  readonly peerEpoch: number
  readonly baseExchanges: number
  readonly initiator: boolean
  readonly queued: number
  readonly #association: Association

  constructor(association: Association) {
    const { peer, paths, rtt, session, baseExchanges, unsent } = association
    this.peer = peer
    this.state = stateOf(association)
    this.locator = paths.current?.locator
    this.rttMs = rtt.smoothedMs
    this.peerEpoch = session?.peerStart.epoch ?? 0
    this.baseExchanges = baseExchanges
    this.initiator = session?.responder !== true
    this.queued = unsent.size
    this.#association = association
  }

  get path(): Path | undefined {
    return pathOf(this.#association)
  }

  get holdings(): readonly Holding[] {
    const { context, early, paths, session } = this.#association
    const { earlyPacketsMax, inboundSasMax, checksOpenMax } = context.config
    return [
      { what: 'early packets', size: early.length, cap: earlyPacketsMax },
      { what: 'tuples', size: paths.size, cap: paths.most },
      { what: 'address checks', size: paths.openChecks, cap: checksOpenMax },
      { what: 'inbound SAs', size: session?.inbound.length ?? 0, cap: inboundSasMax },
    ]
  }
}

function pathOf({ paths, context, rtt }: Association): Path | undefined {
  const { current, why } = paths
  if (current === undefined) return undefined
  const others = [...paths.tuples].filter((tuple) => tuple !== current).sort(byWorth)
  const alternatives = others.map((tuple) => wayOf(tuple, context.locators))
  return {
    ...wayOf(current, context.locators),
    rttMs: rtt.smoothedMs ?? current.rttMs,
    why,
    ptoMs: rtt.ptoMs,
    alternatives,
  }
}

function wayOf({ locator, at, state, traffic, preferred, rttMs }: Tuple, own: readonly OwnLocator[]): Way {
  const family = locatorFamily(locator)
  const [only, another] = own.filter((one) => locatorFamily(one) === family)
  const one = at ?? (another === undefined ? only : undefined)
  const local = one === undefined ? undefined : { address: one.address, port: one.port }
  return { local, remote: locator, state, traffic, preferred, rttMs }
}

function stateOf(association: Association): AssociationView['state'] {
  const { state, session, paths } = association
  if (state.name === 'parked' || state.name === 'closing') return state.name
  if (session === undefined) return 'opening'
  const offering =
    'offer' in session.ratchet && session.ratchet.name !== 'committed' && session.ratchet.offer.kind === 'rebind'
  return offering || paths.current?.state !== 'active' ? 'moving' : 'established'
}
