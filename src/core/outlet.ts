// What a machine has to say and has not been asked for yet: control packets, events, and counters of what went wrong. All of
// it is bounded; what does not fit is counted, as UDP would lose it.

import type { Locator } from '../base/address.ts'
import { Queue } from '../base/queue.ts'
import { wrapHip } from '../wire/datagram.ts'
import type { Config } from './config.ts'
import type { MachineEvent, Transmit } from './machine.ts'

export class Outlet {
  readonly #packets: Queue<Transmit>
  readonly #events: Queue<MachineEvent>
  readonly #counters = new Map<string, number>()

  constructor(config: Config) {
    this.#packets = new Queue(config.outboxPacketsMax)
    this.#events = new Queue(config.eventsMax)
  }

  /** Puts one HIP packet on the wire, inside UDP. */
  send(packet: Uint8Array, to: Locator): void {
    if (!this.#packets.push({ bytes: wrapHip(packet), to })) this.count('outbox-full')
  }

  tell(event: MachineEvent): void {
    if (!this.#events.push(event)) this.count('events-full')
  }

  count(name: string): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1)
  }

  packet(): Transmit | undefined {
    return this.#packets.shift()
  }

  event(): MachineEvent | undefined {
    return this.#events.shift()
  }

  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counters)
  }

  /** Nothing more is sent. Events stay: they are for the owner. */
  silence(): void {
    this.#packets.clear()
  }
}
