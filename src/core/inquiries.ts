// Asking who is at an address (RFC 7401 §4.1.8, opportunistic mode): I1s without a receiver HIT, until somebody there shows an R1
// that its key has signed. Nothing more comes of it than a name: whoever believes it begins an association with it like with any
// other, and knows that it was a leap of faith.

import { type Locator, type Route, sameLocator } from '../base/address.ts'
import { type Hit, hitText } from '../crypto/hit.ts'
import type { R1 } from '../wire/messages.ts'
import type { Context } from './association/context.ts'
import { acceptR1, encodeI1 } from './association/initiator.ts'
import { routesTo } from './own-locators.ts'

interface Inquiry {
  readonly targets: readonly Route[]
  readonly endsAt: number
  tries: number
  dueAt: number
}

/** RFC 7401 §5.1.2: a receiver HIT of zeros is nobody's. */
const NOBODY = new Uint8Array(16)

/** The open questions of one identity. */
export class Inquiries {
  readonly #context: Context
  readonly #open = new Map<number, Inquiry>()
  #asked = 0

  constructor(context: Context) {
    this.#context = context
  }

  /** When `expire` wants to be called; Infinity if nothing is open. */
  get deadline(): number {
    let soonest = Infinity
    for (const { dueAt } of this.#open.values()) soonest = Math.min(soonest, dueAt)
    return soonest
  }

  /** Asks at these locators. The number by which `found` or `nobody` will name the question; undefined: too many are open. */
  begin(now: number, locators: readonly Locator[]): number | undefined {
    const { config, locators: own } = this.#context
    if (this.#open.size >= config.inquiriesMax) return undefined
    const targets = routesTo(own, locators.slice(0, config.locatorsPerPeerMax))
    const inquiry: Inquiry = {
      targets,
      endsAt: now + config.baseExchangeMs,
      tries: 1,
      dueAt: now + config.ptoInitialMs,
    }
    if (targets.length === 0) inquiry.dueAt = now
    const id = ++this.#asked
    this.#open.set(id, inquiry)
    const i1 = this.#i1()
    for (const target of targets.slice(0, config.i1TargetsMax)) this.#context.sendPacket(i1, target)
    return id
  }

  /** Nobody wants to know any more. */
  abandon(id: number): void {
    this.#open.delete(id)
  }

  /**
   * An R1 from somewhere: true if a question was open there. Its signature is checked, and that its key makes its HIT; one that
   * proves nothing is counted, and the question stays open.
   */
  onR1(message: R1, source: Route): boolean {
    const asked = [...this.#open].filter(([, { targets }]) => targets.some((target) => sameLocator(target, source)))
    if (asked.length === 0) return false
    const peer = hitText(message.sender)
    const name = this.#doubt(peer, message)
    if (name !== undefined) this.#context.count(name)
    else
      for (const [id] of asked) {
        this.#open.delete(id)
        this.#context.event({
          type: 'found',
          inquiry: id,
          peer,
          locator: { address: source.address, port: source.port },
        })
      }
    return true
  }

  /** Asks again, or gives up. */
  expire(now: number): void {
    for (const [id, inquiry] of this.#open) {
      if (inquiry.dueAt > now) continue
      const target = inquiry.targets[inquiry.tries % inquiry.targets.length]
      if (target === undefined || now >= inquiry.endsAt) {
        this.#open.delete(id)
        this.#context.event({ type: 'nobody', inquiry: id })
        continue
      }
      this.#context.sendPacket(this.#i1(), target)
      inquiry.tries += 1
      const pause = this.#context.config.ptoInitialMs * 2 ** (inquiry.tries - 1)
      inquiry.dueAt = Math.min(now + pause, inquiry.endsAt)
    }
  }

  /** Without a word: nothing is answered any more. */
  forget(): void {
    this.#open.clear()
  }

  /** Why this R1 names nobody that we could associate with. */
  #doubt(peer: Hit, message: R1): string | undefined {
    const context = this.#context
    if (peer === context.identity.hit) return 'inquiry-found-ourselves'
    const accepted = acceptR1(context, peer, message)
    if ('drop' in accepted) return `inquiry-${accepted.drop}`
    return context.access.admits(peer, accepted.peerKey) ? undefined : 'inquiry-denied'
  }

  #i1(): Uint8Array {
    return encodeI1(this.#context, NOBODY)
  }
}
