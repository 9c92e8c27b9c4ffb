// Credit-based authorisation (RFC 8046 §5.6): data to an address that is not verified yet is paid for with bytes that
// came from the peer, so that nobody can point a flood at a third party for free.

import type { Config } from '../config.ts'

export class Credit {
  readonly #config: Config
  #bytes = 0
  #agedAt: number

  constructor(config: Config, now: number) {
    this.#config = config
    this.#agedAt = now
  }

  get bytes(): number {
    return this.#bytes
  }

  /** An authentic packet of `size` bytes came from the peer, wherever from. */
  earn(now: number, size: number): void {
    this.#age(now)
    this.#bytes = Math.min(this.#bytes + size, this.#config.creditBytesMax)
  }

  /** Whether `size` bytes may go to an unverified address now. */
  covers(now: number, size: number): boolean {
    this.#age(now)
    return this.#bytes >= size
  }

  /** Pays for a packet that `covers` has allowed. */
  spend(now: number, size: number): void {
    this.#age(now)
    this.#bytes = Math.max(0, this.#bytes - size)
  }

  /** The peer thawed: only what comes from now on counts (MOVING §5). */
  restart(now: number): void {
    this.#bytes = 0
    this.#agedAt = now
  }

  /** RFC 8046 §5.6.2: 7/8 every five seconds, so that credit cannot be hoarded. */
  #age(now: number): void {
    const steps = Math.floor((now - this.#agedAt) / this.#config.creditAgeMs)
    if (steps <= 0) return
    this.#bytes = Math.floor(this.#bytes * (7 / 8) ** steps)
    this.#agedAt += steps * this.#config.creditAgeMs
  }
}
