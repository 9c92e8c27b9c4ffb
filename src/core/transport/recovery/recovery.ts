// Loss recovery, congestion control and pacing of one association behind one door (RFC 9002): what has been sent, what of it
// has arrived, what is lost, and what may be sent now. `F` is what a packet carried, in the sender's own words; it comes back
// when the packet is acknowledged or lost.

import { assert } from '../../../base/assert.ts'
import type { Entropy } from '../../../crypto/entropy.ts'
import type { RecoveryConfig } from '../recovery-config.ts'
import type { Acknowledgement } from './acknowledgement.ts'
import type { CongestionController, ControllerFactory } from './congestion/controller.ts'
import { Cubic } from './congestion/cubic.ts'
import { type EarlierPath, EarlierPaths, type Route } from './earlier-paths.ts'
import { LossDetector } from './loss.ts'
import { Mtu } from './mtu.ts'
import { type Pace, Pacer } from './pacer.ts'
import { Rtt } from './rtt.ts'
import { SendTimes } from './send-times.ts'
import { type SentPacket, SentPackets } from './sent-packets.ts'
import { Skips } from './skips.ts'

/** A packet that elicits an acknowledgement, as it leaves. Others are not told of: they are neither counted nor repeated. */
export interface Departure<F> {
  /** The SPI and the ESP sequence number under which it was sealed. */
  readonly space: number
  readonly number: number
  /** Of UDP payload. */
  readonly bytes: number
  readonly frames: readonly F[]
  /** True if the sender has nothing more to send for now, so that the window is not what holds it. */
  readonly appLimited: boolean
  readonly probe?: 'mtu' | 'pto' | undefined
}

/** What a packet carried, packet by packet, in the order in which they were sent. */
export type Carried<F> = readonly (readonly F[])[]

/** What an acknowledgement brought. `fault`: it names a packet that never left, so the peer lies (RFC 9000 §21.4). */
export interface Outcome<F> {
  readonly acked: Carried<F>
  readonly lost: Carried<F>
  readonly fault: boolean
}

export interface RecoveryOptions {
  readonly config: RecoveryConfig
  /** Chooses which numbers are skipped; the peer must not be able to guess. */
  readonly entropy: Entropy
  /** The largest packet the path could carry, in bytes of UDP payload; `mtuBytesMax` of the config if not known. */
  readonly mtuLimit?: number
  /** CUBIC unless told otherwise. */
  readonly controller?: ControllerFactory
}

const cubic: ControllerFactory = (config, packetBytes) => new Cubic(config, packetBytes)

export class Recovery<F> {
  readonly mtu: Mtu
  readonly #config: RecoveryConfig
  readonly #factory: ControllerFactory
  readonly #skips: Skips
  readonly #others: SendTimes
  readonly #earlier: EarlierPaths
  #sent: SentPackets<F>
  #loss: LossDetector<F>
  #rtt: Rtt
  #controller: CongestionController
  #pacer: Pacer
  #paceDeadline = Infinity
  /** The pace, until an acknowledgement or a time-out changes what it is made of. */
  #paceNow: Pace | undefined
  /** Bytes in flight on the path of now, and how many paths there were before it. */
  #inFlight = 0
  #path = 0
  /** The last packet after which the window was full, and the last after which the sender had no more: RFC 9002 §7.8. */
  #filledOrder = 0
  #drainedOrder = 0

  constructor(options: RecoveryOptions) {
    this.#config = options.config
    this.#factory = options.controller ?? cubic
    this.mtu = new Mtu(options.config, options.mtuLimit)
    this.#sent = new SentPackets()
    this.#loss = new LossDetector(this.#config, this.#sent)
    this.#rtt = new Rtt(this.#config)
    this.#controller = this.#factory(this.#config, this.mtu.current)
    this.#pacer = new Pacer(this.#config, this.mtu.current)
    this.#others = new SendTimes(this.#config)
    this.#earlier = new EarlierPaths(this.#config)
    this.#skips = new Skips(this.#config, options.entropy, this.#windowPackets)
  }

