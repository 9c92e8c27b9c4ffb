// What is there only to conform stays out of a program that has not asked for it (DESIGN §4): the default entry, the command line,
// the simulator and the codec reach no file of its folder, by whatever chain of imports.

import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { STANDARD } from '../src/crypto/algorithms.ts'
import { conformance } from '../src/crypto/suites/conformance/algorithms.ts'
import { readText } from './support/tree.ts'

const FOLDER = 'src/crypto/suites/conformance/'

/** Every file that starting `entry` loads (not what a command imports when it runs, as inspect does), each with the file that first named it. Types are left out by the compiler. */
function loadedBy(entry: string): ReadonlyMap<string, string> {
  const loaded = new Map([[entry, entry]])
  for (const path of loaded.keys()) {
    const text = readText(path).replaceAll(/^(?:import|export) type [^;]*? from '[^']+'$/gm, '')
    for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*'(\.[^']+)'/g)) {
      const target = normalize(join(dirname(path), specifier)).replaceAll('\\', '/')
      if (!loaded.has(target)) loaded.set(target, path)
    }
  }
  return loaded
}

describe('nothing that only conforms', () => {
  it.each(['src/index.ts', 'src/sim.ts', 'src/wire.ts', 'src/cli/main.ts'])('is loaded by %s', (entry) => {
    const loaded = loadedBy(entry)
    const found = [...loaded].filter(([path]) => path.startsWith(FOLDER))
    expect(found.map(([path, by]) => `${by} imports ${path}`)).toEqual([])
    // The walk has been somewhere: it would find nothing in an empty graph either.
    expect(loaded.size).toBeGreaterThan(entry === 'src/wire.ts' ? 10 : 40)
  })

  it('is missing from the entry that is for it', () => {
    const loaded = [...loadedBy('src/conformance.ts').keys()]
    expect(loaded.filter((path) => path.startsWith(FOLDER)).length).toBeGreaterThan(2)
  })

  it('is in the standard table', () => {
    expect(STANDARD.keys.map(({ name }) => name)).toEqual(['ed25519', 'ecdsa-p256'])
    expect([...STANDARD.dhGroups.keys()]).toEqual([7, 8, 4])
    expect([...STANDARD.ciphers.keys()]).toEqual([2, 4])
    expect([...STANDARD.espSuites.keys()]).toEqual([13, 12, 9, 8])
  })
})

describe('the conformance table', () => {
  it('has everything that the standard one has, and what RFC 7401 and RFC 7402 demand or recommend beyond it', () => {
    expect(conformance.keys.map(({ name }) => name)).toEqual(['ed25519', 'ecdsa-p256', 'ecdsa-p384', 'rsa'])
    expect([...conformance.dhGroups.keys()]).toEqual([7, 8, 4, 3])
    expect([...conformance.ciphers.keys()]).toEqual([2, 4, 1])
    expect([...conformance.espSuites.keys()]).toEqual([13, 12, 9, 8, 7, 1])
  })

  it('files everything under the number it has', () => {
    for (const table of [conformance.dhGroups, conformance.ciphers, conformance.espSuites])
      for (const [id, entry] of table) expect(entry.id).toBe(id)
  })
})
