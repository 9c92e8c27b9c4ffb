// One direction between two hosts. It decides what becomes of a packet: lost, late, twice, out of order, damaged or cut.
// All luck comes from the generator it is given.

import type { Prng } from '../base/prng.ts'
import { CALM, type FaultKind, type LinkFaults } from './faults.ts'

/** A copy of a packet that arrives. */
export interface Arrival {
  /** From now. */
  readonly afterMs: number
  /** As they arrive, perhaps damaged. */
  readonly bytes: Uint8Array
}

/** One direction between two hosts: what becomes of a packet on it. */
export class Link {
  /** What goes wrong on it from now on. */
  faults: LinkFaults
  /** Closed while a partition lasts. */
  open = true
  readonly #prng: Prng
  readonly #told: (kind: FaultKind) => void

  /** `told` hears of every fault that happens, by kind. */
  constructor(prng: Prng, faults: LinkFaults, told: (kind: FaultKind) => void = () => {}) {
    this.#prng = prng
    this.faults = faults
    this.#told = told
  }

  /** Whatever arrives of a packet, and when. A partition or a loss leaves nothing. */
  carry(bytes: Uint8Array): Arrival[] {
    if (!this.open) return []
    if (this.#strikes('loss')) return []
    const copies = this.#strikes('duplicate') ? 2 : 1
    const arrivals: Arrival[] = []
    for (let copy = 0; copy < copies; copy++) {
      arrivals.push({ afterMs: this.#delay(), bytes: this.#damage(bytes) })
    }
    return arrivals
  }

  /** Nothing goes wrong from now on, and the delay is short. */
  calm(): void {
    this.faults = CALM
    this.open = true
  }

  #strikes(kind: 'loss' | 'duplicate' | 'reorder' | 'corrupt' | 'truncate'): boolean {
    const chance = this.faults[kind]
    if (chance === 0 || !this.#prng.chance(chance)) return false
    this.#told(kind)
    return true
  }

  #delay(): number {
    const { delayMs, jitterMs } = this.faults
    let delay = delayMs
    if (jitterMs > 0) {
      this.#told('jitter')
      delay += jitterMs * this.#prng.next()
    }
    return this.#strikes('reorder') ? delay + (delayMs + 5) * 4 * this.#prng.next() : delay
  }

  #damage(bytes: Uint8Array): Uint8Array {
    if (bytes.length > 0 && this.#strikes('corrupt')) {
      const damaged = bytes.slice()
      const at = this.#prng.below(damaged.length)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << this.#prng.below(8))
      return damaged
    }
    if (bytes.length > 0 && this.#strikes('truncate')) return bytes.slice(0, this.#prng.below(bytes.length))
    return bytes
  }
}
