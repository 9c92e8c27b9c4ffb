// Ed25519 by OpenSSL itself: the same verdicts and signatures as crypto/ed25519.ts, without the objects that node:crypto makes of a key that
// is met for the first time, as those of strangers and of instances are, and of every signature. To verify, a key is made for one call and
// freed after it. To sign, one is kept until its identity is destroyed or gone.

import type { KeyObject } from 'node:crypto'
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
const SEED_AT = 96
const LENGTH_AT = 128
const MESSAGE_AT = 136

/** Throws where the functions are not shown. */
export function acceleratedEd25519(koffi: Koffi): KeyAlgorithm {
  const calls = new Calls(koffi)
  const signers = new WeakMap<Uint8Array, Signer>()
  const signerOf = (seed: Uint8Array): Signer => {
    const known = signers.get(seed)
    if (known !== undefined) return known
    const signer = new Signer(calls, seed)
    signers.set(seed, signer)
    return signer
  }
  return Object.freeze({
    ...ED25519,
    keyPair: (seed: Uint8Array) => ({ publicBytes: signerOf(seed).publicBytes, privateKey: undefined }),
    sign: (seed: Uint8Array, key: () => KeyObject, message: Uint8Array) =>
      message.length <= MESSAGE_BYTES_MAX ? signerOf(seed).sign(message) : ED25519.sign(seed, key, message),
    forget(seed: Uint8Array): void {
      signers.get(seed)?.forget()
      signers.delete(seed)
    },
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

interface Left {
  readonly calls: Calls
  readonly context: number
}

/** Cleanses the keys of identities that are gone, as OpenSSL does for node:crypto. */
const left = new FinalizationRegistry<Left>(({ calls, context }) => calls.freeContext(context))

/** A private key, ready to sign with. */
class Signer {
  readonly publicBytes: Uint8Array
  readonly #calls: Calls
  readonly #context: number

  constructor(calls: Calls, seed: Uint8Array) {
    const { context, publicBytes } = calls.signer(seed)
    this.#calls = calls
    this.#context = context
    this.publicBytes = publicBytes
    left.register(this, { calls, context }, this)
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#calls.sign(this.#context, message)
  }

  forget(): void {
    left.unregister(this)
    this.#calls.freeContext(this.#context)
  }
}

/** EVP_PKEY_new(3), EVP_DigestVerifyInit(3), EVP_DigestSignInit(3). */
class Calls {
  readonly #memory: Pinned
  readonly #newPublic
  readonly #freeKey
  readonly #reset
  readonly #startVerifying
  readonly #verify
  readonly #newPrivate
  readonly #publicOf
  readonly #newContext
  readonly #freeContext
  readonly #startSigning
  readonly #sign
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
    this.#newPrivate = c.func('EVP_PKEY_new_raw_private_key', pointer, ['int', pointer, pointer, 'size_t'])
    this.#publicOf = c.func('EVP_PKEY_get_raw_public_key', 'int', [pointer, pointer, pointer])
    this.#newContext = c.func('EVP_MD_CTX_new', pointer, [])
    this.#freeContext = c.func('EVP_MD_CTX_free', 'void', [pointer])
    this.#startSigning = c.func('EVP_DigestSignInit', 'int', fivePointers)
    this.#sign = c.func('EVP_DigestSign', 'int', [pointer, pointer, pointer, pointer, 'size_t'])
    this.#clearErrors = c.func('ERR_clear_error', 'void', [])
    this.#context = this.#newContext()
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

  /** The public key of a seed, and the address of a context that signs with it and is the caller's to free. */
  signer(seed: Uint8Array): { readonly publicBytes: Uint8Array; readonly context: number } {
    const { address, bytes } = this.#memory
    bytes.set(seed, SEED_AT)
    const key = this.#newPrivate(NID_ED25519, 0, address + SEED_AT, KEY_BYTES)
    bytes.fill(0, SEED_AT, SEED_AT + KEY_BYTES)
    const context = this.#newContext()
    this.#memory.setLong(LENGTH_AT, KEY_BYTES)
    const made =
      key !== 0 &&
      context !== 0 &&
      this.#publicOf(key, address + KEY_AT, address + LENGTH_AT) === 1 &&
      this.#startSigning(context, 0, 0, 0, key) === 1
    // The context holds the key, too.
    if (key !== 0) this.#freeKey(key)
    if (made) return { publicBytes: bytes.slice(KEY_AT, KEY_AT + KEY_BYTES), context }
    if (context !== 0) this.#freeContext(context)
    throw new RangeError('OpenSSL has no memory left')
  }

  sign(context: number, message: Uint8Array): Uint8Array {
    const { address, bytes } = this.#memory
    bytes.set(message, MESSAGE_AT)
    this.#memory.setLong(LENGTH_AT, SIGNATURE_BYTES)
    const at = [address + SIGNATURE_AT, address + LENGTH_AT, address + MESSAGE_AT, message.length] as const
    if (this.#sign(context, ...at) !== 1) throw new RangeError('OpenSSL does not sign')
    return bytes.slice(SIGNATURE_AT, SIGNATURE_AT + SIGNATURE_BYTES)
  }

  freeContext(context: number): void {
    this.#freeContext(context)
  }
}
