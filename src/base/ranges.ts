// A set of whole numbers as half-open ranges: which bytes of a stream came, which packet numbers, which streams are over.
// The bounds lie in one flat list, so that a question takes a binary search and a change moves only what stands behind it.

import { assert } from './assert.ts'

/** The numbers `start` … `end` − 1. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** The bounds of every empty set, of which there may be thousands. Never written to. */
const NONE: number[] = []

/** Ranges that neither overlap nor touch, lowest first. */
export class Ranges implements Iterable<Range> {
  /** start, end, start, end …, strictly rising. */
  #bounds: number[] = NONE

  constructor(ranges: Iterable<Range> = []) {
    for (const { start, end } of ranges) this.add(start, end)
  }

  /** How many ranges there are. */
  get count(): number {
    return this.#bounds.length / 2
  }

  /** How many numbers there are. Takes time in proportion to `count`. */
  get size(): number {
    let size = 0
    for (const { start, end } of this) size += end - start
    return size
  }

  /** The lowest range; undefined of an empty set. */
  get first(): Range | undefined {
    return this.#at(0)
  }

  /** The highest range; undefined of an empty set. */
  get last(): Range | undefined {
    return this.#at(this.#bounds.length - 2)
  }

  contains(number: number): boolean {
    return this.#above(number) % 2 === 1
  }

  /** True if all of `start` … `end` − 1 is in the set; an empty range always is. */
  covers(start: number, end: number): boolean {
    return start >= end || this.firstGap(start) >= end
  }

  /** The lowest number from `from` on that is not in the set. */
  firstGap(from: number): number {
    const index = this.#above(from)
    return index % 2 === 1 ? (this.#bounds[index] ?? from) : from
  }

  /**
   * Adds `start` … `end` − 1. With a `limit`, a set that would then have more ranges stays as it is, and the answer is false:
   * a number that touches a range which is there always has room.
   */
  add(start: number, end: number, limit = Infinity): boolean {
    assert(Number.isSafeInteger(start) && Number.isSafeInteger(end), 'a range is of whole numbers below 2^53')
    if (start >= end) return true
    // Touching ranges become one: a bound equal to `start` or `end` is swallowed.
    const low = this.#notBelow(start)
    const high = this.#above(end)
    const opens = low % 2 === 0
    const closes = high % 2 === 0
    const bounds = this.#bounds.length - (high - low) + (opens ? 1 : 0) + (closes ? 1 : 0)
    if (bounds / 2 > limit && bounds > this.#bounds.length) return false
    this.#replace(low, high, opens, start, closes, end)
    return true
  }

  /** Takes `start` … `end` − 1 out, as far as it is there. */
  remove(start: number, end: number): void {
    if (start >= end) return
    const low = this.#notBelow(start)
    const high = this.#above(end)
    this.#replace(low, high, low % 2 === 1, start, high % 2 === 1, end)
  }

  /** The parts of `start` … `end` − 1 that are not in the set, lowest first. */
  gaps(start: number, end: number): Range[] {
    const gaps: Range[] = []
    let index = this.#above(start)
    let at = index % 2 === 1 ? (this.#bounds[index++] ?? end) : start
    while (at < end) {
      gaps.push({ start: at, end: Math.min(this.#bounds[index] ?? end, end) })
      at = this.#bounds[index + 1] ?? end
      index += 2
    }
    return gaps
  }

  clear(): void {
    this.#bounds = NONE
  }

  /** Lowest first; do not change the set meanwhile. */
  *[Symbol.iterator](): IterableIterator<Range> {
    for (let index = 0; index < this.#bounds.length; index += 2) {
      yield { start: this.#bounds[index] ?? 0, end: this.#bounds[index + 1] ?? 0 }
    }
  }

  #at(index: number): Range | undefined {
    const start = this.#bounds[index]
    const end = this.#bounds[index + 1]
    return start === undefined || end === undefined ? undefined : { start, end }
  }

  #replace(low: number, high: number, opens: boolean, start: number, closes: boolean, end: number): void {
    if (!opens && !closes && high === low) return
    if (this.#bounds === NONE) this.#bounds = []
    if (opens && closes) this.#bounds.splice(low, high - low, start, end)
    else if (opens) this.#bounds.splice(low, high - low, start)
    else if (closes) this.#bounds.splice(low, high - low, end)
    else this.#bounds.splice(low, high - low)
    if (this.#bounds.length === 0) this.#bounds = NONE
  }

  /** The index of the lowest bound above `number`; odd if `number` is in the set. */
  #above(number: number): number {
    return this.#notBelow(number + 1)
  }

  /** The index of the lowest bound that is `number` or above it. */
  #notBelow(number: number): number {
    let low = 0
    let high = this.#bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#bounds[middle] ?? Infinity) >= number) high = middle
      else low = middle + 1
    }
    return low
  }
}
