// Deterministic CBOR (RFC 8949 §4.2.1) without floats, tags and indefinite lengths: one encoding for each value, so that
// what was signed can be compared as bytes. cborg reads; limits come first, and whatever does not encode back to the very same
// bytes is refused. Writing this dialect takes a page; cborg, which is made for any value, takes four times as long over it.

import { decode, type Token, Tokenizer, Type } from 'cborg'
import { assert } from '../base/assert.ts'
import { equalBytes, utf8, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'

/** What our records are made of. Numbers are whole and safe; map keys are numbers. */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number, CborValue>

export interface CborLimits {
  /** Largest input in bytes; 64 KiB if not given. */
  readonly bytes?: number
  /** Deepest nesting of arrays and maps; 16 if not given. */
  readonly depth?: number
}

const DEFAULT_BYTES = 65536
const DEFAULT_DEPTH = 16

/** The one encoding of a value. Anything but a CborValue is our bug (InvariantError). */
export function encodeCbor(value: CborValue): Uint8Array {
  const writer = new Writer()
  writeValue(writer, value)
  return writer.finish()
}

/** Reads exactly one value; its byte strings are copies. */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = {}): CborValue | Malformed {
  if (bytes.length > (limits.bytes ?? DEFAULT_BYTES)) return malformed(`CBOR of ${bytes.length} bytes`, 0)
  // A Buffer's slices would be Buffers.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const tokenizer = new StrictTokenizer(plain, limits.depth ?? DEFAULT_DEPTH)
  let value: CborValue
  try {
    value = decode(plain, { ...DECODE_OPTIONS, tokenizer })
  } catch (error) {
    return malformed(error instanceof Error ? error.message : 'CBOR is not sound', tokenizer.pos())
  }
  return equalBytes(encodeCbor(value), bytes) ? value : malformed('CBOR is not deterministic', 0)
}

// Major types and simple values (RFC 8949 §3.1, §3.3).
const MAJOR_UINT = 0
const MAJOR_NEGATIVE = 1
const MAJOR_BYTES = 2
const MAJOR_TEXT = 3
const MAJOR_ARRAY = 4
const MAJOR_MAP = 5
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

function writeValue(writer: Writer, value: CborValue): void {
  if (typeof value === 'number') return writeNumber(writer, value)
  if (typeof value === 'boolean') return void writer.u8(value ? TRUE : FALSE)
  if (value === null) return void writer.u8(NULL)
  if (typeof value === 'string') return writeString(writer, MAJOR_TEXT, utf8(value))
  if (value instanceof Uint8Array) return writeString(writer, MAJOR_BYTES, value)
  if (value instanceof Map) return writeMap(writer, value)
  assert(
    Array.isArray(value),
    'CBOR records hold numbers, texts, booleans, null, bytes, arrays and maps, never undefined',
  )
  writeHead(writer, MAJOR_ARRAY, value.length)
  for (const item of value) writeValue(writer, item)
}

function writeNumber(writer: Writer, value: number): void {
  assert(Number.isSafeInteger(value) && !Object.is(value, -0), 'CBOR numbers are whole and safe')
  if (value < 0) writeHead(writer, MAJOR_NEGATIVE, -1 - value)
  else writeHead(writer, MAJOR_UINT, value)
}

function writeString(writer: Writer, major: number, bytes: Uint8Array): void {
  writeHead(writer, major, bytes.length)
  writer.bytes(bytes)
}

// Keys in the order of their encodings (RFC 8949 §4.2.1): from 0 up, then from −1 down.
function writeMap(writer: Writer, map: ReadonlyMap<number, CborValue>): void {
  writeHead(writer, MAJOR_MAP, map.size)
  const entries = [...map].sort(([a], [b]) => (a >= 0 === b >= 0 ? Math.abs(a) - Math.abs(b) : b - a))
  for (const [key, value] of entries) {
    writeNumber(writer, key)
    writeValue(writer, value)
  }
}

// The shortest head there is (RFC 8949 §4.2.1).
function writeHead(writer: Writer, major: number, argument: number): void {
  const type = major << 5
  if (argument < 24) writer.u8(type | argument)
  else if (argument < 0x100) writer.u8(type | 24).u8(argument)
  else if (argument < 0x1_0000) writer.u8(type | 25).u16(argument)
  else if (argument < 0x1_0000_0000) writer.u8(type | 26).u32(argument)
  else writer.u8(type | 27).u64(argument)
}

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  useMaps: true,
  rejectDuplicateMapKeys: true,
}

// Refuses what this dialect leaves out, and nesting too deep, before cborg recurses into it.
class StrictTokenizer extends Tokenizer {
  readonly #depth: number
  readonly #open: { readonly map: boolean; left: number }[] = []

  constructor(bytes: Uint8Array, depth: number) {
    super(bytes, DECODE_OPTIONS)
    this.#depth = depth
  }

  override next(): Token {
    const container = this.#open.at(-1)
    const key = container?.map === true && container.left % 2 === 0
    const at = this.pos()
    const token = super.next()
    if (!(key ? KEY_TYPES : VALUE_TYPES).has(token.type))
      throw new Error(`CBOR ${token.type.name} not allowed at ${at}`)
    if (container !== undefined) container.left--
    const map = token.type === Type.map
    if ((map || token.type === Type.array) && token.value > 0) {
      if (this.#open.length >= this.#depth) throw new Error('CBOR is nested too deep')
      this.#open.push({ map, left: map ? token.value * 2 : token.value })
    }
    while (this.#open.at(-1)?.left === 0) this.#open.pop()
    return token
  }
}

const KEY_TYPES: ReadonlySet<Type> = new Set([Type.uint, Type.negint])
const VALUE_TYPES: ReadonlySet<Type> = new Set([
  Type.uint,
  Type.negint,
  Type.bytes,
  Type.string,
  Type.array,
  Type.map,
  Type.false,
  Type.true,
  Type.null,
])
