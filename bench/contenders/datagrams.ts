// What no stream can beat: plain datagrams, and a bare loop that numbers, seals, sends, receives and opens with our own cipher and
// port. Both with a window and nothing else: no order, no repetition, no congestion control.

import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { packetMemory } from '../../src/core/sa/packet-memory.ts'
import { type AeadProvider, nodeAead } from '../../src/crypto/aead.ts'
import { choice } from '../../src/node/accelerated/choice.ts'
import { openPort } from '../../src/node/port.ts'
import type { Contender, ContenderOptions, Line } from './contender.ts'
import { addressOf } from './tcp.ts'

/** The largest datagram of IPv4. */
const BYTES_MAX = 65_507
/** So much is under way: as many datagrams as a socket's buffer holds, and as an ordinary window has. */
const WINDOW_BYTES_MAX = 1_048_576
const WINDOW_MAX = 256
/** Acknowledgements in a window. */
const ACKS = 8
const STALL_MS = 100
const BUFFER_BYTES = 4 * 1024 * 1024
const CONTROL_BYTES = 8

/** Gets bytes to the other side, and hears of those that come. */
interface Post {
  readonly address: string
  /** Of one datagram, without what sealing adds. */
  readonly payloadBytes: number
  send(bytes: Uint8Array): void
  /** To be called when nothing more is to be sent for now, for those who send many at once. */
  flush?(): void
  onMessage: (bytes: Uint8Array) => void
  close(): Promise<void>
}

type Open = (options: ContenderOptions, to?: string) => Promise<Post>

// What is said: the count so far after every so many full datagrams, and a short datagram is given back as it came.

function windowOf({ payloadBytes }: Post): number {
  return Math.max(ACKS, Math.min(WINDOW_MAX, Math.floor(WINDOW_BYTES_MAX / payloadBytes)))
}

function receive(post: Post): void {
  const every = windowOf(post) / ACKS
  const reply = new Uint8Array(CONTROL_BYTES)
  let count = 0
  post.onMessage = (bytes) => {
    if (bytes.length < post.payloadBytes) return post.send(bytes)
    count += 1
    if (count % every !== 0) return
    new DataView(reply.buffer).setFloat64(0, count)
    post.send(reply)
  }
}

function lineOf(post: Post): Line {
  const payload = new Uint8Array(randomBytes(post.payloadBytes))
  return {
    fill: (bytes) => fill(post, payload, Math.ceil(bytes / payload.length)),
    ping: (bytes) => {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('a datagram was lost')), 1_000)
        post.onMessage = () => {
          clearTimeout(timer)
          resolve()
        }
        post.send(bytes)
        post.flush?.()
      })
    },
    close: () => void post.close(),
  }
}

function fill(post: Post, payload: Uint8Array, datagrams: number): Promise<number> {
  return new Promise((resolve) => {
    const window = windowOf(post)
    const every = window / ACKS
    let acknowledged = 0
    let outstanding = 0
    let heardAt = performance.now()
    const more = (): void => {
      for (; outstanding < window; outstanding++) post.send(payload)
    }
    post.onMessage = () => {
      acknowledged += every
      outstanding -= every
      heardAt = performance.now()
      // What is received together is answered together: a port says when.
      if (acknowledged < datagrams) return more()
      clearInterval(watch)
      post.onMessage = () => undefined
      resolve(acknowledged * payload.length)
    }
    // A lost datagram would hold the window for ever.
    const watch = setInterval(() => {
      if (performance.now() - heardAt < STALL_MS) return
      outstanding = 0
      more()
      post.flush?.()
    }, STALL_MS)
    more()
    post.flush?.()
  })
}

function contenderOf(open: Open): Contender {
  return {
    once: true,
    listen: async (options) => {
      const post = await open(options)
      receive(post)
      return post.address
    },
    client: async (options) => ({
      line: async (address) => lineOf(await open(options, address)),
      close: async () => undefined,
    }),
  }
}

function bound(host: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES })
  return new Promise((resolve) => socket.bind(0, host, () => resolve(socket)))
}

/** As cheap as node:dgram can be: the side that begins is connected. */
export const plainDatagrams: Contender = contenderOf(async ({ host, packetBytesMax = BYTES_MAX }, to) => {
  const socket = await bound(host)
  let remote = to === undefined ? undefined : addressOf(to)
  const post: Post = {
    address: `${host} ${socket.address().port}`,
    payloadBytes: packetBytesMax,
    send: (bytes) => {
      if (to !== undefined) socket.send(bytes)
      else if (remote !== undefined) socket.send(bytes, remote.port, remote.host)
    },
    onMessage: () => undefined,
    close: async () => void socket.close(),
  }
  socket.on('message', (bytes, from) => {
    remote = { host: from.address, port: from.port }
    post.onMessage(bytes)
  })
  if (to !== undefined && remote !== undefined) {
    const { host: address, port } = remote
    await new Promise<void>((resolve) => socket.connect(port, address, resolve))
  }
  return post
})

/** Header with IV in front, trailer and ICV behind (RFC 4303, RFC 4106). */
const HEADER_BYTES = 16
const TRAILER_BYTES = 4
const ICV_BYTES = 16
const AES_128_GCM = 13

export const sealedLoop: Contender = contenderOf(async ({ host, packetBytesMax = BYTES_MAX }, to) => {
  const keys = { encryption: new Uint8Array(20).fill(7), authentication: new Uint8Array(0) }
  const aead: AeadProvider = choice().aead.accelerated?.(nodeAead) ?? nodeAead
  const sealer = aead.sealer(AES_128_GCM, keys, (length) => randomBytes(length))
  const opener = aead.opener(AES_128_GCM, keys)
  const port = await openPort({ address: host })
  const named = to === undefined ? undefined : addressOf(to)
  let remote = named && { address: named.host, port: named.port }
  let sequence = 0
  const post: Post = {
    address: `${host} ${port.locator.port}`,
    payloadBytes: packetBytesMax - HEADER_BYTES - TRAILER_BYTES - ICV_BYTES,
    send: (bytes) => {
      if (remote === undefined) return
      // As ours has it: used again when the packet has left.
      const packet = packetMemory(HEADER_BYTES + bytes.length + TRAILER_BYTES + ICV_BYTES)
      packet.set(bytes, HEADER_BYTES)
      sequence += 1
      for (let at = 0; at < 4; at++) packet[4 + at] = sequence >>> (24 - 8 * at)
      sealer.seal(packet, sequence)
      port.send(packet, remote)
    },
    flush: () => port.flush(),
    onMessage: () => undefined,
    close: () => port.close(),
  }
  port.onBatch = () => port.flush()
  port.onMessage = (packet, from) => {
    let number = 0
    for (let at = 4; at < 8; at++) number = number * 256 + (packet[at] ?? 0)
    const opened = opener.open(packet, number)
    if (opened === undefined) return
    remote = from
    post.onMessage(opened.subarray(0, opened.length - TRAILER_BYTES))
  }
  return post
})
