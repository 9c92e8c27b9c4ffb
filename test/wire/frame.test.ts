// The frames of the stream transport: bytes worked out by hand from their figures (RFC 9000 §16, §19 and docs/PROTOCOL.md), then
// round trips, then damage.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { fromHex, Reader, toHex } from '../../src/base/bytes.ts'
import { ACK_RANGES_MAX, type AckFrame, type Frame } from '../../src/wire/frame.ts'
import { decodeFrames } from '../../src/wire/frame-reader.ts'
import { FrameWriter, streamDataBytes, streamHeaderBytes } from '../../src/wire/frame-writer.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { readVarint, VARINT_MAX, varintBytes, writeVarint } from '../../src/wire/varint.ts'

function read(hex: string): readonly Frame[] {
  const frames = decodeFrames(fromHex(hex))
  if (isMalformed(frames)) throw new Error(frames.malformed)
  return frames
}

function written(frames: readonly Frame[], room = 100_000): Uint8Array {
  const writer = new FrameWriter(new Uint8Array(room))
  for (const frame of frames) expect(writer.write(frame)).toBe(true)
  return writer.written
}

describe('a variable-length integer', () => {
  // RFC 9000 appendix A.1.
  it.each([
    ['9d7f3e7d', 494_878_333],
    ['7bbd', 15_293],
    ['25', 37],
    ['4025', 37],
  ])('%s is %d, as the RFC has it', (hex, value) => {
    expect(readVarint(new Reader(fromHex(hex)))).toBe(value)
  })

  it('of 2^53 or more, such as the first example of the RFC, fails', () => {
    for (const hex of ['c2197c5eff14e88c', 'c020000000000000', 'ffffffffffffffff']) {
      const reader = new Reader(fromHex(hex))
      readVarint(reader)
      expect(reader.failed).toBe(true)
    }
  })

  it.each<[value: number, hex: string]>([
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16_383, '7fff'],
    [16_384, '80004000'],
    [2 ** 30 - 1, 'bfffffff'],
    [2 ** 30, 'c000000040000000'],
    [VARINT_MAX, 'c01fffffffffffff'],
  ])('of %d is written in its shortest form, %s', (value, hex) => {
    const bytes = new Uint8Array(10)
    const end = writeVarint(bytes, 1, value)
    expect([toHex(bytes.subarray(1, end)), varintBytes(value)]).toEqual([hex, hex.length / 2])
    expect(readVarint(new Reader(fromHex(hex)))).toBe(value)
  })

  it('is a whole number below 2^53 and is not written past the end: anything else is our own bug', () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => writeVarint(new Uint8Array(8), 0, value)).toThrow(InvariantError)
    }
    expect(() => writeVarint(new Uint8Array(8), 7, 64)).toThrow(InvariantError)
  })
})

