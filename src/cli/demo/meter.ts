// How much has been downloaded, how fast, and how long nothing came when somebody moved. It travels with whoever measures.

import type { Association } from '../../node/association.ts'
import type { Endpoint } from '../../node/endpoint.ts'
import type { News } from './messages.ts'

/** News are told for each such part of the whole. */
const STEPS = 100

/** As it travels. Times are wall clock in ms: compared across processes of one machine. */
export interface MeterMemory {
  readonly of: number
  readonly bytes: number
  readonly beganAt: number
  readonly lastAt: number
  readonly baseExchanges: number
}

/** Counts the bytes of all downloads of one process. */
export class Meter {
  readonly #of: number
  #association: Association
  readonly #tell: (news: News) => void
  readonly #beganAt: number
  #bytes: number
  #lastAt: number
  #baseExchanges: number
  #watch = { part: Infinity, reached: (): void => undefined }
  /** When the last byte before a move came, until the first one after it is here. */
  #since: number | undefined

  private constructor(endpoint: Endpoint, association: Association, tell: (news: News) => void, memory: MeterMemory) {
    this.#association = association
    this.#tell = tell
    this.#of = memory.of
    this.#bytes = memory.bytes
    this.#beganAt = memory.beganAt
    this.#lastAt = memory.lastAt
    this.#baseExchanges = memory.baseExchanges
    this.#follow(association)
    // A new base exchange has replaced the association: the demo counts it as its failure.
    endpoint.on('association', (another) => {
      this.#baseExchanges++
      this.#follow(another)
    })
  }

  /** From zero, up to `of` bytes. */
  static begin(endpoint: Endpoint, association: Association, of: number, tell: (news: News) => void): Meter {
    const at = wallClock()
    return new Meter(endpoint, association, tell, { of, bytes: 0, beganAt: at, lastAt: at, baseExchanges: 1 })
  }

  /** On the other side of a move. */
  static resume(endpoint: Endpoint, association: Association, memory: MeterMemory, tell: (news: News) => void): Meter {
    const meter = new Meter(endpoint, association, tell, memory)
    meter.#since = memory.lastAt
    return meter
  }

  /** So many bytes have come. */
  took(bytes: number): void {
    const time = wallClock()
    if (this.#since !== undefined) {
      const { peerEpoch, locator } = this.#association
      this.#tell({ type: 'back', epoch: peerEpoch, blackoutMs: time - this.#since, locator })
      this.#since = undefined
    }
    const before = Math.floor((this.#bytes * STEPS) / this.#of)
    this.#bytes += bytes
    this.#lastAt = time
    if (this.#bytes > this.#watch.part * this.#of) this.#watch.reached()
    if (Math.floor((this.#bytes * STEPS) / this.#of) > before)
      this.#tell({ type: 'downloaded', bytes: this.#bytes, of: this.#of })
  }

  /** Calls `reached` when more than this part of all has come. */
  onPart(part: number, reached: () => void): void {
    this.#watch = { part, reached }
  }

  get seconds(): number {
    return (this.#lastAt - this.#beganAt) / 1_000
  }

  get baseExchanges(): number {
    return this.#baseExchanges
  }

  get memory(): MeterMemory {
    const { baseExchanges } = this
    return { of: this.#of, bytes: this.#bytes, beganAt: this.#beganAt, lastAt: this.#lastAt, baseExchanges }
  }

  #follow(association: Association): void {
    this.#association = association
    association.on('rebound', () => {
      this.#since ??= this.#lastAt
    })
    association.on('close', ({ reason, detail }) => {
      // Frozen or closed by the script itself.
      if (reason === 'frozen' || reason === 'closed') return
      this.#tell({ type: 'trouble', text: `the association ended: ${reason} (${detail})` })
    })
  }
}

/** Milliseconds with fractions that mean the same in every process of this machine. */
function wallClock(): number {
  return performance.timeOrigin + performance.now()
}
