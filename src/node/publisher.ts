// Tells the ledger where we are after every start and change of address (MOVING §8), newest last, and tries again for a while
// when the ledger is away. Nobody waits for it: the peers are told directly.

import type { Ledger } from '../ledger/interface.ts'
import { PUBLISH_PAUSE_MS_MIN, PUBLISH_TRIES_MAX } from './config.ts'

/** Publishes one version after another. */
export class Publisher {
  readonly #ledger: Ledger
  readonly #whereabouts: (version: number) => Uint8Array | undefined
  #version = 0
  #running: Promise<void> = Promise.resolve()
  #stopped = false
  #wake: () => void = () => undefined

  constructor(ledger: Ledger, whereabouts: (version: number) => Uint8Array | undefined) {
    this.#ledger = ledger
    this.#whereabouts = whereabouts
  }

  /** Publishes where we are now. */
  publish(): void {
    const version = ++this.#version
    const bytes = this.#whereabouts(version)
    this.#wake()
    if (bytes !== undefined) this.#running = this.#running.then(() => this.#deliver(version, bytes))
  }

  /** Tries no more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#running
  }

  async #deliver(version: number, bytes: Uint8Array): Promise<void> {
    for (let tries = 0; tries < PUBLISH_TRIES_MAX; tries++) {
      if (this.#stopped || version !== this.#version) return
      try {
        return await this.#ledger.publish(bytes)
      } catch {
        await this.#pause(PUBLISH_PAUSE_MS_MIN * 2 ** tries)
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), delayMs)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
