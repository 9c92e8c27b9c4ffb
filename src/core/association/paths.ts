// Where the peer is and how it is reached: its locators and the tuples that packets really came from (RFC 8046 §3.3, §5; RFC 8047
// §4; MOVING §5, §6). A tuple is one of its locators and, where we have several, one of ours. It carries data without limit
// only once it has answered an address check; until then it is paid for out of credit and never gets more than three times
// what came from it.

import { type Locator, locatorFamily, type Route, sameLocator } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import type { Config } from '../config.ts'
import { localsFor, type OwnLocator, type Traffic } from '../own-locators.ts'
import {
  byWorth,
  endsOf,
  freshTuple,
  headerBytes,
  keyOf,
  type PathReason,
  sameOrNone,
  type Tuple,
  type TupleState,
} from './tuple.ts'

export { headerBytes, type PathReason, type Tuple } from './tuple.ts'

/** What a LOCATOR_SET or a capsule says of one locator. */
export interface Listed {
  readonly locator: Locator
  readonly expiresAt: number
  readonly traffic?: Traffic
  readonly preferred?: boolean
}

/** A path that has gone silent. */
interface Silence {
  /** When something went out that nothing on this path has followed. */
  readonly since: number
  /** The alternatives have been asked. */
  asked: boolean
  /** The first of them that has answered. */
  answered: Tuple | undefined
}

export class Paths {
  readonly #config: Config
  readonly #own: { readonly locators: readonly OwnLocator[] }
  readonly #tuples = new Map<string, Tuple>()
  /** Where data goes now. */
  current: Tuple | undefined
  why: PathReason = 'exchange'
  silence: Silence | undefined
  /** Where it went before packets were seen to come from elsewhere; the peer has not said that it left. */
  #before: Tuple | undefined

  /** `own` has our own locators, as they are at the moment. */
  constructor(config: Config, own: { readonly locators: readonly OwnLocator[] } = { locators: [] }) {
    this.#config = config
    this.#own = own
  }

  get tuples(): Iterable<Tuple> {
    return this.#tuples.values()
  }

  get size(): number {
    return this.#tuples.size
  }

