// What a congestion controller is told and asks (RFC 9002 §7): sizes in bytes, packets by their place in the order of sending.

import type { RecoveryConfig } from '../../recovery-config.ts'
import type { Rtt } from '../rtt.ts'

/** A packet that has arrived, as far as congestion goes. */
export interface AckedPacket {
  readonly order: number
  readonly bytes: number
  /** True if the sender, when this left, had less to send than the window held (RFC 9002 §7.8). */
  readonly limited: boolean
}

export interface CongestionController {
  /** How much may be in flight. */
  readonly windowBytes: number
  readonly slowStart: boolean
  /** The largest packet has changed: a window is never below two of them. */
  packetSize(bytes: number): void
  sent(order: number): void
  /** The round-trip time has a new sample. */
  sampled(rtt: Rtt): void
  acked(now: number, packet: AckedPacket, rtt: Rtt): void
  /** Packets are lost, the newest of which is `order`: a new event of congestion, unless one is being recovered from. */
  lost(now: number, order: number): void
  /** The path is one where the window was so large a short while ago, more than twice what it is: half of that. */
  resume(windowBytes: number): void
  /** Persistent congestion (RFC 9002 §7.6.2). */
  collapse(): void
}

/** Makes the controller of a path that carries packets of this size. */
export type ControllerFactory = (config: RecoveryConfig, packetBytes: number) => CongestionController

/** RFC 9002 §7.2. */
export function initialWindow(config: RecoveryConfig, packetBytes: number): number {
  const { windowPacketsInitial, windowPacketsMin, windowBytesInitial } = config
  return Math.min(windowPacketsInitial * packetBytes, Math.max(windowBytesInitial, windowPacketsMin * packetBytes))
}
