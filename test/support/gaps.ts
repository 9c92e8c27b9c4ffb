// Acknowledgements with as many gaps as a frame takes, of a peer that wants them to be dear (L5 of docs/THREATS.md).

import { Received } from '../../src/core/transport/recovery/received.ts'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'
import { ACK_RANGES_MAX } from '../../src/wire/frame.ts'
import { decodeFrames } from '../../src/wire/frame-reader.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { Sender } from './recovery-sender.ts'

const SPI = 0x1000
/** Numbers that a frame spans. */
const SPAN = 2 * ACK_RANGES_MAX

/** Numbers that know how often anybody has looked at one: each comparison with them, each sum, is counted. */
export class Watched {
  looks = 0

  /** Behaves as `value` does wherever it is compared or added. */
  number(value: number): number {
    return Object.assign(Object(value), {
      valueOf: () => {
        this.looks += 1
        return value
      },
    })
  }
}

/** A sender with so many packets under way, of which every other one never arrives, and the frames that say so, oldest first. */
export class GapBomb {
  readonly #sender = new Sender()
  readonly #frames: readonly Uint8Array[]
  #next = 0

  constructor(packets: number) {
    for (let n = 0; n < packets; n++) this.#sender.send(0, { bytes: 1, space: SPI })
    this.#frames = Array.from({ length: Math.floor(packets / SPAN) }, (_, n) => encoded(SPAN * (n + 1)))
  }

  get frames(): number {
    return this.#frames.length
  }

  /** The next frame, off the wire and into recovery; after `rewind` those come again that have told all they had to tell. */
  explode(watched?: Watched): void {
    const seen = (value: number): number => watched?.number(value) ?? value
    const frames = decodeFrames(this.#frames[this.#next++] ?? new Uint8Array())
    if (isMalformed(frames)) throw new Error(frames.malformed)
    for (const frame of frames) {
      if (frame.kind !== 'ack') continue
      const { spi, delayMs, ranges } = frame
      const inclusive = ranges.map(({ start, end }) => ({ smallest: seen(start), largest: seen(end - 1) }))
      this.#sender.recovery.onAck(1, { space: spi, ranges: inclusive, delayMs }, this.#sender.highest)
    }
  }

  rewind(): void {
    this.#next = 0
  }
}

function encoded(top: number): Uint8Array {
  const ranges = Array.from({ length: ACK_RANGES_MAX }, (_, n) => ({ start: top - 2 * n, end: top - 2 * n + 1 }))
  const writer = new FrameWriter(new Uint8Array(1_000))
  writer.write({ kind: 'ack', spi: SPI, delayMs: 0, ranges })
  return writer.written
}

/** The other way round: packets with gaps between their numbers come to us in this order, and each is acknowledged. */
export function receiveGaps(numbers: Iterable<number>, watched: Watched): void {
  const received = new Received(RECOVERY_DEFAULTS)
  for (const number of numbers) {
    received.note(0, SPI, watched.number(number), true)
    received.acknowledge(0)
  }
}
