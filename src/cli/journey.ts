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
    // A peer that is thawed elsewhere is bound where it speaks from: a path to the same place is not another move.
    let boundAt: string | undefined
    association.on('rebound', () => {
      this.moves++
      boundAt = this.path
    })
    association.on('path', (locator) => {
      if (formatLocator(locator) !== boundAt) this.moves++
      boundAt = undefined
    })
  }
}
