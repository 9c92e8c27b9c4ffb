// Where the peer is: its locators and the tuples that packets really came from (RFC 8046 §3.3, §5; MOVING §5, §6).
// A tuple carries data without limit only once it has answered an address check; until then it is paid for out of
// credit and never gets more than three times what came from it.

import { type Locator, locatorFamily, locatorKey } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import type { Config } from '../config.ts'

/** RFC 8046 §5.1: the three states of an address. */
export type TupleState = 'unverified' | 'active' | 'deprecated'

export interface Check {
  readonly nonce: Uint8Array
  readonly updateId: number
  readonly sentAt: number
}

export interface Tuple {
  readonly locator: Locator
  readonly key: string
  state: TupleState
  /** The peer has signed for it in its last LOCATOR_SET. */
  listed: boolean
  expiresAt: number
  /** IP-level bytes, counted while the tuple is unverified; what has a limit of its own is not. */
  received: number
  sent: number
  /** P2s that went there outside the data limits (MOVING §5). */
  answers: number
  /** Our P1 went there. */
  offered: boolean
  check: Check | undefined
  /** Tries of the open check. */
  checks: number
  checkedAt: number
}

/** Bytes of IP and UDP header in front of a UDP payload. */
export function headerBytes(locator: Locator): number {
  return locatorFamily(locator) === 4 ? 28 : 48
}

export class Paths {
  readonly #config: Config
  readonly #tuples = new Map<string, Tuple>()
  /** Where data goes now. */
  current: Tuple | undefined

  constructor(config: Config) {
    this.#config = config
  }

  get tuples(): Iterable<Tuple> {
    return this.#tuples.values()
  }

  find(locator: Locator): Tuple | undefined {
    return this.#tuples.get(locatorKey(locator))
  }

  /** The tuple of a packet that nobody has vouched for yet: it enters the table only by `keep`. */
  glance(locator: Locator): Tuple {
    return this.find(locator) ?? fresh(locator)
  }

  /** An authentic packet came from there. The table is bounded: the oldest useless entry goes. */
  keep(tuple: Tuple): Tuple {
    const known = this.#tuples.get(tuple.key)
    if (known !== undefined) return known
    if (this.#tuples.size >= 2 * this.#config.locatorsPerPeerMax) this.#evict()
    this.#tuples.set(tuple.key, tuple)
    return tuple
  }

  /** The tuple of a locator that the peer, a capsule or the ledger has named. */
  observe(locator: Locator): Tuple {
    return this.keep(this.glance(locator))
  }

  /** A signed LOCATOR_SET replaces what was listed; what it leaves out is deprecated (RFC 8046 §4, §5.3). */
  list(entries: readonly { readonly locator: Locator; readonly expiresAt: number }[]): void {
    for (const tuple of this.#tuples.values()) tuple.listed = false
    for (const { locator, expiresAt } of entries.slice(0, this.#config.locatorsPerPeerMax)) {
      const tuple = this.observe(locator)
      tuple.listed = true
      tuple.expiresAt = expiresAt
      if (tuple.state === 'deprecated') this.#turn(tuple, 'unverified')
    }
    for (const tuple of this.#tuples.values()) {
      if (!tuple.listed && tuple.state === 'active' && tuple !== this.current) this.#turn(tuple, 'deprecated')
    }
  }

  /** The tuple has answered an address check: data goes there from now on. Returns true if that is news. */
  activate(tuple: Tuple): boolean {
    if (tuple.state === 'deprecated') this.#turn(tuple, 'unverified')
    if (tuple.state === 'unverified') this.#turn(tuple, 'active')
    tuple.check = undefined
    tuple.answers = 0
    const before = this.current
    const moved = before !== tuple
    this.current = tuple
    if (moved && before?.state === 'active' && !before.listed) this.#turn(before, 'deprecated')
    return moved
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

  /** Where to look for a silent peer, best first: where it is thought to be, what it signed for, the rest. */
  targets(now: number): Locator[] {
    const rank = (tuple: Tuple): number =>
      tuple === this.current ? 0 : tuple.listed ? 1 : tuple.state === 'active' ? 2 : 3
    return [...this.#tuples.values()]
      .filter((tuple) => tuple.expiresAt > now)
      .sort((a, b) => rank(a) - rank(b))
      .map((tuple) => tuple.locator)
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

function fresh(locator: Locator): Tuple {
  return {
    locator,
    key: locatorKey(locator),
    state: 'unverified',
    listed: false,
    expiresAt: Infinity,
    received: 0,
    sent: 0,
    answers: 0,
    offered: false,
    check: undefined,
    checks: 0,
    checkedAt: -Infinity,
  }
}
