// Spreads a window over a round trip (RFC 9002 §7.7): a bucket of bytes that fills at the rate of the path. Timers cannot tell
// times apart that are shorter than a quantum, so what is due within one leaves together, and never more than a burst.

import type { RecoveryConfig } from '../recovery-config.ts'

/** How fast packets may leave now, and how large one is. */
export interface Pace {
  readonly bytesPerMs: number
  readonly packetBytes: number
}

export class Pacer {
  readonly #config: RecoveryConfig
  /** Below zero after a packet that could not wait, such as a probe. */
  #tokens: number
  #filledAt = -Infinity

  /** The first packets on a path may leave at once, up to an initial window of them. */
  constructor(config: RecoveryConfig, packetBytes: number) {
    this.#config = config
    this.#tokens = config.windowPacketsInitial * packetBytes
  }

  allows(now: number, bytes: number, pace: Pace): boolean {
    this.#fill(now, pace)
    return this.#tokens >= Math.min(bytes, this.#burst(pace))
  }

  /** A packet has left, allowed or not. The debt is bounded: who does not ask must not starve who does. */
  spend(now: number, bytes: number, pace: Pace): void {
    this.#fill(now, pace)
    this.#tokens = Math.max(this.#tokens - bytes, -this.#burst(pace))
  }

  /** When to ask again for `bytes` that were not allowed: a quantum from now at the earliest, with a quantum's bytes. */
  deadline(now: number, bytes: number, pace: Pace): number {
    const burst = this.#burst(pace)
    const wanted = Math.min(Math.max(bytes, pace.bytesPerMs * this.#config.pacingQuantumMs), burst)
    return now + Math.max((wanted - this.#tokens) / pace.bytesPerMs, this.#config.pacingQuantumMs)
  }

  #burst({ bytesPerMs, packetBytes }: Pace): number {
    const { pacingBurstMs, pacingBurstPacketsMin, pacingBurstPacketsMax } = this.#config
    const wanted = Math.max(bytesPerMs * pacingBurstMs, pacingBurstPacketsMin * packetBytes)
    return Math.min(wanted, pacingBurstPacketsMax * packetBytes)
  }

  #fill(now: number, pace: Pace): void {
    if (now <= this.#filledAt) return
    const gained = this.#filledAt === -Infinity ? 0 : (now - this.#filledAt) * pace.bytesPerMs
    this.#filledAt = now
    const burst = this.#burst(pace)
    if (this.#tokens < burst) this.#tokens = Math.min(burst, this.#tokens + gained)
  }
}
