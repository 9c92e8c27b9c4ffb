// A budget that fills again with time. Its clock is the `now` of its caller.

export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #filledAt = -Infinity

  /** `burst` tokens at most, and at the start; `perSecond` come back. */
  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
  }

  /** Takes a token; false if there is none. */
  take(now: number): boolean {
    if (now > this.#filledAt) {
      const gained = this.#filledAt === -Infinity ? 0 : (now - this.#filledAt) * this.#perMs
      this.#tokens = Math.min(this.#burst, this.#tokens + gained)
      this.#filledAt = now
    }
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
