// Where the bytes of a stream go, and how often that changes: what a progress bar and a summary say of a peer.

import { formatLocator } from '../base/address.ts'
import type { Association } from '../node/association.ts'
import type { Endpoint } from '../node/endpoint.ts'

/** One peer as a command sees it. */
export class Journey {
  /** How often the peer, or the way to it, has changed. */
  moves = 0
  readonly #endpoint: Endpoint
  readonly #hit: string

  constructor(endpoint: Endpoint, hit: string) {
    this.#endpoint = endpoint
    this.#hit = hit
    const association = this.#association
    if (association !== undefined) this.#follow(association)
    else endpoint.on('association', (made) => made.peer === hit && this.#follow(made))
  }

  /** Where the peer is reached now; undefined if nobody knows. */
  get path(): string | undefined {
    const locator = this.#association?.locator
    return locator === undefined ? undefined : formatLocator(locator)
  }

  get #association(): Association | undefined {
    for (const association of this.#endpoint.associations()) if (association.peer === this.#hit) return association
    return undefined
  }

  #follow(association: Association): void {
    association.on('path', () => {
      this.moves++
    })
  }
}
