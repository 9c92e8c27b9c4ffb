// The streams of one association at rest, as plain data: what a capsule carries of them (MOVING §7).

import type { Range } from '../../../base/ranges.ts'

/** What became of a frame that is sent until it is acknowledged: not due, due, under way, acknowledged. */
export type Delivery = 'idle' | 'queued' | 'sent' | 'acked'

/** All offsets and limits count bytes from the beginning of a stream, or of all streams; limits of streams count streams. */
export interface FrozenStreams {
  /** Streams of ours that were opened, and that are over: indices, which are ids without their lowest bit. */
  readonly opened: number
  readonly ownClosed: readonly Range[]
  readonly peerClosed: readonly Range[]
  /** What the peer allows: streams, and bytes of all streams; and how many of the bytes were sent. */
  readonly maxStreams: number
  readonly maxData: number
  readonly sent: number
  /** What the peer may do: streams it may open, and bytes. */
  readonly peerMaxStreams: number
  readonly window: FrozenWindow
  /** Lowest id first. */
  readonly streams: readonly FrozenStream[]
}

export interface FrozenWindow {
  /** What the peer was told. */
  readonly limit: number
  /** How far beyond what was consumed the limit is moved. */
  readonly size: number
  readonly consumed: number
  /** The highest offset that came, summed up where the window is that of all streams. */
  readonly received: number
}

export interface FrozenStream {
  readonly id: number
  /** Undefined of a stream whose data came before its STREAM_OPEN. */
  readonly ports: { readonly port: number; readonly sourcePort: number } | undefined
  /** True once its listener took it, or, of a stream of ours, once the peer was heard on it. */
  readonly accepted: boolean
  /** STREAM_OPEN of a stream of ours; idle of the peer's. */
  readonly open: Delivery
  readonly sending: FrozenSending
  readonly receiving: FrozenReceiving
}

/** RFC 9000 §3.1 without Ready and Send, which differ in nothing that is kept. */
export interface FrozenSending {
  readonly state: 'send' | 'data-sent' | 'data-recvd' | 'reset-sent' | 'reset-recvd'
  /** MAX_STREAM_DATA of the peer. */
  readonly limit: number
  /** All below was acknowledged; `bytes` is what is kept from there on. */
  readonly base: number
  readonly bytes: Uint8Array
  /** The highest offset that was sent, and what is acknowledged beyond `base`. */
  readonly sent: number
  readonly acked: readonly Range[]
  /** The FIN; idle if there is none. */
  readonly fin: Delivery
  /** RESET_STREAM; its final size is `sent`. */
  readonly reset: Delivery
  readonly resetCode: number
  /** The code of the peer's STOP_SENDING, if that is why. */
  readonly stopped: number | undefined
}

/** RFC 9000 §3.2; what is read and what is received differ by `window.consumed` alone. */
export interface FrozenReceiving {
  readonly window: FrozenWindow
  /** What came beyond `window.consumed`, and its bytes one after another. */
  readonly ranges: readonly Range[]
  readonly bytes: Uint8Array
  readonly finalSize: number | undefined
  /** The code of the peer's RESET_STREAM. */
  readonly reset: number | undefined
  /** STOP_SENDING of ours; while it is not idle nothing is given to the application any more. */
  readonly stop: Delivery
  readonly stopCode: number
}
