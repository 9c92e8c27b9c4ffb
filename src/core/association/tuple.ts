// One way to a peer: a locator of its own and, where we have several, one of ours (RFC 8046 §5.1).

import { type Locator, locatorFamily, locatorKey, type Route, sameLocator } from '../../base/address.ts'
import type { Traffic } from '../own-locators.ts'

/** RFC 8046 §5.1: the three states of an address. */
export type TupleState = 'unverified' | 'active' | 'deprecated'

/** Why data takes the path that it takes. */
export type PathReason =
  | 'exchange' // the base exchange ended there
  | 'moved' // one of both has been started elsewhere, and they found each other there
  | 'readdressed' // the peer has said so, from there
  | 'observed' // its packets came from there
  | 'preferred' // the peer would rather have data there than where it went
  | 'failover' // the path before went silent
  | 'reverted' // packets came again from where the peer had been, or had signed to be

export interface Check {
  readonly nonce: Uint8Array
  readonly updateId: number
  readonly sentAt: number
  /** What its answer decides: why data goes there from then on, or that it may some day. */
  why: PathReason | 'standby'
}

export interface Tuple {
  readonly locator: Locator
  /** Which of our locators, if they are apart. */
  readonly at: Locator | undefined
  /** Both, as packets are sent. */
  readonly route: Route
  readonly key: string
  state: TupleState
  /** The peer has signed for it in its last LOCATOR_SET. */
  listed: boolean
  /** The ledger has told us so, too, in the newest whereabouts that we have. */
  found: boolean
  /** What the peer wants to have there, and whether rather than elsewhere. */
  traffic: Traffic
  preferred: boolean
  expiresAt: number
  /** IP-level bytes, counted while the tuple is unverified; what has a limit of its own is not. */
  received: number
  sent: number
  /** P2s and checks that went there outside the data limits (MOVING §5). */
  answers: number
  /** Our P1 went there. */
  offered: boolean
  check: Check | undefined
  /** Tries of the open check. */
  checks: number
  checkedAt: number
  /** The last round trip measured there. */
  rttMs: number | undefined
}

/** Bytes of IP and UDP header in front of a UDP payload. */
export function headerBytes(locator: Locator): number {
  return locatorFamily(locator) === 4 ? 28 : 48
}

export function freshTuple(there: Locator, own: Locator | undefined): Tuple {
  // Field by field: of a spread that goes on, V8 makes a shape of its own for every object, half a kilobyte each.
  const { locator, at, route, key } = endsOf(there, own)
  return {
    locator,
    at,
    route,
    key,
    state: 'unverified',
    listed: false,
    found: false,
    traffic: 'both',
    preferred: false,
    expiresAt: Infinity,
    received: 0,
    sent: 0,
    answers: 0,
    offered: false,
    check: undefined,
    checks: 0,
    checkedAt: -Infinity,
    rttMs: undefined,
  }
}

/** Both ends of a tuple, in every form in which they are used. */
export function endsOf(there: Locator, at: Locator | undefined): Pick<Tuple, 'locator' | 'at' | 'route' | 'key'> {
  const key = keyOf(there, at)
  if (at === undefined) return { locator: there, at, route: there, key }
  const { address, port } = there
  return { locator: { address, port }, at, route: { address, port, at }, key }
}

export function keyOf(locator: Locator, at: Locator | undefined): string {
  return at === undefined ? locatorKey(locator) : `${locatorKey(locator)} ${locatorKey(at)}`
}

export function sameOrNone(a: Locator | undefined, b: Locator | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameLocator(a, b)
}

/** Verified ones first, then what the peer prefers, then the nearest. */
export function byWorth(a: Tuple, b: Tuple): number {
  return (
    Number(b.state === 'active') - Number(a.state === 'active') ||
    Number(b.preferred) - Number(a.preferred) ||
    (a.rttMs ?? Number.MAX_VALUE) - (b.rttMs ?? Number.MAX_VALUE)
  )
}
