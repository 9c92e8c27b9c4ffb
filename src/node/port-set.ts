// Several UDP ports as one: an endpoint with more than one locator (RFC 8047). Each datagram leaves from the one it is told, and says
// at which it arrived.

import { canonicalAddress, type Locator, locatorFamily, type Route, sameLocator } from '../base/address.ts'
import { DEFAULTS } from '../core/config.ts'
import type { OwnLocator } from '../core/own-locators.ts'
import { SojournError } from './errors.ts'
import { type Bind, type DatagramPort, openPort } from './port.ts'

/**
 * Opens a port, or one for each entry of a list, the preferred first: at most eight, each with an address of its own. Rejects
 * with ERR_SOJOURN_ADDRESS or ERR_SOJOURN_ARGUMENT; then none is left open.
 */
export async function openPorts(bind: Bind | readonly Bind[] = {}): Promise<DatagramPort> {
  if (!isList(bind)) return openPort(bind)
  const [only, another] = bind
  if (only === undefined || bind.length > DEFAULTS.locatorsPerPeerMax) {
    throw wrong(`a list of ${bind.length} addresses to bind has none, or more than ${DEFAULTS.locatorsPerPeerMax}`)
  }
  if (another === undefined) return openPort(only)
  for (const { address } of bind) {
    const canonical = address === undefined ? undefined : canonicalAddress(address)
    if (address === undefined || canonical === '::' || canonical === '0.0.0.0') {
      throw wrong('each of several addresses to bind is one of the machine, not all of them')
    }
  }
  const opened = await Promise.allSettled(bind.map((one) => openPort(one, true)))
  const ports = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = opened.find((result) => result.status === 'rejected')
  if (failed === undefined) return new PortSet(ports)
  await Promise.all(ports.map((port) => port.close()))
  throw failed.reason
}

/** The same addresses with any free ports; undefined if a port was asked for by its number, because others count on it. */
export function anew({ wanted }: DatagramPort): Promise<DatagramPort> | undefined {
  if (wanted.some(({ port = 0 }) => port !== 0)) return undefined
  return openPorts(wanted)
}

/** What to open to move from a port: other free ports of its addresses, if nothing else is said. */
export function elsewhere(old: DatagramPort, bind: Bind | readonly Bind[]): Bind | readonly Bind[] {
  if ('length' in bind) return bind
  if (bind.address === undefined && old.wanted.length > 1) return old.wanted.map((one) => ({ ...one, port: 0 }))
  return { ...bind, address: bind.address ?? old.locator.address, port: bind.port ?? 0 }
}

/** Whether a port that hears on for a moment is where another one is to be opened. */
export function clashes({ own, locator }: DatagramPort, wanted: Bind | readonly Bind[]): boolean {
  return [wanted].flat().some(({ address = '', port = 0 }) => {
    return [locator, ...own].some((taken) => sameLocator(taken, { address, port }))
  })
}

function isList(bind: Bind | readonly Bind[]): bind is readonly Bind[] {
  return Array.isArray(bind)
}

function wrong(what: string): SojournError {
  return new SojournError('ERR_SOJOURN_ARGUMENT', `${what}: give one to eight, such as [{ address: '192.0.2.1' }]`)
}

class PortSet implements DatagramPort {
  readonly locator: Locator
  readonly own: readonly OwnLocator[]
  readonly wanted: readonly Bind[]
  readonly dontFragment: boolean
  readonly together: number
  readonly #ports: readonly DatagramPort[]

  constructor(ports: readonly DatagramPort[]) {
    this.#ports = ports
    this.own = ports.flatMap((port) => port.own)
    this.wanted = ports.flatMap((port) => port.wanted)
    this.dontFragment = ports.every((port) => port.dontFragment)
    this.together = Math.min(...ports.map(({ together = 1 }) => together))
    this.locator = this.#ports[0]?.locator ?? { address: '', port: 0 }
  }

  set onMessage(heard: DatagramPort['onMessage']) {
    for (const port of this.#ports) port.onMessage = heard
  }

  set onBatch(heard: DatagramPort['onBatch']) {
    for (const port of this.#ports) port.onBatch = heard
  }

  /** From where it says, or else from the first of its family. */
  send(bytes: Uint8Array, to: Route, whole?: boolean, each?: number): void {
    const { at } = to
    const family = locatorFamily(to)
    const port =
      at === undefined
        ? this.#ports.find(({ locator }) => locatorFamily(locator) === family)
        : this.#ports.find(({ locator }) => sameLocator(locator, at))
    port?.send(bytes, to, whole, each)
  }

  flush(): void {
    for (const port of this.#ports) port.flush()
  }

  setBuffers(bytes: number): void {
    for (const port of this.#ports) port.setBuffers(bytes)
  }

  async close(): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.close()))
  }

  ref(): void {
    for (const port of this.#ports) port.ref()
  }

  unref(): void {
    for (const port of this.#ports) port.unref()
  }
}
