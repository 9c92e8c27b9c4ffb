// Ed25519 verified by OpenSSL itself: the same verdicts as crypto/ed25519.ts, without the objects that node:crypto makes of a key that is
// met for the first time, as those of strangers and of instances are. Nothing is kept in C: a key is made for one call and freed after
// it. Signing stays with node:crypto, which keeps the key.

import { ED25519, isWeak } from '../../crypto/ed25519.ts'
import type { KeyAlgorithm, Verifier } from '../../crypto/key-algorithm.ts'
import type { Koffi } from './koffi.ts'
import { Pinned } from './memory.ts'

/** openssl/obj_mac.h */
const NID_ED25519 = 1087
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
/** What is longer goes the other way: packets of HIP and what moves are shorter. */
const MESSAGE_BYTES_MAX = 4_096

const KEY_AT = 0
const SIGNATURE_AT = 32
const MESSAGE_AT = 96

/** Throws where the functions are not shown. */
export function acceleratedEd25519(koffi: Koffi): KeyAlgorithm {
  const calls = new Calls(koffi)
  return Object.freeze({
    ...ED25519,
    verifier(bytes: Uint8Array): Verifier | undefined {
      if (isWeak(bytes)) return undefined
      const key = bytes.slice()
      let other: Verifier | undefined
      return {
        verify(message: Uint8Array, signature: Uint8Array): boolean {
          if (message.length <= MESSAGE_BYTES_MAX) return calls.verify(key, message, signature)
          other ??= ED25519.verifier(key)
          return other?.verify(message, signature) ?? false
        },
      }
    },
  })
}

/** EVP_PKEY_new(3), EVP_DigestVerifyInit(3). */
class Calls {
  readonly #memory: Pinned
  readonly #newPublic
  readonly #freeKey
  readonly #reset
  readonly #startVerifying
  readonly #verify
  readonly #clearErrors
  readonly #context: number

  constructor(koffi: Koffi) {
    const c = koffi.load(null)
    const pointer = 'uintptr_t'
    const fivePointers = [pointer, pointer, pointer, pointer, pointer]
    this.#newPublic = c.func('EVP_PKEY_new_raw_public_key', pointer, ['int', pointer, pointer, 'size_t'])
    this.#freeKey = c.func('EVP_PKEY_free', 'void', [pointer])
    this.#reset = c.func('EVP_MD_CTX_reset', 'int', [pointer])
    this.#startVerifying = c.func('EVP_DigestVerifyInit', 'int', fivePointers)
    this.#verify = c.func('EVP_DigestVerify', 'int', [pointer, pointer, 'size_t', pointer, 'size_t'])
    this.#clearErrors = c.func('ERR_clear_error', 'void', [])
    this.#context = c.func('EVP_MD_CTX_new', pointer, [])()
    this.#memory = new Pinned(koffi, MESSAGE_AT + MESSAGE_BYTES_MAX)
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const { address, bytes } = this.#memory
    bytes.set(publicKey, KEY_AT)
    bytes.set(signature, SIGNATURE_AT)
    bytes.set(message, MESSAGE_AT)
    const key = this.#newPublic(NID_ED25519, 0, address + KEY_AT, KEY_BYTES)
    const started = key !== 0 && this.#startVerifying(this.#context, 0, 0, 0, key) === 1
    const at = [address + SIGNATURE_AT, SIGNATURE_BYTES, address + MESSAGE_AT, message.length] as const
    const good = started && this.#verify(this.#context, ...at) === 1
    // The context holds the key, too.
    this.#reset(this.#context)
    if (key !== 0) this.#freeKey(key)
    if (!good) this.#clearErrors()
    return good
  }
}
