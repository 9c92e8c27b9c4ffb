// Numbers that are left out on purpose (RFC 9000 §21.4). A receiver that acknowledges what it has not received, to be sent
// more than the path bears, sooner or later acknowledges one of them. The larger the window, the more there is to lie about,
// but a share of a window is what a liar can gain before he is caught, so the gaps follow the window.

import type { Entropy } from '../../../crypto/entropy.ts'
import type { RecoveryConfig } from '../recovery-config.ts'
import type { AckRange } from './acknowledgement.ts'

export class Skips {
  readonly #config: RecoveryConfig
  readonly #entropy: Entropy
  /** Of each SA the newest ones, ascending. */
  readonly #skipped = new Map<number, number[]>()
  /** Packets that still leave before the next number is skipped. */
  #left: number

  constructor(config: RecoveryConfig, entropy: Entropy, windowPackets: number) {
    this.#config = config
    this.#entropy = entropy
    this.#left = this.#draw(windowPackets)
  }

  get due(): boolean {
    return this.#left <= 0
  }

  /** A packet has left. */
  count(): void {
    this.#left -= 1
  }

  note(space: number, number: number, windowPackets: number): void {
    const { spacesMax, skippedNumbersMax } = this.#config
    const numbers = this.#skipped.get(space) ?? []
    numbers.push(number)
    if (numbers.length > skippedNumbersMax) numbers.shift()
    this.#skipped.delete(space)
    this.#skipped.set(space, numbers)
    if (this.#skipped.size > spacesMax) this.#skipped.delete(this.#skipped.keys().next().value ?? space)
    this.#left = this.#draw(windowPackets)
  }

  /** True if one of these ranges holds a number that was skipped. */
  betrayed(space: number, ranges: readonly AckRange[]): boolean {
    const numbers = this.#skipped.get(space)
    if (numbers === undefined) return false
    // Both go down from the newest, so each is passed once.
    let at = numbers.length - 1
    for (const { smallest, largest } of ranges) {
      while (at >= 0 && (numbers[at] ?? 0) > largest) at -= 1
      if (at >= 0 && (numbers[at] ?? 0) >= smallest) return true
    }
    return false
  }

  dropSpace(space: number): void {
    this.#skipped.delete(space)
  }

  #draw(windowPackets: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#entropy(4)
    const luck = (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32
    return this.#config.skipPacketsMin + Math.floor(luck * this.#config.skipWindowShare * windowPackets)
  }
}
