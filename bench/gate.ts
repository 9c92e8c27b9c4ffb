// Whether this machine has its processors to itself right now: a fixed piece of work, timed. Virtual machines lose up to two
// thirds of a processor to their neighbours for seconds at a time, and no counter shows it. A sample counts if the work before
// and after it ran at nearly the best speed seen; what was measured has no say in that.

import { createHash } from 'node:crypto'

const SLOWER_MAX = 1.25
const CALIBRATIONS = 60

/** Decides which samples count, and remembers how many did not. */
export class Gate {
  #best = Number.POSITIVE_INFINITY
  #passed = 0
  #refused = 0

  constructor() {
    for (let round = 0; round < CALIBRATIONS; round++) this.#work()
  }

  /** Measures; the second value says whether the machine was free before and after. */
  async sample<T>(measure: () => Promise<T>): Promise<readonly [value: T, counts: boolean]> {
    const before = this.#work()
    const value = await measure()
    const after = this.#work()
    const counts = Math.max(before, after) <= SLOWER_MAX * this.#best
    if (counts) this.#passed += 1
    else this.#refused += 1
    return [value, counts]
  }

  /** For a line beside the figures. */
  get share(): { readonly passed: number; readonly refused: number } {
    return { passed: this.#passed, refused: this.#refused }
  }

  #work(): number {
    const startedAt = performance.now()
    let sum = 0
    for (let round = 0; round < 40; round++) sum += createHash('sha256').update(BLOCK).digest()[0] ?? 0
    for (let count = 0; count < 300_000; count++) sum = (sum * 31 + count) | 0
    const ms = performance.now() - startedAt + (sum === 0.5 ? 1 : 0)
    this.#best = Math.min(this.#best, ms)
    return ms
  }
}

const BLOCK = new Uint8Array(32_768)
