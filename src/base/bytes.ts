// Byte strings: the one bounds-checked reader, a growing writer, and comparisons. Everything is big-endian.
// Reading past the end never throws: it sets `failed` and gives zeros, so that a decoder checks once, at its end.

import { assert } from './assert.ts'

const EMPTY = new Uint8Array(0)

/** A cursor over part of `bytes`, from `start` up to `end` (default: all of it). */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #offset: number
  /** True once a read went past the end, or a u64 was too large for a number. Stays true. */
  failed = false

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    assert(start >= 0 && start <= end && end <= bytes.length, 'a Reader stays inside its bytes')
    this.#bytes = bytes
    this.#offset = start
    this.#end = end
  }

  /** Where the next read starts, counted from the start of the bytes given to the constructor. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes left to read. */
  get remaining(): number {
    return this.#end - this.#offset
  }

  u8(): number {
    const at = this.#advance(1)
    return at < 0 ? 0 : (this.#bytes[at] ?? 0)
  }

  u16(): number {
    const at = this.#advance(2)
    return at < 0 ? 0 : this.#u16At(at)
  }

  u32(): number {
    const at = this.#advance(4)
    return at < 0 ? 0 : this.#u16At(at) * 0x10000 + this.#u16At(at + 2)
  }

  /** A 64-bit number below 2^53; a larger one fails like a short read. */
  u64(): number {
    const at = this.#advance(8)
    if (at < 0) return 0
    const high = this.#u16At(at) * 0x10000 + this.#u16At(at + 2)
    if (high >= 0x200000) {
      this.failed = true
      return 0
    }
    return high * 0x1_0000_0000 + this.#u16At(at + 4) * 0x10000 + this.#u16At(at + 6)
  }

  /** The next `length` bytes as a view, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length)
    return at < 0 ? EMPTY : this.#bytes.subarray(at, at + length)
  }

  /** Leaves out `length` bytes. */
  skip(length: number): void {
    this.#advance(length)
  }

  #advance(length: number): number {
    const at = this.#offset
    if (this.failed || length < 0 || length > this.#end - at) {
      this.failed = true
      return -1
    }
    this.#offset = at + length
    return at
  }

  #u16At(at: number): number {
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0)
  }
}

const CAPACITY_BYTES = 64

/** Builds a byte string; every method returns the writer. Numbers out of range are our bug (InvariantError). */
export class Writer {
  #bytes: Uint8Array
  #length = 0

  /** `capacity`: how many bytes it will be, where one knows; with more it grows. */
  constructor(capacity = CAPACITY_BYTES) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    return this.#unsigned(value, 1)
  }

  u16(value: number): this {
    return this.#unsigned(value, 2)
  }

  u32(value: number): this {
    return this.#unsigned(value, 4)
  }

  /** Takes whole numbers below 2^53. */
  u64(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'a u64 is a whole number below 2^53')
    return this.#unsigned(Math.floor(value / 0x1_0000_0000), 4).#unsigned(value % 0x1_0000_0000, 4)
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  zeros(count: number): this {
    this.#reserve(count)
    this.#length += count
    return this
  }

  /** The bytes so far, in memory of exactly their length, and the writer empty again. */
  finish(): Uint8Array {
    const bytes = this.#bytes.length === this.#length ? this.#bytes : this.#bytes.slice(0, this.#length)
    this.#bytes = EMPTY
    this.#length = 0
    return bytes
  }

  #unsigned(value: number, width: 1 | 2 | 4): this {
    assert(Number.isInteger(value) && value >= 0 && value < 2 ** (8 * width), 'an unsigned number fits its bytes')
    this.#reserve(width)
    for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) this.#bytes[this.#length++] = value >>> shift
    return this
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** All parts after one another, in new memory. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

const LONG_BYTES = 256

/** Same length and same bytes. Not constant-time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a
  if (length !== b.length) return false
  let i = 0
  // Capsules hold megabytes, and are compared while a process stands still.
  if (length >= LONG_BYTES) {
    const one = new DataView(a.buffer, a.byteOffset, length)
    const other = new DataView(b.buffer, b.byteOffset, length)
    for (; i + 4 <= length; i += 4) if (one.getInt32(i) !== other.getInt32(i)) return false
  }
  for (; i < length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Orders byte strings as unsigned big-endian, a prefix before what it begins: below, equal to or above 0. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  const parts = new Array<string>(bytes.length)
  for (let i = 0; i < bytes.length; i++) parts[i] = HEX[bytes[i] ?? 0] ?? ''
  return parts.join('')
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Reads hexadecimal that we wrote ourselves, blanks allowed; anything else is our bug (InvariantError). */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, '')
  assert(digits.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(digits), 'hexadecimal has pairs of digits')
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

const encoder = new TextEncoder()
