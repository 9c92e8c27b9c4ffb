// Loss recovery, congestion control and pacing of one association behind one door (RFC 9002): what has been sent, what of it
// has arrived, what is lost, and what may be sent now. `F` is what a packet carried, in the sender's own words; it comes back
// when the packet is acknowledged or lost.

import type { Entropy } from '../../../crypto/entropy.ts'
import type { RecoveryConfig } from '../recovery-config.ts'
import type { Acknowledgement } from './acknowledgement.ts'
import { Mtu } from './mtu.ts'

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
  readonly probe?: 'mtu' | 'pto'
}

/** What an acknowledgement brought. `fault`: it names a packet that never left, so the peer lies (RFC 9000 §21.4). */
export interface Outcome<F> {
  readonly acked: readonly (readonly F[])[]
  readonly lost: readonly (readonly F[])[]
  readonly fault: boolean
}

export class Recovery<F> {
  readonly mtu: Mtu

  /** `entropy` chooses which numbers are skipped; `mtuLimit` as in Mtu. */
  constructor(options: { config: RecoveryConfig; entropy: Entropy; mtuLimit?: number }) {
    this.mtu = new Mtu(options.config, options.mtuLimit)
  }

  /** When `expire` must be called, in ms; Infinity if nothing is waited for. */
  get deadline(): number {
    return Infinity
  }

  /** When `maySend` is worth asking again after the pacer said no; Infinity if it was not the pacer. */
  get paceDeadline(): number {
    return Infinity
  }

  /** The size of the next packet: that of the path, but a small one after time-outs, which a shrunken path carries too. */
  get packetBytes(): number {
    return this.mtu.current
  }

  /** True if congestion window, pacer and the store of sent packets let a packet of so many bytes leave now. */
  maySend(_now: number, _bytes: number): boolean {
    return true
  }

  /** A packet has left. */
  sent(_now: number, _packet: Departure<F>): void {}

  /** A datagram has left: not held, but the pacer has seen it. */
  spendDatagram(_now: number, _bytes: number): void {}

  /** True if the next number is to be skipped, which the caller then does and tells of with `skipped`. */
  skip(): boolean {
    return false
  }

  skipped(_space: number, _number: number): void {}

  /** An ACK frame has come; `highestSealed` is the highest number of that SA under which anything was sealed or skipped. */
  onAck(_now: number, _ack: Acknowledgement, _highestSealed: number): Outcome<F> {
    return { acked: [], lost: [], fault: false }
  }

  /** Time has come: what is lost by time, and how many packets must leave now whatever the window says (RFC 9002 §6.2.4). */
  expire(_now: number): { readonly lost: readonly (readonly F[])[]; readonly probes: number } {
    return { lost: [], probes: 0 }
  }

  /** What the oldest `count` outstanding packets carried: for a probe when there is nothing new to send. */
  oldest(_count: number): readonly (readonly F[])[] {
    return []
  }

  /** The peer is seen at, or told of, another place. 'port': all is kept. 'address': what is known of the path is void. */
  pathChanged(_now: number, _what: 'port' | 'address', _mtuLimit?: number): void {}

  /** Either end has thawed: everything afresh. Returns what every outstanding packet carried, oldest first. */
  restart(_now: number, _mtuLimit?: number): readonly (readonly F[])[] {
    return []
  }

  /** The SA is gone. Returns what its outstanding packets carried. */
  dropSpace(_space: number): readonly (readonly F[])[] {
    return []
  }
}
