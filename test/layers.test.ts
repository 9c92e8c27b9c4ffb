// The house rules (DESIGN §2) hold for every file of the repository, and each of them can fail.

import { describe, expect, it } from 'vitest'
import { type Fault, formatFault, houseFaults, type Rule } from './support/house-rules.ts'
import { ENTRIES, LAYERS, PACKAGES } from './support/layer-table.ts'
import { filesUnder, readText } from './support/tree.ts'

const tree = filesUnder('')
const faults = houseFaults(tree)

function listed(...rules: readonly Rule[]): string {
  return faults
    .filter((fault) => rules.includes(fault.rule))
    .map(formatFault)
    .join('\n')
}

describe('the repository', () => {
  it('imports only along the layer table', () => {
    expect(listed('layer')).toBe('')
  })

  it('names third-party packages and Node modules only where the table places them', () => {
    expect(listed('package', 'builtin')).toBe('')
  })

  it('keeps time, luck and the event loop out of everything below node/', () => {
    expect(listed('ambient')).toBe('')
  })

  it('re-exports and does nothing else in its published entries', () => {
    expect(listed('entry')).toBe('')
  })

  it('has no file above 400 lines and no function above 60', () => {
    expect(listed('file-length', 'function-length')).toBe('')
  })

  it('cites specifications in the one form that can be searched for', () => {
    expect(listed('citation')).toBe('')
  })

  it('has no hole in its types', () => {
    expect(listed('type-hole')).toBe('')
  })

  it('holds no path of anybody’s machine', () => {
    expect(listed('machine-path')).toBe('')
  })

  it('declares exactly the packages that the table places', () => {
    const manifest: { dependencies: Record<string, string> } = JSON.parse(readText('package.json'))
    expect(Object.keys(manifest.dependencies).sort()).toEqual(Object.keys(PACKAGES).sort())
  })

  it('uses every package it declares, in the place the table gives it', () => {
    for (const [name, places] of Object.entries(PACKAGES)) {
      const users = tree.filter((file) => places.some((place) => file.path.startsWith(place)))
      const uses = users.some((file) => file.text.includes(`from '${name}`))
      expect(uses, `${name} is imported in ${places.join(', ')}`).toBe(true)
    }
  })

  it('has a folder for every layer of the table, and its three entries', () => {
    for (const layer of Object.keys(LAYERS)) {
      expect(
        tree.some((file) => file.path.startsWith(`src/${layer}/`)),
        layer,
      ).toBe(true)
    }
    for (const entry of ENTRIES)
      expect(
        tree.some((file) => file.path === entry),
        entry,
      ).toBe(true)
  })
})

