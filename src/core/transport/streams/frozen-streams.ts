// The streams of one association at rest, as plain data: what a capsule carries of them (MOVING §7).

import type { Range } from '../../../base/ranges.ts'
import type { Delivery } from './delivery.ts'

/** All offsets and limits of bytes count from the beginning of a stream, or of all streams; limits of streams count streams. */
export interface FrozenStreams {
  readonly ids: FrozenStreamIds
  /** MAX_DATA of the peer, and how many bytes of all streams were sent. */
  readonly maxData: number
  readonly sent: number
  /** Of all streams together. */
  readonly window: FrozenWindow
  /** Those that are not over, lowest id first. */
  readonly streams: readonly FrozenStream[]
}

export interface FrozenStreamIds {
  /** Streams of ours that were opened, and how many the peer allows. */
  readonly opened: number
  readonly maxStreams: number
  /** How many the peer may open. */
  readonly peerMaxStreams: number
  /** Streams that are over, by their indices: ids without the lowest bit. */
  readonly ownClosed: readonly Range[]
  readonly peerClosed: readonly Range[]
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
  /** True once `accept` or `refuse` was said; of a stream of ours, once the peer was heard on it. */
  readonly accepted: boolean
  /** STREAM_OPEN of a stream of ours; idle of the peer's. */
  readonly open: Delivery
  readonly sending: FrozenSending
  readonly receiving: FrozenReceiving
}

/** The sending part; its state (RFC 9000 §3.1) follows from what is here. */
export interface FrozenSending {
  /** MAX_STREAM_DATA of the peer. */
  readonly limit: number
  /** All below was acknowledged; `bytes` is what was written from there on. */
  readonly base: number
  readonly bytes: Uint8Array
  /** The highest offset that was sent, and what of it is acknowledged beyond `base`. */
  readonly sent: number
  readonly acked: readonly Range[]
  /** The FIN; idle if there is none. */
  readonly fin: Delivery
  /** RESET_STREAM, whose final size is `sent`; while it is not idle nothing else goes out. */
  readonly reset: Delivery
  readonly resetCode: number
  /** The code of the peer's STOP_SENDING, if that is why. */
  readonly stopped: number | undefined
}

/** The receiving part; its state (RFC 9000 §3.2) follows from what is here. */
export interface FrozenReceiving {
  readonly window: FrozenWindow
  /** What came beyond `window.consumed`, and its bytes one after another. */
  readonly ranges: readonly Range[]
  readonly bytes: Uint8Array
  readonly finalSize: number | undefined
  /** The code of the peer's RESET_STREAM. */
  readonly reset: number | undefined
  /** True if the application wants nothing more of it. */
  readonly unwanted: boolean
  /** STOP_SENDING of ours. */
  readonly stop: Delivery
  readonly stopCode: number
}
