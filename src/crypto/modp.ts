// Diffie–Hellman modulo the safe primes of RFC 3526 (RFC 7401 §5.2.7). Public value and Kij are as long as the modulus, leading
// zeros kept: an end that stripped them would disagree once in 256 exchanges. A peer's value must lie in [2, p − 2]; of a safe
// prime no further check is needed (RFC 6989 §2.1).

import { createDiffieHellman, type DiffieHellman, getDiffieHellman } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { compareBytes } from '../base/bytes.ts'
import { plain } from './buffer.ts'
import type { DhGroup, DhKey } from './dh.ts'
import type { Entropy } from './entropy.ts'

/** What tells MODP groups apart. */
export interface ModpParts {
  readonly id: number
  readonly name: string
  /** OpenSSL's name of the prime, which it takes from RFC 3526; and its length in bytes. */
  readonly primeOf: 'modp5' | 'modp15'
  readonly publicBytes: 192 | 384
  /** Bytes of a secret exponent. */
  readonly exponentBytes: number
}

/** A MODP group with generator 2. */
export function modpGroup(parts: ModpParts): DhGroup {
  const { id, name, primeOf, publicBytes } = parts
  // OpenSSL takes milliseconds to hand out a prime, and most processes never need it.
  let prime: Uint8Array | undefined
  const keyOf = (exponent: Uint8Array): DhKey => {
    prime ??= plain(getDiffieHellman(primeOf).getPrime())
    return new ModpKey(parts, prime, exponent)
  }
  return Object.freeze({
    id,
    name,
    publicBytes,
    generate: (entropy: Entropy) => keyOf(entropy(parts.exponentBytes)),
    fromSecret: keyOf,
  })
}

class ModpKey implements DhKey {
  readonly group: number
  readonly publicValue: Uint8Array
  readonly #prime: Uint8Array
  readonly #dh: DiffieHellman
  readonly #exponentBytes: number

  constructor({ id, exponentBytes }: ModpParts, prime: Uint8Array, exponent: Uint8Array) {
    this.group = id
    this.#prime = prime
    this.#exponentBytes = exponentBytes
    this.#dh = createDiffieHellman(prime, 2)
    assert(
      exponent.some((byte) => byte !== 0),
      'entropy gave no exponent',
    )
    this.#dh.setPrivateKey(exponent)
    this.publicValue = padded(this.#dh.generateKeys(), prime.length)
  }

  get secret(): Uint8Array {
    return padded(this.#dh.getPrivateKey(), this.#exponentBytes)
  }

  agree(peerPublic: Uint8Array): Uint8Array | undefined {
    const { length } = this.#prime
    // Shorter than the modulus is the same number: some implementations strip leading zeros.
    if (peerPublic.length === 0 || peerPublic.length > length) return undefined
    const value = padded(peerPublic, length)
    if (compareBytes(value, this.#prime) >= 0) return undefined
    try {
      // OpenSSL refuses 0, 1 and p − 1.
      return padded(this.#dh.computeSecret(value), length)
    } catch {
      return undefined
    }
  }
}

function padded(number: Uint8Array, length: number): Uint8Array {
  const full = new Uint8Array(length)
  full.set(number, length - number.length)
  return full
}