describe('a frame', () => {
  const ranges = [
    { start: 0x4000, end: 0x4006 },
    { start: 0x3ff0, end: 0x3ffe },
  ]

  it.each<[hex: string, frame: Frame]>([
    ['00 00 00', { kind: 'padding', bytes: 3 }],
    ['01', { kind: 'ping' }],
    // Largest 0x4005, delay 100 × 8 µs, one more range; 6 numbers, then 2 missing, then 14.
    ['02 deadbeef 80004005 4064 01 05 01 0d', { kind: 'ack', spi: 0xdead_beef, delayMs: 0.8, ranges }],
    ['04 08 03 4400', { kind: 'reset-stream', id: 8, code: 3, finalSize: 0x400 }],
    ['05 09 01', { kind: 'stop-sending', id: 9, code: 1 }],
    ['0a 04 03 616263', { kind: 'stream', id: 4, offset: 0, data: fromHex('616263'), fin: false }],
    ['0f 04 4100 01 61', { kind: 'stream', id: 4, offset: 256, data: fromHex('61'), fin: true }],
    ['0b 04 00', { kind: 'stream', id: 4, offset: 0, data: fromHex(''), fin: true }],
    ['10 80100000', { kind: 'max-data', limit: 0x10_0000 }],
    ['11 02 80040000', { kind: 'max-stream-data', id: 2, limit: 0x4_0000 }],
    ['12 4100', { kind: 'max-streams', limit: 256 }],
    ['14 80100000', { kind: 'data-blocked', limit: 0x10_0000 }],
    ['15 02 80040000', { kind: 'stream-data-blocked', id: 2, limit: 0x4_0000 }],
    ['16 4100', { kind: 'streams-blocked', limit: 256 }],
    ['1c 0a', { kind: 'close-transport', code: 10 }],
    ['30 4041 01bb c000', { kind: 'stream-open', id: 65, port: 443, sourcePort: 0xc000 }],
  ])('%s is read and written', (hex, frame) => {
    expect(read(hex)).toEqual([frame])
    expect(toHex(written([frame]))).toBe(hex.replaceAll(' ', ''))
  })

  it('of a stream without a length goes to the end of the packet', () => {
    expect(read('01 0c 04 0a 6162')).toEqual([
      { kind: 'ping' },
      { kind: 'stream', id: 4, offset: 10, data: fromHex('6162'), fin: false },
    ])
  })

  it('gives its data as a view of the packet', () => {
    const packet = fromHex('0a04036162630a')
    const [frame] = decodeFrames(packet.subarray(0, 6)) as readonly Frame[]
    expect(frame?.kind === 'stream' && frame.data.buffer === packet.buffer && frame.data.byteOffset).toBe(3)
  })
})

describe('a packet is Malformed, and says where,', () => {
  it.each<[why: string, hex: string, at: number]>([
    ['without frames', '', 0],
    ['with a frame of no type', '01 03', 1],
    ['with a frame of two bytes of type', '4001', 0],
    ['with a varint of 2^53', '01 10 c020000000000000', 1],
    ['cut short in a field', '01 01 04 08', 2],
    ['cut short in a port', '30 00 0050 00', 0],
    ['with a stream longer than itself', '01 0a 04 05 61626364', 1],
    ['with a length of 2^53 − 1', '0a 04 c01fffffffffffff 61', 0],
    ['with a stream beyond 2^53', '0e 04 c01fffffffffffff 01 61', 0],
    ['with an ACK cut short in its ranges', '02 00000100 10 00 02 00 00', 0],
    ['with an ACK below number 0 at once', '02 00000100 05 00 00 06', 0],
    ['with an ACK below number 0 later', '02 00000100 05 00 01 01 01 02', 0],
    ['with an ACK of 65 ranges', `02 00000100 7fff 00 4040 00 ${'0000'.repeat(64)}`, 0],
    ['with an ACK of 2^53 − 1 ranges', '02 00000100 7fff 00 c01fffffffffffff 00', 0],
  ])('%s', (_why, hex, at) => {
    const found = decodeFrames(fromHex(hex))
    expect(found).toMatchObject({ malformed: expect.stringMatching(/./), at })
  })
})

const number = fc.oneof(fc.nat(100), fc.nat(0x1_0000), fc.maxSafeNat())
const ack: fc.Arbitrary<AckFrame> = fc
  .record({
    spi: fc.nat(0xffff_ffff),
    units: fc.nat(2 ** 30),
    runs: fc.array(fc.tuple(fc.nat(300), fc.nat(300)), { minLength: 1, maxLength: ACK_RANGES_MAX, size: 'max' }),
    base: fc.nat(2 ** 40),
  })
  .map(({ spi, units, runs, base }) => {
    let at = base
    const ranges = runs.map(([gap, length]) => {
      const start = at + gap + 1
      at = start + length + 1
      return { start, end: at }
    })
    return { kind: 'ack', spi, delayMs: units / 125, ranges: ranges.reverse() }
  })
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.constant({ kind: 'ping' } as const),
  ack,
  fc.record({
    kind: fc.constant('stream' as const),
    id: number,
    offset: number.map((n) => Math.floor(n / 2)),
    data: fc.uint8Array({ maxLength: 100 }),
    fin: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('stream-open' as const),
    id: number,
    port: fc.nat(0xffff),
    sourcePort: fc.nat(0xffff),
  }),
  fc.record({ kind: fc.constant('reset-stream' as const), id: number, code: number, finalSize: number }),
  fc.record({ kind: fc.constant('stop-sending' as const), id: number, code: number }),
  fc.record({
    kind: fc.constantFrom(
      'max-data' as const,
      'max-streams' as const,
      'data-blocked' as const,
      'streams-blocked' as const,
    ),
    limit: number,
  }),
  fc.record({
    kind: fc.constantFrom('max-stream-data' as const, 'stream-data-blocked' as const),
    id: number,
    limit: number,
  }),
  fc.record({ kind: fc.constant('close-transport' as const), code: number }),
)

