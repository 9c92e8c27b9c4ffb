// The receiver's side of acknowledgement (RFC 9000 §13.2): which numbers of each SA have come, and when the peer must hear
// of them. Numbers are those of packets that have proved authentic and fresh, so none comes twice.

import type { RecoveryConfig } from '../recovery-config.ts'
import type { Acknowledgement } from './acknowledgement.ts'

interface Space {
  readonly spi: number
  /** Highest first, disjoint, not adjacent. */
  ranges: { smallest: number; largest: number }[]
  largestAt: number
  largestEliciting: number
  /** Something has come that no acknowledgement has told of. */
  news: boolean
}

export class Received {
  readonly #config: RecoveryConfig
  readonly #spaces = new Map<number, Space>()
  /** The one of the packet that came last: mostly of the next one, too. */
  #recent: Space | undefined
  /** Packets that elicit an acknowledgement and have come since the last one. */
  #unacknowledged = 0
  /** Acknowledgements made since the peer was last known to have one. */
  #told = 0
  #ackedAt = -Infinity
  #deadline = Infinity

  constructor(config: RecoveryConfig) {
    this.#config = config
  }

  /** When an acknowledgement must leave, in ms: a time that has passed if at once, Infinity if there is nothing to tell. */
  get deadline(): number {
    return this.#deadline
  }

  /** True if a packet that leaves anyway should carry an acknowledgement. */
  get pending(): boolean {
    return this.#unacknowledged > 0
  }

  /**
   * True if so many ranges are told of that the peer should be made to acknowledge an acknowledgement: with a PING in its
   * packet (RFC 9000 §13.2.4). An end that sends data of its own never gets there. Not every one asks, so that two ends that
   * lose much do not keep each other busy.
   */
  get elicit(): boolean {
    if (this.#told % this.#config.ackRangesElicit !== 0) return false
    for (const { ranges } of this.#spaces.values()) if (ranges.length >= this.#config.ackRangesElicit) return true
    return false
  }

  /** An authentic packet has come; `ackEliciting` if it holds a frame beside ACK, PADDING and CLOSE_TRANSPORT. */
  note(now: number, spi: number, number: number, ackEliciting: boolean): void {
    const space = this.#space(spi)
    const before = space.ranges[0]?.largest ?? number - 1
    if (number > before) space.largestAt = now
    add(space.ranges, number)
    if (space.ranges.length > this.#config.ackRangesMax) space.ranges.length = this.#config.ackRangesMax
    space.news = true
    if (!ackEliciting) return
    this.#unacknowledged += 1
    const outOfOrder = number < space.largestEliciting || number > before + 1
    space.largestEliciting = Math.max(space.largestEliciting, number)
    this.#deadline = Math.min(this.#deadline, this.#due(now, outOfOrder))
  }

  /** What to tell the peer now, one for each SA with news, newest SA first; from here on it counts as told. */
  acknowledge(now: number): Acknowledgement[] {
    const told: Acknowledgement[] = []
    for (const [spi, space] of this.#spaces) {
      if (!space.news || space.ranges.length === 0) continue
      space.news = false
      const ranges = space.ranges.map(({ smallest, largest }) => ({ smallest, largest }))
      told.unshift({ space: spi, ranges, delayMs: Math.max(0, now - space.largestAt) })
    }
    this.#unacknowledged = 0
    this.#told += 1
    this.#ackedAt = now
    this.#deadline = Infinity
    return told
  }

  /** The peer has an acknowledgement that told of `largest` and what was below: that need not be told again. */
  acknowledged(spi: number, largest: number): void {
    const space = this.#spaces.get(spi)
    const top = space?.ranges[0]
    if (space === undefined || top === undefined) return
    this.#told = 0
    space.ranges = space.ranges.filter((range) => range === top || range.largest > largest)
    for (const range of space.ranges) {
      if (range.smallest <= largest) range.smallest = Math.min(range.largest, largest + 1)
    }
  }

  /** The SA is gone: nobody counts on its numbers any more. */
  dropSpace(spi: number): void {
    this.#spaces.delete(spi)
    this.#recent = undefined
  }

  /** The sender has thawed or moved to new keys: nothing of before is waited for. */
  restart(): void {
    this.#spaces.clear()
    this.#recent = undefined
    this.#unacknowledged = 0
    this.#told = 0
    this.#deadline = Infinity
    this.#ackedAt = -Infinity
  }

  /** At once out of order (RFC 9000 §13.2.1) and every other packet, but when they rush, once a quantum or every tenth. */
  #due(now: number, outOfOrder: boolean): number {
    const { ackPackets, ackPacketsMax, ackQuantumMs, ackDelayMsMax } = this.#config
    if (outOfOrder || this.#unacknowledged >= ackPacketsMax) return now
    if (this.#unacknowledged >= ackPackets) return Math.max(now, this.#ackedAt + ackQuantumMs)
    return now + ackDelayMsMax
  }

  #space(spi: number): Space {
    const known = this.#recent?.spi === spi ? this.#recent : this.#spaces.get(spi)
    this.#recent = known
    if (known !== undefined) return known
    if (this.#spaces.size >= this.#config.spacesMax) {
      for (const oldest of this.#spaces.keys()) {
        this.#spaces.delete(oldest)
        break
      }
    }
    const space: Space = { spi, ranges: [], largestAt: 0, largestEliciting: 0, news: false }
    this.#spaces.set(spi, space)
    this.#recent = space
    return space
  }
}

/** Puts one number in; almost always it extends the first range. */
function add(ranges: { smallest: number; largest: number }[], number: number): void {
  let at = 0
  for (; at < ranges.length; at++) {
    const range = ranges[at]
    if (range === undefined || number > range.largest + 1) break
    if (number >= range.smallest - 1) {
      range.smallest = Math.min(range.smallest, number)
      range.largest = Math.max(range.largest, number)
      const next = ranges[at + 1]
      if (next !== undefined && next.largest >= range.smallest - 1) {
        range.smallest = Math.min(range.smallest, next.smallest)
        ranges.splice(at + 1, 1)
      }
      return
    }
  }
  ranges.splice(at, 0, { smallest: number, largest: number })
}
