// The edges of writing and reading frames: a frame that fills its room to the last byte, a stream that is copied to where it is
// sealed, and padding that something follows.

import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { decodeFrames } from '../../src/wire/frame-reader.ts'
import { FrameWriter, type StreamSource, streamHeaderBytes } from '../../src/wire/frame-writer.ts'
import { VARINT_MAX, writeVarint } from '../../src/wire/varint.ts'

const dirty = (length: number): Uint8Array => new Uint8Array(length).fill(0xee)

describe('a frame', () => {
  it.each<readonly [hex: string, frame: Frame]>([
    ['00000000', { kind: 'padding', bytes: 4 }],
    ['01', { kind: 'ping' }],
    ['020000010005000005', { kind: 'ack', spi: 256, delayMs: 0, ranges: [{ start: 0, end: 6 }] }],
    ['04080301', { kind: 'reset-stream', id: 8, code: 3, finalSize: 1 }],
    ['050901', { kind: 'stop-sending', id: 9, code: 1 }],
    ['0a0403616263', { kind: 'stream', id: 4, offset: 0, data: fromHex('616263'), fin: false }],
    ['0f0441000161', { kind: 'stream', id: 4, offset: 256, data: fromHex('61'), fin: true }],
    ['124100', { kind: 'max-streams', limit: 256 }],
    ['110201', { kind: 'max-stream-data', id: 2, limit: 1 }],
    ['1c0a', { kind: 'close-transport', code: 10 }],
    ['30404101bbc000', { kind: 'stream-open', id: 65, port: 443, sourcePort: 0xc000 }],
  ])('%s fits as many bytes as it has, and leaves fewer as they were', (hex, frame) => {
    const length = hex.length / 2
    const bytes = dirty(length + 2)
    const writer = new FrameWriter(bytes, 1, 1 + length)
    expect(writer.write(frame)).toBe(true)
    expect(toHex(bytes)).toBe(`ee${hex}ee`)
    expect([writer.room, writer.length, writer.offset]).toEqual([0, length, 1 + length])
    const short = dirty(length)
    const full = new FrameWriter(short, 0, length - 1)
    expect(full.write(frame)).toBe(false)
    expect([toHex(short), full.length]).toEqual(['ee'.repeat(length), 0])
  })
})

describe('a stream that is copied from where it is kept', () => {
  // Byte n of the stream is n, modulo 256.
  const source: StreamSource = {
    copy: (offset, target, to, length) => {
      for (let index = 0; index < length; index++) target[to + index] = offset + index
    },
  }

  it.each([
    ['from its beginning, without an offset', '0a0403000102', 0, 3, false],
    ['from further on', '0e044105020506', 261, 2, false],
    ['to its end', '0f0441060106', 262, 1, true],
    ['with nothing left but its end', '0f04410700', 263, 0, true],
  ])('%s, fills its room and goes nowhere else', (_what, hex, offset, length, fin) => {
    const bytes = dirty(hex.length / 2 + 2)
    const writer = new FrameWriter(bytes, 1, bytes.length - 1)
    expect(streamHeaderBytes(4, offset, length)).toBe(hex.length / 2 - length)
    writer.stream(4, offset, length, fin, source)
    expect(toHex(bytes)).toBe(`ee${hex}ee`)
    expect([writer.room, toHex(writer.written)]).toEqual([0, hex])
    const full = new FrameWriter(dirty(hex.length / 2), 0, hex.length / 2 - 1)
    expect(() => full.stream(4, offset, length, fin, source)).toThrow(InvariantError)
    expect(full.length).toBe(0)
  })

  it('may be followed by whatever has room behind it', () => {
    const writer = new FrameWriter(dirty(20))
    writer.stream(4, 0, 3, false, source)
    expect(writer.write({ kind: 'ping' })).toBe(true)
    expect(toHex(writer.written)).toBe('0a040300010201')
  })
})

describe('a packet', () => {
  it('may go on behind padding, and ends where it is said to end', () => {
    const ping = { kind: 'ping' }
    expect(decodeFrames(fromHex('000001'))).toEqual([{ kind: 'padding', bytes: 2 }, ping])
    expect(decodeFrames(fromHex('01000001'))).toEqual([ping, { kind: 'padding', bytes: 2 }, ping])
    expect(decodeFrames(fromHex('0000000000'), 3)).toEqual([{ kind: 'padding', bytes: 3 }])
    expect(decodeFrames(fromHex('0100000000'), 2)).toEqual([ping, { kind: 'padding', bytes: 1 }])
  })

  it('may hold the last byte that a stream can have', () => {
    // An offset of 2^53 - 2 and one byte: the stream ends at 2^53 - 1, the largest number there is.
    const data = fromHex('61')
    const last = { kind: 'stream', id: 4, offset: VARINT_MAX - 1, data, fin: true } as const
    expect(decodeFrames(fromHex('0f04c01ffffffffffffe0161'))).toEqual([last])
    const end = { kind: 'stream', id: 4, offset: VARINT_MAX, data: fromHex(''), fin: true } as const
    expect(decodeFrames(fromHex('0f04c01fffffffffffff00'))).toEqual([end])
    expect(decodeFrames(fromHex('0f04c01fffffffffffff0161'))).toMatchObject({ at: 0 })
  })

  it('may acknowledge down to number 0, in its first range and in a later one, and not below (RFC 9000 §19.3.1)', () => {
    const ranges = (hex: string) => decodeFrames(fromHex(`0200000100${hex}`))
    expect(ranges('05000005')).toMatchObject([{ ranges: [{ start: 0, end: 6 }] }])
    // Largest 5, alone; 2 missing, 4 and 3; then 2 to 0.
    const two = [
      { start: 5, end: 6 },
      { start: 0, end: 3 },
    ]
    expect(ranges('050001000102')).toMatchObject([{ ranges: two }])
    expect(ranges('05000006')).toMatchObject({ at: 0 })
    expect(ranges('050001000103')).toMatchObject({ at: 0 })
  })
})

describe('our own mistakes assert', () => {
  it.each([
    ['a writer from before its bytes', -1, 4],
    ['a writer from far before its bytes to behind them', -1, 11],
    ['a writer that ends before it begins', 3, 2],
    ['a writer that begins and ends behind its bytes', 11, 11],
    ['a writer that ends behind its bytes', 0, 11],
  ])('%s', (_what, start, end) => {
    expect(() => new FrameWriter(new Uint8Array(10), start, end)).toThrow(InvariantError)
  })

  it.each([
    ['touches the one above it', { start: 4, end: 5 }],
    ['reaches into the one above it', { start: 4, end: 6 }],
    ['is empty', { start: 3, end: 3 }],
    ['runs backwards', { start: 4, end: 3 }],
    ['touches the one above it and is empty', { start: 5, end: 5 }],
  ])('an ACK of which a range %s, before anything is written', (_what, range) => {
    const writer = new FrameWriter(dirty(100))
    const frame = { kind: 'ack', spi: 256, delayMs: 0, ranges: [{ start: 5, end: 6 }, range] } as const
    expect(() => writer.write(frame)).toThrow(InvariantError)
    expect(writer.length).toBe(0)
  })

  it('a number written where it has no room; but it may fill what there is', () => {
    const bytes = dirty(2)
    expect([writeVarint(bytes, 1, 5), toHex(bytes)]).toEqual([2, 'ee05'])
    expect([writeVarint(bytes, 0, 64), toHex(bytes)]).toEqual([2, '4040'])
    expect(() => writeVarint(bytes, 1, 64)).toThrow(InvariantError)
    expect(() => writeVarint(bytes, 2, 5)).toThrow(InvariantError)
  })
})