  /** How many tuples there may be. */
  get most(): number {
    const ours = Math.max(1, this.#own.locators.filter(({ apart }) => apart === true).length)
    return 2 * this.#config.locatorsPerPeerMax * ours
  }

  find(route: Route): Tuple | undefined {
    return this.#tuples.get(this.#key(route))
  }

  /** The tuple of a packet that nobody has vouched for yet: it enters the table only by `keep`. */
  glance(route: Route): Tuple {
    return this.find(route) ?? freshTuple(route, route.at ?? this.#locals(route)[0])
  }

  /** An authentic packet came from there. The table is bounded: the oldest useless entry goes. */
  keep(tuple: Tuple): Tuple {
    const known = this.#tuples.get(tuple.key)
    if (known !== undefined) return known
    if (this.#tuples.size >= this.most) this.#evict()
    this.#tuples.set(tuple.key, tuple)
    return tuple
  }

  /** The tuple of a locator that the peer, a capsule or the ledger has named. */
  observe(route: Route): Tuple {
    return this.keep(this.glance(route))
  }

  /** A signed LOCATOR_SET replaces what was listed; what it leaves out is deprecated (RFC 8046 §4, §5.3). */
  list(entries: readonly Listed[]): void {
    for (const tuple of this.#tuples.values()) {
      tuple.listed = false
      tuple.preferred = false
      tuple.traffic = 'both'
    }
    this.#before = undefined
    for (const { locator, expiresAt, traffic = 'both', preferred = false } of entries.slice(
      0,
      this.#config.locatorsPerPeerMax,
    )) {
      // Of a family that we do not have it is remembered, for when we do.
      const locals = this.#reaches(locator) ? this.#locals(locator) : [undefined]
      for (const at of locals) {
        const tuple = this.observe({ address: locator.address, port: locator.port, at })
        tuple.listed = true
        tuple.expiresAt = expiresAt
        tuple.traffic = traffic
        tuple.preferred = preferred
        if (tuple.state === 'deprecated') this.#turn(tuple, 'unverified')
      }
    }
    for (const tuple of this.#tuples.values()) {
      if (tuple.listed) continue
      // Nobody lives there any more who could answer.
      if (tuple.check?.why === 'standby' || tuple.check?.why === 'preferred') tuple.check = undefined
      if (tuple.state === 'active' && tuple !== this.current) this.#turn(tuple, 'deprecated')
    }
  }

  /** The tuple has answered an address check. */
  verify(tuple: Tuple): void {
    if (tuple.state === 'deprecated') this.#turn(tuple, 'unverified')
    if (tuple.state === 'unverified') this.#turn(tuple, 'active')
    tuple.check = undefined
    tuple.answers = 0
  }

  /** The tuple has answered an address check, and data goes there from now on. Returns true if that is news. */
  activate(tuple: Tuple, why: PathReason): boolean {
    this.verify(tuple)
    const before = this.current
    if (before === tuple) return false
    this.current = tuple
    this.why = why
    this.silence = undefined
    if (before?.state === 'active' && !before.listed) this.#turn(before, 'deprecated')
    this.#before = why === 'observed' ? before : undefined
    return true
  }

  /** The peer has been started elsewhere: nothing is verified any more, and `tuple` is where it seems to be. */
  restart(tuple: Tuple): void {
    for (const other of this.#tuples.values()) {
      if (other.state === 'active') this.#turn(other, 'deprecated')
      other.check = undefined
      other.answers = 0
    }
    if (tuple.state === 'deprecated') this.#turn(tuple, 'unverified')
    this.current = tuple
    this.why = 'moved'
    this.silence = undefined
    this.#before = undefined
  }

  /** We have been started elsewhere: whatever was verified was verified for somebody else (MOVING §5). */
  forget(): void {
    for (const tuple of this.#tuples.values()) if (tuple.state === 'active') tuple.state = 'unverified'
  }

  /** Whether `size` bytes of UDP payload may go to an unverified tuple under the three-times rule. */
  withinAmplification(tuple: Tuple, size: number): boolean {
    const bytes = size + headerBytes(tuple.locator)
    return tuple.sent + bytes <= this.#config.amplificationFactor * tuple.received
  }

  countSent(tuple: Tuple, size: number): void {
    if (tuple.state !== 'active') tuple.sent += size + headerBytes(tuple.locator)
  }

  countReceived(tuple: Tuple, size: number): void {
    if (tuple.state !== 'active') tuple.received += size + headerBytes(tuple.locator)
  }

  /** Address checks that have not been answered. */
  get openChecks(): number {
    let open = 0
    for (const tuple of this.#tuples.values()) if (tuple.check !== undefined) open += 1
    return open
  }

  /**
   * Where to look for a silent peer, best first: where it was last, where the ledger has it, what it signed for, the rest. With
   * `moved`, only where the ledger has it: a later start of it is nowhere that an earlier one has been.
   */
  targets(now: number, moved = false): Route[] {
    const rank = (tuple: Tuple): number =>
      tuple === this.current ? 0 : tuple.listed ? (tuple.found ? 1 : 2) : tuple.state === 'active' ? 3 : 4
    return [...this.#tuples.values()]
      .filter((tuple) => tuple.expiresAt > now && (tuple.found || !moved))
      .sort((a, b) => rank(a) - rank(b))
      .map((tuple) => tuple.route)
  }

  // ── Several paths (RFC 8047 §4.2.3) ────────────────────────────────────────

  /** Where control packets go: with the data, unless the peer wants nothing but data there. */
  get signalling(): Tuple | undefined {
    const { current } = this
    if (current?.traffic !== 'data') return current
    const open = [...this.#tuples.values()].filter(
      ({ state, traffic, locator }) => state === 'active' && traffic !== 'data' && this.#reaches(locator),
    )
    return open.sort(byWorth)[0] ?? current
  }

  /** Where the peer would rather have data than elsewhere; the more specific word counts (RFC 8046 §4). */
  get preferred(): Tuple | undefined {
    const wanted = [...this.#tuples.values()].filter(
      (tuple) => tuple.preferred && tuple.traffic !== 'signalling' && this.#reaches(tuple.locator),
    )
    const specific = wanted.filter(({ traffic }) => traffic === 'data')
    const from = specific.length > 0 ? specific : wanted
    return from.find(({ at }) => at === this.current?.at) ?? from[0]
  }

  /** Other ways to the peer, best first: what it signed for, where it was before, and where it is, from other locators of ours. */
  alternatives(now: number): Tuple[] {
    const { current } = this
    if (current === undefined) return []
    const named = [current, ...(this.#before === undefined ? [] : [this.#before])]
    for (const { locator } of named)
      for (const at of this.#locals(locator)) this.observe({ address: locator.address, port: locator.port, at })
    const may = ({ listed, locator }: Tuple): boolean =>
      this.#reaches(locator) && (listed || named.some((other) => sameLocator(other.locator, locator)))
    return [...this.#tuples.values()]
      .filter((tuple) => tuple !== current && tuple.expiresAt > now && tuple.traffic !== 'signalling' && may(tuple))
      .sort(byWorth)
  }

  /** Whether `alternatives` would find any. */
  get hasAlternatives(): boolean {
    if (this.#tuples.size < 2 && this.#own.locators.length < 2) return false
    if (this.#before !== undefined) return true
    const { current } = this
    if (current === undefined) return false
    for (const tuple of this.#tuples.values()) if (tuple !== current && tuple.listed) return true
    return this.#locals(current.locator).length > 1
  }

  /** Which of two to use. */
  better(tuple: Tuple, than: Tuple | undefined): Tuple {
    return than === undefined || byWorth(tuple, than) < 0 ? tuple : than
  }

  /** Whether a check may go there although nothing has come from there: a few, to where the peer says that it is or was. */
  mayAsk(tuple: Tuple): boolean {
    const { current } = this
    const siblings = [...this.#tuples.values()].filter(({ locator }) => sameLocator(locator, tuple.locator))
    const named = tuple.listed || tuple === this.#before || (current !== undefined && siblings.includes(current))
    // Who has never answered there is asked no more often because we have several locators.
    const proven = siblings.some(({ state }) => state === 'active')
    const asked = proven ? tuple.answers : siblings.reduce((sum, { answers }) => sum + answers, 0)
    return named && this.#reaches(tuple.locator) && asked < this.#config.answersMax
  }

  /**
   * Whether the peer's newest packet, which came from there, says that it has gone there. What it signed for it may send from as
   * it likes (RFC 8047 §4.2.3): then only the lesser of two HITs follows, or both would for ever.
   */
  mayFollow(tuple: Tuple, lesser: boolean): boolean {
    const { current } = this
    if (tuple === current) return false
    if (!tuple.listed || tuple.state !== 'active' || current?.listed !== true || current.state !== 'active') return true
    return lesser && !current.preferred && tuple.traffic !== 'signalling'
  }

  /** What it means if data goes there because packets came from there. */
  reasonToFollow(tuple: Tuple): PathReason {
    return tuple === this.#before || (tuple.listed && this.current?.listed === false) ? 'reverted' : 'observed'
  }

  /** Something authentic came along this tuple. */
  speaks(tuple: Tuple): void {
    if (tuple === this.current) this.silence = undefined
  }

  /** Our own locators have changed: what left from one that is gone leaves from another of its family. */
  relocate(): void {
    const moved = new Map<Tuple, Tuple>()
    for (const tuple of [...this.#tuples.values()]) {
      const locals = this.#locals(tuple.locator)
      if (locals.some((at) => sameOrNone(at, tuple.at))) continue
      this.#tuples.delete(tuple.key)
      const heir = { ...tuple, ...endsOf(tuple.locator, locals[0]) }
      const kept = this.keep(heir)
      // Two become one: what has been asked there has been asked by both.
      if (kept !== heir) kept.answers += tuple.answers
      moved.set(tuple, kept)
    }
    if (this.current === undefined) return
    this.current = moved.get(this.current) ?? this.current
    if (this.#before !== undefined) this.#before = moved.get(this.#before) ?? this.find(this.#before.route)
    if (this.#reaches(this.current.locator)) return
    // It is of a family that we no longer have.
    const others = [...this.#tuples.values()].filter(({ locator }) => this.#reaches(locator)).sort(byWorth)
    const other = others.find(({ listed, traffic }) => listed && traffic !== 'signalling') ?? others[0]
    if (other !== undefined) this.current = other
  }

  #locals(locator: Locator): readonly (Locator | undefined)[] {
    return localsFor(this.#own.locators, locatorFamily(locator))
  }

  #reaches(locator: Locator): boolean {
    return this.#locals(locator).length > 0
  }

  #key(route: Route): string {
    return keyOf(route, route.at ?? this.#locals(route)[0])
  }

  #turn(tuple: Tuple, to: TupleState): void {
    assert(!(tuple.state === 'deprecated' && to === 'active'), 'RFC 8046 §5.1: a deprecated address is checked first')
    tuple.state = to
    tuple.sent = 0
    tuple.received = 0
  }

  #evict(): void {
    for (const tuple of this.#tuples.values()) {
      if (tuple === this.current || tuple.listed) continue
      this.#tuples.delete(tuple.key)
      return
    }
    for (const tuple of this.#tuples.values()) {
      if (tuple === this.current) continue
      this.#tuples.delete(tuple.key)
      return
    }
  }
}
