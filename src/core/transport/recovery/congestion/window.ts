// What every controller of ours keeps (RFC 9002 §7): the window within its bounds, where slow start ends, and which losses are one
// event. How it grows and shrinks is each controller's own.

import type { RecoveryConfig } from '../../recovery-config.ts'
import { initialWindow } from './controller.ts'

export abstract class Window {
  protected readonly config: RecoveryConfig
  protected packetBytes: number
  protected threshold = Infinity
  #bytes: number
  #lastOrder = 0
  /** Packets up to this one left before the last event of congestion. */
  #recovery = 0

  constructor(config: RecoveryConfig, packetBytes: number) {
    this.config = config
    this.packetBytes = packetBytes
    this.#bytes = initialWindow(config, packetBytes)
  }

  get windowBytes(): number {
    return this.#bytes
  }

  get slowStart(): boolean {
    return this.#bytes < this.threshold
  }

  packetSize(bytes: number): void {
    this.packetBytes = bytes
    // While nothing has been lost the initial window is made again of packets of this size (RFC 9002 §7.2).
    const least = this.threshold === Infinity ? initialWindow(this.config, bytes) : this.#floor
    this.#bytes = Math.max(this.#bytes, least)
  }

  sent(order: number): void {
    this.#lastOrder = order
  }

  resume(windowBytes: number): void {
    this.#bytes = windowBytes / 2
    this.threshold = this.#bytes
  }

  collapse(): void {
    this.#bytes = this.#floor
    this.#recovery = 0
  }

  /** True of a packet that left before the last event of congestion. */
  protected recovering(order: number): boolean {
    return order <= this.#recovery
  }

  protected grow(bytes: number): void {
    this.#bytes = Math.min(bytes, this.config.windowBytesMax)
  }

  /** An event of congestion leaves this share, and what is under way now belongs to it. */
  protected reduce(share: number): void {
    this.#recovery = this.#lastOrder
    this.#bytes = Math.max(this.#bytes * share, this.#floor)
    this.threshold = this.#bytes
  }

  get #floor(): number {
    return this.config.windowPacketsMin * this.packetBytes
  }
}
