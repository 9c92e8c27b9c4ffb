// What HIT suite 5 computes, by OpenSSL itself: KMAC128 (NIST SP 800-185 §4) and SHAKE128, the same bytes as crypto/suites.ts has by
// noble and node:crypto. A MAC takes so little that no state of a key is kept.

import { assert } from '../../base/assert.ts'
import { Secret } from '../../crypto/secret.ts'
import type { HitSuite, Keymat } from '../../crypto/suites.ts'
import type { Koffi } from './koffi.ts'
import { Pinned } from './memory.ts'

/** OpenSSL takes no keys that are shorter. */
const KEY_BYTES_MIN = 4
/** Keys, and messages, that are longer go the other way. */
const KEY_BYTES_MAX = 256
const MESSAGE_BYTES_MAX = 8_192
const OUTPUT_BYTES_MAX = 1_024
const MAC_BYTES = 32

/** openssl/core.h: OSSL_PARAM is a name, a type, an address, a length, and the length that is written back. */
const PARAMETER_BYTES = 40
const TYPE_AT = 8
const VALUE_AT = 16
const SIZE_AT = 24
const INTEGER = 1
const UNSIGNED_INTEGER = 2

// Two parameters and the empty one at their end; their names and values; and what goes in and comes out.
const PARAMETERS_AT = 0
const NAMES_AT = 128
const XOF_AT = 160
const LENGTH_AT = 168
const KEY_AT = 176
const OUTPUT_AT = KEY_AT + KEY_BYTES_MAX
const MESSAGE_AT = OUTPUT_AT + OUTPUT_BYTES_MAX
const ROOM = MESSAGE_AT + MESSAGE_BYTES_MAX

