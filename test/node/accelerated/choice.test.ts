// Which provider is used, and what is said about it.

import { expect, it, test } from 'vitest'
import { choose } from '../../../src/node/accelerated/choice.ts'
import { type Koffi, loadKoffi } from '../../../src/node/accelerated/koffi.ts'
import { filesUnder } from '../../support/tree.ts'
import { koffi } from './calls.ts'

const here = (env: Readonly<Record<string, string>> = {}, load: () => Koffi | string = loadKoffi) =>
  choose(env, load, process.platform, process.arch)

const whyOf = (chosen: { readonly accelerated: unknown; readonly why?: string }): string | undefined => chosen.why

test.runIf(process.platform === 'linux')('with koffi all are accelerated', () => {
  for (const env of [{}, { SOJOURN_PORTABLE: '0' }, { SOJOURN_PORTABLE: '' }]) {
    const { koffi: version, ports, aead, algorithms } = here(env)
    expect(version).toBe(koffi().version)
    expect([ports, aead, algorithms].map(whyOf)).toEqual([undefined, undefined, undefined])
  }
})

it('is portable when it was told so, and koffi is not even loaded', () => {
  const { ports, aead, algorithms } = here({ SOJOURN_PORTABLE: '1' }, () => {
    throw new Error('it was loaded')
  })
  for (const chosen of [ports, aead, algorithms]) expect(whyOf(chosen)).toBe('SOJOURN_PORTABLE is set')
})

it('is portable without koffi, and says how to get it', () => {
  const absent = (): never => {
    throw Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' })
  }
  const { koffi: version, ports } = here({}, () => loadKoffi(absent))
  expect(version).toBeUndefined()
  expect(whyOf(ports)).toMatch(/npm install koffi/)
})

it('is portable with a koffi that breaks, or is something else', () => {
  const broken = (): never => {
    throw new Error('invalid ELF header')
  }
  expect(whyOf(here({}, () => loadKoffi(broken)).aead)).toMatch(/invalid ELF header/)
  expect(whyOf(here({}, () => loadKoffi(() => ({}))).aead)).toMatch(/something else/)
})

it('is portable with a koffi of another release, and says which one it wants', () => {
  for (const version of ['2.9.2', '3.2.9', '4.0.0', '33.1.0'])
    expect(whyOf(here({}, () => loadKoffi(() => ({ ...koffi(), version }))).aead)).toBe(
      `koffi ${version} is not one that is known: install ^3.3.0`,
    )
  for (const version of ['3.3.0', '3.10.1'])
    expect(here({}, () => loadKoffi(() => ({ ...koffi(), version }))).koffi).toBe(version)
})

it('is portable with a koffi whose functions throw', () => {
  const address = (): never => {
    throw new TypeError('Unexpected ArrayBuffer value for ptr')
  }
  const { ports, aead, algorithms } = here({}, () => ({ ...koffi(), address }))
  expect(whyOf(ports)).toMatch(/does not do what it should .*ArrayBuffer/)
  for (const found of [aead, algorithms]) expect(whyOf(found)).toMatch(/does not do what it should|OpenSSL/)
})

it('decides for ports, AEADs and algorithms apart', () => {
  const elsewhere = choose({}, loadKoffi, 'darwin', 'arm64')
  expect(whyOf(elsewhere.ports)).toMatch(/darwin/)
  expect([whyOf(elsewhere.aead), whyOf(elsewhere.algorithms)]).toEqual([undefined, undefined])
  expect(whyOf(choose({}, loadKoffi, 'linux', 's390x').ports)).toMatch(/s390x/)
  const { node: _gone, ...older } = koffi()
  expect(whyOf(here({}, () => older).ports)).toMatch(/3\.3 or later/)
  const mute = { ...koffi(), load: () => ({ func: (name: string) => fail(name) }) }
  expect(whyOf(here({}, () => mute).aead)).toMatch(/OpenSSL/)
  expect(whyOf(here({}, () => mute).algorithms)).toMatch(/OpenSSL/)
  const lacking = (missing: string): Koffi => ({
    ...koffi(),
    load: (path) => ({
      func: (name, ...rest) =>
        name === missing
          ? fail(name)
          : koffi()
              .load(path)
              .func(name, ...rest),
    }),
  })
  for (const missing of ['EVP_MD_fetch', 'EC_POINT_mul', 'EVP_PKEY_new_raw_public_key']) {
    const { aead, algorithms } = here({}, () => lacking(missing))
    expect([whyOf(aead), whyOf(algorithms)]).toEqual([undefined, expect.stringMatching(/OpenSSL/)])
  }
  expect(whyOf(here({}, () => mute).ports)).toMatch(/system calls/)
})

it('is the only place that knows koffi', () => {
  const users = filesUnder('src').filter(
    ({ path, text }) => path.endsWith('.ts') && /(from|import\(|require\(|load\()\s*['"]koffi['"]/.test(text),
  )
  expect(users.map(({ path }) => path)).toEqual(['src/node/accelerated/koffi.ts'])
})

function fail(name: string): never {
  throw new Error(`Cannot find function '${name}'`)
}
