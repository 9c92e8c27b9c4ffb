// The system calls of Linux that UDP needs beyond what node:dgram has (udp(7), UDP_SEGMENT and UDP_GRO), and the numbers and layouts of
// its 64-bit little-endian ABI, which is the same on x64 and arm64, with glibc and with musl.

import { endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { ForeignFunction, Koffi, PollEvents, PollHandle } from './koffi.ts'

/** Sockets, as C sees them. Pointers are addresses. Results below zero are failures, and `errno` says which. */
export interface SystemCalls {
  readonly socket: ForeignFunction
  readonly bind: ForeignFunction
  readonly getsockname: ForeignFunction
  readonly setsockopt: ForeignFunction
  readonly getsockopt: ForeignFunction
  readonly sendmsg: ForeignFunction
  readonly recvmmsg: ForeignFunction
  readonly close: ForeignFunction
  errno(): number
  poll(fd: number, events: PollEvents, heard: (status: number) => void): PollHandle
}

const ARCHITECTURES: readonly string[] = ['x64', 'arm64']

/** The system calls, or why they cannot be used. */
export function systemCalls(koffi: Koffi, platform: string, arch: string): SystemCalls | string {
  if (platform !== 'linux') return `this is ${platform}: what is faster is only there on Linux`
  if (!ARCHITECTURES.includes(arch) || endianness() !== 'LE') return `the layouts of ${arch} are not known here`
  const { version } = koffi
  const poll = koffi.node?.poll
  if (poll === undefined) return `koffi ${version} cannot wait for a socket: take 3.3 or later`
  try {
    const c = koffi.load(null)
    return {
      socket: c.func('socket', 'int', ['int', 'int', 'int']),
      bind: c.func('bind', 'int', ['int', 'uintptr_t', 'uint32_t']),
      getsockname: c.func('getsockname', 'int', ['int', 'uintptr_t', 'uintptr_t']),
      setsockopt: c.func('setsockopt', 'int', ['int', 'int', 'int', 'uintptr_t', 'uint32_t']),
      getsockopt: c.func('getsockopt', 'int', ['int', 'int', 'int', 'uintptr_t', 'uintptr_t']),
      sendmsg: c.func('sendmsg', 'int', ['int', 'uintptr_t', 'int']),
      recvmmsg: c.func('recvmmsg', 'int', ['int', 'uintptr_t', 'uint32_t', 'int', 'uintptr_t']),
      close: c.func('close', 'int', ['int']),
      errno: () => koffi.errno(),
      poll,
    }
  } catch (error) {
    return `koffi ${version} does not find the system calls (${error instanceof Error ? error.message : String(error)})`
  }
}

/** A failed call as node:dgram tells of it. */
export class SystemCallError extends Error {
  readonly code: string
  readonly syscall: string

  constructor(syscall: string, errno: number) {
    const code = getSystemErrorName(-errno)
    super(`${syscall} ${code}`)
    this.code = code
    this.syscall = syscall
  }
}

// asm-generic/errno.h
export const EIO = 5
export const EAGAIN = 11
export const EINVAL = 22
export const EMSGSIZE = 90
export const EOPNOTSUPP = 95
export const EADDRNOTAVAIL = 99
export const ENETUNREACH = 101

// bits/socket.h, asm-generic/socket.h
export const AF_INET = 2
export const AF_INET6 = 10
export const SOCK_DGRAM = 2
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000
export const MSG_DONTWAIT = 0x40
export const SOL_SOCKET = 1
export const SO_SNDBUF = 7
export const SO_RCVBUF = 8
export const SO_SNDBUFFORCE = 32
export const SO_RCVBUFFORCE = 33

// linux/in.h, linux/in6.h, linux/udp.h
export const IPPROTO_IP = 0
export const IP_MTU_DISCOVER = 10
export const IPPROTO_IPV6 = 41
export const IPV6_MTU_DISCOVER = 23
export const IPV6_V6ONLY = 26
export const PMTUDISC_WANT = 1
export const PMTUDISC_PROBE = 3
export const SOL_UDP = 17
export const UDP_SEGMENT = 103
export const UDP_GRO = 104
export const SEGMENTS_MAX = 64

/** struct sockaddr_in6, and the shorter sockaddr_in. */
export const NAME_BYTES = 28
export const NAME4_BYTES = 16
/** struct iovec: base, length. */
export const IOVEC_BYTES = 16
/** struct msghdr: name, its length, iovecs, their number, control, its length, flags. */
export const MSGHDR = { name: 0, nameLength: 8, iovecs: 16, iovecCount: 24, control: 32, controlLength: 40, bytes: 56 }
/** struct mmsghdr: a msghdr and how long what came is. */
export const MMSGHDR = { length: 56, bytes: 64 }
/** struct cmsghdr and one int: its length, level, type, value. */
export const CMSG = { length: 0, level: 8, type: 12, value: 16, bytes: 24 }
