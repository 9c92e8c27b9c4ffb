// What the web server serves: /SIZE/NAME has SIZE bytes that depend on the path and on where they are, and can be had from any offset, as
// a file could. A byte lost, doubled or of another path changes the hash.

import { createCipheriv, createHash } from 'node:crypto'
import type { Content } from '../../node/resumable.ts'

const PIECE_BYTES = 65_536
const BLOCK_BYTES = 16

/** Opens /SIZE/NAME at an offset. */
export function openContent(path: string, offset: number): Content | undefined {
  const size = sizeOf(path)
  return Number.isSafeInteger(size) ? { size, body: bodyOf(path, size, offset) } : undefined
}

/** Bytes behind a path, NaN if there is nothing. */
export function sizeOf(path: string): number {
  return Number(/^\/(\d+)\//.exec(path)?.[1] ?? Number.NaN)
}

/** The SHA-256 of what is behind a path. */
export function hashOf(path: string): string {
  const hash = createHash('sha256')
  for (const bytes of bodyOf(path, sizeOf(path), 0)) hash.update(bytes)
  return hash.digest('hex')
}

// A key stream is as good as random, quickly made, and begins at any block (NIST SP 800-38A §6.5).
function* bodyOf(path: string, size: number, offset: number): Iterable<Uint8Array> {
  const key = createHash('sha256').update(path).digest().subarray(0, 16)
  const counter = Buffer.alloc(BLOCK_BYTES)
  counter.writeBigUInt64BE(BigInt(Math.floor(offset / BLOCK_BYTES)), 8)
  const stream = createCipheriv('aes-128-ctr', key, counter)
  stream.update(Buffer.alloc(offset % BLOCK_BYTES))
  const zeros = Buffer.alloc(PIECE_BYTES)
  for (let at = offset; at < size; at += PIECE_BYTES) {
    yield stream.update(zeros.subarray(0, Math.min(PIECE_BYTES, size - at)))
  }
}
