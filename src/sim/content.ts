// Application datagrams that can be told apart: a magic number, a serial number, and a filling that follows from it, so that
// whoever opens one can say whether an honest application sent exactly this.

import { Slab } from './slab.ts'

/** Bytes of magic and serial number at the front. */
export const CONTENT_HEADER_BYTES = 8

const MAGIC = 0x536a_6d21

const memory = new Slab()

/** Datagram `id` of `length` bytes (≥ 8). */
export function contentBytes(id: number, length: number): Uint8Array {
  const bytes = memory.take(Math.max(length, CONTENT_HEADER_BYTES))
  writeU32(bytes, 0, MAGIC)
  writeU32(bytes, 4, id)
  let state = (id * 0x9e37_79b1) >>> 0
  for (let at = CONTENT_HEADER_BYTES; at < bytes.length; at++) {
    state = (Math.imul(state, 0x0019_660d) + 0x3c6e_f35f) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** The serial number of a datagram that begins at `at`, or undefined if it is none of ours. */
export function contentId(bytes: Uint8Array, at = 0): number | undefined {
  if (bytes.length < at + CONTENT_HEADER_BYTES || readU32(bytes, at) !== MAGIC) return undefined
  return readU32(bytes, at + 4)
}

function readU32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  return ((high << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
