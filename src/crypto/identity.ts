// A process identity's private key (DESIGN §4). Public keys are computed from injected entropy. Every kind signs without ambient
// randomness, so that a generator copied with a snapshot can never give the key away. The key never shows in an error, in
// inspect or in JSON.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Entropy } from './entropy.ts'
import { type Hit, hitOf } from './hit.ts'
import type { IdentityAlgorithm, KeyAlgorithm, KeyAlgorithms } from './key-algorithm.ts'
import { KEY_ALGORITHMS, type PublicKey, publicKeyPem } from './public-key.ts'
import { inspectKey, type Secret, secretCopy, wipe } from './secret.ts'

export type { IdentityAlgorithm } from './key-algorithm.ts'
export { type PublicKey, publicKeyFrom, publicKeyText, samePublicKey, verify } from './public-key.ts'

/** The part of a table of algorithms that identities need; the whole table will do. */
export interface WithKeys {
  readonly keys: KeyAlgorithms
}

const STANDARD: WithKeys = { keys: KEY_ALGORITHMS }

/** A private key, its public key and its HIT. */
export class Identity {
  /** What may be given to anybody. */
  readonly publicKey: PublicKey
  readonly #kind: KeyAlgorithm
  readonly #secret: Secret
  #keyObject: KeyObject | undefined
  #destroyed = false

  private constructor(kind: KeyAlgorithm, secret: Secret) {
    this.#kind = kind
    this.#secret = secret
    const { publicBytes, privateKey } = kind.keyPair(secret)
    this.publicKey = { algorithm: kind.algorithm, label: kind.label, bytes: publicBytes }
    this.#keyObject = privateKey
  }

  /** Its name: a hash of the key (RFC 7343 §2). Nobody asks that of an instance. */
  get hit(): Hit {
    return hitOf(this.publicKey)
  }

  /**
   * Makes a fresh identity from `entropy`; Ed25519 unless told otherwise. Throws TypeError for an algorithm that is not among
   * `algorithms` (by default Ed25519 and ECDSA P-256), and for RSA, whose keys come from PEM.
   */
  static generate(
    entropy: Entropy,
    algorithm: IdentityAlgorithm = 'ed25519',
    algorithms: WithKeys = STANDARD,
  ): Identity {
    const kind = kindNamed(algorithm, algorithms)
    if (kind.generate === undefined)
      throw new TypeError(`an identity of kind ${algorithm} is not drawn from entropy: read it from PEM`)
    const secret = kind.generate(entropy)
    const identity = Identity.fromSecret(algorithm, secret, algorithms)
    wipe(secret)
    return identity
  }

  /**
   * From the secret bytes: the RFC 8032 seed (32), the ECDSA scalar (32 or 48), an RSA key as PKCS #8 in DER. Throws TypeError
   * if they are not a key.
   */
  static fromSecret(algorithm: IdentityAlgorithm, secret: Uint8Array, algorithms: WithKeys = STANDARD): Identity {
    const kind = kindNamed(algorithm, algorithms)
    if (!kind.validSecret(secret))
      throw new TypeError(`these bytes are no ${algorithm} secret: it has a fixed form and range`)
    return new Identity(kind, secretCopy(secret))
  }

  /**
   * Reads a private key in PEM (PKCS #8, unencrypted). Throws TypeError of one line that never quotes the key: no key, a public
   * or encrypted one, or of a kind not among `algorithms` (by default Ed25519 and ECDSA P-256).
   */
  static fromPem(pem: string, algorithms: WithKeys = STANDARD): Identity {
    const key = readPem(pem, algorithms)
    for (const kind of algorithms.keys) {
      const secret = kind.secretOf(key)
      if (secret !== undefined) return new Identity(kind, takenOver(secret))
    }
    throw new TypeError(`a key of type ${describe(key)} cannot be an identity: ${supported(algorithms)}`)
  }

  /** Signs the message: Ed25519 and P-256 64 bytes, P-384 96, RSA as many as its modulus. Equal messages get equal signatures. */
  sign(message: Uint8Array): Uint8Array {
    this.#requireKey()
    return this.#kind.sign(this.#secret, () => this.#key(), message)
  }

  /** How long its signatures are. */
  get signatureBytes(): number {
    return this.#kind.signatureBytes(this.publicKey.bytes)
  }

  /** The private key as PKCS #8 PEM. */
  toPem(): string {
    return this.#key().export({ type: 'pkcs8', format: 'pem' }).toString()
  }

  /** The public key as SPKI PEM. */
  publicPem(): string {
    return publicKeyPem(this.publicKey, [this.#kind])
  }

  /** A copy of the secret bytes, for a capsule. */
  secret(): Uint8Array {
    this.#requireKey()
    return secretCopy(this.#secret)
  }

  /**
   * Forgets the private key: its bytes are overwritten, and calls that need it throw TypeError. Copies that others hold, key
   * files among them, are theirs. HIT and public key stay.
   */
  destroy(): void {
    this.#kind.forget?.(this.#secret)
    wipe(this.#secret)
    this.#keyObject = undefined
    this.#destroyed = true
  }

  /** Which kind of key this is, as `fromSecret` takes it. */
  get algorithm(): IdentityAlgorithm {
    return this.#kind.name
  }

  /** What a log may show: the HIT. */
  toJSON(): { readonly hit: Hit } {
    return { hit: this.hit }
  }

  /** What util.inspect shows: the HIT. */
  [inspectKey](): string {
    return `Identity ${this.hit}`
  }

  #requireKey(): void {
    if (this.#destroyed) throw new TypeError(`the key of ${this.hit} has been destroyed: read it again from its file`)
  }

  #key(): KeyObject {
    this.#requireKey()
    this.#keyObject ??= this.#kind.privateKey(this.#secret, this.publicKey.bytes)
    return this.#keyObject
  }
}

/** The same bytes where they do not show; the first copy is gone. */
function takenOver(bytes: Uint8Array): Secret {
  const secret = secretCopy(bytes)
  wipe(bytes)
  return secret
}

function kindNamed(algorithm: IdentityAlgorithm, algorithms: WithKeys): KeyAlgorithm {
  const kind = algorithms.keys.find(({ name }) => name === algorithm)
  if (kind === undefined)
    throw new TypeError(`there are no identities of kind ${algorithm} here: ${supported(algorithms)}`)
  return kind
}

function supported({ keys }: WithKeys): string {
  const titles = keys.map(({ title }) => title)
  const list = titles.length < 2 ? titles.join() : `${titles.slice(0, -1).join(', ')} and ${titles.at(-1)}`
  const all = keys.some(({ name }) => name === 'rsa')
  const more = all ? '' : '; RSA and ECDSA P-384 need the algorithms of sojourn/conformance'
  return `supported are ${list}${more}`
}

function describe(key: KeyObject): string {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const detail = namedCurve ?? (modulusLength === undefined ? '' : `of ${modulusLength} bits`)
  return `${key.asymmetricKeyType} ${detail}`.trim()
}

function readPem(pem: string, algorithms: WithKeys): KeyObject {
  if (pem.includes('ENCRYPTED')) throw new TypeError('this private key is encrypted: decrypt it to PKCS #8 PEM first')
  if (pem.includes('BEGIN PUBLIC KEY'))
    throw new TypeError('this PEM text holds a public key: an identity is a private one')
  try {
    return createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // The cause is left out on purpose: it may quote its input.
    throw new TypeError(`this is no private key in PKCS #8 PEM: ${supported(algorithms)}`)
  }
}
