// Asks the ledger where peers are that do not answer (MOVING §6): at once, then ever more rarely until they are found, because
// a peer that moves at the same time publishes a little later than we ask.

import { equalBytes } from '../base/bytes.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Ledger } from '../ledger/interface.ts'
import { SEEK_PAUSE_MS_MAX, SEEK_PAUSE_MS_MIN } from './config.ts'
import { plain } from './plain.ts'

/** Searches for any number of peers. `found` gets each new whereabouts object, unchecked. */
export class Seeker {
  readonly #ledger: Ledger
  readonly #found: (peer: Hit, whereabouts: Uint8Array) => void
  readonly #searches = new Map<Hit, Search>()

  constructor(ledger: Ledger, found: (peer: Hit, whereabouts: Uint8Array) => void) {
    this.#ledger = ledger
    this.#found = found
  }

  /** Begins a search, or hurries one that is under way. */
  seek(peer: Hit): void {
    const running = this.#searches.get(peer)
    if (running !== undefined) {
      running.pauseMs = SEEK_PAUSE_MS_MIN
      return
    }
    const search: Search = { pauseMs: SEEK_PAUSE_MS_MIN, timer: undefined, last: undefined }
    this.#searches.set(peer, search)
    void this.#ask(peer, search)
  }

  /** The peer has been reached, or is not wanted any more. */
  stop(peer: Hit): void {
    const search = this.#searches.get(peer)
    if (search === undefined) return
    clearTimeout(search.timer)
    this.#searches.delete(peer)
  }

  stopAll(): void {
    for (const peer of [...this.#searches.keys()]) this.stop(peer)
  }

  async #ask(peer: Hit, search: Search): Promise<void> {
    // A ledger that is away is asked again like one that knows nothing new.
    const whereabouts = await this.#ledger.find(peer).catch(() => undefined)
    if (this.#searches.get(peer) !== search) return
    const fresh = whereabouts !== undefined && !(search.last !== undefined && equalBytes(whereabouts, search.last))
    search.timer = setTimeout(() => void this.#ask(peer, search), search.pauseMs)
    search.timer.unref()
    search.pauseMs = Math.min(search.pauseMs * 2, SEEK_PAUSE_MS_MAX)
    if (!fresh) return
    search.last = whereabouts
    this.#found(peer, plain(whereabouts))
  }
}

interface Search {
  pauseMs: number
  timer: NodeJS.Timeout | undefined
  last: Uint8Array | undefined
}
