// The transport of one association (DESIGN §5): what comes in packets with next header 253 goes to the streams and to recovery, and
// from both the next packet is put together. It knows neither keys nor addresses: ../association/streaming.ts seals what it writes.

import type { Entropy } from '../../crypto/entropy.ts'
import { type AckFrame, type Frame, TransportError } from '../../wire/frame.ts'
import { decodeFrames } from '../../wire/frame-reader.ts'
import type { FrameWriter } from '../../wire/frame-writer.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { type Carried, type Draft, type Plan, writeFrames } from './assembly.ts'
import type { StreamConfig } from './config.ts'
import type { Route } from './recovery/earlier-paths.ts'
import { Received } from './recovery/received.ts'
import { Recovery } from './recovery/recovery.ts'
import type { RecoveryConfig } from './recovery-config.ts'
import type { StreamBudget } from './streams/budget.ts'
import type { FrozenStreams } from './streams/frozen-streams.ts'
import { Streams } from './streams/streams.ts'

export interface TransportOptions {
  readonly config: StreamConfig & RecoveryConfig
  readonly entropy: Entropy
  /** Our HIT is the greater one: bit 0 of the ids of our streams is 0. */
  readonly even: boolean
  /** The largest packet that the path could carry, in bytes of UDP payload. */
  readonly mtuLimit: number
  /** Of what waits on the streams of all peers; one of its own by default. */
  readonly budget?: StreamBudget
}

/** Why no more is said: `CLOSE_TRANSPORT` of either end. */
export interface Closing {
  /** One of `TransportError`. */
  readonly code: number
  /** The peer says so; otherwise we do, and our word may still have to go out. */
  readonly byPeer: boolean
}

/** The highest number sealed or skipped under an SPI: nobody can have seen a higher one. */
interface Sealed {
  readonly spi: number
  highest: number
}

/** Of an acknowledgement on its own, which with ranges enough to fill it tells of the newest of them. */
const ACK_PACKET_BYTES = 600
const CLOSE_PACKET_BYTES = 64

export class Transport {
  readonly streams: Streams
  readonly recovery: Recovery<Carried>
  readonly received: Received
  readonly #spacesMax: number
  readonly #sealed = new Map<number, Sealed>()
  /** That of the packet that was sealed last: mostly of the next one, too. */
  #latest: Sealed | undefined
  #probes = 0
  #asks = false
  #closing: Closing | undefined
  #asking = false
  #held = false
  #drains = false

  constructor(options: TransportOptions, frozen?: FrozenStreams) {
    const { config, entropy, mtuLimit } = options
    this.#spacesMax = config.spacesMax
    this.streams = frozen === undefined ? new Streams(options) : Streams.thaw(frozen, options)
    this.recovery = new Recovery({ config, entropy, mtuLimit })
    this.received = new Received(config)
  }

  /** Goes on where another start stopped (MOVING §7): everything that is not acknowledged, and all limits, go out again. */
  static thaw(options: TransportOptions, frozen: FrozenStreams): Transport {
    return new Transport(options, frozen)
  }

