// Writes frames one behind the other into memory that somebody else owns: a packet before it is sealed.

import { assert } from '../base/assert.ts'
import { ACK_RANGES_MAX, type AckFrame, type Frame, FrameType } from './frame.ts'
import { VARINT_MAX, varintBytes, writeVarint } from './varint.ts'

const FIN = 0x01
const LENGTH = 0x02
const OFFSET = 0x04

/** Where the bytes of a stream come from: copied once, to where they are sealed. */
export interface StreamSource {
  copy(offset: number, target: Uint8Array, to: number, length: number): void
}

export class FrameWriter {
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #end: number
  #at: number

  /** Writes from `start` up to `end`, and nowhere else. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    assert(start >= 0 && start <= end && end <= bytes.length, 'a FrameWriter stays inside its bytes')
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#at = start
  }

  /** Where the next frame goes, counted from the start of the bytes given to the constructor. */
  get offset(): number {
    return this.#at
  }

  /** Bytes written. */
  get length(): number {
    return this.#at - this.#start
  }

  /** Bytes that are left. */
  get room(): number {
    return this.#end - this.#at
  }

  /** The frames so far, as a view. */
  get written(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#at)
  }

  /** Writes a whole frame; false, and nothing written, if there is no room for it. */
  write(frame: Frame): boolean {
    switch (frame.kind) {
      case 'padding':
        return this.#padding(frame.bytes)
      case 'ping':
        return this.#plain(FrameType.PING)
      case 'ack':
        return this.#ack(frame)
      case 'stream': {
        const { id, offset, data, fin } = frame
        if (this.room < streamHeaderBytes(id, offset, data.length) + data.length) return false
        this.#streamHeader(id, offset, data.length, fin)
        this.#bytes.set(data, this.#at)
        this.#at += data.length
        return true
      }
      case 'stream-open':
        return this.#open(frame.id, frame.port, frame.sourcePort)
      case 'reset-stream':
        return this.#plain(FrameType.RESET_STREAM, frame.id, frame.code, frame.finalSize)
      case 'stop-sending':
        return this.#plain(FrameType.STOP_SENDING, frame.id, frame.code)
      case 'max-stream-data':
      case 'stream-data-blocked':
        return this.#plain(LIMIT_TYPES[frame.kind], frame.id, frame.limit)
      case 'close-transport':
        return this.#plain(FrameType.CLOSE_TRANSPORT, frame.code)
      default:
        return this.#plain(LIMIT_TYPES[frame.kind], frame.limit)
    }
  }

  /** Writes a STREAM frame with `length` bytes of `source`, for which there is room: `streamHeaderBytes` + `length`. */
  stream(id: number, offset: number, length: number, fin: boolean, source: StreamSource): void {
    assert(this.room >= streamHeaderBytes(id, offset, length) + length, 'a STREAM frame fits the room there is')
    this.#streamHeader(id, offset, length, fin)
    source.copy(offset, this.#bytes, this.#at, length)
    this.#at += length
  }

  /** The length is always sent, two bytes at most: any frame, or padding, may follow. */
  #streamHeader(id: number, offset: number, length: number, fin: boolean): void {
    this.#bytes[this.#at++] = FrameType.STREAM | LENGTH | (offset > 0 ? OFFSET : 0) | (fin ? FIN : 0)
    this.#varint(id)
    if (offset > 0) this.#varint(offset)
    this.#varint(length)
  }

  #ack({ spi, delayMs, ranges }: AckFrame): boolean {
    const [first, ...more] = ranges
    assert(first !== undefined && ranges.length <= ACK_RANGES_MAX, 'an ACK has 1 to 64 ranges')
    const delay = Math.min(Math.max(0, Math.round(delayMs * 125)), VARINT_MAX)
    const numbers = [first.end - 1, delay, more.length, first.end - first.start - 1]
    let below = first.start
    for (const { start, end } of more) {
      assert(start < end && end < below, 'the ranges of an ACK fall and lie apart')
      numbers.push(below - end - 1, end - start - 1)
      below = start
    }
    let length = 5
    for (const number of numbers) length += varintBytes(number)
    if (this.room < length) return false
    this.#bytes[this.#at++] = FrameType.ACK
    this.#u16(spi >>> 16)
    this.#u16(spi & 0xffff)
    for (const number of numbers) this.#varint(number)
    return true
  }

  #open(id: number, port: number, sourcePort: number): boolean {
    if (this.room < 5 + varintBytes(id)) return false
    this.#bytes[this.#at++] = FrameType.STREAM_OPEN
    this.#varint(id)
    this.#u16(port)
    this.#u16(sourcePort)
    return true
  }

  #padding(bytes: number): boolean {
    if (this.room < bytes) return false
    this.#bytes.fill(FrameType.PADDING, this.#at, this.#at + bytes)
    this.#at += bytes
    return true
  }

  /** A type and variable-length integers. */
  #plain(type: number, ...numbers: readonly number[]): boolean {
    let length = 1
    for (const number of numbers) length += varintBytes(number)
    if (this.room < length) return false
    this.#bytes[this.#at++] = type
    for (const number of numbers) this.#varint(number)
    return true
  }

  #varint(value: number): void {
    this.#at = writeVarint(this.#bytes, this.#at, value)
  }

  #u16(value: number): void {
    this.#bytes[this.#at++] = value >>> 8
    this.#bytes[this.#at++] = value & 0xff
  }
}

const LIMIT_TYPES = {
  'max-data': FrameType.MAX_DATA,
  'max-stream-data': FrameType.MAX_STREAM_DATA,
  'max-streams': FrameType.MAX_STREAMS,
  'data-blocked': FrameType.DATA_BLOCKED,
  'stream-data-blocked': FrameType.STREAM_DATA_BLOCKED,
  'streams-blocked': FrameType.STREAMS_BLOCKED,
} as const

/** Bytes of the header of a STREAM frame. */
export function streamHeaderBytes(id: number, offset: number, length: number): number {
  return 1 + varintBytes(id) + (offset > 0 ? varintBytes(offset) : 0) + varintBytes(length)
}

/** The most data of one STREAM frame that `room` bytes hold; −1 if not even its header fits. */
export function streamDataBytes(room: number, id: number, offset: number): number {
  const fits = room - streamHeaderBytes(id, offset, 0)
  if (fits < 0x40) return fits
  // The length takes more bytes as it grows; between two sizes of it a byte or two may stay free.
  if (fits - 1 < 0x4000) return Math.max(0x3f, fits - 1)
  return Math.max(0x3fff, fits - 3)
}
