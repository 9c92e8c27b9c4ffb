// What has come to a socket, read by few system calls. The kernel hands over datagrams of one flow that have the same length as one
// piece of memory (udp(7), UDP_GRO) and says that length: so they are told apart by what the kernel knows, and by nothing that
// a sender could write. The last may be shorter.

import { performance } from 'node:perf_hooks'
import type { Route } from '../../base/address.ts'
import type { Koffi } from './koffi.ts'
import { Pinned } from './memory.ts'
import type { Names } from './names.ts'
import type { UdpSocket } from './socket.ts'
import {
  CMSG,
  IOVEC_BYTES,
  MMSGHDR,
  MSG_DONTWAIT,
  MSGHDR,
  NAME_BYTES,
  SOL_UDP,
  type SystemCalls,
  UDP_GRO,
} from './system-calls.ts'

/** Reads of one call. */
const READS = 8
/** Calls of one turn: whatever comes meanwhile waits for the next, so that others have theirs. */
const CALLS_MAX = 4
/** Of dealing with what was read: so much that more has come meanwhile, if anything comes. */
const LONG_MS = 1
const DATA_BYTES = 65_536
const NAME_ROOM = 32
const CONTROL_ROOM = 64
/** A whole control message of one int, without what fills it up. */
const CMSG_LENGTH = CMSG.value + 4

/** Where everything that is read lies until it has been dealt with: for all sockets of a thread, because reading waits for nobody. */
export class ReadMemory {
  readonly headers: Pinned
  readonly data: ArrayBuffer
  /** Of the datagrams of each read: what is lent once may be lent again. */
  readonly #datagrams: readonly Uint8Array[][] = Array.from({ length: READS }, () => [])

  constructor(koffi: Koffi) {
    const each = MMSGHDR.bytes + IOVEC_BYTES + NAME_ROOM + CONTROL_ROOM
    const headers = new Pinned(koffi, READS * each)
    const data = new Pinned(koffi, READS * DATA_BYTES)
    for (let read = 0; read < READS; read++) {
      const header = headerAt(read)
      headers.setLong(header + MSGHDR.name, headers.address + nameAt(read))
      headers.setLong(header + MSGHDR.iovecs, headers.address + iovecAt(read))
      headers.setLong(header + MSGHDR.iovecCount, 1)
      headers.setLong(header + MSGHDR.control, headers.address + controlAt(read))
      headers.setLong(iovecAt(read), data.address + read * DATA_BYTES)
      headers.setLong(iovecAt(read) + 8, DATA_BYTES)
    }
    this.headers = headers
    this.data = data.buffer
  }

  /** The datagram of that place in a read: so many bytes from `at` on. */
  datagram(read: number, place: number, at: number, length: number): Uint8Array {
    const start = read * DATA_BYTES + at
    const lent = this.#datagrams[read]?.[place]
    if (lent?.length === length && lent.byteOffset === start) return lent
    const fresh = new Uint8Array(this.data, start, length)
    const datagrams = this.#datagrams[read]
    if (datagrams !== undefined) datagrams[place] = fresh
    return fresh
  }
}

/** `along`: it is of the same merged read as the one before. */
type Heard = (bytes: Uint8Array, source: Route, along: boolean) => void

export class Inbox {
  readonly #calls: SystemCalls
  readonly #socket: UdpSocket
  readonly #names: Names
  readonly #memory: ReadMemory

  constructor(calls: SystemCalls, socket: UdpSocket, names: Names, memory: ReadMemory) {
    this.#calls = calls
    this.#socket = socket
    this.#names = names
    this.#memory = memory
  }

  /**
   * Hands over what is there, or a part of it if there is much. `bytes` are lent: they are something else after the call. Goes on as
   * long as `open` says so.
   */
  read(heard: Heard, open: () => boolean): void {
    for (let call = 0; call < CALLS_MAX && open(); call++) {
      const begun = performance.now()
      const count = this.#call()
      for (let read = 0; read < count && open(); read++) this.#tell(read, heard, open)
      // What a packet kept waiting that took long, as the P1 of a move does, is told of before the answer to it is.
      if (count < READS && performance.now() - begun < LONG_MS) return
    }
  }

  #call(): number {
    const { view, address } = this.#memory.headers
    for (let read = 0; read < READS; read++) {
      // The kernel has written into them what came before.
      view.setUint32(headerAt(read) + MSGHDR.nameLength, NAME_BYTES, true)
      view.setUint32(headerAt(read) + MSGHDR.controlLength, CONTROL_ROOM, true)
    }
    return this.#calls.recvmmsg(this.#socket.fd, address, READS, MSG_DONTWAIT, 0)
  }

  #tell(read: number, heard: Heard, open: () => boolean): void {
    const { headers } = this.#memory
    const source = this.#names.read(headers, nameAt(read))
    const length = headers.view.getUint32(headerAt(read) + MMSGHDR.length, true)
    const each = this.#stride(read, length)
    let at = 0
    let place = 0
    do {
      heard(this.#memory.datagram(read, place, at, Math.min(each, length - at)), source, place > 0)
      at += each
      place += 1
    } while (at < length && open())
  }

  /** The length of all pieces but the last. What the kernel says counts only if it cuts what came: otherwise that is one datagram. */
  #stride(read: number, length: number): number {
    const { view } = this.#memory.headers
    const at = controlAt(read)
    if (view.getUint32(headerAt(read) + MSGHDR.controlLength, true) < CMSG_LENGTH) return length
    if (view.getUint32(at + CMSG.length, true) < CMSG_LENGTH) return length
    if (view.getInt32(at + CMSG.level, true) !== SOL_UDP || view.getInt32(at + CMSG.type, true) !== UDP_GRO)
      return length
    const stride = view.getInt32(at + CMSG.value, true)
    return stride > 0 && stride <= length ? stride : length
  }
}

function headerAt(read: number): number {
  return read * MMSGHDR.bytes
}

function iovecAt(read: number): number {
  return READS * MMSGHDR.bytes + read * IOVEC_BYTES
}

function nameAt(read: number): number {
  return READS * (MMSGHDR.bytes + IOVEC_BYTES) + read * NAME_ROOM
}

function controlAt(read: number): number {
  return READS * (MMSGHDR.bytes + IOVEC_BYTES + NAME_ROOM) + read * CONTROL_ROOM
}
