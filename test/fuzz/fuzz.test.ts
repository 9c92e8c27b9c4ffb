// Every target on its kept inputs and on the same thousand mutations of them in every run. Longer by hand: see run.ts.

import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import * as wire from '../../src/wire.ts'
import { keptOf, seedsOf } from './corpus.ts'
import { mutate } from './mutate.ts'
import { corpusFile, TARGETS } from './targets.ts'

const MUTATIONS = 1_000

describe.each([...TARGETS].map(([name, run]) => ({ name, run })))('$name', ({ name, run }) => {
  it('takes every kept input, and each has an outcome of its own', () => {
    const outcomes = keptOf(name).map(run)
    expect(outcomes.length).toBeGreaterThan(0)
    expect(new Set(outcomes).size).toBe(outcomes.length)
  })

  it('takes a thousand inputs made out of them', () => {
    const prng = new Prng(1)
    const seeds = seedsOf(name)
    for (let count = 0; count < MUTATIONS; count++) run(mutate(prng.pick(seeds), prng.pick(seeds), prng))
  })
})

describe('the targets', () => {
  it('have all decoders that are published', () => {
    const covered = new Set([...TARGETS.keys()].filter((name) => name in wire.Parameter))
    expect(covered.size).toBe(Object.keys(wire.Parameter).length)
    const others = [...TARGETS.keys()].filter((name) => !(name in wire.Parameter))
    expect(others.length).toBeGreaterThan(18)
  })

  it('have a corpus file each, and there is no other', () => {
    const files = readdirSync(dirname(corpusFile('packet'))).map((file) => file.replace(/\.hex$/, ''))
    expect(files.sort()).toEqual([...TARGETS.keys()].sort())
  })
})
