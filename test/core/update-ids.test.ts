// Update IDs against a model that remembers every one of them on an endless line, where nothing wraps (RFC 7401 §6.12).

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UpdateIds } from '../../src/core/association/update.ts'

const TWO_32 = 2 ** 32

/** IDs as they would be without a circle: the one nearest to the highest so far, the lower one of two. */
class Line {
  highest: number | undefined
  readonly #seen = new Set<number>()
  readonly #window: number

  constructor(window: number) {
    this.#window = window
  }

  place(id: number): number {
    const highest = this.highest ?? id
    const ahead = (((id - highest) % TWO_32) + TWO_32) % TWO_32
    return highest + (ahead < TWO_32 / 2 ? ahead : ahead - TWO_32)
  }

  state(id: number): 'new' | 'seen' | 'old' {
    const at = this.place(id)
    if (this.highest !== undefined && at <= this.highest - this.#window) return 'old'
    return this.#seen.has(at) ? 'seen' : 'new'
  }

  record(id: number): void {
    const at = this.place(id)
    this.#seen.add(at)
    this.highest = Math.max(this.highest ?? at, at)
  }
}

/** Around the highest, at the edges of the window and of the circle, or anywhere. */
function steps(): fc.Arbitrary<readonly ((highest: number) => number)[]> {
  const near = fc.integer({ min: -80, max: 80 })
  const edges = fc.constantFrom(-65, -64, -63, TWO_32 / 2 - 1, TWO_32 / 2, -TWO_32 / 2 - 1)
  const away = fc.oneof({ weight: 6, arbitrary: near }, edges).map((by) => (highest: number) => highest + by)
  const anywhere = fc.integer({ min: 0, max: TWO_32 - 1 }).map((id) => () => id)
  return fc.array(fc.oneof({ weight: 9, arbitrary: away }, anywhere), { maxLength: 300 })
}

describe('Update IDs', () => {
  it('are new, seen or old exactly as on a line that remembers them all, around the whole circle', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: TWO_32 - 1 }), steps(), (first, moves) => {
        const [ids, line] = [new UpdateIds(64), new Line(64)]
        let highest = first
        for (const move of moves) {
          const id = ((move(highest) % TWO_32) + TWO_32) % TWO_32
          expect(ids.state(id)).toBe(line.state(id))
          ids.record(id)
          line.record(id)
          highest = ids.highest ?? 0
          expect(highest).toBe((((line.highest ?? 0) % TWO_32) + TWO_32) % TWO_32)
          expect(ids.state(id)).toBe(line.state(id))
        }
      }),
    )
  })
})
