// Deadlines, queues and the seeded generator, each against a plain model of itself.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assert, InvariantError, unreachable } from '../../src/base/assert.ts'
import { Deadlines } from '../../src/base/deadlines.ts'
import { Prng } from '../../src/base/prng.ts'
import { Queue } from '../../src/base/queue.ts'

describe('Deadlines', () => {
  it('agree with a plain table of moments', () => {
    type Name = 'a' | 'b' | 'c'
    const name = fc.constantFrom<Name>('a', 'b', 'c')
    const step = fc.oneof(
      fc.tuple(fc.constant('set'), name, fc.oneof(fc.nat(20), fc.constant(Number.POSITIVE_INFINITY))),
      fc.tuple(fc.constant('stop'), name, fc.constant(0)),
      fc.tuple(fc.constant('due'), name, fc.nat(20)),
    )
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const deadlines = new Deadlines<Name>()
        const model = new Map<Name, number>()
        for (const [action, which, at] of steps) {
          if (action === 'set') {
            deadlines.set(which, at)
            at === Number.POSITIVE_INFINITY ? model.delete(which) : model.set(which, at)
          } else if (action === 'stop') {
            deadlines.stop(which)
            model.delete(which)
          } else {
            const due = deadlines.due(at)
            const earliest = Math.min(...model.values())
            expect(due === undefined).toBe(earliest > at)
            if (due !== undefined) {
              expect(model.get(due)).toBe(earliest)
              model.delete(due)
            }
          }
          expect(deadlines.next).toBe(Math.min(...model.values()))
          expect(deadlines.armed).toBe(model.size)
          expect(deadlines.at(which)).toBe(model.get(which) ?? Number.POSITIVE_INFINITY)
        }
      }),
    )
  })
})

describe('Queue', () => {
  it('agrees with an array that refuses beyond its limit', () => {
    const step = fc.constantFrom('push', 'push', 'push', 'shift', 'clear')
    fc.assert(
      fc.property(fc.nat(40), fc.array(step, { maxLength: 200 }), (limit, steps) => {
        const queue = new Queue<number>(limit)
        const model: number[] = []
        let next = 0
        for (const action of steps) {
          if (action === 'push') {
            const room = model.length < limit
            expect(queue.push(next)).toBe(room)
            if (room) model.push(next)
            next++
          } else if (action === 'shift') expect(queue.shift()).toBe(model.shift())
          else if (next % 7 === 0) {
            queue.clear()
            model.length = 0
          }
          expect(queue.peek()).toBe(model[0])
          expect([...queue]).toEqual(model)
          expect(queue.size).toBe(model.length)
        }
      }),
    )
  })
})

describe('Prng', () => {
  it('gives the same numbers for the same seed, for ever', () => {
    const prng = new Prng(1)
    const first = [prng.below(1000), prng.below(1000), prng.below(1000), prng.below(1000)]
    expect(first).toEqual([537, 454, 82, 153])
  })

  it('gives other numbers for other seeds, also above 2^32', () => {
    const heads = [0, 1, 2, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 52].map((seed) => new Prng(seed).bytes(16).join())
    expect(new Set(heads).size).toBe(heads.length)
  })

  it('forks into a generator whose use does not disturb it', () => {
    const [one, other] = [new Prng(7), new Prng(7)]
    one.fork().bytes(100)
    other.fork()
    expect(one.bytes(16)).toEqual(other.bytes(16))
  })

  it('stays in range and reaches all of it', () => {
    const prng = new Prng(3)
    const seen = new Set(Array.from({ length: 1000 }, () => prng.below(10)))
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const heads = Array.from({ length: 10000 }, () => prng.chance(0.25)).filter(Boolean).length
    expect(Math.abs(heads - 2500)).toBeLessThan(250)
    expect(['x', 'y']).toContain(prng.pick(['x', 'y']))
  })
})

describe('assert', () => {
  it('throws InvariantError and nothing else', () => {
    expect(() => assert(false, 'why')).toThrow(InvariantError)
    expect(() => assert(true, 'why')).not.toThrow()
    expect(() => Reflect.apply(unreachable, undefined, ['x'])).toThrow(InvariantError)
  })
})
