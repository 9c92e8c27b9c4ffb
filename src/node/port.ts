// A datagram port: the only place that touches UDP, but for accelerated/, which does the same by other means where it can. The
// portable provider opens, binds and closes by dgram-as-promised and moves data on its underlying socket, because the package's own
// receive calls lose datagrams (DESIGN §3). Addresses cross this border in canonical form: IPv4-mapped ones as IPv4, whichever
// family the socket has. Its socket is never connected, although that would save a microsecond a datagram: a connected one hears
// nobody but its peer where that was, and peers move, answer from where nobody asked them, and are called by strangers.

import type { RemoteInfo, Socket, SocketOptions } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { DgramAsPromised, type SocketAsPromised } from 'dgram-as-promised'
import { canonicalAddress, formatLocator, type Locator, locatorFamily, type Route } from '../base/address.ts'
import { litter } from '../base/litter.ts'
import type { OwnLocator, Traffic } from '../core/own-locators.ts'
import { packetLeft } from '../core/sa/packet-memory.ts'
import { choice } from './accelerated/choice.ts'
import { PORT_ANNOUNCED_MAX, PORT_SOURCES_MAX, SOCKET_BUFFER_BYTES } from './config.ts'
import { errnoOf, messageOf, SojournError } from './errors.ts'
import { plain } from './plain.ts'

/** Where to open a UDP port. */
export interface Bind {
  /** One of this machine's. Default: all of them, IPv6 and IPv4. */
  readonly address?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** What peers are to send there, if there are several. Default: both. */
  readonly traffic?: Traffic
}

/** What a driver needs of UDP. A faster provider implements the same. */
export interface DatagramPort {
  /** Where this port is bound; the address may be `::` or `0.0.0.0`. */
  readonly locator: Locator
  /** Where peers reach it, the best first. */
  readonly own: readonly OwnLocator[]
  /** What it was opened with. */
  readonly wanted: readonly Bind[]
  /** Datagrams that are to be kept whole are: none larger than a link on the way arrives in pieces. */
  readonly dontFragment: boolean
  /** Set by whoever reads the port. `bytes` are lent until it returns. `along`: it came together with the one before. */
  onMessage: (bytes: Uint8Array, source: Route, along?: boolean) => void
  /** Called when all messages that were there have been told of: the time to answer. */
  onBatch: () => void
  /**
   * Takes one datagram to the system, which has it after `flush` at the latest. What cannot be sent is lost, as on any network.
   * `bytes` must stay as they are until then; their memory is given back by `packetLeft`. `whole`: rather lost than in pieces. With
   * `each` it is several, end to end and as long as that, but perhaps for the last: only if there is `together`.
   */
  send(bytes: Uint8Array, to: Route, whole?: boolean, each?: number): void
  /** So many datagrams it takes at once; undefined: one. */
  readonly together?: number | undefined
  flush(): void
  /** Asks for socket buffers of that size; the system may give less. */
  setBuffers(bytes: number): void
  close(): Promise<void>
  ref(): void
  unref(): void
}

/**
 * Opens a UDP port. Without an address it is every address of the machine, IPv6 and IPv4; port 0 is any free one.
 * `apart` is for one of several: what arrives says that it arrived there. Rejects with ERR_SOJOURN_ADDRESS when the address
 * or port cannot be had.
 */
export async function openPort(bind: Bind = {}, apart = false): Promise<DatagramPort> {
  const port = bind.port ?? 0
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SojournError('ERR_SOJOURN_ARGUMENT', `port ${port} is not between 0 and 65535: give another one`)
  }
  if (bind.address !== undefined) return bound(bind.address, port, bind, apart)
  try {
    return await bound('::', port, bind, false)
  } catch (error) {
    // A machine without IPv6 has no '::'.
    const errno = error instanceof SojournError ? errnoOf(error.cause) : undefined
    if (errno === 'EAFNOSUPPORT' || errno === 'EADDRNOTAVAIL' || errno === 'EINVAL')
      return bound('0.0.0.0', port, bind, false)
    throw error
  }
}

/** Where peers can reach a port: its own address, or for a wildcard the machine's addresses, loopback only if alone. */
export function reachableLocators(locator: Locator): readonly Locator[] {
  const { address, port } = locator
  if (address !== '::' && address !== '0.0.0.0') return [locator]
  const outside: Locator[] = []
  for (const entry of Object.values(networkInterfaces()).flat()) {
    if (entry === undefined || entry.internal || (entry.family === 'IPv6' && address === '0.0.0.0')) continue
    const text = canonicalAddress(entry.address)
    // A link-local address means nothing beyond its own link.
    if (text !== undefined && !/^fe[89ab]/.test(text)) outside.push({ address: text, port })
  }
  outside.sort((a, b) => locatorFamily(a) - locatorFamily(b))
  return outside.length > 0 ? outside.slice(0, PORT_ANNOUNCED_MAX) : [{ address: '127.0.0.1', port }]
}

/** What peers are told of a port that is bound there: itself if it is apart from others, or where it is reached. */
export function ownLocators(locator: Locator, apart: OwnLocator | undefined): readonly OwnLocator[] {
  return apart === undefined ? reachableLocators(locator) : [apart]
}

