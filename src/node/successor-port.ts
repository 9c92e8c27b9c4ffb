// A fresh port beside one that seems dead to us: data leaves from the fresh one, but whoever knows the old one, from a link or a
// ledger, is still heard there, and answered from there, so that its translator lets the answer in.

import { type Locator, locatorKey, type Route } from '../base/address.ts'
import type { OwnLocator } from '../core/own-locators.ts'
import { OLD_PORT_CALLERS_MAX } from './config.ts'
import type { Bind, DatagramPort } from './port.ts'

export class SuccessorPort implements DatagramPort {
  readonly fresh: DatagramPort
  /** Outlives the fresh one. */
  readonly original: DatagramPort
  readonly #callers = new Set<string>()

  constructor(fresh: DatagramPort, original: DatagramPort) {
    this.fresh = fresh
    this.original = original
  }

  get locator(): Locator {
    return this.fresh.locator
  }

  get own(): readonly OwnLocator[] {
    return this.fresh.own
  }

  get wanted(): readonly Bind[] {
    return this.fresh.wanted
  }

  get dontFragment(): boolean {
    return this.fresh.dontFragment && this.original.dontFragment
  }

  set onBatch(heard: DatagramPort['onBatch']) {
    this.fresh.onBatch = heard
    this.original.onBatch = heard
  }

  set onMessage(heard: DatagramPort['onMessage']) {
    this.fresh.onMessage = (bytes, source, along) => {
      if (this.#callers.size > 0) this.#callers.delete(locatorKey(source))
      heard(bytes, source, along)
    }
    this.original.onMessage = (bytes, source, along) => {
      if (this.#callers.size >= OLD_PORT_CALLERS_MAX) this.#callers.clear()
      this.#callers.add(locatorKey(source))
      heard(bytes, bare(source), along)
    }
  }

  send(bytes: Uint8Array, to: Route, whole?: boolean): void {
    const port = this.#callers.size > 0 && this.#callers.has(locatorKey(to)) ? this.original : this.fresh
    port.send(bytes, port === this.original ? bare(to) : to, whole)
  }

  flush(): void {
    this.fresh.flush()
    this.original.flush()
  }

  setBuffers(bytes: number): void {
    this.fresh.setBuffers(bytes)
  }

  async close(): Promise<void> {
    await Promise.all([this.fresh.close(), this.original.close()])
  }

  ref(): void {
    this.fresh.ref()
  }

  unref(): void {
    this.fresh.unref()
    this.original.unref()
  }
}

/** The engine no longer knows the locators of the old port. */
function bare({ address, port }: Route): Locator {
  return { address, port }
}
