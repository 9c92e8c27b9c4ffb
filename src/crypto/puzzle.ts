// The puzzle of the base exchange (RFC 7401 §4.1.2, §6.3): find J so that the K low-order bits of
// RHASH(I ‖ HIT-I ‖ HIT-R ‖ J) are zero. The solver works in slices: a core that never waits must not spin either.

import { assert } from '../base/assert.ts'
import { concat } from '../base/bytes.ts'
import type { Entropy } from './entropy.ts'
import type { HitSuite } from './suites.ts'

/** The most tries that one `step` may take: a few milliseconds. */
export const PUZZLE_STEP_LIMIT = 2000

/** Whether J solves the puzzle. The HITs are those of the Initiator and the Responder, whoever asks. */
export function solves(
  suite: HitSuite,
  i: Uint8Array,
  hitI: Uint8Array,
  hitR: Uint8Array,
  j: Uint8Array,
  k: number,
): boolean {
  if (i.length !== suite.hashBytes || j.length !== suite.hashBytes) return false
  return lowBitsAreZero(suite.hash(i, hitI, hitR, j), k)
}

/** Looks for J, a slice of tries at a time. */
export class PuzzleSolver {
  readonly #suite: HitSuite
  readonly #k: number
  readonly #input: Uint8Array
  readonly #j: Uint8Array
  #solution: Uint8Array | undefined

  constructor(suite: HitSuite, i: Uint8Array, hitI: Uint8Array, hitR: Uint8Array, k: number, entropy: Entropy) {
    this.#suite = suite
    this.#k = k
    this.#input = concat(i, hitI, hitR, entropy(suite.hashBytes))
    this.#j = this.#input.subarray(this.#input.length - suite.hashBytes)
  }

  /** Tries at most `tries` values (≤ 2,000); J once it is found, undefined until then. K = 0 takes one try. */
  step(tries: number): Uint8Array | undefined {
    assert(tries <= PUZZLE_STEP_LIMIT, 'a puzzle is solved in short steps')
    for (let count = 0; this.#solution === undefined && count < tries; count++) {
      if (lowBitsAreZero(this.#suite.hash(this.#input), this.#k)) this.#solution = this.#j.slice()
      else increment(this.#j)
    }
    return this.#solution
  }
}

function lowBitsAreZero(digest: Uint8Array, k: number): boolean {
  if (k > digest.length * 8) return false
  let at = digest.length - 1
  let left = k
  for (; left >= 8; left -= 8) if (digest[at--] !== 0) return false
  return left === 0 || ((digest[at] ?? 0) & ((1 << left) - 1)) === 0
}

// J starts at a random value and counts up: every J is as good as any other, and a counter costs nothing.
function increment(number: Uint8Array): void {
  for (let at = number.length - 1; at >= 0; at--) {
    const byte = ((number[at] ?? 0) + 1) & 0xff
    number[at] = byte
    if (byte !== 0) return
  }
}
