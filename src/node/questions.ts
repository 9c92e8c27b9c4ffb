// Calls that ask who is at an address (RFC 7401 §4.1.8), and wait for the answer.

import { formatLocator, type Locator, parseLocator } from '../base/address.ts'
import type { Inquiries } from '../core/inquiries.ts'
import type { MachineEvent } from '../core/machine.ts'
import { QUESTION_MS } from './config.ts'
import { now } from './driver.ts'
import type { AssociateOptions } from './endpoint-options.ts'
import { SojournError } from './errors.ts'
import { formatPeer } from './peer.ts'

/** What a question is asked with. */
export interface Asking {
  /** Of an engine that runs; undefined if it does not. */
  readonly inquiries: Inquiries | undefined
  /** Sends what has been asked. */
  run(): void
}

/** The open questions of one endpoint. */
export class Questions {
  readonly #waiting = new Map<number, Waiting>()

  /** Resolves with `HIT@ADDR:PORT`. Rejects with ERR_SOJOURN_UNREACHABLE, ARGUMENT or CLOSED, or with the signal's reason. */
  ask(text: string, { signal, timeoutMs = QUESTION_MS }: AssociateOptions, asking: Asking): Promise<string> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const inquiry = asking.inquiries?.begin(now(), [locatorOf(text)])
      if (inquiry === undefined) {
        const message = 'too many questions are open, or this endpoint is about to move: wait for their answers'
        throw new SojournError('ERR_SOJOURN_CLOSED', message)
      }
      const leave = (error: unknown): void => {
        asking.inquiries?.abandon(inquiry)
        this.#settle(inquiry)?.reject(error)
      }
      const timer = setTimeout(() => leave(nobody(text, `waited ${timeoutMs} ms`)), timeoutMs)
      const onAbort = (): void => leave(signal?.reason)
      const clear = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      signal?.addEventListener('abort', onAbort)
      this.#waiting.set(inquiry, { text, resolve, reject, clear })
      asking.run()
    })
  }

  heard(event: Extract<MachineEvent, { type: 'found' | 'nobody' }>): void {
    const waiting = this.#settle(event.inquiry)
    if (event.type === 'nobody') waiting?.reject(nobody(waiting.text, 'no answer that proves anything'))
    else waiting?.resolve(formatPeer({ hit: event.peer, locators: [event.locator] }))
  }

  failAll(error: SojournError): void {
    for (const inquiry of [...this.#waiting.keys()]) this.#settle(inquiry)?.reject(error)
  }

  #settle(inquiry: number): Waiting | undefined {
    const waiting = this.#waiting.get(inquiry)
    this.#waiting.delete(inquiry)
    waiting?.clear()
    return waiting
  }
}

interface Waiting {
  readonly text: string
  readonly resolve: (peer: string) => void
  readonly reject: (error: unknown) => void
  readonly clear: () => void
}

function locatorOf(text: string): Locator {
  const locator = parseLocator(text)
  if (locator !== undefined && locator.port !== 0) return { address: locator.address, port: locator.port }
  const message = `${JSON.stringify(text)} is not where somebody could be: write ADDR:PORT or [IPV6]:PORT`
  throw new SojournError('ERR_SOJOURN_ARGUMENT', message)
}

function nobody(text: string, why: string): SojournError {
  const locator = parseLocator(text)
  const where = locator === undefined ? text : formatLocator(locator)
  const message = `nobody at ${where} says who they are (${why}): ask them for their HIT, or to set opportunistic`
  return new SojournError('ERR_SOJOURN_UNREACHABLE', message)
}
