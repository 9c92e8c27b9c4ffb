// Datagrams on their way to one socket. Those of one length that go to one place, one after the other, leave by one system call: the
// kernel cuts them apart again (udp(7), UDP_SEGMENT), or the network card does. Nothing is copied: the packets are named where they
// lie. What the system cannot take just now waits; what it refuses to take together is sent piece by piece.

import type { Route } from '../../base/address.ts'
import { Queue } from '../../base/queue.ts'
import { packetLeft } from '../../core/sa/packet-memory.ts'
import type { Koffi } from './koffi.ts'
import { Addresses, Pinned } from './memory.ts'
import type { Names } from './names.ts'
import type { UdpSocket } from './socket.ts'
import {
  CMSG,
  EAGAIN,
  EINVAL,
  EIO,
  EMSGSIZE,
  ENETUNREACH,
  EOPNOTSUPP,
  IOVEC_BYTES,
  MSGHDR,
  SEGMENTS_MAX,
  SOL_UDP,
  type SystemCalls,
  UDP_SEGMENT,
} from './system-calls.ts'

/** Datagrams that wait until the system takes some again; any more are lost, as they would be on a network that is as busy. */
export const WAITING_MAX = 1_024
/** The longest UDP payload in an IPv4 packet. */
const BURST_BYTES_MAX = 65_507
/** No link of IPv6 fragments what is not longer (RFC 8200 §5, less its header and that of UDP). */
const SMALL_BYTES = 1_232

const NAME_AT = 64
const CONTROL_AT = 96
const IOVECS_AT = 128

interface Waiting {
  readonly bytes: Uint8Array
  readonly to: Route
  readonly whole: boolean
}

export class Outbox {
  readonly #calls: SystemCalls
  readonly #socket: UdpSocket
  readonly #names: Names
  readonly #memory: Pinned
  readonly #addresses: Addresses
  /** Called when the system takes nothing: `drain` is wanted as soon as it does. */
  readonly #onFull: () => void
  /** The burst: packets to one place, all as long as the first but for the last. One after the other, or several in one. */
  readonly #burst: Uint8Array[] = []
  #count = 0
  #iovecs = 0
  /** Where the last packet ends: one that begins there needs no iovec of its own. */
  #end = 0
  #to: Route | undefined
  #size = 0
  #bytes = 0
  #whole = false
  #ended = false
  #kept = false
  #full = false
  readonly #waiting = new Queue<Waiting>(WAITING_MAX)

  constructor(koffi: Koffi, calls: SystemCalls, socket: UdpSocket, names: Names, onFull: () => void) {
    this.#calls = calls
    this.#socket = socket
    this.#names = names
    this.#onFull = onFull
    this.#addresses = new Addresses(koffi)
    const memory = new Pinned(koffi, IOVECS_AT + SEGMENTS_MAX * IOVEC_BYTES)
    memory.setLong(MSGHDR.name, memory.address + NAME_AT)
    memory.view.setUint32(MSGHDR.nameLength, names.bytes, true)
    memory.setLong(MSGHDR.iovecs, memory.address + IOVECS_AT)
    memory.setLong(CONTROL_AT + CMSG.length, CMSG.value + 2)
    memory.view.setInt32(CONTROL_AT + CMSG.level, SOL_UDP, true)
    memory.view.setInt32(CONTROL_AT + CMSG.type, UDP_SEGMENT, true)
    this.#memory = memory
  }

