// One sender and one receiver of Recovery and Received over two virtual links, with as much to send as they are told to. What
// a packet carries is the number of a chunk of bytes; a lost chunk goes again, and the receiver counts each once.

import { Prng } from '../../src/base/prng.ts'
import { Received } from '../../src/core/transport/recovery/received.ts'
import { type Carried, Recovery, type RecoveryOptions } from '../../src/core/transport/recovery/recovery.ts'
import { RECOVERY_DEFAULTS, type RecoveryConfig } from '../../src/core/transport/recovery-config.ts'
import type { VirtualClock, VirtualLink } from './virtual-link.ts'

const ACK_BYTES = 60
const OVERHEAD_BYTES = 40
const SPACE = 7

/** What one chunk is: a number, and how many bytes of data. Probes of the MTU carry none. */
interface Chunk {
  readonly id: number
  readonly bytes: number
}

export interface FlowOptions {
  readonly clock: VirtualClock
  readonly forth: Pick<VirtualLink, 'send'>
  readonly back: Pick<VirtualLink, 'send'>
  readonly seed?: number
  readonly config?: Partial<RecoveryConfig>
  readonly controller?: RecoveryOptions['controller']
  readonly mtuLimit?: number
  /** Bytes that the application has at each time; Infinity by default. */
  readonly available?: (now: number) => number
  /** Bytes that the application lets be under way; Infinity by default. */
  readonly inFlightMax?: number
  /** Timers wake at whole multiples of this, as those of an event loop do. */
  readonly tickMs?: number
}

export class Flow {
  readonly recovery: Recovery<Chunk>
  readonly received: Received
  readonly #options: FlowOptions
  readonly #clock: VirtualClock
  readonly #again: Chunk[] = []
  readonly #seen = new Set<number>()
  #nextId = 0
  #given = 0
  #number = 0
  #wakeAt = Infinity
  #ackWakeAt = Infinity
  /** Numbers that were left out. */
  skipped = 0
  /** Bytes that arrived once each, packets that left, that were called lost, and that were called lost but arrived. */
  delivered = 0
  packets = 0
  lost = 0
  spurious = 0
  timeouts = 0
  faults = 0

  constructor(options: FlowOptions) {
    const config = { ...RECOVERY_DEFAULTS, ...options.config }
    const prng = new Prng(options.seed ?? 1)
    const { controller, mtuLimit } = options
    this.recovery = new Recovery({
      config,
      entropy: (length) => prng.bytes(length),
      ...(controller && { controller }),
      ...(mtuLimit !== undefined && { mtuLimit }),
    })
    this.received = new Received(config)
    this.#options = options
    this.#clock = options.clock
  }

  /** Sends what may leave now, and sees to it that the clock comes back. */
  pump(): void {
    const now = this.#clock.now
    for (let probe = this.recovery.mtu.probe(now); probe !== undefined; probe = undefined) {
      if (this.recovery.outstanding > 0) this.#send(probe, [], 'mtu')
    }
    while (this.#hasMore(now) && this.recovery.maySend(now, this.recovery.packetBytes)) this.#sendChunk()
    this.#watch()
  }

  #hasMore(now: number, leaving = 0): boolean {
    const { available, inFlightMax = Infinity } = this.#options
    if (this.recovery.bytesInFlight + leaving >= inFlightMax) return false
    return this.#again.length > 0 || this.#given < (available?.(now) ?? Infinity)
  }

  #sendChunk(probe?: 'pto'): void {
    const room = this.recovery.packetBytes - OVERHEAD_BYTES
    const again = this.#again[0]
    if (again !== undefined && again.bytes > room) {
      this.#again.splice(0, 1, { id: again.id, bytes: room }, { id: ++this.#nextId, bytes: again.bytes - room })
    }
    const left = (this.#options.available?.(this.#clock.now) ?? Infinity) - this.#given
    const fresh = () => ({ id: ++this.#nextId, bytes: Math.min(room, Math.max(left, 1)) })
    const chunk = this.#again.shift() ?? fresh()
    if (chunk.id === this.#nextId && again === undefined) this.#given += chunk.bytes
    this.#send(chunk.bytes + OVERHEAD_BYTES, [chunk], probe)
  }

  #send(bytes: number, frames: readonly Chunk[], probe?: 'mtu' | 'pto'): void {
    const now = this.#clock.now
    if (this.recovery.skip()) {
      this.recovery.skipped(SPACE, ++this.#number)
      this.skipped += 1
    }
    const number = ++this.#number
    const appLimited = !this.#hasMore(now, bytes)
    this.recovery.sent(now, { space: SPACE, number, bytes, frames, appLimited, ...(probe && { probe }) })
    this.packets += 1
    this.#options.forth.send(bytes, () => this.#arrive(number, frames))
  }

  #arrive(number: number, frames: readonly Chunk[]): void {
    this.received.note(this.#clock.now, SPACE, number, true)
    for (const { id, bytes } of frames) {
      if (this.#seen.has(id)) this.spurious += 1
      else this.delivered += bytes
      this.#seen.add(id)
    }
    this.#acknowledge()
  }

  #acknowledge(): void {
    const now = this.#clock.now
    if (this.received.deadline > now) {
      if (this.received.deadline === Infinity || this.received.deadline >= this.#ackWakeAt) return
      this.#ackWakeAt = this.received.deadline
      this.#clock.at(this.#ackWakeAt, () => {
        this.#ackWakeAt = Infinity
        this.#acknowledge()
      })
      return
    }
    for (const ack of this.received.acknowledge(now)) {
      this.#options.back.send(ACK_BYTES, () => {
        const outcome = this.recovery.onAck(this.#clock.now, ack, this.#number)
        if (outcome.fault) this.faults += 1
        this.#repeat(outcome.lost)
        this.received.acknowledged(SPACE, (ack.ranges[0]?.largest ?? 0) - 1_000)
        this.pump()
      })
    }
  }

  #repeat(lost: Carried<Chunk>): void {
    for (const frames of lost) this.#again.push(...frames)
    this.lost += lost.length
  }

  #watch(): void {
    const { tickMs = 1 } = this.#options
    const due = Math.max(Math.ceil(this.recovery.deadline / tickMs) * tickMs, this.#clock.now)
    if (due === Infinity || due >= this.#wakeAt) return
    this.#wakeAt = due
    this.#clock.at(due, () => this.#wake(due))
  }

  #wake(due: number): void {
    if (this.#wakeAt !== due) return
    this.#wakeAt = Infinity
    if (this.recovery.deadline <= this.#clock.now) {
      const { lost, probes } = this.recovery.expire(this.#clock.now)
      this.#repeat(lost)
      if (probes > 0) this.timeouts += 1
      for (let probe = 0; probe < probes; probe++) {
        if (!this.#hasMore(this.#clock.now)) this.#again.push(...this.recovery.oldest(1).flat())
        if (this.#hasMore(this.#clock.now)) this.#sendChunk('pto')
        else this.#send(OVERHEAD_BYTES, [], 'pto')
      }
    }
    this.pump()
  }
}
