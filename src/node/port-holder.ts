// The UDP port of an endpoint and its changes: to another address because we want to, to a fresh port because nobody is heard, and
// how long the old one still hears. Also who keeps the process alive by it.

import type { Locator } from '../base/address.ts'
import { OLD_PORT_MS } from './config.ts'
import type { Bind, DatagramPort } from './port.ts'
import { anew, clashes, elsewhere, openPorts } from './port-set.ts'
import { SuccessorPort } from './successor-port.ts'

/** Whose port it is. */
export interface PortOwner {
  readonly isOpen: boolean
  /** Throws ERR_SOJOURN_CLOSED. */
  requireOpen(): void
}

/** The present port, and former ones that linger. */
export class PortHolder {
  #port: DatagramPort
  readonly #owner: PortOwner
  readonly #taken: (port: DatagramPort, from: Locator) => void
  readonly #lingering = new Map<DatagramPort, NodeJS.Timeout>()
  readonly #holders: Set<object>

  /** `taken` is called when another port takes the place of this one: it is to be used from then on. */
  constructor(port: DatagramPort, owner: PortOwner, taken: (port: DatagramPort, from: Locator) => void) {
    this.#port = port
    this.#owner = owner
    this.#taken = taken
    this.#holders = new Set([owner])
  }

  get port(): DatagramPort {
    return this.#port
  }

  /** The process stays alive as long as the owner or anybody else wants it to. */
  hold(holder: object, held: boolean): void {
    const before = this.#holders.size > 0
    if (held) this.#holders.add(holder)
    else this.#holders.delete(holder)
    const after = this.#holders.size > 0
    if (after && !before) this.#port.ref()
    if (before && !after) this.#port.unref()
  }

  async rebind(bind: Bind | readonly Bind[]): Promise<Locator> {
    const old = this.#port
    const wanted = elsewhere(old, bind)
    for (const port of this.#lingering.keys()) if (clashes(port, wanted)) await this.#shut(port)
    const port = await openPorts(wanted)
    if (!this.#owner.isOpen) {
      await port.close()
      this.#owner.requireOpen()
    }
    this.#take(port)
    this.#linger(old)
    return port.locator
  }

  /** Nobody is heard: perhaps a translator or a firewall has had enough of our port. Another one cannot make it worse. */
  async freshen(): Promise<void> {
    const old = this.#port
    const fresh = await anew(old)?.catch(() => undefined)
    if (fresh === undefined) return
    // Meanwhile the application has moved, or there is nothing left to do it for.
    if (!this.#owner.isOpen || this.#port !== old) return fresh.close()
    const before = old instanceof SuccessorPort ? old : undefined
    this.#take(new SuccessorPort(fresh, before?.original ?? old))
    if (before !== undefined) this.#linger(before.fresh)
  }

  async close(): Promise<void> {
    await Promise.all([this.#port.close(), ...[...this.#lingering.keys()].map((port) => this.#shut(port))])
  }

  #take(port: DatagramPort): void {
    const from = this.#port.locator
    if (this.#holders.size === 0) port.unref()
    this.#port = port
    this.#taken(port, from)
  }

  #linger(port: DatagramPort): void {
    port.unref()
    const timer = setTimeout(() => void this.#shut(port), OLD_PORT_MS)
    timer.unref()
    this.#lingering.set(port, timer)
  }

  async #shut(port: DatagramPort): Promise<void> {
    clearTimeout(this.#lingering.get(port))
    this.#lingering.delete(port)
    await port.close()
  }
}
