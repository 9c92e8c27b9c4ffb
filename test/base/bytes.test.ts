// Byte strings: no read leaves its bounds, and writing is the inverse of reading.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { compareBytes, concat, equalBytes, fromHex, Reader, toHex, utf8, Writer } from '../../src/base/bytes.ts'

describe('Reader', () => {
  it('reads big-endian numbers and views', () => {
    const bytes = fromHex('01 0203 04050607 0008090a0b0c0d0e ffff')
    const reader = new Reader(bytes)
    expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).toEqual([1, 0x203, 0x4050607, 0x8090a0b0c0d0e])
    const view = reader.bytes(2)
    expect(view.buffer).toBe(bytes.buffer)
    expect(reader.remaining).toBe(0)
    expect(reader.failed).toBe(false)
  })

  it('reads a u32 with its top bit set as a positive number', () => {
    expect(new Reader(fromHex('ffffffff')).u32()).toBe(0xffffffff)
  })

  it('takes 2^53 - 1 and fails at 2^53', () => {
    expect(new Reader(fromHex('001fffffffffffff')).u64()).toBe(Number.MAX_SAFE_INTEGER)
    const reader = new Reader(fromHex('0020000000000000'))
    expect(reader.u64()).toBe(0)
    expect(reader.failed).toBe(true)
  })

  it('stays failed after one short read, and gives zeros and empty views from then on', () => {
    const reader = new Reader(fromHex('0102'))
    expect(reader.u32()).toBe(0)
    expect(reader.u8()).toBe(0)
    expect(reader.bytes(1)).toHaveLength(0)
    expect(reader.failed).toBe(true)
  })

  it('never reads past its end, whatever it is asked for', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('u8', 'u16', 'u32', 'u64', 'bytes', 'skip'), fc.nat(0xffff)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), steps, (bytes, cut, asked) => {
        const end = Math.min(cut, bytes.length)
        const reader = new Reader(bytes, 0, end)
        for (const [name, length] of asked) {
          if (name === 'bytes') expect(reader.bytes(length).length).toBeLessThanOrEqual(end)
          else if (name === 'skip') reader.skip(length)
          else reader[name]()
          expect(reader.offset).toBeLessThanOrEqual(end)
        }
      }),
    )
  })
})

describe('Writer', () => {
  it('writes what Reader reads', () => {
    const whole = fc.tuple(fc.nat(255), fc.nat(65535), fc.nat(0xffffffff), fc.maxSafeNat(), fc.uint8Array())
    fc.assert(
      fc.property(whole, ([a, b, c, d, tail]) => {
        const writer = new Writer().u8(a).u16(b).zeros(3).u32(c).u64(d).bytes(tail)
        expect(writer.length).toBe(18 + tail.length)
        const reader = new Reader(writer.finish())
        expect([reader.u8(), reader.u16()]).toEqual([a, b])
        reader.skip(3)
        expect([reader.u32(), reader.u64()]).toEqual([c, d])
        expect(reader.bytes(reader.remaining)).toEqual(tail)
      }),
    )
  })

  it('gives away what it has written, and begins again with other memory, whatever room it was told to have', () => {
    for (const capacity of [0, 1, 2, 3, undefined]) {
      const writer = new Writer(capacity).u16(0x102)
      const first = writer.finish()
      expect(writer.length).toBe(0)
      expect([first, writer.zeros(1).u8(9).finish(), first]).toEqual([
        Uint8Array.of(1, 2),
        Uint8Array.of(0, 9),
        Uint8Array.of(1, 2),
      ])
      expect(first.buffer.byteLength).toBe(2)
    }
  })

  it('refuses numbers that do not fit, as our own bug', () => {
    expect(() => new Writer().u8(256)).toThrow(InvariantError)
    expect(() => new Writer().u16(-1)).toThrow(InvariantError)
    expect(() => new Writer().u32(2 ** 32)).toThrow(InvariantError)
    expect(() => new Writer().u64(2 ** 53)).toThrow(InvariantError)
    expect(() => new Writer().u8(1.5)).toThrow(InvariantError)
  })
})

describe('byte strings', () => {
  it('turn to hexadecimal and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
      }),
    )
    expect(toHex(Uint8Array.of(0, 0x0f, 0xf0))).toBe('000ff0')
    expect(() => fromHex('abc')).toThrow(InvariantError)
    expect(() => fromHex('zz')).toThrow(InvariantError)
  })

  it('order as their hexadecimal does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
        const [x, y] = [toHex(a), toHex(b)]
        expect(Math.sign(compareBytes(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0)
        expect(equalBytes(a, b)).toBe(x === y)
      }),
    )
  })

  it('are equal, however long and wherever they lie, if no byte differs', () => {
    for (const length of [255, 256, 257, 259, 5_000]) {
      const bytes = Uint8Array.from({ length }, (_, at) => at)
      const shifted = concat(Uint8Array.of(9), bytes).subarray(1)
      expect(equalBytes(bytes, shifted)).toBe(true)
      expect(equalBytes(bytes, shifted.subarray(1))).toBe(false)
      for (const at of [0, 3, 254, length - 4, length - 1]) {
        const other = bytes.slice()
        other[at] = (other[at] ?? 0) ^ 0x80
        expect(equalBytes(other, shifted)).toBe(false)
      }
    }
  })

  it('join in order', () => {
    expect(toHex(concat(utf8('ä'), new Uint8Array(0), Uint8Array.of(1)))).toBe('c3a401')
  })
})