/** Suite 5 with these calls, and `other` for what no packet asks for. Throws where the functions are not shown. */
export function acceleratedSuite(koffi: Koffi, other: HitSuite): HitSuite {
  const keccak = new Keccak(koffi)
  return Object.freeze({
    ...other,
    hash: (...parts: readonly Uint8Array[]) => (fits(parts) ? keccak.shake(parts) : other.hash(...parts)),
    mac: (key: Uint8Array, ...parts: readonly Uint8Array[]) =>
      isKey(key) && fits(parts) ? keccak.mac(key, parts, new Uint8Array(MAC_BYTES)) : other.mac(key, ...parts),
    keymat(kij: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Keymat {
      if (!isKey(salt) || !fits([kij]) || !fits([info]) || length > OUTPUT_BYTES_MAX)
        return other.keymat(kij, salt, info, length)
      const prk = keccak.mac(salt, [kij], new Secret(MAC_BYTES))
      return { prk, keymat: keccak.xof(prk, info, length) }
    },
  })
}

function isKey({ length }: Uint8Array): boolean {
  return length >= KEY_BYTES_MIN && length <= KEY_BYTES_MAX
}

function fits(parts: readonly Uint8Array[]): boolean {
  let length = 0
  for (const part of parts) length += part.length
  return length <= MESSAGE_BYTES_MAX
}

/** EVP_MAC(3), EVP_DigestInit(3). */
class Keccak {
  readonly #memory: Pinned
  readonly #newMac
  readonly #freeMac
  readonly #startMac
  readonly #updateMac
  readonly #finishMac
  readonly #startDigest
  readonly #updateDigest
  readonly #finishDigest
  readonly #algorithm: number
  readonly #shake: number
  readonly #digest: number

  constructor(koffi: Koffi) {
    const c = koffi.load(null)
    const pointer = 'uintptr_t'
    this.#newMac = c.func('EVP_MAC_CTX_new', pointer, [pointer])
    this.#freeMac = c.func('EVP_MAC_CTX_free', 'void', [pointer])
    this.#startMac = c.func('EVP_MAC_init', 'int', [pointer, pointer, 'size_t', pointer])
    this.#updateMac = c.func('EVP_MAC_update', 'int', [pointer, pointer, 'size_t'])
    this.#finishMac = c.func('EVP_MAC_final', 'int', [pointer, pointer, pointer, 'size_t'])
    this.#startDigest = c.func('EVP_DigestInit_ex', 'int', [pointer, pointer, pointer])
    this.#updateDigest = c.func('EVP_DigestUpdate', 'int', [pointer, pointer, 'size_t'])
    this.#finishDigest = c.func('EVP_DigestFinalXOF', 'int', [pointer, pointer, 'size_t'])
    const memory = new Pinned(koffi, ROOM)
    this.#memory = memory
    this.#text(KEY_AT, 'KMAC-128')
    this.#algorithm = c.func('EVP_MAC_fetch', pointer, [pointer, pointer, pointer])(0, memory.address + KEY_AT, 0)
    if (this.#algorithm === 0) throw new TypeError('this OpenSSL has no KMAC-128')
    this.#shake = c.func('EVP_shake128', pointer, [])()
    this.#digest = c.func('EVP_MD_CTX_new', pointer, [])()
    this.#text(NAMES_AT, 'xof')
    this.#text(NAMES_AT + 8, 'size')
    this.#parameter(0, NAMES_AT, INTEGER, XOF_AT, 4)
    this.#parameter(1, NAMES_AT + 8, UNSIGNED_INTEGER, LENGTH_AT, 8)
    memory.view.setInt32(XOF_AT, 1, true)
  }

  /** KMAC128, 256 bits, no customisation. */
  mac<T extends Uint8Array>(key: Uint8Array, parts: readonly Uint8Array[], output: T): T {
    return this.#compute(key, this.#put(parts), output, 0)
  }

  /** KMACXOF128. */
  xof(key: Uint8Array, message: Uint8Array, length: number): Secret {
    this.#memory.setLong(LENGTH_AT, length)
    return this.#compute(key, this.#put([message]), new Secret(length), this.#memory.address + PARAMETERS_AT)
  }

  shake(parts: readonly Uint8Array[]): Uint8Array {
    const { bytes, address } = this.#memory
    const length = this.#put(parts)
    const done =
      this.#startDigest(this.#digest, this.#shake, 0) === 1 &&
      this.#updateDigest(this.#digest, address + MESSAGE_AT, length) === 1 &&
      this.#finishDigest(this.#digest, address + OUTPUT_AT, MAC_BYTES) === 1
    bytes.fill(0, MESSAGE_AT, MESSAGE_AT + length)
    if (!done) throw new RangeError('OpenSSL has no memory left')
    return bytes.slice(OUTPUT_AT, OUTPUT_AT + MAC_BYTES)
  }

  #compute<T extends Uint8Array>(key: Uint8Array, message: number, output: T, parameters: number): T {
    const { bytes, address } = this.#memory
    bytes.set(key, KEY_AT)
    // A context is cleansed when it is freed.
    const context = this.#newMac(this.#algorithm)
    const done =
      context !== 0 &&
      this.#startMac(context, address + KEY_AT, key.length, parameters) === 1 &&
      this.#updateMac(context, address + MESSAGE_AT, message) === 1 &&
      this.#finishMac(context, address + OUTPUT_AT, address + LENGTH_AT, output.length) === 1
    if (context !== 0) this.#freeMac(context)
    output.set(bytes.subarray(OUTPUT_AT, OUTPUT_AT + output.length))
    bytes.fill(0, KEY_AT, MESSAGE_AT + message)
    if (!done) throw new RangeError('OpenSSL has no memory left')
    return output
  }

  /** How long the parts are together, one after another in the memory. */
  #put(parts: readonly Uint8Array[]): number {
    let length = 0
    for (const part of parts) {
      this.#memory.bytes.set(part, MESSAGE_AT + length)
      length += part.length
    }
    assert(length <= MESSAGE_BYTES_MAX, 'what is longer went the other way')
    return length
  }

  #text(at: number, text: string): void {
    this.#memory.bytes.set(new TextEncoder().encode(`${text}\0`), at)
  }

  #parameter(index: number, name: number, type: number, value: number, size: number): void {
    const at = PARAMETERS_AT + index * PARAMETER_BYTES
    const { address, view } = this.#memory
    this.#memory.setLong(at, address + name)
    view.setUint32(at + TYPE_AT, type, true)
    this.#memory.setLong(at + VALUE_AT, address + value)
    this.#memory.setLong(at + SIZE_AT, size)
  }
}
