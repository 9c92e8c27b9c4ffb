// Two ends of an association's streams, and packets between them that a test may lose, repeat and put in another order.

import { STREAM_DEFAULTS, type StreamConfig } from '../../src/core/transport/config.ts'
import type { StreamBudget } from '../../src/core/transport/streams/budget.ts'
import { type SentFrame, type StreamEvent, Streams } from '../../src/core/transport/streams/streams.ts'
import type { Frame, StreamFrame } from '../../src/wire/frame.ts'
import { decodeFrames } from '../../src/wire/frame-reader.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { isMalformed } from '../../src/wire/malformed.ts'

/** A packet: its bytes, and what its sender is told of when it arrives or is lost. */
export interface Packet {
  readonly bytes: Uint8Array
  readonly sent: readonly SentFrame[]
}

/** One end. What it hears it keeps; it accepts every stream. */
export class StreamEnd {
  readonly config: StreamConfig
  readonly even: boolean
  streams: Streams
  readonly heard: StreamEvent[] = []

  /** `budget`: one that it shares with others. */
  constructor(even: boolean, config: Partial<StreamConfig> = {}, budget?: StreamBudget) {
    this.even = even
    this.config = { ...STREAM_DEFAULTS, ...config }
    this.streams = new Streams({ config: this.config, even, ...(budget && { budget }) })
  }

  /** A stream that has to open. */
  open(port = 80, sourcePort = 4_000): number {
    const id = this.streams.open(port, sourcePort)
    if (id === 'limit') throw new Error('no stream may be opened')
    return id
  }

  /** What it would send in a packet of this size; undefined if it has nothing to send. */
  packet(bytes = 1_200): Packet | undefined {
    if (!this.streams.wantsToSend) return undefined
    const writer = new FrameWriter(new Uint8Array(bytes))
    const sent = this.streams.fill(writer)
    return sent.length === 0 ? undefined : { bytes: writer.written.slice(), sent }
  }

  /** Takes a packet: the code of the first violation in it, if there is one. */
  take({ bytes }: Packet): number | undefined {
    for (const frame of streamFrames(bytes)) {
      const fault = this.streams.receive(frame)
      if (fault === 'full') throw new Error('there is no room for what came')
      if (fault !== undefined) return fault
    }
    return undefined
  }

  acked({ sent }: Packet): void {
    for (const frame of sent) this.streams.acked(frame)
  }

  lost({ sent }: Packet): void {
    for (const frame of sent) this.streams.lost(frame)
  }

  /** Everything there is to hear, streams that the peer opens being accepted on the way. */
  listen(): readonly StreamEvent[] {
    const all: StreamEvent[] = []
    while (this.streams.hasNews)
      for (const event of this.streams.events()) {
        all.push(event)
        if (event.kind === 'opened') this.streams.accept(event.id)
      }
    this.heard.push(...all)
    return all
  }

  /** What this end would be on another machine: nothing but plain data goes there. */
  move(): void {
    this.streams = Streams.thaw(structuredClone(this.streams.freeze()), { config: this.config, even: this.even })
  }

  /** Of everything heard, what is of one stream, but data, as words. */
  story(id: number): readonly string[] {
    return this.heard.flatMap((event) => {
      if (!('id' in event) || event.id !== id || event.kind === 'data') return []
      return 'code' in event ? `${event.kind} ${event.code}` : event.kind
    })
  }

  /** The bytes heard of one stream. */
  bytes(id: number): Uint8Array {
    return Buffer.concat(this.heard.flatMap((event) => (event.kind === 'data' && event.id === id ? [event.bytes] : [])))
  }
}

/** Packets go both ways and arrive, and all is heard and consumed, until nobody has anything to say. */
export function settle(a: StreamEnd, b: StreamEnd, rttMs = 10, packetBytes = 1_200): void {
  for (let round = 0; round < 20_000; round++) {
    let quiet = true
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const packet = from.packet(packetBytes)
      if (packet !== undefined) {
        quiet = false
        const fault = to.take(packet)
        if (fault !== undefined) throw new Error(`violation ${fault}`)
        from.acked(packet)
      }
      for (const end of [from, to]) consume(end, end.listen(), round, rttMs)
    }
    if (quiet && !a.streams.wantsToSend && !b.streams.wantsToSend) return
  }
  throw new Error('the two never come to rest')
}

function consume(end: StreamEnd, events: readonly StreamEvent[], now: number, rttMs: number): void {
  for (const event of events) {
    if (event.kind === 'data') end.streams.consumed(now, event.id, event.bytes.length, rttMs)
  }
}

/** The frames of a sound packet that are about streams. */
export function streamFrames(bytes: Uint8Array): readonly StreamFrame[] {
  const frames = decodeFrames(bytes)
  if (isMalformed(frames)) throw new Error(frames.malformed)
  return frames.filter(isOfStreams)
}

function isOfStreams(frame: Frame): frame is StreamFrame {
  const { kind } = frame
  return kind !== 'padding' && kind !== 'ping' && kind !== 'ack' && kind !== 'close-transport'
}

const PERIOD = 65_521
const TILE = Uint8Array.from(
  { length: 2 * PERIOD },
  (_, index) => ((index % PERIOD) * 167 + ((index % PERIOD) >> 8)) & 0xff,
)

/** Bytes that tell where they belong: another seed, or another offset, has others. */
export function pattern(length: number, seed = 0, offset = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    const start = (offset + done + seed * 4_099) % PERIOD
    const piece = TILE.subarray(start, start + Math.min(PERIOD, length - done))
    bytes.set(piece, done)
    done += piece.length
  }
  return bytes
}

/** Two ends, the one with the even ids first. */
export function pair(...configs: readonly Partial<StreamConfig>[]): [a: StreamEnd, b: StreamEnd] {
  return [new StreamEnd(true, configs[0]), new StreamEnd(false, configs[1])]
}

/** All frames that an end has to send, all of them arriving. */
export function say(end: StreamEnd, packetBytes = 60_000): readonly StreamFrame[] {
  const frames: StreamFrame[] = []
  for (let packet = end.packet(packetBytes); packet !== undefined; packet = end.packet(packetBytes)) {
    frames.push(...streamFrames(packet.bytes))
    end.acked(packet)
  }
  return frames
}

/** What sorts of frames they are. */
export function kinds(frames: readonly StreamFrame[]): readonly string[] {
  return frames.map(({ kind }) => kind)
}

/** Zeros of a stream. */
export const data = (id: number, offset: number, length: number, fin = false): StreamFrame => ({
  kind: 'stream',
  id,
  offset,
  data: new Uint8Array(length),
  fin,
})
/** A STREAM_OPEN. */
export const open = (id: number, port = 80): StreamFrame => ({ kind: 'stream-open', id, port, sourcePort: 1 })

/** A receiver that has accepted the stream 0 of a peer who opened it. */
export function receiver(config: Partial<StreamConfig> = {}): StreamEnd {
  const end = new StreamEnd(false, config)
  end.streams.receive(open(0))
  end.listen()
  say(end)
  return end
}

/** Acknowledges every STREAM_OPEN of which the peer has not heard. */
export function settleOpen(end: StreamEnd): void {
  for (let packet = end.packet(); packet !== undefined; packet = end.packet()) end.acked(packet)
}

/** Bytes of streams in all of them. */
export function sum(frames: readonly StreamFrame[]): number {
  return frames.reduce((bytes, frame) => bytes + (frame.kind === 'stream' ? frame.data.length : 0), 0)
}
