// The ports inside associations that the application has bound, and who may send to each.

import { assert } from '../base/assert.ts'
import type { Hit } from '../crypto/hit.ts'
import type { PublicKey } from '../crypto/identity.ts'
import { AccessList } from './access.ts'

const EVERYBODY = new AccessList()

export class Ports {
  readonly #bound = new Map<number, AccessList>()

  /** False if the port is taken. */
  bind(port: number, access: AccessList = EVERYBODY): boolean {
    assert(Number.isInteger(port) && port > 0 && port < 65_536, 'an inner port is between 1 and 65,535')
    if (this.#bound.has(port)) return false
    this.#bound.set(port, access)
    return true
  }

  /** All that are bound. */
  get all(): Iterable<number> {
    return this.#bound.keys()
  }

  unbind(port: number): void {
    this.#bound.delete(port)
  }

  /** Why a datagram of this peer is not delivered; undefined if it is. */
  fault(port: number, peer: Hit, key: PublicKey): 'port-closed' | 'port-denied' | undefined {
    const access = this.#bound.get(port)
    if (access === undefined) return 'port-closed'
    return access.admits(peer, key) ? undefined : 'port-denied'
  }
}
