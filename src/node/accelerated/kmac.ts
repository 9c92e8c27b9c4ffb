// What HIT suite 5 computes, by OpenSSL itself: KMAC128 (NIST SP 800-185 §4) and SHAKE128, the same bytes as crypto/suites.ts has by
// noble and node:crypto. A MAC takes so little that no state of a key is kept: what goes into it is put together here, as SP 800-185 §2.3 and
// §4.3 have it, because a context of EVP_MAC takes OpenSSL longer to make than a packet's MAC does.

import { assert } from '../../base/assert.ts'
import { Secret } from '../../crypto/secret.ts'
import type { HitSuite, Keymat } from '../../crypto/suites.ts'
import type { Koffi } from './koffi.ts'
import { Pinned } from './memory.ts'

/** Keys, and messages, that are longer go the other way. */
const KEY_BYTES_MAX = 256
const MESSAGE_BYTES_MAX = 8_192
const OUTPUT_BYTES_MAX = 1_024
const MAC_BYTES = 32

/** Bytes that the permutation of KMAC128 takes at once: names and keys are filled up to them (bytepad). */
const BLOCK_BYTES = 168
/** bytepad(encode_string("KMAC") || encode_string(""), 168): its name, and no customisation. */
const NAME = padded([1, BLOCK_BYTES, 1, 32, 0x4b, 0x4d, 0x41, 0x43, 1, 0])
/** right_encode of the bits of a MAC, and of 0, which is an output of any length. */
const MAC_END = Uint8Array.of(1, 0, 2)
const XOF_END = Uint8Array.of(0, 1)

// What goes in, one after the other: name, key, message, end. The key of most ends with the first of its blocks.
const NAME_AT = 0
const KEY_AT = NAME_AT + BLOCK_BYTES
const OUTPUT_AT = KEY_AT + 2 * BLOCK_BYTES + MESSAGE_BYTES_MAX + MAC_END.length
const ROOM = OUTPUT_AT + OUTPUT_BYTES_MAX

