// Keys that are kept as bytes anyway, with what node:crypto makes of them for those used lately only: of ten thousand associations
// few speak at once, and a KeyObject takes more memory than all keys of an association.

import { createSecretKey, type KeyObject } from 'node:crypto'

/** So many are kept ready; the one that has been for longest goes first. Making one anew takes 10 µs. */
export const WARM_KEYS_MAX = 1_024

// Weakly: a key that has ended is not kept for its turn.
const ring: (WeakRef<WarmKey> | undefined)[] = []
let next = 0

/** A secret key whose bytes somebody else keeps, and overwrites when it ends. */
export class WarmKey {
  readonly #bytes: Uint8Array
  #object: KeyObject | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** As node:crypto wants it. */
  get object(): KeyObject {
    return this.#object ?? this.#warm()
  }

  /** Whether it is ready. */
  get warm(): boolean {
    return this.#object !== undefined
  }

  #warm(): KeyObject {
    const last = ring[next]?.deref()
    if (last !== undefined) last.#object = undefined
    ring[next] = new WeakRef(this)
    next = (next + 1) % WARM_KEYS_MAX
    this.#object = createSecretKey(this.#bytes)
    return this.#object
  }
}
