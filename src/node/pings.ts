// Echo requests that wait for their answers (DESIGN §8: an ICMPv6 echo inside ESP). An answer is known by peer, identifier and
// sequence number; the identifier is drawn once for an endpoint.

import { randomInt } from 'node:crypto'
import type { Locator } from '../base/address.ts'
import type { Hit } from '../crypto/hit.ts'
import type { PingOptions, Pong } from './association.ts'
import { PING_MS } from './config.ts'
import { now } from './driver.ts'
import { SojournError } from './errors.ts'
import { plain } from './plain.ts'

const BYTES = new Uint8Array(48)

/** Sends an echo request; false if there is no association to send it in. */
export type SendPing = (peer: Hit, identifier: number, sequence: number, bytes: Uint8Array) => boolean

/** The open pings of one endpoint. */
export class Pings {
  readonly #send: SendPing
  readonly #identifier = randomInt(0x1_0000)
  readonly #waiting = new Map<number, Waiting>()
  #sequence = 0

  constructor(send: SendPing) {
    this.#send = send
  }

  /** Resolves with the answer; rejects with ERR_SOJOURN_TIMEOUT, ERR_SOJOURN_UNREACHABLE or the reason of the signal. */
  ping(peer: Hit, options: PingOptions, locator: () => Locator | undefined): Promise<Pong> {
    const { bytes = BYTES, timeoutMs = PING_MS, signal } = options
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const sequence = this.#sequence
      this.#sequence = (sequence + 1) & 0xffff
      const expired = (): void => {
        const where = locator()
        const place = where === undefined ? '' : ` at ${where.address} port ${where.port}`
        const message = `${peer}${place} did not answer within ${timeoutMs} ms: try again, it may be moving`
        this.#settle(sequence)?.reject(new SojournError('ERR_SOJOURN_TIMEOUT', message))
      }
      const onAbort = (): void => this.#settle(sequence)?.reject(signal?.reason)
      const timer = setTimeout(expired, timeoutMs)
      const clear = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      signal?.addEventListener('abort', onAbort)
      this.#waiting.set(sequence, { peer, sentAt: now(), resolve, reject, clear })
      if (this.#send(peer, this.#identifier, sequence, plain(bytes))) return
      const message = `no association with ${peer} can carry a ping now: associate, or try again`
      this.#settle(sequence)?.reject(new SojournError('ERR_SOJOURN_UNREACHABLE', message))
    })
  }

  /** An echo reply has come. Late, foreign and repeated ones mean nothing. */
  answered(peer: Hit, identifier: number, sequence: number, path: Locator | undefined): void {
    const waiting = this.#waiting.get(sequence)
    if (identifier !== this.#identifier || waiting?.peer !== peer) return
    this.#settle(sequence)?.resolve({ rttMs: now() - waiting.sentAt, path })
  }

  fail(peer: Hit, error: SojournError): void {
    for (const [sequence, waiting] of this.#waiting) {
      if (waiting.peer === peer) this.#settle(sequence)?.reject(error)
    }
  }

  failAll(error: SojournError): void {
    for (const sequence of [...this.#waiting.keys()]) this.#settle(sequence)?.reject(error)
  }

  #settle(sequence: number): Waiting | undefined {
    const waiting = this.#waiting.get(sequence)
    this.#waiting.delete(sequence)
    waiting?.clear()
    return waiting
  }
}

interface Waiting {
  readonly peer: Hit
  readonly sentAt: number
  readonly resolve: (pong: Pong) => void
  readonly reject: (error: unknown) => void
  readonly clear: () => void
}
