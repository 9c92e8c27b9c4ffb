// Virtual time: a heap of things to do, ordered by when and, at the same instant, by who asked first. Nothing else in the
// simulator has a notion of time, so a seed decides everything (DESIGN §1, §9).

import { assert } from '../base/assert.ts'

interface Entry {
  readonly at: number
  readonly order: number
  readonly action: () => void
}

/** Milliseconds since the world began, and what happens when. */
export class Clock {
  readonly #heap: Entry[] = []
  #now = 0
  #order = 0

  /** Virtual ms since the world began, with fractions. */
  get now(): number {
    return this.#now
  }

  /** Actions that have not run yet. */
  get pending(): number {
    return this.#heap.length
  }

  /** Runs `action` at `at`, or at once after what is already due if that has passed. */
  at(at: number, action: () => void): void {
    assert(!Number.isNaN(at), 'a time is a number')
    if (at === Infinity) return
    this.#push({ at: Math.max(at, this.#now), order: this.#order++, action })
  }

  /** Runs `action` in `delayMs`. */
  after(delayMs: number, action: () => void): void {
    this.at(this.#now + delayMs, action)
  }

  /** Runs the next action that is due by `until`; false if there is none. */
  step(until: number): boolean {
    const next = this.#heap[0]
    if (next === undefined || next.at > until) return false
    this.#pop()
    this.#now = next.at
    next.action()
    return true
  }

  /** Lets time pass until `until`, whatever happens on the way. */
  run(until: number): void {
    while (this.step(until));
    this.#now = Math.max(this.#now, until)
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || before(parent, entry)) break
      heap[index] = parent
      index = above
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = heap[2 * index + 1]
      const right = heap[2 * index + 2]
      if (left === undefined) break
      const useRight = right !== undefined && before(right, left)
      const child = useRight ? right : left
      if (before(last, child)) break
      heap[index] = child
      index = useRight ? 2 * index + 2 : 2 * index + 1
    }
    heap[index] = last
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
