// Deterministic CBOR (RFC 8949 §4.2.1) without floats, tags and indefinite lengths: one encoding for each value, so that
// what was signed can be compared as bytes. cborg reads, and cbor-encoding.ts writes; limits come first, and what is not written in
// the one way is refused: numbers and lengths by cborg, the order of keys here, and text by encoding it back.

import { type Token, Tokenizer, Type, tokensToObject } from 'cborg'
import { equalBytes } from '../base/bytes.ts'
import { encodeCbor } from './cbor-encoding.ts'
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

/** What is refused before it is read. */
export interface CborLimits {
  /** Largest input in bytes; 64 KiB if not given. */
  readonly bytes?: number
  /** Deepest nesting of arrays and maps; 16 if not given. */
  readonly depth?: number
}

const DEFAULT_BYTES = 65536
const DEFAULT_DEPTH = 16

/** Reads exactly one value; its byte strings are copies. */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = {}): CborValue | Malformed {
  if (bytes.length > (limits.bytes ?? DEFAULT_BYTES)) return malformed(`CBOR of ${bytes.length} bytes`, 0)
  // A Buffer's slices would be Buffers.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const tokenizer = new StrictTokenizer(plain, limits.depth ?? DEFAULT_DEPTH)
  try {
    // As cborg's `decode` does it, but for the options, which it puts together anew each time.
    const value = tokenizer.done() ? undefined : tokensToObject(tokenizer, DECODE_OPTIONS)
    if (value === undefined) return malformed('no CBOR value', tokenizer.pos())
    return tokenizer.done() ? value : malformed('more than one CBOR value', tokenizer.pos())
  } catch (error) {
    return malformed(error instanceof Error ? error.message : 'CBOR is not sound', tokenizer.pos())
  }
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
  readonly #bytes: Uint8Array
  readonly #depth: number
  readonly #open: Container[] = []

  constructor(bytes: Uint8Array, depth: number) {
    super(bytes, DECODE_OPTIONS)
    this.#bytes = bytes
    this.#depth = depth
  }

  override next(): Token {
    const container = this.#open.at(-1)
    const key = container?.map === true && container.left % 2 === 0
    const at = this.pos()
    const token = super.next()
    if (!(key ? KEY_TYPES : VALUE_TYPES).has(token.type))
      throw new Error(`CBOR ${token.type.name} not allowed at ${at}`)
    // cborg reads text whatever its bytes are.
    if (token.type === Type.string && !equalBytes(encodeCbor(token.value), this.#bytes.subarray(at, this.pos())))
      throw new Error(`CBOR text is not UTF-8 at ${at}`)
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
