// When slow start has gone far enough (RFC 9406, HyStart++): round trips have risen over the least of the round before. Then the
// window grows slower for a few rounds, and if the rise was a mistake, slow start goes on. The RFC compares the first samples of a
// round, when a short queue is full already; here it is the newest ones at any time, which show it while it fills.

import type { RecoveryConfig } from '../../recovery-config.ts'

export class HyStart {
  readonly #config: RecoveryConfig
  #lastOrder = 0
  /**
   * The round lasts until the packet of this order is acknowledged: the newest that was under way at its first acknowledgement.
   * Undefined before that one, so that a flight acknowledged as a whole is one round and not two.
   */
  #roundEnd: number | undefined
  #lastMinMs = Infinity
  #minMs = Infinity
  /** The newest samples, whichever round they are of. */
  #newest: number[] = []
  /** Of conservative slow start: the least round trip when it began, and its rounds that are left. */
  #conservative: { readonly baselineMs: number; rounds: number } | undefined

  constructor(config: RecoveryConfig) {
    this.#config = config
  }

  /** What each acknowledged byte lets the window grow by. */
  get growth(): number {
    return this.#conservative === undefined ? 1 : 1 / this.#config.hystartGrowthDivisor
  }

  sent(order: number): void {
    this.#lastOrder = order
  }

  sampled(ms: number): void {
    this.#minMs = Math.min(this.#minMs, ms)
    this.#newest.push(ms)
    if (this.#newest.length < this.#config.hystartSamplesMin) return
    if (this.#newest.length > this.#config.hystartSamplesMin) this.#newest.shift()
    const least = Math.min(...this.#newest)
    if (this.#conservative !== undefined) {
      if (least < this.#conservative.baselineMs) this.#conservative = undefined
      return
    }
    const { hystartRiseMsMin, hystartRiseMsMax, hystartRttDivisor, hystartRounds } = this.#config
    const rise = Math.min(Math.max(this.#lastMinMs / hystartRttDivisor, hystartRiseMsMin), hystartRiseMsMax)
    if (least < this.#lastMinMs + rise) return
    this.#conservative = { baselineMs: least, rounds: hystartRounds }
  }

  /** A packet was acknowledged. True if slow start is over. */
  acked(order: number): boolean {
    this.#roundEnd ??= this.#lastOrder
    if (order < this.#roundEnd) return false
    this.#roundEnd = undefined
    this.#lastMinMs = this.#minMs
    this.#minMs = Infinity
    if (this.#conservative === undefined) return false
    this.#conservative.rounds -= 1
    return this.#conservative.rounds <= 0
  }
}
