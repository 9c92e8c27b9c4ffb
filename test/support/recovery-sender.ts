// A sender whose packets are numbered by hand, for tests of what recovery makes of acknowledgements.

import type { AckRange } from '../../src/core/transport/recovery/acknowledgement.ts'
import { Recovery } from '../../src/core/transport/recovery/recovery.ts'
import { RECOVERY_DEFAULTS, type RecoveryConfig } from '../../src/core/transport/recovery-config.ts'
import { seeded } from './actors.ts'

/** Two SAs, by their SPIs. */
export const SPACE = 7
export const OTHER = 8

/** Its packets carry their numbers, and are of the SA `SPACE` unless told otherwise. */
export class Sender {
  readonly recovery: Recovery<number>
  highest = 0

  constructor(changes: Partial<RecoveryConfig> = {}) {
    this.recovery = new Recovery({ config: { ...RECOVERY_DEFAULTS, ...changes }, entropy: seeded(1) })
  }

  send(
    now: number,
    options: { bytes?: number; space?: number; number?: number; probe?: 'mtu' | 'pto'; appLimited?: boolean } = {},
  ): number {
    const { bytes = 1_200, space = SPACE, number = this.highest + 1, probe, appLimited = false } = options
    this.highest = Math.max(this.highest, number)
    const packet = { space, number, bytes, frames: [number], appLimited }
    this.recovery.sent(now, probe === undefined ? packet : { ...packet, probe })
    return number
  }

  ack(now: number, ranges: readonly (readonly [smallest: number, largest: number])[], delayMs = 0, space = SPACE) {
    const spread: AckRange[] = ranges.map(([smallest, largest]) => ({ smallest, largest }))
    const outcome = this.recovery.onAck(now, { space, ranges: spread, delayMs }, this.highest)
    return { acked: outcome.acked.flat(), lost: outcome.lost.flat(), fault: outcome.fault }
  }

  expire(now: number) {
    const { lost, probes } = this.recovery.expire(now)
    return { lost: lost.flat(), probes }
  }
}

/** One that has measured a round trip of 100 ms. */
export function warm(changes: Partial<RecoveryConfig> = {}): Sender {
  const sender = new Sender(changes)
  sender.send(0)
  sender.ack(100, [[1, 1]])
  return sender
}
