// The round-trip time as acknowledgements of stream packets show it (RFC 9002 §5). Control packets have an estimate of their
// own, without the delay of acknowledgements: association/rtt.ts.

import type { RecoveryConfig } from '../recovery-config.ts'

export class Rtt {
  readonly #config: RecoveryConfig
  #latestMs: number | undefined
  #minMs = Infinity
  #smoothedMs: number
  #variationMs: number
  #sampledAt: number | undefined

  constructor(config: RecoveryConfig) {
    this.#config = config
    this.#smoothedMs = config.initialRttMs
    this.#variationMs = config.initialRttMs / 2
  }

  /** Undefined until there is a sample. */
  get latestMs(): number | undefined {
    return this.#latestMs
  }

  /** Infinity until there is a sample. */
  get minMs(): number {
    return this.#minMs
  }

  get smoothedMs(): number {
    return this.#smoothedMs
  }

  get variationMs(): number {
    return this.#variationMs
  }

  /** When the first sample came; undefined if none has. */
  get sampledAt(): number | undefined {
    return this.#sampledAt
  }

  /** RFC 9002 §6.1.2: how long after a packet one that was sent later must be acknowledged for it to be lost. */
  get lossDelayMs(): number {
    const rtt = Math.max(this.#smoothedMs, this.#latestMs ?? 0)
    return Math.max(this.#config.timeThreshold * rtt, this.#config.granularityMs)
  }

  /** RFC 9002 §6.2.1, before backoff. */
  get ptoMs(): number {
    return this.#smoothedMs + Math.max(4 * this.#variationMs, this.#config.granularityMs) + this.#config.ackDelayMsMax
  }

  /** A packet was acknowledged `ms` after it left, of which the peer says it held back `ackDelayMs`. */
  sample(now: number, ms: number, ackDelayMs: number): void {
    this.#latestMs = ms
    if (this.#sampledAt === undefined) {
      this.#sampledAt = now
      this.#minMs = ms
      this.#smoothedMs = ms
      this.#variationMs = ms / 2
      return
    }
    this.#minMs = Math.min(this.#minMs, ms)
    const delay = Math.min(ackDelayMs, this.#config.ackDelayMsMax)
    const adjusted = ms >= this.#minMs + delay ? ms - delay : ms
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - adjusted)
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * adjusted
  }

  /** The path is taken again: what was lost before says nothing of it. */
  resume(now: number): void {
    this.#sampledAt = now
  }

  /** After persistent congestion the path may be another one: the least of before no longer counts (RFC 9002 §5.2). */
  forgetMin(): void {
    if (this.#latestMs !== undefined) this.#minMs = this.#latestMs
  }
}
