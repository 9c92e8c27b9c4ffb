// A first-in first-out queue with a limit: a ring that grows up to it, so push and shift take constant time.

import { assert } from './assert.ts'

/** Holds at most `limit` items. */
export class Queue<T> {
  readonly #limit: number
  #ring: (T | undefined)[] = []
  #head = 0
  #size = 0

  constructor(limit: number) {
    assert(Number.isInteger(limit) && limit >= 0, 'a queue has a whole limit')
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** False, and nothing added, when the queue is full. */
  push(item: T): boolean {
    if (this.#size >= this.#limit) return false
    if (this.#size === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#size) % this.#ring.length] = item
    this.#size++
    return true
  }

  /** Takes the oldest item; undefined if there is none. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) % this.#ring.length
    this.#size--
    return item
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head]
  }

  clear(): void {
    this.#ring = []
    this.#head = 0
    this.#size = 0
  }

  /** Oldest first; do not push or shift meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#ring[(this.#head + i) % this.#ring.length] as T
  }

  #grow(): void {
    const larger: (T | undefined)[] = new Array(Math.min(this.#limit, Math.max(8, this.#ring.length * 2)))
    let count = 0
    for (const item of this) larger[count++] = item
    this.#ring = larger
    this.#head = 0
  }
}