  /** When `expire` must be called and sending be tried again, in ms; Infinity if nothing is waited for. */
  get deadline(): number {
    return Math.min(this.#loss.deadline(this.#rtt), this.mtu.deadline, this.#paceDeadline)
  }

  /** The congestion window, and what is in flight, in bytes of UDP payload. */
  get windowBytes(): number {
    return this.#controller.windowBytes
  }

  get bytesInFlight(): number {
    return this.#inFlight
  }

  get slowStart(): boolean {
    return this.#controller.slowStart
  }

  /** The round-trip time of stream packets. */
  get rtt(): Pick<Rtt, 'latestMs' | 'minMs' | 'smoothedMs' | 'ptoMs'> {
    return this.#rtt
  }

  /** Packets that are neither acknowledged nor lost. */
  get outstanding(): number {
    return this.#sent.size
  }

  /** The size of the next packet: that of the path, but a small one after time-outs, which a shrunken path carries too. */
  get packetBytes(): number {
    return this.#loss.timeouts >= 2 ? this.#config.mtuBaseBytes : this.mtu.current
  }

  /**
   * True if congestion window, pacer and the store of sent packets let a packet of so many bytes leave now. To be asked only
   * with something to send; what the pacer refuses becomes due at `deadline`. Acknowledgements alone and the packets that
   * `expire` asks for need no leave. Nor does a probe of the MTU, which is known by its size: a window that is full would
   * never have room for it, and one is under way at a time.
   */
  maySend(now: number, bytes: number): boolean {
    if (this.#sent.size >= this.#config.sentPacketsMax) return false
    if (bytes > this.packetBytes) return true
    this.#paceDeadline = Infinity
    if (this.#inFlight + bytes > this.#controller.windowBytes) {
      this.#filledOrder = this.#sent.lastOrder
      return false
    }
    if (this.#pacer.allows(now, bytes, this.#pace)) return true
    this.#paceDeadline = this.#pacer.deadline(now, bytes, this.#pace)
    return false
  }

  /** A packet has left. */
  sent(now: number, packet: Departure<F>): void {
    const { space, number, bytes, frames, probe } = packet
    const { order } = this.#sent.add({ space, number, bytes, frames, probe, sentAt: now, path: this.#path })
    this.#inFlight += bytes
    this.#loss.sent(now)
    this.#controller.sent(order)
    this.#pacer.spend(now, bytes, this.#pace)
    this.#skips.count()
    if (probe === 'mtu') this.mtu.sent()
    if (!packet.appLimited) this.mtu.filled()
    if (this.#inFlight > this.#controller.windowBytes - this.mtu.current) this.#filledOrder = order
    else if (packet.appLimited) this.#drainedOrder = order
  }

  /** A packet has left that needs no acknowledgement: a datagram, or acknowledgements alone. Its time measures round trips. */
  passed(now: number, space: number, number: number): void {
    this.#others.note(now, space, number)
  }

  /** A datagram has left: not held, but the pacer has seen it. */
  spendDatagram(now: number, bytes: number): void {
    this.#pacer.spend(now, bytes, this.#pace)
  }

  /** True if the next number is to be skipped, which the caller then does and tells of with `skipped`. */
  skip(): boolean {
    return this.#skips.due
  }

  skipped(space: number, number: number): void {
    this.#skips.note(space, number, this.#windowPackets)
  }

  /**
   * An ACK frame has come. `highestSealed` is the highest number of that SA that was sealed or skipped. What a fault brings is
   * not taken in: the association ends with PROTOCOL_VIOLATION.
   */
  onAck(now: number, ack: Acknowledgement, highestSealed: number): Outcome<F> {
    const top = ack.ranges[0]
    const bottom = ack.ranges.at(-1)
    if (top === undefined || bottom === undefined) return { acked: [], lost: [], fault: false }
    if (top.largest > highestSealed || bottom.smallest < 1 || this.#skips.betrayed(ack.space, ack.ranges))
      return { acked: [], lost: [], fault: true }
    const acked = this.#sent.acknowledge(ack.space, ack.ranges)
    const newest = acked.at(-1)
    if (newest === undefined) return { acked: [], lost: [], fault: false }
    this.#paceNow = undefined
    this.#loss.acked(newest.order)
    this.#measure(now, newest, top.largest, ack.delayMs)
    for (const packet of acked) this.#landed(now, packet)
    const lost = this.#detect(now)
    if (this.#loss.takePersistent()) {
      this.#controller.collapse()
      this.#rtt.forgetMin()
    }
    for (const packet of acked) this.#grow(now, packet)
    return { acked: acked.map(({ frames }) => frames), lost, fault: false }
  }

  /** Time has come: what is lost by time, and how many packets must leave now whatever the window says (RFC 9002 §6.2.4). */
  expire(now: number): { readonly lost: Carried<F>; readonly probes: number } {
    if (this.#paceDeadline <= now) this.#paceDeadline = Infinity
    this.#paceNow = undefined
    this.mtu.expire(now)
    if (this.#loss.deadline(this.#rtt) > now) return { lost: [], probes: 0 }
    const lost = this.#detect(now)
    if (lost.length > 0 || this.#loss.deadline(this.#rtt) > now) return { lost, probes: 0 }
    this.#loss.timeout(now)
    if (this.mtu.silent(now, this.#loss.timeouts)) this.#controller.packetSize(this.mtu.current)
    return { lost: this.#makeRoom(), probes: this.#config.ptoProbes }
  }

  /** What the oldest `count` outstanding packets carried: for a probe when there is nothing new to send. */
  oldest(count: number): Carried<F> {
    const found: (readonly F[])[] = []
    for (const { frames } of this.#sent) {
      if (found.length >= count) break
      found.push(frames)
    }
    return found
  }

  /**
   * The peer answers at another place. 'port': a NAT has forgotten, the path is the same, all is kept. 'address': window,
   * round trip, pace and MTU start afresh, and packets on the old path say nothing about the new one (RFC 9000 §9.4). By its
   * `route` a path that was left a short while ago is known again.
   */
  pathChanged(what: 'port' | 'address', mtuLimit?: number, route?: Route): void {
    if (what === 'port') return
    const { windowBytes } = this.#controller
    if (route !== undefined)
      this.#earlier.leave(route.at, route.from, { windowBytes, mtuBytes: this.mtu.current, rtt: this.#rtt })
    this.#path += 1
    this.#startPath(mtuLimit)
    if (route === undefined) return
    const known = this.#earlier.take(route.at, route.to)
    if (known !== undefined) this.#resume(route.at, known)
  }

  #resume(now: number, { rtt, mtuBytes, windowBytes }: EarlierPath): void {
    this.#rtt = rtt
    rtt.resume(now)
    this.mtu.resume(mtuBytes)
    this.#controller.packetSize(this.mtu.current)
    if (windowBytes > 2 * this.#controller.windowBytes) this.#controller.resume(windowBytes)
  }

  /** Either end has thawed: everything afresh. Returns what every outstanding packet carried, oldest first. */
  restart(mtuLimit?: number): Carried<F> {
    const carried = this.oldest(Infinity)
    this.#sent = new SentPackets()
    this.#loss = new LossDetector(this.#config, this.#sent)
    this.#earlier.clear()
    this.#path += 1
    this.#startPath(mtuLimit)
    return carried
  }

  /** The SA is gone, and no acknowledgement of its packets will be believed. Returns what those outstanding carried. */
  dropSpace(space: number): Carried<F> {
    this.#skips.dropSpace(space)
    const gone = [...this.#sent].filter((packet) => packet.space === space)
    for (const packet of gone) {
      this.#sent.lose(packet)
      this.#left(packet)
    }
    this.#sent.settle()
    return gone.map(({ frames }) => frames)
  }

  #startPath(mtuLimit: number | undefined): void {
    this.#paceNow = undefined
    this.mtu.restart(mtuLimit)
    this.#rtt = new Rtt(this.#config)
    this.#loss.restart()
    this.#controller = this.#factory(this.#config, this.mtu.current)
    this.#pacer = new Pacer(this.#config, this.mtu.current)
    this.#paceDeadline = Infinity
    this.#others.clear()
    this.#inFlight = 0
    this.#filledOrder = this.#sent.lastOrder
    this.#drainedOrder = this.#sent.lastOrder
  }

  /** A packet is no longer under way; what went by an older path was never counted on this one. */
  #left(packet: SentPacket<F>): void {
    if (packet.path !== this.#path) return
    this.#inFlight -= packet.bytes
    assert(this.#inFlight >= 0, 'no more bytes land than were in flight')
  }

  /** RFC 9002 §5.1: a sample if the newest number is news, and a packet that had to be acknowledged is among the news. */
  #measure(now: number, newest: SentPacket<F>, largest: number, delayMs: number): void {
    if (newest.path !== this.#path) return
    const sentAt = newest.number === largest ? newest.sentAt : this.#others.take(newest.space, largest)
    if (sentAt === undefined) return
    this.#rtt.sample(now, Math.max(0, now - sentAt), delayMs)
    this.#controller.sampled(this.#rtt)
  }

  #landed(now: number, packet: SentPacket<F>): void {
    this.#left(packet)
    if (packet.path !== this.#path) return
    const before = this.mtu.current
    this.mtu.acked(now, packet.bytes, packet.probe === 'mtu')
    if (this.mtu.current !== before) this.#controller.packetSize(this.mtu.current)
  }

  #grow(now: number, { order, bytes, path }: SentPacket<F>): void {
    if (path !== this.#path) return
    const limited = order > this.#filledOrder && order <= this.#drainedOrder
    this.#controller.acked(now, { order, bytes, limited }, this.#rtt)
  }

  #detect(now: number): Carried<F> {
    const lost = this.#loss.detect(now, this.#rtt)
    let [newest, largest] = [0, 0]
    for (const packet of lost) {
      this.#left(packet)
      if (packet.path !== this.#path) continue
      if (packet.probe === 'mtu') this.mtu.probeLost(now, packet.bytes)
      else {
        newest = packet.order
        largest = Math.max(largest, packet.bytes)
      }
    }
    if (newest > 0) this.#controller.lost(now, newest)
    if (this.mtu.lost(now, largest, newest, this.#sent.lastOrder)) this.#controller.packetSize(this.mtu.current)
    return lost.map(({ frames }) => frames)
  }

  /** Probes are let past every limit but this: for each that finds the store full, the oldest packet counts as lost. */
  #makeRoom(): Carried<F> {
    const lost: (readonly F[])[] = []
    for (const packet of this.#sent) {
      if (this.#sent.size + this.#config.ptoProbes <= this.#config.sentPacketsMax) break
      this.#sent.lose(packet)
      this.#left(packet)
      lost.push(packet.frames)
    }
    this.#sent.settle()
    return lost
  }

  get #pace(): Pace {
    this.#paceNow ??= this.#paceOf()
    return this.#paceNow
  }

  #paceOf(): Pace {
    const { pacingGain, pacingGainSlowStart, granularityMs } = this.#config
    const gain = this.#controller.slowStart ? pacingGainSlowStart : pacingGain
    const rttMs = Math.max(this.#rtt.smoothedMs, granularityMs)
    return { bytesPerMs: (gain * this.#controller.windowBytes) / rttMs, packetBytes: this.mtu.current }
  }

  get #windowPackets(): number {
    return this.#controller.windowBytes / this.mtu.current
  }
}
