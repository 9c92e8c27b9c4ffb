// What a machine has to say and has not been asked for yet: control packets, events, and counters of what went wrong. All of
// it is bounded; what does not fit is counted, as UDP would lose it.

import type { Route } from '../base/address.ts'
import { Queue } from '../base/queue.ts'
import { wrapHip } from '../wire/datagram.ts'
import type { Config } from './config.ts'
import type { MachineEvent, Transmit } from './machine.ts'

/** The most that an association has to tell before its owner listens. */
const EVENTS_PER_ASSOCIATION = 64

/** Makes a packet that could wait, if it is still wanted. */
type Owed = (now: number) => void

export class Outlet {
  readonly #packets: Queue<Transmit>
  readonly #events: Queue<MachineEvent>
  readonly #counters = new Map<string, number>()
  readonly #config: Config
  /** One of each association at most: a later one has overtaken it. */
  readonly #owed = new Map<object, Owed>()
  /** Datagrams among the events, and their bytes. */
  #data = 0
  #dataBytes = 0

  constructor(config: Config) {
    this.#packets = new Queue(config.outboxPacketsMax)
    this.#config = config
    this.#events = new Queue(EVENTS_PER_ASSOCIATION * config.associationsMax + config.eventsMax)
  }

  /** Puts one HIP packet on the wire, inside UDP. */
  send(packet: Uint8Array, to: Route): void {
    if (!this.#packets.push({ bytes: wrapHip(packet), to })) this.count('outbox-full')
  }

  /** Datagrams that nobody fetches are lost, as in any socket; what happened to an association is always told. */
  tell(event: MachineEvent): void {
    const size = 'bytes' in event ? event.bytes.length : 0
    if (
      'bytes' in event &&
      (this.#data >= this.#config.eventsMax || this.#dataBytes + size > this.#config.eventBytesMax)
    ) {
      return this.count('events-full')
    }
    if ('bytes' in event) {
      this.#data += 1
      this.#dataBytes += size
    }
    if (!this.#events.push(event)) this.count('events-full')
  }

  count(name: string): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1)
  }

  get hasPacket(): boolean {
    return this.#packets.size > 0
  }

  packet(): Transmit | undefined {
    return this.#packets.shift()
  }

  /** What `make` sends is signed and leaves when all that somebody waits for has left. */
  owe(association: object, make: Owed): void {
    this.#owed.set(association, make)
  }

  get owes(): boolean {
    return this.#owed.size > 0
  }

  /** The first of what was owed. */
  pay(now: number): Transmit | undefined {
    if (this.#owed.size === 0) return undefined
    const owed = [...this.#owed.values()]
    this.#owed.clear()
    for (const make of owed) make(now)
    return this.packet()
  }

  event(): MachineEvent | undefined {
    const event = this.#events.shift()
    if (event !== undefined && 'bytes' in event) {
      this.#data -= 1
      this.#dataBytes -= event.bytes.length
    }
    return event
  }

  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counters)
  }

  /** Nothing more is sent. Events stay: they are for the owner. */
  silence(): void {
    this.#packets.clear()
    this.#owed.clear()
  }
}
