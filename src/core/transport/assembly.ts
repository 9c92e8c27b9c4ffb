// What goes into one packet of the transport, in which order: acknowledgements first, because they are late already; then what
// the packet is for; PING where nothing else would be acknowledged; padding where the size is the message.

import type { FrameWriter } from '../../wire/frame-writer.ts'
import type { Acknowledgement } from './recovery/acknowledgement.ts'
import type { Received } from './recovery/received.ts'
import type { SentFrame, Streams } from './streams/streams.ts'

/**
 * Why a packet leaves. `data`: streams have something to say. `ack`: the peer waits to hear what has come. `pto`: nothing has
 * been heard for so long that something has to be answered (RFC 9002 §6.2.4). `mtu`: to see whether the path carries one of that size.
 * `ask`: what is under way is to be acknowledged now. `close`: the last word.
 */
export interface Plan {
  readonly kind: 'data' | 'ack' | 'pto' | 'mtu' | 'ask' | 'close'
  /** The largest it may be, in bytes of UDP payload; of `mtu`, what it has to be. */
  readonly bytes: number
}

/** What a packet carried that matters when it is acknowledged or lost. */
export type Carried = SentFrame | { readonly kind: 'ack'; readonly spi: number; readonly largest: number }

/** A packet that has been written and not yet sealed. */
export interface Draft {
  readonly plan: Plan
  readonly frames: readonly Carried[]
  /** The peer will acknowledge it. */
  readonly elicits: boolean
}

export interface Assembly {
  readonly now: number
  readonly plan: Plan
  readonly writer: FrameWriter
  /** Of CLOSE_TRANSPORT. */
  readonly code: number
  readonly streams: Streams
  readonly received: Received
}

const NO_FRAMES: readonly Carried[] = []

export function writeFrames({ now, plan, writer, code, streams, received }: Assembly): Draft {
  if (plan.kind === 'close') {
    writer.write({ kind: 'close-transport', code })
    return { plan, frames: NO_FRAMES, elicits: false }
  }
  if (plan.kind === 'ask') return { plan, frames: NO_FRAMES, elicits: writer.write({ kind: 'ping' }) }
  let frames: readonly Carried[] = NO_FRAMES
  const begin = writer.length
  if (received.pending || received.deadline <= now) frames = writeAcks(writer, received.acknowledge(now))
  const acks = frames.length
  if (plan.kind === 'data' || plan.kind === 'pto') {
    const filled = streams.fill(writer, now)
    frames = acks === 0 ? filled : [...frames, ...filled]
  }
  let elicits = frames.length > acks
  if (!elicits && (plan.kind === 'pto' || plan.kind === 'mtu' || (plan.kind === 'ack' && received.elicit)))
    elicits = writer.write({ kind: 'ping' })
  // Packets of a burst are all of one size, so that they can leave together.
  const burst = plan.kind === 'data' && elicits && streams.wantsToSend
  if ((burst || plan.kind === 'mtu') && writer.room > 0) writer.write({ kind: 'padding', bytes: writer.room })
  return { plan, frames: writer.length > begin ? frames : NO_FRAMES, elicits }
}

/** One ACK for each SA, the newest first; of one that does not fit, the ranges of the newest packets. */
function writeAcks(writer: FrameWriter, told: readonly Acknowledgement[]): readonly Carried[] {
  const frames: Carried[] = []
  for (const { space, ranges, delayMs } of told) {
    for (let count = ranges.length; count > 0; count >>= 1) {
      const kept = ranges.slice(0, count).map(({ smallest, largest }) => ({ start: smallest, end: largest + 1 }))
      if (!writer.write({ kind: 'ack', spi: space, delayMs, ranges: kept })) continue
      frames.push({ kind: 'ack', spi: space, largest: ranges[0]?.largest ?? 0 })
      break
    }
  }
  return frames
}
