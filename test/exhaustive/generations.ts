// What a Responder remembers of its R1s, which is nothing of any one of them: their generations, and the solutions that came.

import { vi } from 'vitest'
import type { Generation, R1Pool } from '../../src/core/association/r1-pool.ts'
import type { ExchangeContext } from '../../src/core/association/seed.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'

/** A pool, and every generation that it has made. */
export interface Watched {
  readonly pool: R1Pool
  readonly generations: ReadonlySet<Generation>
}

const { watched } = vi.hoisted(() => ({ watched: new WeakMap<Entropy, Watched>() }))

// A pool keeps its generations to itself, but names one whenever it computes a puzzle.
vi.mock('../../src/core/association/r1-pool.ts', async (original) => {
  const real = await original<typeof import('../../src/core/association/r1-pool.ts')>()
  class WatchedPool extends real.R1Pool {
    readonly #generations = new Set<Generation>()

    constructor(self: ExchangeContext) {
      super(self)
      watched.set(self.entropy, { pool: this, generations: this.#generations })
    }

    override puzzleOf(...puzzle: Parameters<R1Pool['puzzleOf']>): Uint8Array {
      this.#generations.add(puzzle[0])
      return super.puzzleOf(...puzzle)
    }
  }
  return { ...real, R1Pool: WatchedPool }
})

/** The pool of the Responder with this entropy. */
export function poolOf(entropy: Entropy): Watched | undefined {
  return watched.get(entropy)
}
