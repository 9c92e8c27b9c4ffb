// Parameters that are lists of numbers: group ids, suites, modes, registration types. One reader and one writer for all.

import { Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'

/** What RFC 7401 §5.2.8, RFC 7402 §5.1.2 and RFC 9028 §5.4 allow a sender to list; of more, the first six count. */
export const LIST_LIMIT = 6

/** Numbers of `width` bytes, one after another. */
export function writeList(values: readonly number[], width: 1 | 2): Uint8Array {
  const writer = new Writer()
  for (const value of values) width === 1 ? writer.u8(value) : writer.u16(value)
  return writer.finish()
}

/** All of `contents` as numbers of `width` bytes; an empty list is Malformed. */
export function readList(contents: Uint8Array, at: number, width: 1 | 2, type: number): number[] | Malformed {
  if (contents.length === 0) return malformed('empty list', at, type)
  if (contents.length % width !== 0) return malformed('list ends inside an entry', at + contents.length, type)
  const reader = new Reader(contents)
  const values: number[] = []
  while (reader.remaining > 0) values.push(width === 1 ? reader.u8() : reader.u16())
  return values
}

/** The entries that count where six are the limit. */
export function firstSix(list: number[] | Malformed): number[] | Malformed {
  return Array.isArray(list) ? list.slice(0, LIST_LIMIT) : list
}