  /**
   * Takes a datagram, or several end to end of which each but the last is so long; it has left after `flush` at the latest. `bytes` must
   * stay as they are.
   */
  send(bytes: Uint8Array, to: Route, whole: boolean, each: number = bytes.length): void {
    const several = bytes.length > each
    if (this.#full || (several && !this.#socket.segments)) {
      if (several) for (const one of piecesOf(bytes, each)) this.send(one, to, whole)
      else this.#waiting.push({ bytes, to, whole })
      return
    }
    if (this.#count > 0 && !this.#fits(bytes, to, whole, each)) {
      this.flush()
      if (this.#full) return this.send(bytes, to, whole, each)
    }
    this.#add(bytes, to, whole, each)
  }

  /** Sends what has been taken. */
  flush(): void {
    if (this.#count === 0 || this.#full) return
    const errno = this.#handOver()
    if (errno === EAGAIN) return this.#wait()
    const unable = errno === EINVAL || errno === EIO || errno === EOPNOTSUPP
    if (this.#count > 1 && (unable || errno === EMSGSIZE)) return this.#singly(unable)
    this.#clear()
  }

  /** The system takes something again. */
  drain(): void {
    this.#full = false
    this.flush()
    while (!this.#full) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      this.send(next.bytes, next.to, next.whole)
    }
    this.flush()
  }

  #fits(bytes: Uint8Array, to: Route, whole: boolean, each: number): boolean {
    const several = bytes.length > each
    return (
      to === this.#to &&
      !this.#ended &&
      (several ? each === this.#size : each <= this.#size) &&
      this.#count + (several ? Math.ceil(bytes.length / each) : 1) <= SEGMENTS_MAX &&
      this.#bytes + bytes.length <= BURST_BYTES_MAX &&
      // What is small is not fragmented in any case.
      (whole === this.#whole || this.#size <= SMALL_BYTES) &&
      this.#socket.segments
    )
  }

  #add(bytes: Uint8Array, to: Route, whole: boolean, each: number): void {
    const { length } = bytes
    const address = this.#addresses.of(bytes)
    if (this.#count === 0) {
      this.#to = to
      this.#size = each
      this.#whole = whole
    }
    // A shorter one can only be the last; an empty one would be none at all.
    this.#ended = length === 0 || length % this.#size !== 0
    if (this.#count > 0 && address === this.#end) {
      const at = IOVECS_AT + (this.#iovecs - 1) * IOVEC_BYTES + 8
      this.#memory.view.setUint32(at, this.#memory.view.getUint32(at, true) + length, true)
    } else {
      const at = IOVECS_AT + this.#iovecs * IOVEC_BYTES
      this.#memory.setLong(at, address)
      this.#memory.setLong(at + 8, length)
      this.#iovecs++
    }
    this.#end = address + length
    this.#burst.push(bytes)
    this.#count += this.#packetsIn(bytes)
    this.#bytes += length
  }

  /** The burst has left or is lost, unless it is still `wanted`. */
  #clear(wanted = false): void {
    if (!wanted) for (const bytes of this.#burst) packetLeft(bytes, this.#packetsIn(bytes))
    this.#burst.length = 0
    this.#count = 0
    this.#iovecs = 0
    this.#bytes = 0
    this.#ended = false
  }

  #packetsIn({ length }: Uint8Array): number {
    return length <= this.#size ? 1 : Math.ceil(length / this.#size)
  }

  // Of what is small nobody has to know: the mode is changed only for what might be fragmented.
  #keepWhole(): void {
    if (this.#whole === this.#kept || this.#size <= SMALL_BYTES || !this.#socket.dontFragment) return
    this.#socket.keepWhole(this.#whole)
    this.#kept = this.#whole
  }

  /** One system call. Returns 0, or why nothing has left. */
  #handOver(): number {
    const { view, address } = this.#memory
    const to = this.#to
    if (to === undefined || !this.#names.write(to, this.#memory, NAME_AT)) return ENETUNREACH
    this.#keepWhole()
    const several = this.#count > 1
    if (several) view.setUint16(CONTROL_AT + CMSG.value, this.#size, true)
    this.#memory.setLong(MSGHDR.iovecCount, this.#iovecs)
    this.#memory.setLong(MSGHDR.control, several ? address + CONTROL_AT : 0)
    view.setUint32(MSGHDR.controlLength, several ? CMSG.bytes : 0, true)
    return this.#calls.sendmsg(this.#socket.fd, address, 0) < 0 ? this.#calls.errno() : 0
  }

  #wait(): void {
    this.#full = true
    this.#onFull()
  }

  /** Sends the burst piece by piece. If any leaves, it is bursts that the system or the card is unable to send. */
  #singly(unable: boolean): void {
    const size = this.#size
    const pieces = this.#burst.flatMap((bytes) => piecesOf(bytes, size))
    const to = this.#to
    const whole = this.#whole
    this.#clear(true)
    let left = false
    for (const bytes of pieces) {
      if (to === undefined) continue
      if (this.#full) {
        this.#waiting.push({ bytes, to, whole })
        continue
      }
      this.#add(bytes, to, whole, bytes.length)
      const errno = this.#handOver()
      if (errno === EAGAIN) this.#wait()
      else this.#clear()
      left ||= errno === 0
    }
    if (unable && left) this.#socket.segments = false
  }
}

function piecesOf(bytes: Uint8Array, each: number): Uint8Array[] {
  if (bytes.length <= each) return [bytes]
  return Array.from({ length: Math.ceil(bytes.length / each) }, (_, index) =>
    bytes.subarray(index * each, (index + 1) * each),
  )
}
