// Every target on its kept inputs and on the same thousand mutations of them in every run. Longer by hand: see run.ts.

import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import * as wire from '../../src/wire.ts'
import { filesUnder, readText } from '../support/tree.ts'
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

/** Decoders of a part of something, by the target that comes to them. */
const PARTS: Readonly<Record<string, string>> = {
  decodeCapsule: 'capsule',
  decodeChosenCipher: 'message',
  decodeChosenEspTransform: 'message',
  decodeEspTransform: 'ESP_TRANSFORM',
  decodeHipCipher: 'HIP_CIPHER',
  decodeNatTraversalMode: 'NAT_TRAVERSAL_MODE',
}

describe('the targets', () => {
  it('have all parameters', () => {
    expect(Object.keys(wire.Parameter).filter((name) => !TARGETS.has(name))).toEqual([])
  })

  it('have all other decoders there are, or something that these are parts of', () => {
    const named = [readText('test/fuzz/targets.ts'), readText('src/wire/parameters.ts')].join('\n')
    const decoders = ['src/wire', 'src/core', 'src/ledger', 'src/inspect'].flatMap((folder) =>
      filesUnder(folder).flatMap(({ text }) =>
        [...text.matchAll(/^export function (decode\w+)/gm)].map(([, name]) => name ?? ''),
      ),
    )
    expect(decoders.length).toBeGreaterThan(50)
    const left = decoders.filter((name) => !new RegExp(`\\b${name}\\b`).test(named))
    expect(left.sort()).toEqual(Object.keys(PARTS).sort())
    expect(Object.values(PARTS).filter((name) => !TARGETS.has(name))).toEqual([])
  })

  it('have a corpus file each, and there is no other', () => {
    const files = readdirSync(dirname(corpusFile('packet'))).map((file) => file.replace(/\.hex$/, ''))
    expect(files.sort()).toEqual([...TARGETS.keys()].sort())
  })
})
