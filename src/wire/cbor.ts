// Deterministic CBOR (RFC 8949 §4.2.1) without floats, tags and indefinite lengths: one encoding for each value, so that
// what was signed can be compared as bytes. cborg reads and writes; limits come first, and what is not written in the one way is
// refused: numbers and lengths by cborg, the order of keys here, and text by encoding it back.

import { decode, encode, encodeInto, rfc8949EncodeOptions, type Token, Tokenizer, Type } from 'cborg'
import { encodedLength } from 'cborg/length'
import { assert, InvariantError } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
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
  /** It holds secrets: the check of its form is made as `encodeSecretCbor` encodes, and overwritten. */
  readonly secret?: boolean
}

const DEFAULT_BYTES = 65536
const DEFAULT_DEPTH = 16

/** The one encoding of a value. Anything but a CborValue is our bug (InvariantError). */
export function encodeCbor(value: CborValue): Uint8Array {
  // The encoder hands out views of a pool, and in Node they are Buffers.
  return new Uint8Array(encode(value, ENCODE_OPTIONS))
}

/** The same, in memory of its own: nothing stays behind in the buffers that the encoder uses again. It takes twice as long. */
export function encodeSecretCbor(value: CborValue): Uint8Array {
  const bytes = new Uint8Array(encodedLength(value, ENCODE_OPTIONS))
  const { written } = encodeInto(value, bytes, ENCODE_OPTIONS)
  assert(written === bytes.length, 'a CBOR value is as long as it was counted')
  return bytes
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
  if (!tokenizer.text) return value
  const again = limits.secret === true ? encodeSecretCbor(value) : encodeCbor(value)
  const same = equalBytes(again, bytes)
  if (limits.secret === true) again.fill(0)
  return same ? value : malformed('CBOR is not deterministic', 0)
}

const ENCODE_OPTIONS = {
  ...rfc8949EncodeOptions,
  typeEncoders: {
    number: (value: unknown): null => {
      assert(Number.isSafeInteger(value) && !Object.is(value, -0), 'CBOR numbers are whole and safe')
      return null
    },
    undefined: (): never => {
      throw new InvariantError('CBOR records hold null, never undefined')
    },
  },
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

interface Container {
  readonly map: boolean
  left: number
  /** The last key of a map. */
  key: number | undefined
}

// Refuses what this dialect leaves out, keys out of order, and nesting too deep, before cborg recurses into it.
class StrictTokenizer extends Tokenizer {
  /** Whether there is text, which cborg reads whatever its bytes are. */
  text = false
  readonly #depth: number
  readonly #open: Container[] = []

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
    if (token.type === Type.string) this.text = true
    if (container !== undefined) container.left--
    if (key) {
      if (container.key !== undefined && !follows(container.key, token.value)) throw new Error('CBOR keys out of order')
      container.key = token.value
    }
    const map = token.type === Type.map
    if ((map || token.type === Type.array) && token.value > 0) {
      if (this.#open.length >= this.#depth) throw new Error('CBOR is nested too deep')
      this.#open.push({ map, left: map ? token.value * 2 : token.value, key: undefined })
    }
    while (this.#open.at(-1)?.left === 0) this.#open.pop()
    return token
  }
}

// In the order of their encodings (RFC 8949 §4.2.1): 0, 1, 2 and on, then −1, −2 and on. Twice the same is refused by cborg.
function follows(before: number, key: number): boolean {
  return before >= 0 === key >= 0 ? Math.abs(key) >= Math.abs(before) : key < 0
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
