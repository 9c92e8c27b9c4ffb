// Round-trip time and the probe time-out made of it (RFC 9002 §5.3, §6.2.1). Starts afresh whenever the path changes.

import type { Config } from '../config.ts'

export class Rtt {
  readonly #config: Config
  #smoothedMs: number | undefined
  #variationMs = 0

  constructor(config: Config) {
    this.#config = config
  }

  get smoothedMs(): number | undefined {
    return this.#smoothedMs
  }

  /** RFC 9002 §6.2.1, without acknowledgement delay: control packets are answered at once. */
  get ptoMs(): number {
    if (this.#smoothedMs === undefined) return this.#config.ptoInitialMs
    const pto = this.#smoothedMs + Math.max(4 * this.#variationMs, 1)
    return Math.min(Math.max(pto, this.#config.ptoMinMs), this.#config.ptoMaxMs)
  }

  /** The pause before try number `tries` + 1: doubled each time, bounded. */
  backoffMs(tries: number): number {
    return Math.min(this.ptoMs * 2 ** Math.max(0, tries - 1), this.#config.ptoMaxMs)
  }

  sample(ms: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms
      this.#variationMs = ms / 2
      return
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - ms)
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms
  }

  restart(): void {
    this.#smoothedMs = undefined
    this.#variationMs = 0
  }
}
