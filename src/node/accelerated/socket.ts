// A UDP socket with what node:dgram has no words for: GRO, path MTU discovery by ourselves, buffers as large as the system lets go.

import { networkInterfaces } from 'node:os'
import { addressBytes, type Locator } from '../../base/address.ts'
import type { Pinned } from './memory.ts'
import { Names, readName } from './names.ts'
import {
  AF_INET,
  AF_INET6,
  EADDRNOTAVAIL,
  IP_MTU_DISCOVER,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_V6ONLY,
  NAME_BYTES,
  PMTUDISC_PROBE,
  PMTUDISC_WANT,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  SOL_UDP,
  SystemCallError,
  type SystemCalls,
  UDP_GRO,
  UDP_SEGMENT,
} from './system-calls.ts'

/** Where a socket is bound: an address, perhaps with its zone. */
export interface SocketPlace {
  readonly address: string
  readonly port: number
  readonly six: boolean
}

/** An open socket, and what the system grants it. */
export class UdpSocket {
  readonly fd: number
  readonly six: boolean
  readonly locator: Locator
  /** Several datagrams leave by one call. Turned off for good when the system refuses it. */
  segments: boolean
  /** Several datagrams of a kind come as one. */
  readonly merges: boolean
  /** Packets can be kept from being fragmented. */
  readonly dontFragment: boolean
  readonly #calls: SystemCalls
  readonly #memory: Pinned
  #open = true

  /** `memory` is for arguments, 64 bytes of it; nobody else's during a call. Throws SystemCallError. */
  constructor(calls: SystemCalls, memory: Pinned, { address, port, six }: SocketPlace) {
    this.#calls = calls
    this.#memory = memory
    this.six = six
    this.fd = calls.socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if (this.fd < 0) throw new SystemCallError('socket', calls.errno())
    try {
      // `::` is IPv4 too, whatever the system's default.
      if (six) this.#set(IPPROTO_IPV6, IPV6_V6ONLY, 0)
      this.#bind(address, port)
      this.locator = this.#name()
    } catch (error) {
      this.close()
      throw error
    }
    this.segments = this.#set(SOL_UDP, UDP_SEGMENT, 0)
    this.merges = this.#set(SOL_UDP, UDP_GRO, 1)
    this.dontFragment = this.keepWhole(true) && this.keepWhole(false)
  }

  /**
   * Whether what leaves from now on may be fragmented. Kept whole, it is so whatever ICMP has said of the path, which anybody may
   * forge: its MTU is found by probing (RFC 8899 §4.6). False if the system does not know how.
   */
  keepWhole(whole: boolean): boolean {
    const mode = whole ? PMTUDISC_PROBE : PMTUDISC_WANT
    const four = this.#set(IPPROTO_IP, IP_MTU_DISCOVER, mode)
    return this.six ? this.#set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode) : four
  }

  /** Asks for buffers of that size: beyond the limit of the system, too, if we may. */
  setBuffers(bytes: number): void {
    if (!this.#set(SOL_SOCKET, SO_RCVBUFFORCE, bytes)) this.#set(SOL_SOCKET, SO_RCVBUF, bytes)
    if (!this.#set(SOL_SOCKET, SO_SNDBUFFORCE, bytes)) this.#set(SOL_SOCKET, SO_SNDBUF, bytes)
  }

  /** How large they are; 0 if the system does not say. It counts its own bookkeeping as much as the bytes (socket(7)). */
  buffers(): { readonly receive: number; readonly send: number } {
    return { receive: this.#get(SO_RCVBUF) / 2, send: this.#get(SO_SNDBUF) / 2 }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#calls.close(this.fd)
  }

  #bind(address: string, port: number): void {
    const [bare = address, zone] = address.split('%')
    const names = new Names(this.six, undefined)
    if (zone !== undefined) names.setScope(bare, scopeOf(zone))
    const written = addressBytes(bare) !== undefined && names.write({ address: bare, port }, this.#memory, 0)
    if (!written) throw new SystemCallError('bind', EADDRNOTAVAIL)
    if (this.#calls.bind(this.fd, this.#memory.address, names.bytes) < 0)
      throw new SystemCallError('bind', this.#calls.errno())
  }

  #name(): Locator {
    const { view, address } = this.#memory
    view.setUint32(NAME_BYTES, NAME_BYTES, true)
    if (this.#calls.getsockname(this.fd, address, address + NAME_BYTES) < 0)
      throw new SystemCallError('getsockname', this.#calls.errno())
    return readName(view, 0)
  }

  #get(name: number): number {
    const { view, address } = this.#memory
    view.setInt32(4, 4, true)
    return this.#calls.getsockopt(this.fd, SOL_SOCKET, name, address, address + 4) < 0 ? 0 : view.getInt32(0, true)
  }

  #set(level: number, name: number, value: number): boolean {
    this.#memory.view.setInt32(0, value, true)
    return this.#calls.setsockopt(this.fd, level, name, this.#memory.address, 4) === 0
  }
}

/** The number of a link, by its name. */
function scopeOf(zone: string): number {
  for (const entry of networkInterfaces()[zone] ?? [])
    if (entry.family === 'IPv6' && entry.scopeid > 0) return entry.scopeid
  return Number(zone) || 0
}
