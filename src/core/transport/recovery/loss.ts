// Which packets are lost, and when to ask (RFC 9002 §6, §7.6): by packets that were sent later and have arrived, by time, or
// after silence. Silence alone loses nothing: it only has the peer asked.

import type { RecoveryConfig } from '../recovery-config.ts'
import type { Rtt } from './rtt.ts'
import type { SentPacket, SentPackets } from './sent-packets.ts'

export class LossDetector<F> {
  readonly #config: RecoveryConfig
  readonly #sent: SentPackets<F>
  #largestAcked = 0
  #lossTime = Infinity
  #timeouts = 0
  #lastSentAt = 0
  /** When the first and the last packet left of a row, unbroken by any that arrived, which was lost. */
  #row: { readonly from: number; to: number } | undefined
  #persistent = false

  constructor(config: RecoveryConfig, sent: SentPackets<F>) {
    this.#config = config
    this.#sent = sent
  }

  /** Probe time-outs since anything was acknowledged. */
  get timeouts(): number {
    return this.#timeouts
  }

  /** When a packet is lost by time, or else when silence has lasted too long; Infinity if nothing is outstanding. */
  deadline(rtt: Rtt): number {
    if (this.#lossTime !== Infinity) return this.#lossTime
    if (this.#sent.size === 0) return Infinity
    return this.#lastSentAt + Math.min(rtt.ptoMs * 2 ** Math.min(this.#timeouts, 30), this.#config.ptoMsMax)
  }

  sent(now: number): void {
    this.#lastSentAt = now
  }

  /** Something was acknowledged for the first time; the newest of it has this place in the order. */
  acked(order: number): void {
    this.#largestAcked = Math.max(this.#largestAcked, order)
    this.#timeouts = 0
  }

  /** Takes what is lost by now out of the sent packets and returns it, oldest first. */
  detect(now: number, rtt: Rtt): SentPacket<F>[] {
    const lost: SentPacket<F>[] = []
    this.#lossTime = Infinity
    for (const packet of this.#sent) {
      if (packet.order > this.#largestAcked) break
      const lostAt = packet.sentAt + rtt.lossDelayMs
      if (packet.order > this.#largestAcked - this.#config.packetThreshold && lostAt > now) {
        // Those behind it were sent later, so they are due later.
        this.#lossTime = lostAt
        break
      }
      this.#sent.lose(packet)
      lost.push(packet)
    }
    this.#sent.settle((packet) => this.#judge(packet, rtt))
    return lost
  }

  /** Silence has lasted to the deadline. */
  timeout(now: number): void {
    this.#timeouts += 1
    this.#lastSentAt = now
  }

  /** RFC 9002 §7.6: true once after such a row of losses; to be asked when an acknowledgement has come, and only then. */
  takePersistent(): boolean {
    const persistent = this.#persistent
    this.#persistent = false
    return persistent
  }

  /** Another path, or another host: what was lost so far tells nothing of it. */
  restart(): void {
    this.#timeouts = 0
    this.#row = undefined
    this.#persistent = false
  }

  /** Settled packets pass here in the order in which they were sent, all spaces together. */
  #judge(packet: SentPacket<F>, rtt: Rtt): void {
    // A large packet that goes missing shows nothing, but one that arrives shows that the path is alive.
    if (packet.probe === 'mtu' && packet.state === 'lost') return
    const counts = packet.state === 'lost' && rtt.sampledAt !== undefined && packet.sentAt > rtt.sampledAt
    if (!counts) {
      this.#row = undefined
      return
    }
    this.#row ??= { from: packet.sentAt, to: packet.sentAt }
    this.#row.to = packet.sentAt
    const span = rtt.ptoMs * this.#config.persistentCongestionThreshold
    if (this.#row.to - this.#row.from <= span) return
    this.#persistent = true
    this.#row = undefined
  }
}
