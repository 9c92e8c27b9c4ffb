// The frames of the stream transport (ESP next header 253), in the style of RFC 9000 §19. What carries them is the sealed part of
// an ESP packet, so each is authentic, and the ESP sequence number is the packet number that ACK speaks of.

import type { Range } from '../base/ranges.ts'

/** The first byte of each frame; of STREAM the lowest of eight, whose three low bits are flags. */
export const FrameType = {
  PADDING: 0x00,
  PING: 0x01,
  ACK: 0x02,
  RESET_STREAM: 0x04,
  STOP_SENDING: 0x05,
  STREAM: 0x08,
  MAX_DATA: 0x10,
  MAX_STREAM_DATA: 0x11,
  MAX_STREAMS: 0x12,
  DATA_BLOCKED: 0x14,
  STREAM_DATA_BLOCKED: 0x15,
  STREAMS_BLOCKED: 0x16,
  CLOSE_TRANSPORT: 0x1c,
  STREAM_OPEN: 0x30,
} as const

/** Why an end closes the transport: the numbers of RFC 9000 §20.1. */
export const TransportError = {
  FLOW_CONTROL: 0x3,
  STREAM_LIMIT: 0x4,
  STREAM_STATE: 0x5,
  FINAL_SIZE: 0x6,
  FRAME_ENCODING: 0x7,
  PROTOCOL_VIOLATION: 0xa,
} as const

/** Why an end abandons a stream, in RESET_STREAM and STOP_SENDING. */
export const StreamCode = {
  NO_ERROR: 0,
  /** Nobody listens on the port. */
  PORT_CLOSED: 1,
  /** The access rules of the port say no. */
  REFUSED: 2,
  /** Whoever held the stream destroyed it. */
  CANCELLED: 3,
  PROTOCOL: 4,
} as const

/** Ranges in one ACK. */
export const ACK_RANGES_MAX = 64

/** A run of zero bytes. */
export interface PaddingFrame {
  readonly kind: 'padding'
  readonly bytes: number
}

export interface PingFrame {
  readonly kind: 'ping'
}

/** RFC 9000 §19.3, of the packets of one SA. */
export interface AckFrame {
  readonly kind: 'ack'
  /** The SPI under which the acknowledged packets came. */
  readonly spi: number
  /** How long the largest of them lay before this was written; on the wire in units of 8 µs. */
  readonly delayMs: number
  /** 1 to ACK_RANGES_MAX ranges of sequence numbers, highest first, apart from each other. */
  readonly ranges: readonly Range[]
}

/** STREAM (RFC 9000 §19.8). `data` is a view of the packet: copy what is kept. */
export interface StreamDataFrame {
  readonly kind: 'stream'
  readonly id: number
  readonly offset: number
  readonly data: Uint8Array
  readonly fin: boolean
}

/** Ours: names the ports of a stream, beside its data. Ports are 0 to 65,535. */
export interface StreamOpenFrame {
  readonly kind: 'stream-open'
  readonly id: number
  readonly port: number
  readonly sourcePort: number
}

export interface ResetStreamFrame {
  readonly kind: 'reset-stream'
  readonly id: number
  readonly code: number
  readonly finalSize: number
}

export interface StopSendingFrame {
  readonly kind: 'stop-sending'
  readonly id: number
  readonly code: number
}

/** MAX_DATA and DATA_BLOCKED count bytes of all streams, MAX_STREAMS and STREAMS_BLOCKED streams, always from the beginning. */
export interface LimitFrame {
  readonly kind: 'max-data' | 'max-streams' | 'data-blocked' | 'streams-blocked'
  readonly limit: number
}

/** MAX_STREAM_DATA and STREAM_DATA_BLOCKED: an offset in one stream. */
export interface StreamLimitFrame {
  readonly kind: 'max-stream-data' | 'stream-data-blocked'
  readonly id: number
  readonly limit: number
}

export interface CloseTransportFrame {
  readonly kind: 'close-transport'
  readonly code: number
}

/** The frames that are about streams. */
export type StreamFrame =
  | StreamDataFrame
  | StreamOpenFrame
  | ResetStreamFrame
  | StopSendingFrame
  | LimitFrame
  | StreamLimitFrame

export type Frame = PaddingFrame | PingFrame | AckFrame | StreamFrame | CloseTransportFrame
