// A link between real processes: a relay of UDP with a rate, a queue in bytes, a delay, losses and packets that come late, in each
// direction. Nothing of the system is changed and no rights are needed. Everything that is due by one look at the clock leaves then,
// so a link is as exact as the timers of an event loop, about 1 ms; rates and queues are exact on average, because what is due is
// computed and not what is left.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Locator } from '../../src/base/address.ts'
import { Prng } from '../../src/base/prng.ts'

/** IPv4 and UDP: what a datagram is longer on a link. */
const HEADER_BYTES = 28
const ETHERNET_BYTES = 1_500
const QUANTUM_MS = 1
const SOCKET_BYTES = 4 * 1024 * 1024
const SENDERS_MAX = 64

/** One direction. */
export interface EmulatedLink {
  readonly mbitPerSecond: number
  /** From when the last byte has left the queue. */
  readonly delayMs: number
  readonly queueBytes: number
  /** Shares of packets that are lost by chance, and that come late by up to `lateMs`. */
  readonly loss?: number
  readonly reorder?: number
  readonly lateMs?: number
  /** UDP payloads larger than this vanish; by default those that Ethernet does not carry. */
  readonly mtuBytes?: number
}

/** What became of the packets of one direction. */
export interface LinkCounts {
  readonly offered: number
  readonly overflowed: number
  readonly unlucky: number
}

/** When packets come out of one direction of a link: pure, times in ms. */
export class LinkQueue {
  readonly #link: EmulatedLink
  readonly #prng: Prng
  #freeAt = 0
  offered = 0
  overflowed = 0
  unlucky = 0

  constructor(link: EmulatedLink, seed: number) {
    this.#link = link
    this.#prng = new Prng(seed)
  }

  /** When a datagram of so many bytes, offered now, arrives; undefined if it never does. */
  offer(now: number, bytes: number): number | undefined {
    const { mbitPerSecond, delayMs, queueBytes, loss = 0, reorder = 0, lateMs = 0 } = this.#link
    if (bytes > (this.#link.mtuBytes ?? ETHERNET_BYTES - HEADER_BYTES)) return undefined
    const bytesPerMs = mbitPerSecond * 125
    const size = bytes + HEADER_BYTES
    this.offered += 1
    const startsAt = Math.max(this.#freeAt, now)
    if ((startsAt - now) * bytesPerMs + size > queueBytes) {
      this.overflowed += 1
      return undefined
    }
    this.#freeAt = startsAt + size / bytesPerMs
    // A packet that chance takes has had its time on the link, as on one whose far end drops it.
    if (this.#prng.chance(loss)) {
      this.unlucky += 1
      return undefined
    }
    return this.#freeAt + delayMs + (this.#prng.chance(reorder) ? this.#prng.next() * lateMs : 0)
  }
}

interface Due {
  readonly at: number
  readonly send: () => void
}

/**
 * Whoever sends to `at`, by IPv4, reaches `target` over one direction, and is answered over the other. If the target is bound to IPv6
 * there is no other way between them.
 */
export class LinkEmulator {
  readonly at: Locator
  readonly #front: Socket
  readonly #target: Locator
  readonly #forth: LinkQueue
  readonly #back: LinkQueue
  readonly #senders = new Map<number, Socket>()
  /** In the order of their times. */
  readonly #due: Due[] = []
  #timer: NodeJS.Timeout | undefined

  private constructor(front: Socket, target: Locator, forth: LinkQueue, back: LinkQueue) {
    this.#front = front
    this.#target = target
    this.#forth = forth
    this.#back = back
    this.at = { address: '127.0.0.1', port: front.address().port }
    front.on('message', (bytes, { port }) => {
      const sender = this.#sender(port)
      this.#carry(this.#forth, bytes, () => sender?.send(bytes, target.port, target.address))
    })
  }

  /** A link to `target`; `back` is like `forth`, but loses and delays nothing by chance, unless it is given. */
  static async to(
    target: Locator,
    forth: EmulatedLink,
    seed: number,
    back: EmulatedLink = { ...forth, loss: 0, reorder: 0 },
  ): Promise<LinkEmulator> {
    const front = open('127.0.0.1')
    await once(front, 'listening')
    return new LinkEmulator(front, target, new LinkQueue(forth, seed), new LinkQueue(back, seed + 1_000))
  }

  get counts(): { readonly forth: LinkCounts; readonly back: LinkCounts } {
    const of = ({ offered, overflowed, unlucky }: LinkQueue): LinkCounts => ({ offered, overflowed, unlucky })
    return { forth: of(this.#forth), back: of(this.#back) }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#due.length = 0
    this.#front.close()
    for (const socket of this.#senders.values()) socket.close()
  }

  /** The socket that speaks to the target for whoever sends from `port`; undefined for one too many. */
  #sender(port: number): Socket | undefined {
    const known = this.#senders.get(port)
    if (known !== undefined || this.#senders.size >= SENDERS_MAX) return known
    const socket = open(this.#target.address.includes(':') ? '::1' : '127.0.0.1')
    socket.on('message', (bytes) => {
      this.#carry(this.#back, bytes, () => this.#front.send(bytes, port, '127.0.0.1'))
    })
    this.#senders.set(port, socket)
    return socket
  }

  #carry(queue: LinkQueue, bytes: Uint8Array, send: () => void): void {
    const at = queue.offer(performance.now(), bytes.length)
    if (at === undefined) return
    // Almost always the last.
    let place = this.#due.length
    while (place > 0 && (this.#due[place - 1]?.at ?? 0) > at) place -= 1
    this.#due.splice(place, 0, { at, send })
    this.#arm()
  }

  #arm(): void {
    const [first] = this.#due
    if (first === undefined || this.#timer !== undefined) return
    const wait = Math.max(QUANTUM_MS, first.at - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const now = performance.now()
      const later = this.#due.findIndex(({ at }) => at > now)
      for (const { send } of this.#due.splice(0, later < 0 ? this.#due.length : later)) send()
      this.#arm()
    }, wait)
  }
}

/** On any free port, with room for a burst between two looks at it; the system may give less. */
function open(address: '127.0.0.1' | '::1'): Socket {
  const socket = createSocket(address === '::1' ? 'udp6' : 'udp4')
  socket.once('listening', () => {
    socket.setRecvBufferSize(SOCKET_BYTES)
    socket.setSendBufferSize(SOCKET_BYTES)
  })
  return socket.bind(0, address)
}