describe('the rules can fail:', () => {
  const rulesBroken = (path: string, text: string): readonly Rule[] => [
    ...new Set(houseFaults([{ path, text }]).map((fault: Fault) => fault.rule)),
  ]
  const long = (lines: number) => 'void 0\n'.repeat(lines)
  const machine = ['', 'home', 'someone', 'key.pem'].join('/')

  const table: readonly (readonly [what: string, path: string, text: string, rule: Rule])[] = [
    ['wire imports crypto', 'src/wire/a.ts', "import { b } from '../crypto/b.ts'", 'layer'],
    ['crypto imports wire', 'src/crypto/a.ts', "import { b } from '../wire/b.ts'", 'layer'],
    ['core imports node, for a type', 'src/core/a.ts', "import type { b } from '../node/b.ts'", 'layer'],
    ['core imports node, two folders down', 'src/core/sa/a.ts', "export * from '../../node/b.ts'", 'layer'],
    ['node imports wire', 'src/node/a.ts', "import { b } from '../wire/b.ts'", 'layer'],
    ['base imports anything', 'src/base/a.ts', "import { b } from '../core/b.ts'", 'layer'],
    ['a dynamic import', 'src/core/a.ts', "void import('../node/b.ts')", 'layer'],
    ['an import in a type', 'src/core/a.ts', "export type A = import('../node/b.ts').B", 'layer'],
    ['the door of wire shows core', 'src/wire.ts', "export { b } from './core/b.ts'", 'layer'],
    ['a layer imports an entry', 'src/core/a.ts', "import { b } from '../index.ts'", 'layer'],
    ['a layer imports a test', 'src/core/a.ts', "import { b } from '../../test/b.ts'", 'layer'],
    ['a folder nobody planned', 'src/utils/a.ts', "import { b } from '../base/b.ts'", 'layer'],
    ['core imports node:fs', 'src/core/a.ts', "import { b } from 'node:fs'", 'builtin'],
    ['wire imports node:crypto', 'src/wire/a.ts', "import { b } from 'node:crypto'", 'builtin'],
    ['crypto imports node:dgram', 'src/crypto/a.ts', "import { b } from 'node:dgram'", 'builtin'],
    ['noble in core', 'src/core/a.ts', "import { b } from '@noble/hashes/sha2.js'", 'package'],
    ['dgram-as-promised beside the port', 'src/node/a.ts', "import { b } from 'dgram-as-promised'", 'package'],
    ['cborg beside cbor.ts', 'src/wire/a.ts', "import { b } from 'cborg'", 'package'],
    ['hpke beside seal.ts', 'src/node/a.ts', "import { b } from 'hpke'", 'package'],
    ['commander in node', 'src/node/a.ts', "import { b } from 'commander'", 'package'],
    ['a package nobody chose', 'src/cli/a.ts', "import { b } from 'left-pad'", 'package'],
    ['Date in core', 'src/core/a.ts', 'export const now = Date.now()', 'ambient'],
    ['a timer in sim', 'src/sim/a.ts', 'setTimeout(() => {}, 1)', 'ambient'],
    ['a promise type in core', 'src/core/a.ts', 'export type A = Promise<void>', 'ambient'],
    ['an async function in wire', 'src/wire/a.ts', 'export async function a() {}', 'ambient'],
    ['luck in base', 'src/base/a.ts', 'export const a = Math.random()', 'ambient'],
    ['the environment in crypto', 'src/crypto/a.ts', 'export const a = process.env', 'ambient'],
    ['a global by way of globalThis', 'src/core/a.ts', "export const a = globalThis['Date']", 'ambient'],
    ['microtasks in core', 'src/core/a.ts', 'queueMicrotask(() => {})', 'ambient'],
    ['a clock handed on as a value', 'src/core/a.ts', 'export const a = { performance }', 'ambient'],
    ['code in an entry', 'src/index.ts', 'export const a = 1', 'entry'],
    ['a star in an entry', 'src/index.ts', "export * from './node/a.ts'", 'entry'],
    ['a file of 401 lines', 'src/core/a.ts', long(401), 'file-length'],
    ['a function of 61 lines', 'src/core/a.ts', `function a() {\n${long(59)}}`, 'function-length'],
    ['a method of 61 lines', 'src/core/a.ts', `class A {\n  a() {\n${long(59)}}\n}`, 'function-length'],
    ['an arrow of 61 lines', 'test/a.ts', `it('a', () => {\n${long(59)}})`, 'function-length'],
    ['RFC without a space', 'src/core/a.ts', `// RF${'C7401'} §6.9`, 'citation'],
    ['a section without §', 'docs/A.md', `see RF${'C 7401'} section 6.9`, 'citation'],
    ['a bare section number', 'docs/A.md', `see RF${'C 7401'} 6.9`, 'citation'],
    ['the section first', 'docs/A.md', `see section 6.9 of RF${'C 7401'}`, 'citation'],
    ['a space after §', 'docs/A.md', `see MOVING §${' 5'}`, 'citation'],
    ['any as a type', 'src/core/a.ts', 'export const a = (b: any) => b', 'type-hole'],
    ['a cast to any', 'test/a.ts', 'const a = b as any', 'type-hole'],
    ['a cast through unknown', 'test/a.ts', 'const a = b as unknown as C', 'type-hole'],
    ['a cast to never', 'test/a.ts', 'const a = b(c as never)', 'type-hole'],
    ['a non-null assertion', 'src/core/a.ts', 'export const a = b!.c', 'type-hole'],
    ['a definite assignment', 'src/core/a.ts', 'class A { b!: string }', 'type-hole'],
    ['an ignored error', 'src/core/a.ts', `// @ts-${'ignore'}\nvoid 0`, 'type-hole'],
    ['a silenced linter', 'src/core/a.ts', `// biome-${'ignore'} lint: because\nvoid 0`, 'type-hole'],
    ['a path of a machine, in code', 'src/cli/a.ts', `export const a = '${machine}'`, 'machine-path'],
    ['a path of a machine, in prose', 'README.md', `Look into ${machine}.`, 'machine-path'],
  ]

  it.each(table)('%s', (_what, path, text, rule) => {
    expect(rulesBroken(path, text)).toContain(rule)
  })
})

describe('the rules leave lawful code alone:', () => {
  const lawful: readonly (readonly [what: string, path: string, text: string])[] = [
    [
      'core over wire and crypto',
      'src/core/a.ts',
      "import { b } from '../wire/b.ts'\nimport { c } from '../crypto/c.ts'",
    ],
    ['core by the front door of wire', 'src/core/a.ts', "import { b } from '../wire.ts'"],
    ['members that share a global’s name', 'src/core/a.ts', 'export const a = (b: B) => b.process(b.performance.Date)'],
    ['fields that share a global’s name', 'src/core/a.ts', 'export interface A { readonly performance: number }'],
    ['luck without Math', 'src/base/a.ts', 'export const a = (b: B) => b.random()'],
    ['timers in node', 'src/node/a.ts', "import { b } from 'node:dgram'\nsetTimeout(b, 1)"],
    ['noble in crypto', 'src/crypto/a.ts', "import { b } from '@noble/hashes/sha2.js'"],
    ['dgram-as-promised in the port', 'src/node/port.ts', "import { b } from 'dgram-as-promised'"],
    [
      'a list of names in an entry',
      'src/index.ts',
      "export { a } from './node/a.ts'\nexport type { B } from './node/b.ts'",
    ],
    ['exactly 400 lines', 'src/core/a.ts', 'void 0\n'.repeat(400)],
    ['a function of 60 lines', 'src/core/a.ts', `function a() {\n${'void 0\n'.repeat(58)}}`],
    ['a long suite of short tests', 'test/a.test.ts', `describe('a', () => {\n${'void 0\n'.repeat(99)}})`],
    ['citations in the one form', 'docs/A.md', 'RFC 7401 §6.9, RFC 4303 §3.4.3 and MOVING §5–6; RFC 7401.'],
    ['addresses and routes', 'docs/A.md', 'https://example.org/home/page, ./work/x, a/root/b'],
    ['types that import each other', 'src/core/a.ts', "import type { A } from './a.ts'"],
  ]

  it.each(lawful)('%s', (_what, path, text) => {
    expect(houseFaults([{ path, text }]).map(formatFault)).toEqual([])
  })
})