async function bound(address: string, port: number, wanted: Bind, apart: boolean): Promise<DatagramPort> {
  const canonical = canonicalAddress(address)
  if (canonical === undefined) {
    throw new SojournError(
      'ERR_SOJOURN_ADDRESS',
      `${JSON.stringify(address)} is not an IPv4 or IPv6 address: give one, such as 127.0.0.1 or ::1`,
    )
  }
  const family = locatorFamily({ address: canonical, port })
  const bare = address.includes('%') ? address : canonical
  try {
    const { accelerated } = choice().ports
    const opened =
      accelerated?.open(bare, port, family === 6, wanted, apart) ??
      (await portable({ address: bare, port, family }, wanted, apart))
    opened.setBuffers(SOCKET_BUFFER_BYTES)
    return opened
  } catch (error) {
    throw unavailable({ address: canonical, port }, error)
  }
}

async function portable(
  { address, port, family }: Locator & { readonly family: 4 | 6 },
  wanted: Bind,
  apart: boolean,
): Promise<DatagramPort> {
  // Every address here is literal: answering the lookup at once keeps node:dgram from waiting a turn for each datagram.
  const lookup: NonNullable<SocketOptions['lookup']> = (host, _options, done) => done(null, host, family)
  const socket = DgramAsPromised.createSocket({ type: family === 4 ? 'udp4' : 'udp6', lookup })
  try {
    await socket.bind({ address, port, exclusive: true })
  } catch (error) {
    await socket.close().catch(() => undefined)
    throw error
  }
  return new PortablePort(socket, family, wanted, apart)
}

function unavailable(locator: Locator, cause: unknown): SojournError {
  const where = formatLocator(locator)
  const errno = errnoOf(cause)
  const message =
    errno === 'EADDRINUSE'
      ? `UDP port ${where} is taken: choose another, or port 0 for any free one`
      : errno === 'EADDRNOTAVAIL'
        ? `this machine has no address ${locator.address}: choose one of its own, or :: for all`
        : errno === 'EACCES'
          ? `UDP port ${where} needs rights this user lacks: choose a port above 1023`
          : `UDP port ${where} cannot be opened (${messageOf(cause)}): choose another address`
  return new SojournError('ERR_SOJOURN_ADDRESS', message, { cause })
}

class PortablePort implements DatagramPort {
  readonly locator: Locator
  readonly wanted: readonly Bind[]
  readonly dontFragment = false
  onMessage: (bytes: Uint8Array, source: Route) => void = () => undefined
  onBatch: () => void = () => undefined
  readonly #promised: SocketAsPromised
  readonly #socket: Socket
  readonly #family: 4 | 6
  readonly #apart: OwnLocator | undefined
  readonly #sources = new Map<string, Map<number, Route>>()
  #sourceCount = 0
  readonly #targets = new Map<string, string>()
  #closed = false
  #due = false

  constructor(promised: SocketAsPromised, family: 4 | 6, wanted: Bind, apart: boolean) {
    this.#promised = promised
    this.#socket = promised.socket
    this.#family = family
    const { address, port } = promised.address()
    this.locator = { address: canonicalAddress(address) ?? address, port }
    this.wanted = [wanted]
    this.#apart = apart ? { ...this.locator, traffic: wanted.traffic, apart } : undefined
    this.#socket.on('message', (bytes: Uint8Array, from: RemoteInfo) => {
      litter(bytes.length)
      this.onMessage(plain(bytes), this.#source(from))
      if (this.#due) return
      this.#due = true
      // Whatever else has come is told of before that: libuv reads up to 32 datagrams a turn.
      setImmediate(this.#answer)
    })
    // Errors of single datagrams (an ICMP answer on some systems) are losses; node:dgram would throw without a listener.
    this.#socket.on('error', () => undefined)
  }

  get own(): readonly OwnLocator[] {
    return ownLocators(this.locator, this.#apart)
  }

  send(bytes: Uint8Array, to: Route): void {
    if (this.#closed || to.port === 0) return
    const address = this.#targets.get(to.address) ?? this.#target(to)
    if (address !== '') this.#socket.send(bytes, to.port, address, () => packetLeft(bytes))
  }

  // node:dgram keeps nothing back.
  flush(): void {}

  setBuffers(bytes: number): void {
    for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
      try {
        this.#socket[set](bytes)
      } catch {
        // A smaller buffer only loses more under load.
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#promised.close()
  }

  ref(): void {
    this.#socket.ref()
  }

  unref(): void {
    this.#socket.unref()
  }

  readonly #answer = (): void => {
    this.#due = false
    if (!this.#closed) this.onBatch()
  }

  // One Locator object for a source however often it sends: no formatting and no allocation per packet.
  #source(from: RemoteInfo): Route {
    const known = this.#sources.get(from.address)?.get(from.port)
    if (known !== undefined) return known
    if (this.#sourceCount >= PORT_SOURCES_MAX) {
      this.#sources.clear()
      this.#sourceCount = 0
    }
    const address = canonicalAddress(from.address) ?? from.address
    // A link-local source can only be answered with its zone.
    if (from.address.includes('%')) this.#remember(address, from.address)
    const at = this.#apart
    const locator: Route = at === undefined ? { address, port: from.port } : { address, port: from.port, at }
    const ports = this.#sources.get(from.address) ?? new Map<number, Route>()
    ports.set(from.port, locator)
    this.#sources.set(from.address, ports)
    this.#sourceCount++
    return locator
  }

  // What node:dgram has to be told to reach a canonical address from this socket; '' if it cannot.
  #target(to: Locator): string {
    const six = locatorFamily(to) === 6
    const address = this.#family === 6 ? (six ? to.address : `::ffff:${to.address}`) : six ? '' : to.address
    return this.#remember(to.address, address)
  }

  #remember(address: string, target: string): string {
    if (this.#targets.size >= PORT_SOURCES_MAX) this.#targets.clear()
    this.#targets.set(address, target)
    return target
  }
}
