// The one encoding of a value in deterministic CBOR (RFC 8949 §4.2.1), counted first and then written into memory of exactly that
// length: of what is secret nothing stays behind in a buffer that is used again. A process that moves writes a dozen of them while
// it stands still, and cborg, which reads them, takes ten times as long to write, because it can write anything.

import { assert } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'
import type { CborValue } from './cbor.ts'

/** The one encoding of a value. Anything but a CborValue is our bug (InvariantError). */
export function encodeCbor(value: CborValue): Uint8Array {
  const bytes = new Uint8Array(lengthOf(value))
  const end = write(bytes, 0, value)
  assert(end === bytes.length, 'a CBOR value is as long as it was counted')
  return bytes
}

// The major types (RFC 8949 §3.1), where they stand in the first byte.
const UINT = 0x00
const NEGINT = 0x20
const BYTES = 0x40
const TEXT = 0x60
const ARRAY = 0x80
const MAP = 0xa0
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

function lengthOf(value: CborValue): number {
  if (value === null || typeof value === 'boolean') return 1
  if (typeof value === 'number') return headLength(argumentOf(value))
  if (value instanceof Uint8Array) return headLength(value.length) + value.length
  if (typeof value === 'string') {
    const { length } = utf8(value)
    return headLength(length) + length
  }
  assert(typeof value === 'object', `CBOR records hold no ${typeof value}: what is not there is null`)
  if (isArray(value)) return value.reduce<number>((sum, item) => sum + lengthOf(item), headLength(value.length))
  assert(value instanceof Map, 'CBOR records hold no objects but maps')
  let sum = headLength(value.size)
  for (const [key, item] of value) sum += headLength(argumentOf(key)) + lengthOf(item)
  return sum
}

/** Returns where it ends. */
function write(into: Uint8Array, at: number, value: CborValue): number {
  if (value === null) return writeByte(into, at, NULL)
  if (typeof value === 'boolean') return writeByte(into, at, value ? TRUE : FALSE)
  if (typeof value === 'number') return writeNumber(into, at, value)
  if (value instanceof Uint8Array) return writeBytes(into, at, BYTES, value)
  if (typeof value === 'string') return writeBytes(into, at, TEXT, utf8(value))
  let end = writeHead(into, at, isArray(value) ? ARRAY : MAP, isArray(value) ? value.length : value.size)
  if (isArray(value)) {
    for (const item of value) end = write(into, end, item)
    return end
  }
  for (const [key, item] of [...value].sort(inOrder)) end = write(into, writeNumber(into, end, key), item)
  return end
}

function writeByte(into: Uint8Array, at: number, byte: number): number {
  into[at] = byte
  return at + 1
}

function writeNumber(into: Uint8Array, at: number, value: number): number {
  return writeHead(into, at, value < 0 ? NEGINT : UINT, argumentOf(value))
}

function writeBytes(into: Uint8Array, at: number, major: number, bytes: Uint8Array): number {
  const start = writeHead(into, at, major, bytes.length)
  into.set(bytes, start)
  return start + bytes.length
}

/** A number and where it stands is all of a head: in the fewest bytes (RFC 8949 §4.2.1). */
function writeHead(into: Uint8Array, at: number, major: number, argument: number): number {
  const length = headLength(argument)
  into[at] = major | (length === 1 ? argument : 23 + Math.log2(2 * (length - 1)))
  let rest = argument
  for (let index = at + length - 1; index > at; index--) {
    into[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + length
}

function headLength(argument: number): number {
  if (argument < 24) return 1
  if (argument < 0x100) return 2
  if (argument < 0x1_0000) return 3
  return argument < 0x1_0000_0000 ? 5 : 9
}

function argumentOf(value: number): number {
  assert(Number.isSafeInteger(value) && !Object.is(value, -0), 'CBOR numbers are whole and safe')
  return value < 0 ? -1 - value : value
}

// 0, 1, 2 and on, then −1, −2 and on: the order of their encodings.
function inOrder([a]: readonly [number, CborValue], [b]: readonly [number, CborValue]): number {
  return a >= 0 === b >= 0 ? Math.abs(a) - Math.abs(b) : b - a
}

function isArray(value: object): value is readonly CborValue[] {
  return Array.isArray(value)
}
