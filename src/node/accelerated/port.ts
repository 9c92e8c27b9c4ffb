// The datagram port of a socket that was opened by system calls. Waiting for it is the event loop's, as for any socket; it is read
// and written to by calls of our own, because node:dgram does not pass on where the datagrams of a merged read end, and sends one at a time.

import type { Locator, Route } from '../../base/address.ts'
import type { OwnLocator } from '../../core/own-locators.ts'
import { type Bind, type DatagramPort, ownLocators } from '../port.ts'
import { Inbox, ReadMemory } from './inbox.ts'
import type { Koffi, PollHandle } from './koffi.ts'
import { Pinned } from './memory.ts'
import { Names } from './names.ts'
import { Outbox } from './outbox.ts'
import { UdpSocket } from './socket.ts'
import { SEGMENTS_MAX, type SystemCalls } from './system-calls.ts'

/** What accelerated ports are made with. */
export class PortMaker {
  readonly koffi: Koffi
  readonly calls: SystemCalls
  readonly arguments: Pinned
  #reads: ReadMemory | undefined

  constructor(koffi: Koffi, calls: SystemCalls) {
    this.koffi = koffi
    this.calls = calls
    this.arguments = new Pinned(koffi, 64)
  }

  get reads(): ReadMemory {
    this.#reads ??= new ReadMemory(this.koffi)
    return this.#reads
  }

  /** Opens a port. Throws SystemCallError. */
  open(address: string, port: number, six: boolean, wanted: Bind, apart: boolean): DatagramPort {
    const socket = new UdpSocket(this.calls, this.arguments, { address, port, six })
    try {
      return new AcceleratedPort(this, socket, wanted, apart)
    } catch (error) {
      socket.close()
      throw error
    }
  }
}

const READABLE = { readable: true }
const BOTH = { readable: true, writable: true }

class AcceleratedPort implements DatagramPort {
  readonly locator: Locator
  readonly wanted: readonly Bind[]
  readonly dontFragment: boolean
  readonly together: number = SEGMENTS_MAX
  onMessage: DatagramPort['onMessage'] = () => undefined
  onBatch: () => void = () => undefined
  readonly #socket: UdpSocket
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #poll: PollHandle
  readonly #apart: OwnLocator | undefined
  #open = true
  #due = false
  #full = false

  constructor({ koffi, calls, reads }: PortMaker, socket: UdpSocket, wanted: Bind, apart: boolean) {
    this.locator = socket.locator
    this.wanted = [wanted]
    this.dontFragment = socket.dontFragment
    this.#socket = socket
    this.#apart = apart ? { ...socket.locator, traffic: wanted.traffic, apart } : undefined
    const names = new Names(socket.six, this.#apart)
    this.#inbox = new Inbox(calls, socket, names, reads)
    this.#outbox = new Outbox(koffi, calls, socket, names, () => this.#wait(true))
    this.#poll = calls.poll(socket.fd, READABLE, this.#ready)
  }

  get own(): readonly OwnLocator[] {
    return ownLocators(this.locator, this.#apart)
  }

  send(bytes: Uint8Array, to: Route, whole = false, each = bytes.length): void {
    if (this.#open && to.port !== 0) this.#outbox.send(bytes, to, whole, each)
  }

  flush(): void {
    if (this.#open) this.#outbox.flush()
  }

  setBuffers(bytes: number): void {
    if (this.#open) this.#socket.setBuffers(bytes)
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#outbox.flush()
    this.#open = false
    // Nobody may wait for a socket that is closed: its number soon is another one's.
    this.#poll.close()
    this.#socket.close()
  }

  ref(): void {
    if (this.#open) this.#poll.ref()
  }

  unref(): void {
    if (this.#open) this.#poll.unref()
  }

  // The call of the event loop comes without what Node does around its own: errors that surface, promises that go on. So the work is
  // done where it has all that, later in the same turn.
  readonly #ready = (): void => {
    if (this.#due) return
    this.#due = true
    setImmediate(this.#work)
  }

  readonly #work = (): void => {
    this.#due = false
    if (!this.#open) return
    if (this.#full) {
      this.#wait(false)
      this.#outbox.drain()
    }
    try {
      this.#inbox.read(this.#heard, this.#isOpen)
    } finally {
      this.onBatch()
    }
  }

  readonly #heard = (bytes: Uint8Array, source: Route, along: boolean): void => this.onMessage(bytes, source, along)

  readonly #isOpen = (): boolean => this.#open

  /** Whether to be called when something can be sent, too. */
  #wait(full: boolean): void {
    this.#full = full
    this.#poll.start(full ? BOTH : READABLE, this.#ready)
  }
}
