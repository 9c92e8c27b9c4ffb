// A process identity's private key (DESIGN §4), drawn from injected entropy. Both algorithms sign without ambient randomness:
// Ed25519 by node:crypto (RFC 8032), ECDSA by noble (RFC 6979), so that a generator copied with a snapshot can never give
// the key away. The key never shows in an error, in inspect or in JSON.

import { createPrivateKey, type KeyObject, sign as nodeSign } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { base64url, plain } from './buffer.ts'
import { ED25519_BYTES, ed25519Pair } from './ed25519.ts'
import type { Entropy } from './entropy.ts'
import { type Hit, hitOf } from './hit.ts'
import { drawP256Secret, validP256Secret } from './p256.ts'
import { HI_ECDSA, HI_EDDSA, LABEL_ED25519, LABEL_P256, type PublicKey, publicKeyPem } from './public-key.ts'
import { inspectKey } from './secret.ts'

export { type PublicKey, publicKeyFrom, publicKeyText, samePublicKey, verify } from './public-key.ts'

/** The kinds of key an identity can have. */
export type IdentityAlgorithm = 'ed25519' | 'ecdsa-p256'

const SUPPORTED = 'Ed25519 and ECDSA P-256'
const SECRET_BYTES = ED25519_BYTES

/** A private key, its public key and its HIT. */
export class Identity {
  readonly hit: Hit
  readonly publicKey: PublicKey
  readonly #algorithm: IdentityAlgorithm
  readonly #secret: Uint8Array
  #keyObject: KeyObject | undefined

  private constructor(algorithm: IdentityAlgorithm, secret: Uint8Array) {
    this.#algorithm = algorithm
    this.#secret = secret
    if (algorithm === 'ed25519') {
      const { privateKey, publicKey } = ed25519Pair(secret)
      this.#keyObject = privateKey
      this.publicKey = { algorithm: HI_EDDSA, label: LABEL_ED25519, bytes: publicKey }
    } else {
      this.publicKey = { algorithm: HI_ECDSA, label: LABEL_P256, bytes: p256.getPublicKey(secret, false) }
    }
    this.hit = hitOf(this.publicKey)
  }

  /** Makes a fresh identity from `entropy`; Ed25519 unless told otherwise. */
  static generate(entropy: Entropy, algorithm: IdentityAlgorithm = 'ed25519'): Identity {
    const secret = algorithm === 'ed25519' ? entropy(SECRET_BYTES) : drawP256Secret(entropy)
    return Identity.fromSecret(algorithm, secret)
  }

  /** From the 32 secret bytes: the RFC 8032 seed, or the P-256 scalar. Throws TypeError if they are not a key. */
  static fromSecret(algorithm: IdentityAlgorithm, secret: Uint8Array): Identity {
    const valid = algorithm === 'ed25519' ? secret.length === SECRET_BYTES : validP256Secret(secret)
    if (!valid)
      throw new TypeError(`these bytes are no ${algorithm} secret: it is ${SECRET_BYTES} bytes long and in range`)
    return new Identity(algorithm, Uint8Array.from(secret))
  }

  /** Reads a private key in PEM (PKCS #8, unencrypted). Throws TypeError of one line that never quotes the key. */
  static fromPem(pem: string): Identity {
    const key = readPem(pem)
    const type = key.asymmetricKeyType
    const curve = key.asymmetricKeyDetails?.namedCurve
    if (type !== 'ed25519' && !(type === 'ec' && curve === 'prime256v1')) {
      const found = curve === undefined ? type : `${type} ${curve}`
      throw new TypeError(`a key of type ${found} cannot be an identity: supported are ${SUPPORTED}`)
    }
    const secret = key.export({ format: 'jwk' }).d
    if (secret === undefined) throw new TypeError('this PEM text holds no private key')
    return Identity.fromSecret(type === 'ed25519' ? 'ed25519' : 'ecdsa-p256', Buffer.from(secret, 'base64url'))
  }

  /** Signs the message: 64 bytes, Ed25519, or r‖s over SHA-256. Equal messages get equal signatures. */
  sign(message: Uint8Array): Uint8Array {
    if (this.#algorithm === 'ed25519') return plain(nodeSign(undefined, message, this.#key()))
    return p256.sign(message, this.#secret, { prehash: true, lowS: false, format: 'compact' })
  }

  /** The private key as PKCS #8 PEM. */
  toPem(): string {
    return this.#key().export({ type: 'pkcs8', format: 'pem' }).toString()
  }

  /** The public key as SPKI PEM. */
  publicPem(): string {
    return publicKeyPem(this.publicKey)
  }

  /** A copy of the 32 secret bytes, for a capsule. */
  secret(): Uint8Array {
    return this.#secret.slice()
  }

  /** Which kind of key this is, as `fromSecret` takes it. */
  get algorithm(): IdentityAlgorithm {
    return this.#algorithm
  }

  /** What a log may show: the HIT. */
  toJSON(): { readonly hit: Hit } {
    return { hit: this.hit }
  }

  /** What util.inspect shows: the HIT. */
  [inspectKey](): string {
    return `Identity ${this.hit}`
  }

  #key(): KeyObject {
    this.#keyObject ??= createPrivateKey({ key: this.#jwk(), format: 'jwk' })
    return this.#keyObject
  }

  // Of a P-256 key, which only PEM needs in this form.
  #jwk(): Record<string, string> {
    const { bytes } = this.publicKey
    const [x, y] = [base64url(bytes.subarray(1, 33)), base64url(bytes.subarray(33))]
    return { kty: 'EC', crv: 'P-256', x, y, d: base64url(this.#secret) }
  }
}

function readPem(pem: string): KeyObject {
  if (pem.includes('ENCRYPTED')) throw new TypeError('this private key is encrypted: decrypt it to PKCS #8 PEM first')
  if (pem.includes('BEGIN PUBLIC KEY'))
    throw new TypeError('this PEM text holds a public key: an identity is a private one')
  try {
    return createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // The cause is left out on purpose: it may quote its input.
    throw new TypeError(`this is no private key in PKCS #8 PEM: supported are ${SUPPORTED}`)
  }
}
