// What must come from noble does (DESIGN §3): cSHAKE, which node:crypto lacks, for hierarchical HITs and under KMAC and KMACXOF, which
// crypto/kmac.ts writes down over it; ECDSA signatures without ambient randomness; P-256 keys from injected entropy. Spies stand around
// the modules, so that this fails if they are no longer called.

import { cshake128 } from '@noble/hashes/sha3-addons.js'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { detOf } from '../../src/crypto/det.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { hitSuite } from '../../src/crypto/suites.ts'

const calls = vi.hoisted(() => new Map<string, number>())

// Counts calls of a function and of its own functions (such as `kmac128.create`), and changes nothing else.
const counted = vi.hoisted(() => <T extends object>(name: string, target: T): T => {
  const handler: ProxyHandler<T> = {
    apply(called, self, args) {
      calls.set(name, (calls.get(name) ?? 0) + 1)
      return Reflect.apply(called as (...all: unknown[]) => unknown, self, args)
    },
    get(object, key) {
      const value: unknown = Reflect.get(object, key)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const path = `${name}.${String(key)}`
        calls.set(path, (calls.get(path) ?? 0) + 1)
        return Reflect.apply(value, object, args)
      }
    },
  }
  // A frozen object may not answer differently through its proxy; an unfrozen stand-in may.
  const stand =
    typeof target === 'function'
      ? Object.assign((...args: unknown[]) => Reflect.apply(target, undefined, args), target)
      : { ...target }
  return new Proxy(stand as T, handler)
})

vi.mock('@noble/hashes/sha3-addons.js', async (original) => {
  const module = await original<typeof import('@noble/hashes/sha3-addons.js')>()
  return {
    ...module,
    cshake128: counted('cshake128', module.cshake128),
  }
})

vi.mock('@noble/curves/nist.js', async (original) => {
  const module = await original<typeof import('@noble/curves/nist.js')>()
  return { ...module, p256: counted('p256', module.p256) }
})

const entropy = (length: number) => new Uint8Array(length).fill(7)
const key = {
  algorithm: 13,
  label: 1,
  bytes: fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
}
const STATE = cshake128.create({})
const count = (name: string) => calls.get(name) ?? 0

describe('noble is what computes', () => {
  beforeEach(() => calls.clear())

  it('the cSHAKE under the KMAC of HIP packets under suite 5', () => {
    hitSuite(5)?.mac(new Uint8Array(32).fill(1), key.bytes)
    expect(count('cshake128.create')).toBe(1)
  })

  it('the cSHAKE under KMAC and KMACXOF, which make PRK and KEYMAT of suite 5', () => {
    const states: typeof STATE = Object.getPrototypeOf(STATE)
    const [digest, xof] = [vi.spyOn(states, 'digestInto'), vi.spyOn(states, 'xofInto')]
    const made = hitSuite(5)?.keymat(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), key.bytes, 136)
    expect(digest.mock.calls.map(([output]) => output)).toContain(made?.prk)
    expect(xof.mock.calls.map(([output]) => output)).toContain(made?.keymat)
    vi.restoreAllMocks()
  })

  it('the cSHAKE of hierarchical HITs', () => {
    detOf(fromHex('2001003ffe000005'), key)
    expect(count('cshake128')).toBe(1)
  })

  it('a P-256 public key from entropy, and its deterministic signatures', () => {
    const identity = Identity.generate(entropy, 'ecdsa-p256')
    expect(count('p256.getPublicKey')).toBe(1)
    identity.sign(key.bytes)
    expect(count('p256.sign')).toBe(1)
  })
})
