// CUBIC (RFC 9438): after a loss the window follows a cubic of the time since, which is flat near the window of the last loss
// and steep beyond it, but never below what Reno would have. Slow start ends by HyStart++ (RFC 9406) or by a loss. A loss while
// no queue stands on the path is noise rather than congestion, and costs less: that rule is Veno's (Fu and Liew, 2003), and it is
// off where `quietPackets` is 0. Where others fill the queue it never applies.

import type { RecoveryConfig } from '../../recovery-config.ts'
import type { Rtt } from '../rtt.ts'
import type { AckedPacket, CongestionController } from './controller.ts'
import { HyStart } from './hystart.ts'
import { Window } from './window.ts'

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

export class Cubic extends Window implements CongestionController {
  readonly #hystart: HyStart
  /** W_max, and the window before the last reduction (cwnd_prior). */
  #plateau = 0
  #prior = 0
  #epoch: Epoch | undefined
  /** Since when packets have been acknowledged that left while there was too little to send. */
  #limitedAt: number | undefined
  /** How many bytes of the window seem to stand in queues: by how much the last round trip was longer than the shortest. */
  #queued = 0

  constructor(config: RecoveryConfig, packetBytes: number) {
    super(config, packetBytes)
    this.#hystart = new HyStart(config)
  }

  override packetSize(bytes: number): void {
    super.packetSize(bytes)
    this.#epoch = undefined
  }

  override sent(order: number): void {
    super.sent(order)
    this.#hystart.sent(order)
  }

  /** The cubic begins as after a loss, and goes back to where the window was. */
  override resume(windowBytes: number): void {
    super.resume(windowBytes)
    this.#plateau = windowBytes
    this.#epoch = undefined
  }

  sampled(rtt: Rtt): void {
    const { latestMs, minMs } = rtt
    if (latestMs !== undefined && minMs !== undefined) this.#queued = this.windowBytes * (1 - minMs / latestMs)
    if (this.threshold === Infinity && rtt.latestMs !== undefined) this.#hystart.sampled(rtt.latestMs)
  }

  acked(now: number, packet: AckedPacket, rtt: Rtt): void {
    const over = this.threshold === Infinity && this.#hystart.acked(packet.order)
    if (over) this.threshold = this.windowBytes
    if (this.recovering(packet.order)) return
    if (packet.limited) this.#limitedAt ??= now
    else if (this.slowStart) this.grow(this.windowBytes + packet.bytes * this.#slowStartGrowth)
    else this.#avoid(now, packet.bytes, rtt.smoothedMs)
  }

  lost(_now: number, order: number): void {
    if (this.recovering(order)) return
    const { cubicBeta, quietBeta, quietPackets } = this.config
    const quiet = this.#queued < quietPackets * this.packetBytes
    // Fast convergence (§4.7): who loses before its last plateau has company, and makes room.
    this.#plateau =
      this.windowBytes < this.#plateau && !quiet ? (this.windowBytes * (1 + cubicBeta)) / 2 : this.windowBytes
    this.#prior = quiet ? 0 : this.windowBytes
    this.reduce(quiet ? quietBeta : cubicBeta)
    this.#epoch = undefined
    this.#limitedAt = undefined
  }

  /** RFC 9438 §4.8: as after a retransmission time-out; the cubic then starts at its plateau. */
  override collapse(): void {
    this.threshold = this.windowBytes
    super.collapse()
    this.#plateau = 0
    this.#epoch = undefined
  }

  #avoid(now: number, bytes: number, rttMs: number): void {
    this.#epoch ??= this.#begin(now)
    const epoch = this.#epoch
    if (this.#limitedAt !== undefined) epoch.startedAt += Math.max(0, now - Math.max(this.#limitedAt, epoch.startedAt))
    this.#limitedAt = undefined
    const acked = bytes / this.windowBytes
    epoch.reno += this.#renoGain(epoch.reno) * acked * this.packetBytes
    const elapsed = now - epoch.startedAt
    if (this.#cubic(epoch, elapsed) < epoch.reno) {
      this.grow(Math.max(this.windowBytes, epoch.reno))
      return
    }
    const target = Math.min(Math.max(this.#cubic(epoch, elapsed + rttMs), this.windowBytes), 1.5 * this.windowBytes)
    this.grow(this.windowBytes + (target - this.windowBytes) * acked)
  }

  #begin(now: number): Epoch {
    const plateau = Math.max(this.#plateau, this.windowBytes)
    const below = (plateau - this.windowBytes) / this.packetBytes
    const plateauMs = 1_000 * Math.cbrt(below / this.config.cubicC)
    return { startedAt: now, plateau, plateauMs, reno: this.windowBytes }
  }

  /** W_cubic(t) of §4.2. */
  #cubic({ plateau, plateauMs }: Epoch, elapsedMs: number): number {
    const seconds = (elapsedMs - plateauMs) / 1_000
    return this.config.cubicC * seconds * seconds * seconds * this.packetBytes + plateau
  }

  /** α of §4.3: slower than Reno while that made up for the smaller reduction. */
  #renoGain(reno: number): number {
    const { cubicBeta } = this.config
    return reno < this.#prior ? (3 * (1 - cubicBeta)) / (1 + cubicBeta) : 1
  }

  get #slowStartGrowth(): number {
    return this.threshold === Infinity ? this.#hystart.growth : 1
  }
}
