// CUBIC (RFC 9438): after a loss the window follows a cubic of the time since, which is flat near the window of the last loss
// and steep beyond it, but never below what Reno would have. Slow start ends by HyStart++ (RFC 9406) or by a loss. A loss while
// no queue stands on the path is noise rather than congestion, and costs less: that rule is Veno's (Fu and Liew, 2003), and it is
// off where `quietPackets` is 0. Where others fill the queue it never applies.

import type { RecoveryConfig } from '../../recovery-config.ts'
import type { Rtt } from '../rtt.ts'
import { type AckedPacket, type CongestionController, initialWindow } from './controller.ts'
import { HyStart } from './hystart.ts'

/** One stretch of congestion avoidance. Windows in bytes. */
interface Epoch {
  /** When it began, moved on by every time that the sender had too little to send (RFC 9438 §5.8). */
  startedAt: number
  /** The plateau of the cubic, and how long the way to it takes (W_max, K). */
  readonly plateau: number
  readonly plateauMs: number
  /** What Reno would have (W_est). */
  reno: number
}

export class Cubic implements CongestionController {
  readonly #config: RecoveryConfig
  readonly #hystart: HyStart
  #packetBytes: number
  #window: number
  #threshold = Infinity
  /** W_max, and the window before the last reduction (cwnd_prior). */
  #plateau = 0
  #prior = 0
  #epoch: Epoch | undefined
  /** Since when packets have been acknowledged that left while there was too little to send. */
  #limitedAt: number | undefined
  #lastOrder = 0
  /** How many bytes of the window seem to stand in queues: by how much the last round trip was longer than the shortest. */
  #queued = 0
  #recovery = 0

  constructor(config: RecoveryConfig, packetBytes: number) {
    this.#config = config
    this.#hystart = new HyStart(config)
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
    this.#epoch = undefined
  }

  sent(order: number): void {
    this.#lastOrder = order
    this.#hystart.sent(order)
  }

  sampled(rtt: Rtt): void {
    const { latestMs, minMs } = rtt
    if (latestMs !== undefined && minMs !== undefined) this.#queued = this.#window * (1 - minMs / latestMs)
    if (this.#threshold === Infinity && rtt.latestMs !== undefined) this.#hystart.sampled(rtt.latestMs)
  }

  acked(now: number, packet: AckedPacket, rtt: Rtt): void {
    const over = this.#threshold === Infinity && this.#hystart.acked(packet.order)
    if (over) this.#threshold = this.#window
    if (packet.order <= this.#recovery) return
    if (packet.limited) this.#limitedAt ??= now
    else if (this.slowStart) this.#grow(this.#window + packet.bytes * this.#slowStartGrowth)
    else this.#avoid(now, packet.bytes, rtt.smoothedMs)
  }

  lost(_now: number, order: number): void {
    if (order <= this.#recovery) return
    const { cubicBeta, quietBeta, quietPackets } = this.#config
    const quiet = this.#queued < quietPackets * this.#packetBytes
    this.#recovery = this.#lastOrder
    // Fast convergence (§4.7): who loses before its last plateau has company, and makes room.
    this.#plateau = this.#window < this.#plateau && !quiet ? (this.#window * (1 + cubicBeta)) / 2 : this.#window
    this.#prior = quiet ? 0 : this.#window
    this.#window = Math.max(this.#window * (quiet ? quietBeta : cubicBeta), this.#floor)
    this.#threshold = this.#window
    this.#epoch = undefined
    this.#limitedAt = undefined
  }

  /** RFC 9438 §4.8: as after a retransmission time-out; the cubic then starts at its plateau. */
  collapse(): void {
    this.#threshold = Math.max(this.#window, this.#floor)
    this.#window = this.#floor
    this.#plateau = 0
    this.#epoch = undefined
    this.#recovery = 0
  }

  #avoid(now: number, bytes: number, rttMs: number): void {
    this.#epoch ??= this.#begin(now)
    const epoch = this.#epoch
    if (this.#limitedAt !== undefined) epoch.startedAt += Math.max(0, now - Math.max(this.#limitedAt, epoch.startedAt))
    this.#limitedAt = undefined
    const acked = bytes / this.#window
    epoch.reno += this.#renoGain(epoch.reno) * acked * this.#packetBytes
    const elapsed = now - epoch.startedAt
    if (this.#cubic(epoch, elapsed) < epoch.reno) {
      this.#grow(Math.max(this.#window, epoch.reno))
      return
    }
    const target = Math.min(Math.max(this.#cubic(epoch, elapsed + rttMs), this.#window), 1.5 * this.#window)
    this.#grow(this.#window + (target - this.#window) * acked)
  }

  #begin(now: number): Epoch {
    const plateau = Math.max(this.#plateau, this.#window)
    const below = (plateau - this.#window) / this.#packetBytes
    const plateauMs = 1_000 * Math.cbrt(below / this.#config.cubicC)
    return { startedAt: now, plateau, plateauMs, reno: this.#window }
  }

  /** W_cubic(t) of §4.2. */
  #cubic({ plateau, plateauMs }: Epoch, elapsedMs: number): number {
    return this.#config.cubicC * ((elapsedMs - plateauMs) / 1_000) ** 3 * this.#packetBytes + plateau
  }

  /** α of §4.3: slower than Reno while that made up for the smaller reduction. */
  #renoGain(reno: number): number {
    const { cubicBeta } = this.#config
    return reno < this.#prior ? (3 * (1 - cubicBeta)) / (1 + cubicBeta) : 1
  }

  get #slowStartGrowth(): number {
    return this.#threshold === Infinity ? this.#hystart.growth : 1
  }

  get #floor(): number {
    return this.#config.windowPacketsMin * this.#packetBytes
  }

  #grow(window: number): void {
    this.#window = Math.min(window, this.#config.windowBytesMax)
  }
}
