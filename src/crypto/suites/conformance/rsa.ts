// RSA identities (RFC 7401 §5.2.9, HIT suite 1): the key as in RFC 3110 §2, signatures RSASSA-PSS with SHA-256, MGF1 of it and a salt as
// long as the hash (RFC 8017 §8.1; lengths are a ruling of docs/PROTOCOL.md). 2048 to 3072 bits: what is longer makes packets
// that do not fit (MOVING §2).

import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  verify as nodeVerify,
  privateEncrypt,
} from 'node:crypto'
import { assert } from '../../../base/assert.ts'
import { concat, equalBytes, utf8 } from '../../../base/bytes.ts'
import { base64url, plain } from '../../buffer.ts'
import { hmac, sha256 } from '../../hash.ts'
import { HI_RSA, type KeyAlgorithm, SUITE_RSA_SHA256, type Verifier } from '../../key-algorithm.ts'
import { wipe } from '../../secret.ts'

const MODULUS_BITS_MIN = 2048
const MODULUS_BITS_MAX = 3072
/** An exponent is as expensive as it is long, and its owner chooses it. 65,537 has three bytes. */
const EXPONENT_BYTES_MAX = 8
const HASH_BYTES = 32
const SALT_BYTES = 32

/** RSA of 2048 to 3072 bits. Its secret is the private key as PKCS #8 in DER: it comes from PEM, never from entropy alone. */
export const RSA: KeyAlgorithm = Object.freeze({
  name: 'rsa',
  title: 'RSA of 2048 to 3072 bits',
  algorithm: HI_RSA,
  label: 0,
  hitSuite: SUITE_RSA_SHA256,
  normalise: (bytes: Uint8Array) => (readKey(bytes) === undefined ? undefined : bytes),
  importKey: importPublic,
  verifier(bytes: Uint8Array): Verifier | undefined {
    const key = importPublic(bytes)
    const padding = constants.RSA_PKCS1_PSS_PADDING
    return (
      key && {
        verify: (message, signature) =>
          nodeVerify('sha256', message, { key, padding, saltLength: SALT_BYTES }, signature),
      }
    )
  },
  signatureBytes: (bytes: Uint8Array) => readKey(bytes)?.modulus.length ?? 0,
  generate: undefined,
  validSecret(secret: Uint8Array): boolean {
    let again: Uint8Array | undefined
    try {
      again = secretOf(privateKey(secret))
      return again !== undefined && equalBytes(again, secret)
    } catch {
      return false
    } finally {
      if (again !== undefined) wipe(again)
    }
  },
  keyPair(secret: Uint8Array) {
    const key = privateKey(secret)
    return { publicBytes: publicKeyOf(key), privateKey: key }
  },
  privateKey,
  publicOf: (key: KeyObject) => (key.asymmetricKeyType === 'rsa' ? publicKeyOf(key) : undefined),
  secretOf,
  sign,
})

function importPublic(bytes: Uint8Array): KeyObject | undefined {
  const key = readKey(bytes)
  if (key === undefined) return undefined
  const jwk = { kty: 'RSA', n: base64url(key.modulus), e: base64url(key.exponent) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

interface RsaKey {
  readonly exponent: Uint8Array
  readonly modulus: Uint8Array
}

/** Exponent and modulus of RFC 3110 §2; undefined for a key that is written in two ways, too short, too long or even. */
function readKey(bytes: Uint8Array): RsaKey | undefined {
  // Two more bytes of length would follow a zero, for exponents longer than any that is taken.
  const exponentBytes = bytes[0] ?? 0
  if (exponentBytes === 0 || exponentBytes > EXPONENT_BYTES_MAX) return undefined
  const exponent = bytes.subarray(1, 1 + exponentBytes)
  const modulus = bytes.subarray(1 + exponentBytes)
  if (!isOdd(exponent) || !isOdd(modulus) || exponent[0] === 0 || (exponentBytes === 1 && exponent[0] === 1))
    return undefined
  const bits = bitLength(modulus)
  return bits >= MODULUS_BITS_MIN && bits <= MODULUS_BITS_MAX ? { exponent, modulus } : undefined
}

function privateKey(secret: Uint8Array): KeyObject {
  // A view: `Buffer.from(secret)` would leave a copy behind that nobody overwrites.
  const key = Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength)
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

function secretOf(key: KeyObject): Uint8Array | undefined {
  if (key.asymmetricKeyType !== 'rsa' || readKey(publicKeyOf(key)) === undefined) return undefined
  return plain(key.export({ format: 'der', type: 'pkcs8' }))
}

function publicKeyOf(key: KeyObject): Uint8Array {
  const { n = '', e = '' } = (key.type === 'public' ? key : createPublicKey(key)).export({ format: 'jwk' })
  const exponent = Buffer.from(e, 'base64url')
  return concat(Uint8Array.of(exponent.length), exponent, Buffer.from(n, 'base64url'))
}

/**
 * RSASSA-PSS-SIGN (RFC 8017 §8.1.1) with a salt that is a secret function of key and message instead of a random one: OpenSSL
 * would draw it from a generator that may have been copied with this process.
 */
function sign(secret: Uint8Array, key: () => KeyObject, message: Uint8Array): Uint8Array {
  const object = key()
  const bits = object.asymmetricKeyDetails?.modulusLength ?? 0
  const digest = sha256(message)
  const salt = hmac('sha256', secret, [utf8('sojourn rsa-pss salt 1\0'), digest])
  const encoded = encodePss(digest, salt, bits - 1)
  const block = concat(new Uint8Array(Math.ceil(bits / 8) - encoded.length), encoded)
  return plain(privateEncrypt({ key: object, padding: constants.RSA_NO_PADDING }, block))
}

/** EMSA-PSS-ENCODE (RFC 8017 §9.1.1). */
function encodePss(digest: Uint8Array, salt: Uint8Array, bits: number): Uint8Array {
  const length = Math.ceil(bits / 8)
  assert(length >= HASH_BYTES + SALT_BYTES + 2, 'the modulus has room for hash and salt')
  const hash = sha256(new Uint8Array(8), digest, salt)
  const masked = new Uint8Array(length - HASH_BYTES - 1)
  masked[masked.length - SALT_BYTES - 1] = 1
  masked.set(salt, masked.length - SALT_BYTES)
  const mask = mgf1(hash, masked.length)
  for (let at = 0; at < masked.length; at++) masked[at] = (masked[at] ?? 0) ^ (mask[at] ?? 0)
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * length - bits))
  return concat(masked, hash, Uint8Array.of(0xbc))
}

/** RFC 8017 §B.2.1 over SHA-256. */
function mgf1(seed: Uint8Array, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / HASH_BYTES) }, (_, n) =>
    sha256(seed, Uint8Array.of(n >> 24, n >> 16, n >> 8, n)),
  )
  return concat(...blocks).subarray(0, length)
}

/** Of a number without leading zero bytes; 0 if it has any. */
function bitLength(number: Uint8Array): number {
  const first = number[0] ?? 0
  return first === 0 ? 0 : 8 * number.length - (Math.clz32(first) - 24)
}

function isOdd(number: Uint8Array): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1
}