/** Suite 5 with these calls, and `other` for what no packet asks for. Throws where the functions are not shown. */
export function acceleratedSuite(koffi: Koffi, other: HitSuite): HitSuite {
  const keccak = new Keccak(koffi)
  return Object.freeze({
    ...other,
    hash: (...parts: readonly Uint8Array[]) => (fits(parts) ? keccak.shake(parts) : other.hash(...parts)),
    mac: (key: Uint8Array, ...parts: readonly Uint8Array[]) =>
      key.length <= KEY_BYTES_MAX && fits(parts)
        ? keccak.mac(key, parts, new Uint8Array(MAC_BYTES))
        : other.mac(key, ...parts),
    keymat(kij: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Keymat {
      if (salt.length > KEY_BYTES_MAX || !fits([kij]) || !fits([info]) || length > OUTPUT_BYTES_MAX)
        return other.keymat(kij, salt, info, length)
      const prk = keccak.mac(salt, [kij], new Secret(MAC_BYTES))
      const keymat = keccak.xof(prk, info, length)
      keccak.wipe()
      return { prk, keymat }
    },
  })
}

function fits(parts: readonly Uint8Array[]): boolean {
  let length = 0
  for (const part of parts) length += part.length
  return length <= MESSAGE_BYTES_MAX
}

/** EVP_DigestInit(3): two contexts that are always begun, so that no state that a key went into stays in them. */
class Keccak {
  readonly #memory: Pinned
  readonly #begin
  readonly #update
  readonly #finish
  readonly #kmac: Digest
  readonly #shake: Digest

  constructor(koffi: Koffi) {
    const c = koffi.load(null)
    const pointer = 'uintptr_t'
    this.#begin = c.func('EVP_DigestInit_ex', 'int', [pointer, pointer, pointer])
    this.#update = c.func('EVP_DigestUpdate', 'int', [pointer, pointer, 'size_t'])
    this.#finish = c.func('EVP_DigestFinalXOF', 'int', [pointer, pointer, 'size_t'])
    const newContext = c.func('EVP_MD_CTX_new', pointer, [])
    const fetch = c.func('EVP_MD_fetch', pointer, [pointer, pointer, pointer])
    const memory = new Pinned(koffi, ROOM)
    this.#memory = memory
    const begun = (name: string): Digest => {
      // cSHAKE128 is not shown by itself, but the digest that OpenSSL makes KMAC of is.
      memory.bytes.set(new TextEncoder().encode(`${name}\0`), KEY_AT)
      const digest = { context: newContext(), algorithm: fetch(0, memory.address + KEY_AT, 0) }
      if (digest.algorithm === 0 || this.#begin(digest.context, digest.algorithm, 0) !== 1)
        throw new TypeError(`this OpenSSL has no ${name}`)
      return digest
    }
    this.#kmac = begun('KECCAK-KMAC-128')
    this.#shake = begun('SHAKE128')
    memory.bytes.fill(0)
    memory.bytes.set(NAME, NAME_AT)
  }

  /** KMAC128, 256 bits, no customisation. */
  mac<T extends Uint8Array>(key: Uint8Array, parts: readonly Uint8Array[], output: T): T {
    return this.#compute(this.#kmac, NAME_AT, this.#put([MAC_END], this.#put(parts, this.#putKey(key))), output)
  }

  /** KMACXOF128. */
  xof(key: Uint8Array, message: Uint8Array, length: number): Secret {
    const end = this.#put([message, XOF_END], this.#putKey(key))
    return this.#compute(this.#kmac, NAME_AT, end, new Secret(length))
  }

  shake(parts: readonly Uint8Array[]): Uint8Array {
    return this.#compute(this.#shake, KEY_AT, this.#put(parts, KEY_AT), new Uint8Array(MAC_BYTES))
  }

  /** A context keeps what does not fill a block; overwrites what of a shared secret that was. */
  wipe(): void {
    const { context, algorithm } = this.#kmac
    const wiped = this.#update(context, this.#memory.address + KEY_AT, BLOCK_BYTES - 1) === 1
    assert(wiped && this.#begin(context, algorithm, 0) === 1, 'it takes no memory')
  }

  #compute<T extends Uint8Array>({ context, algorithm }: Digest, from: number, to: number, output: T): T {
    const { bytes, address } = this.#memory
    const done =
      this.#update(context, address + from, to - from) === 1 &&
      this.#finish(context, address + OUTPUT_AT, output.length) === 1 &&
      this.#begin(context, algorithm, 0) === 1
    output.set(bytes.subarray(OUTPUT_AT, OUTPUT_AT + output.length))
    bytes.fill(0, KEY_AT, to)
    bytes.fill(0, OUTPUT_AT, OUTPUT_AT + output.length)
    if (!done) throw new RangeError('OpenSSL has no memory left')
    return output
  }

  /** bytepad(encode_string(key), 168). Returns where it ends; what it does not fill is zero. */
  #putKey(key: Uint8Array): number {
    const { bytes } = this.#memory
    const bits = 8 * key.length
    let at = KEY_AT
    bytes[at++] = 1
    bytes[at++] = BLOCK_BYTES
    // left_encode: how many bytes the length takes, and the length.
    bytes[at++] = bits > 0xff ? 2 : 1
    if (bits > 0xff) bytes[at++] = bits >>> 8
    bytes[at++] = bits & 0xff
    bytes.set(key, at)
    return at + key.length <= KEY_AT + BLOCK_BYTES ? KEY_AT + BLOCK_BYTES : KEY_AT + 2 * BLOCK_BYTES
  }

  /** The parts, one after another from there on. Returns where they end. */
  #put(parts: readonly Uint8Array[], from: number): number {
    let at = from
    for (const part of parts) {
      this.#memory.bytes.set(part, at)
      at += part.length
    }
    assert(at <= OUTPUT_AT, 'what is longer went the other way')
    return at
  }
}

interface Digest {
  readonly context: number
  readonly algorithm: number
}

function padded(bytes: readonly number[]): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(bytes)
  return block
}
