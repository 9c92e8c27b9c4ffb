// Remembers signatures, for a process in which everybody lives: whoever signs is here, and so are all who verify. Import it before
// worlds are run. node:crypto computes every signature, whatever is said of one that was not made here, and one in so many of
// those that were; the others are known to be right when key, message and signature are, to the last byte, what was signed with
// and came out. Private keys are imported once. Nothing that a world does becomes another for it: node:crypto is a function here.

import crypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { assert } from '../../src/base/assert.ts'

/** One signature in so many is verified although it was made here. */
const VERIFIED_EVERY = 16
/** Of each kind; then all is forgotten. */
const KNOWN_MAX = 2_000

const { sign, verify, createPrivateKey, createPublicKey } = crypto

/** What was signed, and the public key, by the bytes of the signature. */
const made = new Map<string, { readonly message: string; readonly key: KeyObject }>()
/** Ed25519 keys by their secret, and the public halves of those. */
const imported = new Map<string, KeyObject>()
const publicHalves = new WeakMap<KeyObject, KeyObject>()
let asked = 0

function signAndRemember(algorithm: string | undefined, message: Uint8Array, key: KeyObject): Buffer {
  const signature = sign(algorithm, message, key)
  bounded(made).set(textOf(signature), { message: textOf(message), key: publicHalf(key) })
  return signature
}

function verifyOrKnow(
  algorithm: string | undefined,
  message: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  const known = algorithm === undefined ? made.get(textOf(signature)) : undefined
  if (known === undefined || known.message !== textOf(message) || !known.key.equals(key)) {
    return verify(algorithm, message, key, signature)
  }
  if (++asked % VERIFIED_EVERY === 0) {
    assert(verify(algorithm, message, key, signature), 'what a key has signed, it verifies')
  }
  return true
}

type KeyInput = Parameters<typeof createPrivateKey>[0]

function importOnce(input: KeyInput): KeyObject {
  const jwk =
    typeof input === 'object' && 'key' in input ? (input.key as { readonly d?: string; readonly kty?: string }) : {}
  if (jwk.kty !== 'OKP' || jwk.d === undefined) return createPrivateKey(input)
  let key = imported.get(jwk.d)
  if (key === undefined) {
    key = createPrivateKey(input)
    bounded(imported).set(jwk.d, key)
  }
  return key
}

function publicHalf(key: KeyObject): KeyObject {
  let half = publicHalves.get(key)
  if (half === undefined) {
    half = createPublicKey(key)
    publicHalves.set(key, half)
  }
  return half
}

function publicOnce(input: Parameters<typeof createPublicKey>[0]): KeyObject {
  return input instanceof crypto.KeyObject && input.type === 'private' ? publicHalf(input) : createPublicKey(input)
}

function bounded<T>(known: Map<string, T>): Map<string, T> {
  if (known.size >= KNOWN_MAX) known.clear()
  return known
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

Object.assign(crypto, {
  sign: signAndRemember,
  verify: verifyOrKnow,
  createPrivateKey: importOnce,
  createPublicKey: publicOnce,
})
syncBuiltinESMExports()
