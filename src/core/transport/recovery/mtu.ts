// The largest packet that a path carries, found by probing (RFC 8899, DPLPMTUD). Starts at a size that every path carries, tries
// larger ones with packets made for it once there is more to send, and falls back when large packets, and only those, go missing. The
// loss of a probe says nothing about congestion. What ICMP says is not listened to: nobody has signed it.

import type { RecoveryConfig } from '../recovery-config.ts'

/** What is asked for may come out so much shorter, less one: ESP pads to whole blocks. */
const PADDING_BYTES_MAX = 16

export class Mtu {
  readonly #config: RecoveryConfig
  /** What the search must not go beyond, and what it will not go beyond until the raise timer runs out. */
  #limit: number
  #ceiling: number
  #current: number
  #outstanding = false
  #tries = 0
  /** Packets on this path behind which more waited than fitted them, as far as they count. */
  #filled = 0
  /** Round trips with losses of large packets since one arrived; the last of them ends with the packet of this order. */
  #lossBursts = 0
  #burstEnd = 0
  #raiseAt = Infinity

  /** `limit`: the largest packet this path could carry, in bytes of UDP payload; `mtuBytesMax` if not known. */
  constructor(config: RecoveryConfig, limit: number = config.mtuBytesMax) {
    this.#config = config
    this.#limit = Math.max(limit, config.mtuBaseBytes)
    this.#ceiling = this.#limit
    this.#current = config.mtuBaseBytes
  }

  /** The largest packet that may be sent now, in bytes of UDP payload. */
  get current(): number {
    return this.#current
  }

  /** When a larger size is to be tried again; Infinity while that is not due by time. */
  get deadline(): number {
    return this.#raiseAt
  }

  /** The size of a probe to send now, if one is due: a PING and padding up to it. */
  probe(now: number): number | undefined {
    this.expire(now)
    return this.#outstanding || this.#filled < this.#config.mtuFilledPackets ? undefined : this.#candidate()
  }

  /** A packet has left that was as large as may be, and more is to be sent. Who sends little gains nothing by larger packets. */
  filled(): void {
    this.#filled += 1
  }

  /** What was too large a while ago may be tried again once the raise timer has run out. */
  expire(now: number): void {
    if (now < this.#raiseAt) return
    this.#raiseAt = Infinity
    this.#ceiling = this.#limit
    this.#tries = 0
  }

  /** The probe has left; one is under way at a time. */
  sent(): void {
    this.#outstanding = true
  }

  /** A packet of this size has arrived, a probe or not. */
  acked(now: number, bytes: number, probe: boolean): void {
    if (bytes > this.#config.mtuBaseBytes) this.#lossBursts = 0
    if (!probe) return
    this.#outstanding = false
    this.#tries = 0
    this.#current = Math.max(this.#current, Math.min(bytes, this.#ceiling))
    this.#rest(now)
  }

  /** A probe of this size is lost: after a few of them the path is taken not to carry it (§5.1.2, MAX_PROBES). */
  probeLost(now: number, bytes: number): void {
    this.#outstanding = false
    this.#tries += 1
    if (this.#tries < this.#config.mtuProbesMax) return
    this.#tries = 0
    this.#ceiling = Math.max(this.#current, Math.min(this.#ceiling, bytes - 1))
    this.#rest(now)
  }

  /**
   * Packets were lost, of which the largest has this size and the newest this place in the order of sending; `lastOrder` is
   * that of the packet sent last. Large packets that go missing for several round trips, while none arrives, are a black hole
   * and not congestion. True if the path has become one.
   */
  lost(now: number, largest: number, newest: number, lastOrder: number): boolean {
    if (largest <= this.#config.mtuBaseBytes || newest <= this.#burstEnd) return false
    this.#burstEnd = lastOrder
    this.#lossBursts += 1
    return this.#lossBursts >= this.#config.mtuBlackHoleLosses && this.#fallBack(now)
  }

  /** So many probe time-outs in a row. True if the path has become a black hole. */
  silent(now: number, timeouts: number): boolean {
    return timeouts >= this.#config.mtuBlackHolePtos && this.#fallBack(now)
  }

  /** Another path: nothing that was learnt holds (RFC 9000 §9.4). */
  restart(limit: number = this.#config.mtuBytesMax): void {
    this.#limit = Math.max(limit, this.#config.mtuBaseBytes)
    this.#ceiling = this.#limit
    this.#current = this.#config.mtuBaseBytes
    this.#outstanding = false
    this.#tries = 0
    this.#filled = 0
    this.#lossBursts = 0
    this.#raiseAt = Infinity
  }

  /** A path that is known: it carried packets of this size a short while ago. */
  resume(bytes: number): void {
    this.#current = Math.max(this.#current, Math.min(bytes, this.#limit))
  }

  #fallBack(now: number): boolean {
    this.#lossBursts = 0
    if (this.#current <= this.#config.mtuBaseBytes) return false
    this.#ceiling = this.#current - 1
    this.#current = this.#config.mtuBaseBytes
    this.#tries = 0
    this.#rest(now)
    return true
  }

  /** Once nothing is left to try below the limit, the search sleeps. */
  #rest(now: number): void {
    const done = this.#candidate() === undefined
    this.#raiseAt = done && this.#current < this.#limit ? now + this.#config.mtuRaiseMs : Infinity
  }

  #candidate(): number | undefined {
    const { mtuSteps, mtuBisectBytesMax, mtuStepBytes } = this.#config
    for (const step of mtuSteps) if (step - this.#current >= PADDING_BYTES_MAX && step <= this.#ceiling) return step
    const top = Math.min(this.#ceiling, mtuBisectBytesMax)
    if (top - this.#current < mtuStepBytes) return undefined
    // What somebody has set as the limit is most likely carried.
    if (top === this.#limit) return top
    return Math.ceil((this.#current + top) / 2)
  }
}
