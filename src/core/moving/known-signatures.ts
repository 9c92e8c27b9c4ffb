// The signatures that this process has made or checked last. A thaw shows its ledger the grant that it has just checked, and
// signs what the ledger in the same process then reads: what is known to the byte need not be computed again while a process
// stands still. Nothing is known that was not true: only good signatures are kept, with everything that they depend on.

import { equalBytes } from '../../base/bytes.ts'
import { type PublicKey, samePublicKey } from '../../crypto/public-key.ts'

const KNOWN_MAX = 32

interface Known {
  readonly key: PublicKey
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The last few good signatures, oldest out first. */
export class KnownSignatures {
  readonly #known: Known[] = []

  /** Remembers that `signature` is the key's over `message`. The bytes are copied. */
  keep(key: PublicKey, message: Uint8Array, signature: Uint8Array): void {
    if (this.#known.length >= KNOWN_MAX) this.#known.shift()
    this.#known.push({ key, message: message.slice(), signature: signature.slice() })
  }

  /** A signature by the key over `message` that is remembered: as good as another one. */
  by(key: PublicKey, message: Uint8Array): Uint8Array | undefined {
    const known = this.#known.findLast((one) => equalBytes(one.message, message) && samePublicKey(one.key, key))
    return known?.signature.slice()
  }

  /** Whether exactly this is remembered. */
  has(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#known.some(
      (known) =>
        equalBytes(known.signature, signature) && equalBytes(known.message, message) && samePublicKey(known.key, key),
    )
  }
}
