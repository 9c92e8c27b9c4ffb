// Variable-length integers (RFC 9000 §16), of which only those below 2^53 are numbers here: nothing that is counted comes near.

import { assert } from '../base/assert.ts'
import type { Reader } from '../base/bytes.ts'

/** The largest value that is read or written. */
export const VARINT_MAX = Number.MAX_SAFE_INTEGER

/** Bytes of the shortest form of `value`: 1, 2, 4 or 8. */
export function varintBytes(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1
  if (value < 0x4000) return 2
  return value < 0x4000_0000 ? 4 : 8
}

/** Writes the shortest form of `value` at `at` and gives the offset behind it; the caller has seen to the room. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  assert(Number.isSafeInteger(value) && value >= 0, 'a variable-length integer is a whole number below 2^53')
  const length = varintBytes(value)
  assert(at + length <= bytes.length, 'a variable-length integer is written where there is room for it')
  switch (length) {
    case 1:
      bytes[at] = value
      break
    case 2:
      bytes[at] = 0x40 | (value >>> 8)
      bytes[at + 1] = value
      break
    case 4:
      put32(bytes, at, 0x8000_0000 | value)
      break
    case 8:
      put32(bytes, at, 0xc000_0000 | Math.floor(value / 0x1_0000_0000))
      put32(bytes, at + 4, value >>> 0)
  }
  return at + length
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Reads one of any form, the shortest or not. A value of 2^53 or more makes the reader fail, like a short read. */
export function readVarint(reader: Reader): number {
  const first = reader.u8()
  const top = first & 0x3f
  switch (first >>> 6) {
    case 0:
      return top
    case 1:
      return top * 0x100 + reader.u8()
    case 2:
      return top * 0x100_0000 + reader.u8() * 0x1_0000 + reader.u16()
    default:
      return readLong(reader, top)
  }
}

function readLong(reader: Reader, top: number): number {
  const high = top * 0x100_0000 + reader.u8() * 0x1_0000 + reader.u16()
  const low = reader.u32()
  if (high < 0x20_0000) return high * 0x1_0000_0000 + low
  reader.failed = true
  return 0
}
