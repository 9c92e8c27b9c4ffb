// Limits of streams. Those that both ends must agree on are protocol constants; the rest is ours to choose.

/** What the peer may send before it has heard a limit; a second implementation must know these (RFC 9000 §18.2 negotiates them). */
export const STREAM_START = {
  /** MAX_DATA: bytes of all streams. */
  maxData: 1_048_576,
  /** MAX_STREAM_DATA: bytes of each stream. */
  maxStreamData: 262_144,
  /** MAX_STREAMS: streams that the other end may have opened. */
  maxStreams: 256,
  /** Bytes of a stream that may be sent before its STREAM_OPEN is acknowledged: so much waits at the other end if that is lost. */
  unopenedBytes: 65_536,
} as const

export interface StreamConfig {
  /** Receive windows grow up to these, while there is room for more to wait: of a stream, and of all together. */
  readonly streamWindowBytesMax: number
  readonly associationWindowBytesMax: number
  /** Separate pieces of one stream that wait for what lies before them. More is a violation. */
  readonly streamPiecesMax: number
  /** Streams of ours that are open at once, whatever the peer would allow. */
  readonly streamsMax: number
  /** Bytes of one stream, unsent or unacknowledged, above which the writer is asked to wait. */
  readonly sendHighWaterBytes: number
  /** What waits on all streams of all peers, unread, unsent or unacknowledged: with everything else it must fit a capsule. */
  readonly waitingBytesMax: number
}

export const STREAM_DEFAULTS: StreamConfig = {
  streamWindowBytesMax: 6_291_456,
  associationWindowBytesMax: 25_165_824,
  streamPiecesMax: 4_096,
  streamsMax: 4_096,
  sendHighWaterBytes: 2_097_152,
  waitingBytesMax: 25_165_824,
}
