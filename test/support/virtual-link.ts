// Virtual time and a bottleneck in it: a queue that is served at a rate, then a delay; packets are lost because the queue is
// full, or by chance, and some come late. Everything is determined by the seed.

import { Prng } from '../../src/base/prng.ts'

/** A clock that runs from one happening to the next. Times in ms, with fractions. */
export class VirtualClock {
  now = 0
  /** A binary heap of what is to happen, by time and then by when it was asked for. */
  readonly #heap: { readonly at: number; readonly turn: number; readonly run: () => void }[] = []
  #turn = 0

  at(time: number, run: () => void): void {
    const heap = this.#heap
    const entry = { at: Math.max(time, this.now), turn: this.#turn++, run }
    let child = heap.push(entry) - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      const above = heap[parent]
      if (above === undefined || before(above, entry)) break
      heap[child] = above
      child = parent
    }
    heap[child] = entry
  }

  /** Runs everything up to `end`, and stands there. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst()
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let parent = 0
    for (;;) {
      let child = 2 * parent + 1
      const [left, right] = [heap[child], heap[child + 1]]
      let least = left
      if (left !== undefined && right !== undefined && before(right, left)) {
        child += 1
        least = right
      }
      if (least === undefined || before(last, least)) break
      heap[parent] = least
      parent = child
    }
    heap[parent] = last
  }
}

function before(one: { at: number; turn: number }, other: { at: number; turn: number }): boolean {
  return one.at < other.at || (one.at === other.at && one.turn < other.turn)
}

export interface LinkOptions {
  readonly mbitPerSecond: number
  /** One way. */
  readonly delayMs: number
  readonly queueBytes: number
  /** Shares of packets that are lost by chance, and that come late by up to `lateMs`. */
  readonly loss?: number
  readonly reorder?: number
  readonly lateMs?: number
  /** Packets larger than this vanish; unlimited by default. */
  readonly mtuBytes?: number
  /** Loses packets of the test's choice: given the bytes that were offered before. */
  readonly drop?: (offeredBytes: number) => boolean
}

/** One direction of a link. */
export class VirtualLink {
  readonly #clock: VirtualClock
  readonly #options: LinkOptions
  readonly #prng: Prng
  #freeAt = 0
  #offeredBytes = 0
  /** As in the options, but may change. */
  mtuBytes: number
  /** Packets that were offered, that found the queue full, and that chance took. */
  offered = 0
  overflowed = 0
  unlucky = 0

  constructor(clock: VirtualClock, seed: number, options: LinkOptions) {
    this.#clock = clock
    this.#options = options
    this.mtuBytes = options.mtuBytes ?? Infinity
    this.#prng = new Prng(seed)
  }

  /** How long what is queued takes to leave. */
  get queuedMs(): number {
    return Math.max(0, this.#freeAt - this.#clock.now)
  }

  send(bytes: number, arrive: () => void): void {
    const { mbitPerSecond, delayMs, queueBytes, loss = 0, reorder = 0, lateMs = 0, drop } = this.#options
    const bytesPerMs = mbitPerSecond * 125
    this.offered += 1
    const before = this.#offeredBytes
    this.#offeredBytes += bytes
    if (bytes > this.mtuBytes || drop?.(before) === true) return
    if (this.queuedMs * bytesPerMs + bytes > queueBytes) {
      this.overflowed += 1
      return
    }
    this.#freeAt = Math.max(this.#freeAt, this.#clock.now) + bytes / bytesPerMs
    if (this.#prng.chance(loss)) {
      this.unlucky += 1
      return
    }
    const late = this.#prng.chance(reorder) ? this.#prng.next() * lateMs : 0
    this.#clock.at(this.#freeAt + delayMs + late, arrive)
  }
}
