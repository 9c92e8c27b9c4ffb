// NewReno as RFC 9002 §7 has it: the reference that CUBIC is compared with.

import type { RecoveryConfig } from '../../recovery-config.ts'
import { type AckedPacket, type CongestionController, initialWindow } from './controller.ts'

export class NewReno implements CongestionController {
  readonly #config: RecoveryConfig
  #packetBytes: number
  #window: number
  #threshold = Infinity
  #lastOrder = 0
  /** Packets up to this one left before the last event of congestion. */
  #recovery = 0

  constructor(config: RecoveryConfig, packetBytes: number) {
    this.#config = config
    this.#packetBytes = packetBytes
    this.#window = initialWindow(config, packetBytes)
  }

  get windowBytes(): number {
    return this.#window
  }

  get slowStart(): boolean {
    return this.#window < this.#threshold
  }

  packetSize(bytes: number): void {
    this.#packetBytes = bytes
    // While nothing has been lost the initial window is made again of packets of this size (RFC 9002 §7.2).
    const least = this.#threshold === Infinity ? initialWindow(this.#config, bytes) : this.#floor
    this.#window = Math.max(this.#window, least)
  }

  sent(order: number): void {
    this.#lastOrder = order
  }

  sampled(): void {}

  acked(_now: number, packet: AckedPacket): void {
    if (packet.order <= this.#recovery || packet.limited) return
    const gain = this.slowStart ? packet.bytes : (this.#packetBytes * packet.bytes) / this.#window
    this.#window = Math.min(this.#window + gain, this.#config.windowBytesMax)
  }

  lost(_now: number, order: number): void {
    if (order <= this.#recovery) return
    this.#recovery = this.#lastOrder
    this.#window = Math.max(this.#window * this.#config.renoReduction, this.#floor)
    this.#threshold = this.#window
  }

  collapse(): void {
    this.#window = this.#floor
    this.#recovery = 0
  }

  get #floor(): number {
    return this.#config.windowPacketsMin * this.#packetBytes
  }
}