  /**
   * When `expire` wants to be called, or `plan` asked again, in ms; Infinity if never. An acknowledgement that is due already
   * leaves with the next packet: if none may leave, waiting for it would be no waiting.
   */
  deadlineAfter(now: number): number {
    if (this.#closing !== undefined) return Infinity
    const { deadline } = this.received
    return Math.min(this.recovery.deadline, deadline > now ? deadline : Infinity)
  }

  get closing(): Closing | undefined {
    return this.#closing
  }

  // ── In ─────────────────────────────────────────────────────────────────────

  /** An authentic packet came that is not for streams: its number is acknowledged along with others. */
  note(now: number, spi: number, number: number): void {
    this.received.note(now, spi, number, false)
  }

  /** Takes a packet, the first `length` bytes of `payload`. What is wrong with it closes the transport, whoever is to blame. */
  receive(now: number, spi: number, number: number, payload: Uint8Array, length: number = payload.length): void {
    if (this.#closing !== undefined) return
    const frames = decodeFrames(payload, length)
    if (isMalformed(frames)) return this.#close(TransportError.FRAME_ENCODING)
    // What there is no room for is as good as lost: the peer sends it again.
    let lost = this.held
    let answered = false
    for (const frame of frames) {
      const { kind } = frame
      if (this.held && kind !== 'ack') continue
      const fault = this.#take(now, frame)
      if (fault === 'full') lost = true
      else if (fault !== undefined) return this.#close(fault)
      if (this.#closing !== undefined) return
      // RFC 9000 §13.2: whether the peer wants to hear that this came.
      answered ||= kind !== 'ack' && kind !== 'padding'
    }
    if (!lost) this.received.note(now, spi, number, answered)
  }

  #take(now: number, frame: Frame): number | 'full' | undefined {
    switch (frame.kind) {
      case 'padding':
      case 'ping':
        return undefined
      case 'ack':
        return this.#onAck(now, frame)
      case 'close-transport':
        this.#closing = { code: frame.code, byPeer: true }
        return undefined
      default:
        return this.streams.receive(frame)
    }
  }

  /** What an SA of an earlier start of ours is said to have carried means nothing to this one. */
  #onAck(now: number, { spi, delayMs, ranges }: AckFrame): number | undefined {
    const highest = this.#sealed.get(spi)?.highest
    if (highest === undefined) return undefined
    const inclusive = ranges.map(({ start, end }) => ({ smallest: start, largest: end - 1 }))
    const outcome = this.recovery.onAck(now, { space: spi, ranges: inclusive, delayMs }, highest)
    if (outcome.fault) return TransportError.PROTOCOL_VIOLATION
    this.#acked(outcome.acked)
    this.#lost(outcome.lost)
    return undefined
  }

  /** Of one stream, what lies end to end in packet after packet is acknowledged as one piece: mostly that is all there is. */
  #acked(packets: readonly (readonly Carried[])[]): void {
    let [id, offset, end, fin] = [-1, 0, 0, false]
    for (const frames of packets) {
      for (const frame of frames) {
        if (frame.kind === 'stream') {
          const follows = frame.id === id && frame.offset === end && !fin
          if (!follows && id >= 0) this.streams.acked({ kind: 'stream', id, offset, length: end - offset, fin })
          if (!follows) offset = frame.offset
          id = frame.id
          end = frame.offset + frame.length
          fin = frame.fin
        } else if (frame.kind === 'ack') this.received.acknowledged(frame.spi, frame.largest)
        else this.streams.acked(frame)
      }
    }
    if (id >= 0) this.streams.acked({ kind: 'stream', id, offset, length: end - offset, fin })
  }