describe('any frames', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 12 }), (frames) => {
        expect(decodeFrames(written(frames))).toEqual(frames)
      }),
    )
  })

  it('that are damaged or made up are read or Malformed, and never throw', () => {
    const damaged = fc
      .tuple(fc.array(frame, { minLength: 1, maxLength: 6 }), fc.nat(), fc.nat(255), fc.nat())
      .map(([frames, at, byte, cut]) => {
        const bytes = written(frames).slice()
        bytes[at % bytes.length] = byte
        return bytes.subarray(0, 1 + (cut % bytes.length))
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const found = decodeFrames(bytes)
        if (isMalformed(found)) {
          expect(found.at).toBeGreaterThanOrEqual(0)
          expect(found.at).toBeLessThanOrEqual(bytes.length)
          return
        }
        for (const one of found) {
          if (one.kind === 'ack') expect(one.ranges.length).toBeLessThanOrEqual(ACK_RANGES_MAX)
          if (one.kind === 'stream') expect(one.offset + one.data.length).toBeLessThanOrEqual(VARINT_MAX)
        }
        // What was read says the same once more, in its shortest form.
        expect(decodeFrames(written(found))).toEqual(found)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a writer', () => {
  it('writes a frame whole or not at all, and nothing outside its limits', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.nat(60), fc.nat(120), (frames, start, room) => {
        const bytes = new Uint8Array(200).fill(0xee)
        const writer = new FrameWriter(bytes, start, start + room)
        const kept = frames.filter((one) => {
          const { offset } = writer
          const fits = written([one]).length <= writer.room
          expect(writer.write(one)).toBe(fits)
          if (!fits) expect(writer.offset).toBe(offset)
          return fits
        })
        expect(bytes.subarray(0, start).every((byte) => byte === 0xee)).toBe(true)
        expect(bytes.subarray(start + room).every((byte) => byte === 0xee)).toBe(true)
        expect([...writer.written]).toEqual([...written(kept)])
        expect([writer.length, writer.offset]).toEqual([writer.written.length, start + writer.written.length])
      }),
    )
  })

  it('knows how much data a room holds: one byte more, or two where the length grows, would not fit', () => {
    for (const [id, offset] of [
      [0, 0],
      [100, 70_000],
    ] as const) {
      for (let room = 0; room < 17_000; room += room < 300 || room > 16_000 ? 1 : 97) {
        const fits = streamDataBytes(room, id, offset)
        if (fits < 0) {
          expect(streamHeaderBytes(id, offset, 0)).toBeGreaterThan(room)
          continue
        }
        const length = (data: number) => streamHeaderBytes(id, offset, data) + data
        expect(length(fits)).toBeLessThanOrEqual(room)
        expect(length(fits + 1)).toBeGreaterThan(room)
      }
    }
  })

  it('refuses ranges that are none, too many, or in the wrong order: that is our own bug', () => {
    const range = (start: number) => ({ start, end: start + 1 })
    const many = Array.from({ length: ACK_RANGES_MAX + 1 }, (_, index) => range(1_000 - 2 * index))
    for (const ranges of [[], many, [range(1), range(5)], [range(6), range(5)]]) {
      const writer = new FrameWriter(new Uint8Array(1_000))
      expect(() => writer.write({ kind: 'ack', spi: 256, delayMs: 0, ranges })).toThrow(InvariantError)
    }
  })
})
