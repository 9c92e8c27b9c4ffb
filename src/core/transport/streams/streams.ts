// The streams of one association (RFC 9000 §2–§4): commands of the application and frames of the peer in, frames and events out.

import type { StreamFrame } from '../../../wire/frame.ts'
import type { FrameWriter } from '../../../wire/frame-writer.ts'
import type { StreamConfig } from '../config.ts'
import type { FrozenStreams } from './frozen-streams.ts'

export interface StreamsOptions {
  readonly config: StreamConfig
  /** True of the end with the numerically greater HIT: bit 0 of its streams is 0. */
  readonly even: boolean
}

/** What was written into a packet, to be told again when the packet is acknowledged or lost. */
export type SentFrame =
  | {
      readonly kind: 'stream'
      readonly id: number
      readonly offset: number
      readonly length: number
      readonly fin: boolean
    }
  | { readonly kind: 'stream-open' | 'reset-stream' | 'stop-sending'; readonly id: number }
  | { readonly kind: 'max-stream-data' | 'stream-data-blocked'; readonly id: number; readonly limit: number }
  | { readonly kind: 'max-data' | 'max-streams' | 'data-blocked' | 'streams-blocked'; readonly limit: number }

/** What the application is told. Of one stream they come in the order of this list. */
export type StreamEvent =
  /** The peer opened a stream: answer with `accept` or `refuse`. */
  | { readonly kind: 'opened'; readonly id: number; readonly port: number; readonly sourcePort: number }
  /** The first word of the peer on a stream of ours, unless that is a refusal. */
  | { readonly kind: 'accepted'; readonly id: number }
  /** Views of memory that is not written to again. */
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'reset'; readonly id: number; readonly code: number }
  /** The peer wants no more of this stream: what was not sent is dropped. */
  | { readonly kind: 'stopped'; readonly id: number; readonly code: number }
  /** Less than the high-water mark is buffered again. */
  | { readonly kind: 'writable'; readonly id: number }
  /** Everything up to our FIN is acknowledged. */
  | { readonly kind: 'finished'; readonly id: number }
  /** Both directions are over, and the stream is forgotten. */
  | { readonly kind: 'closed'; readonly id: number }
  /** `open` said 'limit', and would not any more. */
  | { readonly kind: 'openable' }

/** One stream as `list` shows it. */
export interface StreamView {
  readonly id: number
  readonly port: number
  readonly sourcePort: number
  /** True if this end opened it. */
  readonly opener: boolean
  readonly accepted: boolean
  /** Bytes unsent or unacknowledged. */
  readonly buffered: number
  /** True until `end`, `reset` or the peer's STOP_SENDING. */
  readonly writable: boolean
  /** True until the end, the peer's RESET_STREAM or `stop`. */
  readonly readable: boolean
}

export declare class Streams {
  constructor(options: StreamsOptions)
  /** A new stream to `port`, by its id; 'limit' where the peer or our own configuration allows no more at present. */
  open(port: number, sourcePort: number): number | 'limit'
  /** Copies `bytes`. 'full' and nothing taken beyond `sendBytesMax`; 'over' if nothing can be sent on the stream any more. */
  write(id: number, bytes: Uint8Array): 'taken' | 'high' | 'full' | 'over'
  end(id: number): void
  reset(id: number, code: number): void
  stop(id: number, code: number): void
  /** The application has taken `bytes` more of what events gave it. `rttMs`: smoothed, 0 if unknown. */
  consumed(now: number, id: number, bytes: number, rttMs: number): void
  accept(id: number): void
  refuse(id: number, code: number): void
  buffered(id: number): number
  list(): readonly StreamView[]
  /** Takes a frame; a code of TransportError is a violation, after which the transport is closed. */
  receive(now: number, frame: StreamFrame): number | undefined
  readonly wantsToSend: boolean
  fill(writer: FrameWriter): readonly SentFrame[]
  acked(frame: SentFrame): void
  lost(frame: SentFrame): void
  requeueAll(): void
  events(): readonly StreamEvent[]
  freeze(): FrozenStreams
  static thaw(frozen: FrozenStreams, options: StreamsOptions): Streams
}