  #lost(packets: readonly (readonly Carried[])[]): void {
    // Nothing of it is as fast as it seemed.
    if (packets.length > 0) this.#drains = false
    for (const frames of packets) for (const frame of frames) if (frame.kind !== 'ack') this.streams.lost(frame)
  }

  #close(code: number): void {
    this.#closing ??= { code, byPeer: false }
  }

  // ── Out ────────────────────────────────────────────────────────────────────

  /** What packet should leave now; undefined if none, or if window or pacer hold it. */
  plan(now: number): Plan | undefined {
    const { recovery, streams, received } = this
    if (this.#held) return this.#heldPlan(now)
    if (this.#closing !== undefined) {
      return this.#closing.byPeer ? undefined : { kind: 'close', bytes: CLOSE_PACKET_BYTES }
    }
    const bytes = recovery.packetBytes
    if (this.#probes > 0) return { kind: 'pto', bytes }
    if (streams.wantsToSend && recovery.maySend(now, bytes)) return { kind: 'data', bytes }
    // Behind what it makes room for, and only where something is under way.
    const probe = recovery.outstanding > 0 ? recovery.mtu.probe(now) : undefined
    if (probe !== undefined && recovery.maySend(now, probe)) return { kind: 'mtu', bytes: probe }
    return received.deadline <= now ? { kind: 'ack', bytes: Math.min(bytes, ACK_PACKET_BYTES) } : undefined
  }

  /** Writes the frames of a planned packet. An empty draft must not be sealed. */
  write(now: number, plan: Plan, writer: FrameWriter): Draft {
    if (plan.kind === 'pto' && !this.streams.wantsToSend) this.#lost(this.recovery.oldest(1))
    const code = this.#closing?.code ?? TransportError.PROTOCOL_VIOLATION
    return writeFrames({ now, plan, writer, code, streams: this.streams, received: this.received })
  }

  /**
   * FREEZE has begun, and may wait for so long: acknowledgements are heard, and nothing else. What it would tell nobody could take any
   * more; the peer, who hears no acknowledgement of it, says it again to whoever goes on. What the windows let go still leaves if it
   * can be acknowledged in that time: to carry it would take longer. Then what is under way is asked for: a PING whose number follows
   * one that is left out is acknowledged at once, and all before it too (RFC 9000 §13.2.1). The last packet would have to be waited
   * for as long as the peer may delay its acknowledgement.
   */
  hold(waitMs: number): void {
    this.#held = true
    this.#drains = waitMs > 0 && this.#drainMs <= waitMs
    this.#asks = this.recovery.bytesInFlight > 0
  }

  /** FREEZE came to nothing. */
  release(): void {
    this.#held = this.#drains = this.#asks = this.#asking = false
  }

  get held(): boolean {
    return this.#held
  }

  /** Something is under way, or is still to leave before FREEZE. */
  get unsettled(): boolean {
    return this.recovery.bytesInFlight > 0 || this.#drains
  }

  #heldPlan(now: number): Plan | undefined {
    this.#drains &&= this.streams.wantsToSend
    const bytes = this.recovery.packetBytes
    const data = this.#drains && this.recovery.maySend(now, bytes)
    this.#asking = this.#asks && !data
    if (data) return { kind: 'data', bytes }
    return this.#asking ? { kind: 'ask', bytes: ACK_PACKET_BYTES } : undefined
  }

  /** Until all that the windows let go is acknowledged, a window each round trip. */
  get #drainMs(): number {
    const { rtt, windowBytes } = this.recovery
    return rtt.smoothedMs * (1 + this.streams.readyBytes / windowBytes)
  }

  /** A number to leave out before the next packet: it must be told by `skipped`. */
  get skips(): boolean {
    return this.#asking || this.recovery.skip()
  }

  skipped(spi: number, number: number): void {
    this.#noteSealed(spi, number)
    this.recovery.skipped(spi, number)
  }

  /** A draft has been sealed under this number into a packet of `bytes`. */
  sent(now: number, spi: number, number: number, bytes: number, { plan, frames, elicits }: Draft): void {
    this.#noteSealed(spi, number)
    if (plan.kind === 'pto') this.#probes -= 1
    // Each window that leaves before FREEZE is asked for.
    if (this.#held) this.#asks = plan.kind !== 'ask'
    this.#asking = false
    if (!elicits) return this.recovery.passed(now, spi, number)
    const appLimited = !this.streams.wantsToSend
    const probe = plan.kind === 'pto' || plan.kind === 'mtu' ? plan.kind : undefined
    this.recovery.sent(now, { space: spi, number, bytes, frames, appLimited, probe })
  }

  /** A packet that is not ours has been sealed: not held back, but the path has carried it. */
  passed(now: number, spi: number, number: number, bytes: number): void {
    this.#noteSealed(spi, number)
    this.recovery.passed(now, spi, number)
    this.recovery.spendDatagram(now, bytes)
  }

  /** Numbers of one SA rise. Where they begin again there are other keys on an SPI of before, and what it carried is lost. */
  #noteSealed(spi: number, number: number): void {
    const known = this.#latest?.spi === spi ? this.#latest : this.#sealed.get(spi)
    const highest = known?.highest
    if (highest !== undefined && number <= highest) this.#lost(this.recovery.dropSpace(spi))
    if (highest === undefined && this.#sealed.size >= this.#spacesMax) {
      for (const oldest of this.#sealed.keys()) {
        this.#lost(this.recovery.dropSpace(oldest))
        this.#sealed.delete(oldest)
        break
      }
    }
    this.#latest = known ?? { spi, highest: number }
    this.#latest.highest = number
    if (known === undefined) this.#sealed.set(spi, this.#latest)
  }

  /** Runs what is due: losses by time, and probes when nothing is heard. */
  expire(now: number): void {
    if (this.#closing !== undefined || this.recovery.deadline > now) return
    const { lost, probes } = this.recovery.expire(now)
    this.#lost(lost)
    this.#probes = Math.max(this.#probes, probes)
  }

  // ── Moves (DESIGN §5) ──────────────────────────────────────────────────────

  /** Packets take another way now; 'port': to another port of the same address, so that nothing else is new. */
  pathChanged(what: 'port' | 'address', mtuLimit: number, route?: Route): void {
    this.recovery.pathChanged(what, mtuLimit, route)
  }

  /** The peer goes on elsewhere, under new keys: what it has not acknowledged goes out again by offset. */
  rebound(mtuLimit: number): void {
    this.recovery.restart(mtuLimit)
    this.received.restart()
    this.#probes = 0
    this.streams.requeueAll()
  }

  freeze(): FrozenStreams {
    return this.streams.freeze()
  }
}
