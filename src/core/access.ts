// Who may do something here: associate with this identity, or send to one of its ports. A list names peers by HIT or by full key.
// What is denied is denied, even if it is allowed too. Lists are the application's own, never a peer's, and may change while
// the machine runs.

import type { Hit } from '../crypto/hit.ts'
import { hitOf } from '../crypto/hit.ts'
import { type PublicKey, samePublicKey } from '../crypto/identity.ts'

/** A HIT stands for whichever key of it is known here (`Floors`), a full key for itself alone. */
export type PeerName = Hit | PublicKey

export interface AccessRules {
  /** These and nobody else; if left out, everybody. */
  readonly allow?: readonly PeerName[] | undefined
  /** These never. */
  readonly deny?: readonly PeerName[] | undefined
}

export class AccessList {
  #allow: Names | undefined
  #deny: Names | undefined

  constructor(rules: AccessRules = {}) {
    this.set(rules)
  }

  /** Takes other rules, whole: what they do not say any more is forgotten. */
  set({ allow, deny }: AccessRules): void {
    this.#allow = allow && new Names(allow)
    this.#deny = deny && new Names(deny)
  }

  admits(peer: Hit, key: PublicKey): boolean {
    if (this.#deny?.has(peer, key) === true) return false
    return this.#allow?.has(peer, key) ?? true
  }

  /** Whether no key of this HIT is admitted, as far as the rules tell without one. */
  excludes(peer: Hit): boolean {
    return this.#deny?.hits.has(peer) === true || this.#allow?.mentions(peer) === false
  }
}

/** Found by HIT, and only then compared: this is asked for every datagram. */
class Names {
  readonly hits: Set<Hit> = new Set()
  readonly #keys = new Map<Hit, PublicKey[]>()

  constructor(names: readonly PeerName[]) {
    for (const name of names) {
      if (typeof name === 'string') this.hits.add(name)
      else this.#keys.set(hitOf(name), [...(this.#keys.get(hitOf(name)) ?? []), name])
    }
  }

  has(peer: Hit, key: PublicKey): boolean {
    return this.hits.has(peer) || this.#keys.get(peer)?.some((named) => samePublicKey(named, key)) === true
  }

  mentions(peer: Hit): boolean {
    return this.hits.has(peer) || this.#keys.has(peer)
  }
}
