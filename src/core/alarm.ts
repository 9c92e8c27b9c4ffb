// When nobody is heard any more it may be our own port that is dead: a translator or a firewall has had enough of it. The owner is
// told, so that it can open another one; not because of one peer that is gone, and not often.

import type { Hit } from '../crypto/hit.ts'
import type { Association } from './association/association.ts'
import type { Config } from './config.ts'
import type { Outlet } from './outlet.ts'

export class Alarm {
  readonly #config: Config
  readonly #associations: ReadonlyMap<Hit, Association>
  readonly #outlet: Outlet
  #raisedAt = -Infinity

  constructor(config: Config, associations: ReadonlyMap<Hit, Association>, outlet: Outlet) {
    this.#config = config
    this.#associations = associations
    this.#outlet = outlet
  }

  /** `silent` has been asked in vain on every path. If nobody else has been heard since, and it is time, the owner is told. */
  raise(now: number, silent: Association): void {
    const since = silent.unansweredSince
    if (since === undefined || now - this.#raisedAt < this.#config.silentEventMs) return
    for (const other of this.#associations.values()) if (other !== silent && other.lastHeardAt >= since) return
    this.#raisedAt = now
    this.#outlet.tell({ type: 'silent', peer: silent.peer })
  }
}
