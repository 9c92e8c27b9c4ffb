// Contexts of OpenSSL for those keys only that are used: of ten thousand associations few speak at once, and a context takes a
// kilobyte. As crypto/warm-key.ts does for node:crypto.

import type { OpenSsl } from './openssl.ts'

/** So many are kept ready; the one that has been for longest goes first. Making one anew takes a microsecond. */
export const WARM_CONTEXTS_MAX = 1_024

// Weakly: what has ended is not kept for its turn.
const ring: (WeakRef<WarmContext> | undefined)[] = []
let next = 0

interface Left {
  readonly openssl: OpenSsl
  readonly address: number
}

/** Frees what nobody has ended: an endpoint that was dropped and never closed. */
const left = new FinalizationRegistry<Left>(({ openssl, address }) => void openssl.freeContext(address))

export class WarmContext {
  readonly #openssl: OpenSsl
  readonly #prepare: (context: number) => void
  #context = 0

  /** `prepare` sets the key of a new one. */
  constructor(openssl: OpenSsl, prepare: (context: number) => void) {
    this.#openssl = openssl
    this.#prepare = prepare
  }

  /** Its address; good until anything else is warmed. */
  get address(): number {
    return this.#context === 0 ? this.#warm() : this.#context
  }

  get warm(): boolean {
    return this.#context !== 0
  }

  /** Gives it back; the next one who asks has another. */
  free(): void {
    if (this.#context === 0) return
    left.unregister(this)
    this.#openssl.freeContext(this.#context)
    this.#context = 0
  }

  #warm(): number {
    ring[next]?.deref()?.free()
    ring[next] = new WeakRef(this)
    next = (next + 1) % WARM_CONTEXTS_MAX
    const context = this.#openssl.newContext()
    if (context === 0) throw new RangeError('OpenSSL has no memory left')
    this.#context = context
    left.register(this, { openssl: this.#openssl, address: context }, this)
    this.#prepare(context)
    return context
  }
}
