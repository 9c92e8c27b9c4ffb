// Reads frames (see frame.ts). A packet is read whole before any of it counts, so that one bad frame leaves nothing half done.

import { Reader } from '../base/bytes.ts'
import { ACK_RANGES_MAX, type AckFrame, type Frame, FrameType, type StreamDataFrame } from './frame.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'
import { readVarint, VARINT_MAX } from './varint.ts'

const FIN = 0x01
const LENGTH = 0x02
const OFFSET = 0x04

/**
 * All frames of a packet in their order, data as views of it; or what is wrong, and at which byte. An empty packet is wrong. The packet is
 * the first `length` bytes of `payload`.
 */
export function decodeFrames(payload: Uint8Array, length: number = payload.length): readonly Frame[] | Malformed {
  if (length === 0) return malformed('a packet without frames', 0)
  const reader = new Reader(payload, 0, length)
  const frames: Frame[] = []
  while (reader.remaining > 0) {
    const at = reader.offset
    const frame = readFrame(reader, payload)
    if (isMalformed(frame)) return frame
    if (reader.failed) return malformed(`a frame ${frame.kind} is cut short, or has a number of 2^53 or more`, at)
    frames.push(frame)
  }
  return frames
}

function readFrame(reader: Reader, payload: Uint8Array): Frame | Malformed {
  const at = reader.offset
  const type = reader.u8()
  if ((type & ~7) === FrameType.STREAM) return readStream(reader, type, at)
  switch (type) {
    case FrameType.PADDING:
      return readPadding(reader, payload)
    case FrameType.PING:
      return { kind: 'ping' }
    case FrameType.ACK:
      return readAck(reader, at)
    case FrameType.RESET_STREAM:
      return { kind: 'reset-stream', id: readVarint(reader), code: readVarint(reader), finalSize: readVarint(reader) }
    case FrameType.STOP_SENDING:
      return { kind: 'stop-sending', id: readVarint(reader), code: readVarint(reader) }
    case FrameType.MAX_DATA:
      return { kind: 'max-data', limit: readVarint(reader) }
    case FrameType.MAX_STREAM_DATA:
      return { kind: 'max-stream-data', id: readVarint(reader), limit: readVarint(reader) }
    case FrameType.MAX_STREAMS:
      return { kind: 'max-streams', limit: readVarint(reader) }
    case FrameType.DATA_BLOCKED:
      return { kind: 'data-blocked', limit: readVarint(reader) }
    case FrameType.STREAM_DATA_BLOCKED:
      return { kind: 'stream-data-blocked', id: readVarint(reader), limit: readVarint(reader) }
    case FrameType.STREAMS_BLOCKED:
      return { kind: 'streams-blocked', limit: readVarint(reader) }
    case FrameType.CLOSE_TRANSPORT:
      return { kind: 'close-transport', code: readVarint(reader) }
    case FrameType.STREAM_OPEN:
      return { kind: 'stream-open', id: readVarint(reader), port: reader.u16(), sourcePort: reader.u16() }
    default:
      return malformed(`no frame has type 0x${type.toString(16).padStart(2, '0')}`, at)
  }
}

/** A run of padding is one frame, so that a packet of nothing else costs no more than another. */
function readPadding(reader: Reader, payload: Uint8Array): Frame {
  const start = reader.offset
  const limit = start + reader.remaining
  let end = start
  while (end < limit && payload[end] === FrameType.PADDING) end++
  reader.skip(end - start)
  return { kind: 'padding', bytes: end - start + 1 }
}

function readStream(reader: Reader, type: number, at: number): StreamDataFrame | Malformed {
  const id = readVarint(reader)
  const offset = (type & OFFSET) === 0 ? 0 : readVarint(reader)
  const length = (type & LENGTH) === 0 ? reader.remaining : readVarint(reader)
  const data = reader.bytes(length)
  if (offset + data.length > VARINT_MAX) return malformed('a stream reaches beyond 2^53', at)
  return { kind: 'stream', id, offset, data, fin: (type & FIN) !== 0 }
}

function readAck(reader: Reader, at: number): AckFrame | Malformed {
  const spi = reader.u32()
  const largest = readVarint(reader)
  const delayMs = readVarint(reader) / 125
  const more = readVarint(reader)
  if (more >= ACK_RANGES_MAX) return malformed(`an ACK of more than ${ACK_RANGES_MAX} ranges`, at)
  let start = largest - readVarint(reader)
  const ranges = [{ start, end: largest + 1 }]
  for (let count = 0; count < more && !reader.failed; count++) {
    const end = start - 1 - readVarint(reader)
    start = end - readVarint(reader) - 1
    ranges.push({ start, end })
  }
  if (start < 0) return malformed('an ACK reaches below number 0', at)
  return { kind: 'ack', spi, delayMs, ranges }
}
