// Calls that wait for a base exchange. Several calls share one exchange; each has its own patience. An exchange that the engine
// gave up is begun again while somebody still waits, so that a longer timeout means what it says.

import { formatLocator, type Locator, locatorKey } from '../base/address.ts'
import type { EndReason } from '../core/machine.ts'
import type { Hit } from '../crypto/hit.ts'
import { type Association, endError } from './association.ts'
import { RETRY_MS_MIN } from './config.ts'
import { now } from './driver.ts'
import type { SojournError } from './errors.ts'
import type { Peer } from './peer.ts'

/** How an attempt is begun, and given up when nobody waits any more. */
export interface AttemptActions {
  begin(peer: Peer): void
  abandon(peer: Hit): void
}

/** The open attempts of one endpoint. */
export class Attempts {
  readonly #attempts = new Map<Hit, Attempt>()

  /** Waits until `succeed`, `fail`, `timeoutMs` or `signal`. Rejects with a SojournError, or with the signal's reason. */
  join(peer: Peer, timeoutMs: number, signal: AbortSignal | undefined, actions: AttemptActions): Promise<Association> {
    let attempt = this.#attempts.get(peer.hit)
    const first = attempt === undefined
    if (attempt === undefined) {
      attempt = { peer, actions, waiters: new Set(), tried: new Map() }
      this.#attempts.set(peer.hit, attempt)
    }
    for (const locator of peer.locators) attempt.tried.set(locatorKey(locator), locator)
    // Begun before anybody waits: if it throws, nobody does.
    if (first || peer.locators.length > 0) this.#begin(attempt, peer, first)
    return this.#wait(attempt, timeoutMs, signal)
  }

  #begin(attempt: Attempt, peer: Peer, first: boolean): void {
    try {
      attempt.actions.begin(peer)
    } catch (error) {
      if (first) this.#attempts.delete(peer.hit)
      throw error
    }
  }

  succeed(peer: Hit, association: Association): void {
    this.#settle(peer, (waiter) => waiter.resolve(association))
  }

  /** The exchange came to nothing: it is tried again, or the waiting calls are told. */
  fail(peer: Hit, reason: EndReason, tried: readonly Locator[], error: SojournError): void {
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined) return
    for (const locator of tried) attempt.tried.set(locatorKey(locator), locator)
    const patient = [...attempt.waiters].some((waiter) => waiter.until - now() > RETRY_MS_MIN)
    if (reason === 'unreachable' && patient) attempt.actions.begin(attempt.peer)
    else this.#settle(peer, (waiter) => waiter.reject(error))
  }

  /** An earlier association is out of the way: begin now, if anybody waits. */
  renew(peer: Hit): void {
    const attempt = this.#attempts.get(peer)
    attempt?.actions.begin(attempt.peer)
  }

  failAll(error: SojournError): void {
    for (const peer of [...this.#attempts.keys()]) this.#settle(peer, (waiter) => waiter.reject(error))
  }

  #wait(attempt: Attempt, timeoutMs: number, signal: AbortSignal | undefined): Promise<Association> {
    return new Promise((resolve, reject) => {
      const { hit } = attempt.peer
      const leave = (error: unknown): void => {
        if (!attempt.waiters.delete(waiter)) return
        waiter.clear()
        if (attempt.waiters.size === 0) {
          this.#attempts.delete(hit)
          attempt.actions.abandon(hit)
        }
        reject(error)
      }
      const timer = setTimeout(() => {
        const tried = [...attempt.tried.values()].map(formatLocator)
        leave(endError(hit, 'unreachable', tried, `waited ${timeoutMs} ms`))
      }, timeoutMs)
      const onAbort = (): void => leave(signal?.reason)
      const clear = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = { until: now() + timeoutMs, resolve, reject, clear }
      attempt.waiters.add(waiter)
      signal?.addEventListener('abort', onAbort)
    })
  }

  #settle(peer: Hit, each: (waiter: Waiter) => void): void {
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined) return
    this.#attempts.delete(peer)
    for (const waiter of attempt.waiters) {
      waiter.clear()
      each(waiter)
    }
    attempt.waiters.clear()
  }
}

interface Attempt {
  readonly peer: Peer
  readonly actions: AttemptActions
  readonly waiters: Set<Waiter>
  readonly tried: Map<string, Locator>
}

interface Waiter {
  readonly until: number
  readonly resolve: (association: Association) => void
  readonly reject: (error: unknown) => void
  readonly clear: () => void
}
