// The parts that the `hpke` package is given instead of its own (RFC 9180 §4, §7): the same algorithms, computed by node:crypto
// at once. Its own ones hand each of two dozen short steps to another thread, and a frozen process waits for every one.
// Ephemeral keys come from the operating system (MOVING §3), not from a generator that a copied process would repeat.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type AEAD, AEAD_AES_128_GCM, type KDF, KDF_HKDF_SHA256, type KEM, type Key, type KeyPair } from 'hpke'
import { concat, utf8 } from '../base/bytes.ts'
import { agree, DH_P256, type DhKey, dhFromSecret, generateDh } from '../crypto/dh.ts'
import { expand, extract } from '../crypto/hkdf.ts'
import { P256, validScalar } from '../crypto/nist-curve.ts'
import { algorithmsHere } from './accelerated/choice.ts'
import { systemEntropy } from './entropy.ts'

/** HPKE KEM identifier of DHKEM(P-256, HKDF-SHA256) (RFC 9180 §7.1), written into READY and capsules. */
export const KEM_ID = 0x0010

/** A P-256 key as the package passes it around. `dh` is there in private ones; `point` is 04‖X‖Y. */
export interface P256Key extends Key {
  readonly point: Uint8Array
  readonly dh: DhKey | undefined
}

/** The pair of a secret scalar of 32 bytes; undefined if it is out of range. */
export function p256Pair(secret: Uint8Array): KeyPair<P256Key> | undefined {
  const dh = validScalar(P256, secret) ? dhFromSecret(DH_P256, secret, algorithmsHere().dhGroups) : undefined
  return dh && pairOf(dh)
}

/** DHKEM(P-256, HKDF-SHA256) (RFC 9180 §4.1). Points off the curve and scalars out of range reject. */
export function p256Kem(): KEM<P256Key> {
  return {
    id: KEM_ID,
    type: 'KEM',
    name: 'DHKEM(P-256, HKDF-SHA256)',
    Nsecret: 32,
    Nenc: POINT_BYTES,
    Npk: POINT_BYTES,
    Nsk: SECRET_BYTES,
    GenerateKeyPair: () => settled(freshPair),
    DeriveKeyPair: () => settled(() => unused('keys are drawn, not derived')),
    SerializePublicKey: ({ point }) => settled(() => point),
    DeserializePublicKey: (point) => settled(() => publicKey(point)),
    SerializePrivateKey: ({ dh }) => settled(() => dh?.secret ?? unused('this key is public')),
    DeserializePrivateKey: (secret) => settled(() => p256Pair(secret)?.privateKey ?? unused('no scalar of P-256')),
    Encap: (to) =>
      settled(() => {
        const { privateKey } = freshPair()
        const enc = privateKey.point
        return { shared_secret: sharedSecret(privateKey, to.point, enc, to.point), enc }
      }),
    Decap: (enc, own) => settled(() => sharedSecret(own, enc, enc, own.point)),
  }
}

/** HKDF-SHA-256 (RFC 5869). */
export function hkdf(): KDF {
  return {
    ...KDF_HKDF_SHA256(),
    Extract: (salt, ikm) => settled(() => extract('sha256', salt, ikm)),
    Expand: (prk, info, length) => settled(() => expand('sha256', prk, info, length)),
  }
}

/** AES-128-GCM; ciphertext ‖ tag. */
export function aes128Gcm(): AEAD {
  const aead = AEAD_AES_128_GCM()
  const seal = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array => {
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad)
    return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  }
  const open = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array => {
    const end = Math.max(0, sealed.length - aead.Nt)
    const decipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: aead.Nt })
    decipher.setAAD(aad).setAuthTag(sealed.subarray(end))
    return concat(decipher.update(sealed.subarray(0, end)), decipher.final())
  }
  return {
    ...aead,
    Seal: (key, nonce, aad, plaintext) => settled(() => seal(key, nonce, aad, plaintext)),
    Open: (key, nonce, aad, sealed) => settled(() => open(key, nonce, aad, sealed)),
  }
}

const SECRET_BYTES = 32
const POINT_BYTES = 65
const ALGORITHM = { name: 'P-256' } as const
const VERSION = utf8('HPKE-v1')
const SUITE = concat(utf8('KEM'), Uint8Array.of(KEM_ID >> 8, KEM_ID))

// DH and ExtractAndExpand (RFC 9180 §4.1); context is enc ‖ the recipient's point.
function sharedSecret(own: P256Key, other: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Uint8Array {
  const dh = own.dh && agree(own.dh, other.subarray(1))
  if (dh === undefined) throw new TypeError('not a point of P-256')
  const prk = extract('sha256', new Uint8Array(0), concat(VERSION, SUITE, utf8('eae_prk'), dh))
  const info = concat(Uint8Array.of(0, 32), VERSION, SUITE, utf8('shared_secret'), enc, recipient)
  return expand('sha256', prk, info, 32)
}

function freshPair(): KeyPair<P256Key> {
  const dh = generateDh(DH_P256, systemEntropy, algorithmsHere().dhGroups)
  return dh === undefined ? unused('P-256 is there') : pairOf(dh)
}

function pairOf(dh: DhKey): KeyPair<P256Key> {
  const point = concat(Uint8Array.of(4), dh.publicValue)
  return {
    publicKey: publicKey(point),
    privateKey: { type: 'private', algorithm: ALGORITHM, extractable: true, point, dh },
  }
}

function publicKey(point: Uint8Array): P256Key {
  if (point[0] !== 4) throw new TypeError('not a point of P-256')
  return { type: 'public', algorithm: ALGORITHM, extractable: true, point: point.slice(), dh: undefined }
}

function unused(what: string): never {
  throw new TypeError(what)
}

// A promise of what is computed now; what is thrown rejects it, as the package expects.
async function settled<T>(compute: () => T): Promise<T> {
  return compute()
}
