// How hard our puzzles are (RFC 7401 §4.1.1, §7): K follows the rate of the I2s that reach Diffie–Hellman. A step up halves what
// senders with a given power can make us compute, so the way down begins well below half of the rate at which K rises: otherwise
// it would go up and down for ever. Pure: time is an argument.

import type { Config } from '../config.ts'

export class Difficulty {
  readonly #least: number
  readonly #most: number
  readonly #rise: number
  readonly #fall: number
  readonly #stepMs: number
  #k: number
  #steppedAt = -Infinity
  /** I2s, the older ones counted for less: by e in each `stepMs`. */
  #count = 0
  #countedAt = -Infinity

  constructor(config: Config) {
    this.#least = config.puzzleDifficulty
    this.#most = Math.max(config.puzzleDifficulty, config.puzzleDifficultyAskedMax)
    this.#stepMs = config.puzzleStepMs
    this.#rise = (config.puzzleRiseExchangesPerSecond * this.#stepMs) / 1000
    this.#fall = (config.puzzleFallExchangesPerSecond * this.#stepMs) / 1000
    this.#k = this.#least
  }

  /** K for the R1s of now. */
  at(now: number): number {
    // Since the last I2 the count has only fallen: all steps that were due meanwhile lead down.
    const quietAt = this.#countedAt + this.#stepMs * Math.log(Math.max(1, this.#count / this.#fall))
    while (this.#k > this.#least) {
      const dueAt = Math.max(this.#steppedAt + this.#stepMs, quietAt)
      if (dueAt > now) break
      this.#k -= 1
      this.#steppedAt = dueAt
    }
    return this.#k
  }

  /** An I2 has reached Diffie–Hellman. */
  note(now: number): void {
    this.at(now)
    const elapsed = Math.max(0, now - this.#countedAt)
    this.#count = this.#count * Math.exp(-elapsed / this.#stepMs) + 1
    this.#countedAt = Math.max(now, this.#countedAt)
    if (this.#count <= this.#rise || this.#k >= this.#most || now < this.#steppedAt + this.#stepMs) return
    this.#k += 1
    this.#steppedAt = now
  }
}
