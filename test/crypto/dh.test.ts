// Diffie–Hellman against RFC 5903 and against arithmetic, and what it refuses.

import { getDiffieHellman } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { agree, type DhKey, generateDh } from '../../src/crypto/dh.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'

const I = 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433'
const GI =
  'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180' +
  '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3'
const R = 'c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53'
const GR =
  'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63' +
  '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab'
const SHARED = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de'

const seeded = (seed: number): Entropy => {
  const prng = new Prng(seed)
  return (length) => prng.bytes(length)
}

function keyOf(secret: Uint8Array): DhKey {
  const key = generateDh(7, () => secret.slice())
  if (key === undefined) throw new Error('group 7 is missing')
  return key
}

const P384_I = '099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194'
const P384_GR =
  'e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda41d0774a3571' +
  'dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c'
const P384_SHARED = '11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746'

const modpPrime = (name: 'modp5' | 'modp15') => BigInt(`0x${getDiffieHellman(name).getPrime('hex')}`)
const number = (bytes: Uint8Array) => BigInt(`0x${toHex(bytes)}`)
const written = (value: bigint, length: number) => fromHex(value.toString(16).padStart(2 * length, '0'))

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

describe('a key of group 8', () => {
  const key = generateDh(8, () => fromHex(P384_I))

  it('agrees as RFC 5903 §8.2 does', () => {
    expect(toHex(key?.agree(fromHex(P384_GR)) ?? new Uint8Array(0))).toBe(P384_SHARED)
    expect(toHex(key?.secret ?? new Uint8Array(0))).toBe(P384_I)
  })

  it('agrees on nothing with what is no point of P-384', () => {
    const off = fromHex(P384_GR)
    off[95] = (off[95] ?? 0) ^ 1
    for (const bytes of [off, fromHex(`04${P384_GR}`), fromHex(GR), new Uint8Array(96), new Uint8Array(0)])
      expect(key?.agree(bytes)).toBeUndefined()
  })
})

describe.each<[group: number, prime: 'modp5' | 'modp15', length: number]>([
  [4, 'modp15', 384],
  [3, 'modp5', 192],
])('a key of MODP group %i', (group, name, length) => {
  const prime = modpPrime(name)
  const draw = (seed: number): DhKey => {
    const key = generateDh(group, seeded(seed), conformance.dhGroups)
    if (key === undefined) throw new Error(`group ${group} is missing`)
    return key
  }

  it('has 2 to its secret as public value, and agrees as arithmetic does, at full width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 }), fc.integer({ min: 0, max: 2 ** 32 }), (a, b) => {
        const mine = draw(a)
        const theirs = draw(b)
        expect(number(mine.publicValue)).toBe(power(2n, number(mine.secret), prime))
        const kij = mine.agree(theirs.publicValue)
        expect([mine.publicValue.length, kij?.length]).toEqual([length, length])
        expect(kij).toEqual(theirs.agree(mine.publicValue))
        expect(number(kij ?? new Uint8Array(1))).toBe(power(number(theirs.publicValue), number(mine.secret), prime))
      }),
      { numRuns: 4 },
    )
  })

  it('keeps the leading zeros of Kij, and takes a value that was sent without its own', () => {
    const key = draw(1)
    const short = key.agree(Uint8Array.of(4))
    expect(short).toEqual(key.agree(written(4n, length)))
    expect(short?.length).toBe(length)
  })

  it('agrees on nothing with 0, 1, p − 1, p and above, or what is longer than p', () => {
    const key = draw(2)
    for (const value of [0n, 1n, prime - 1n, prime, prime + 1n, prime + 2n])
      expect(key.agree(written(value, length)), `p + ${value - prime}`).toBeUndefined()
    expect(key.agree(new Uint8Array(0))).toBeUndefined()
    expect(key.agree(new Uint8Array(length + 1))).toBeUndefined()
    expect(key.agree(written(prime - 2n, length))).toBeDefined()
  })

  it('does not show its secret', () => {
    const key = draw(3)
    const shown = `${inspect(key, { showHidden: true, depth: 9 })}${JSON.stringify(key)}`.replace(/\s+/g, '')
    expect(shown).not.toContain(toHex(key.secret).slice(2, 20))
    expect(shown).not.toContain(key.secret.subarray(1, 9).join())
  })
})

describe('a Diffie–Hellman key', () => {
  it('agrees as RFC 5903 §8.1 does, from both sides', () => {
    const initiator = keyOf(fromHex(I))
    const responder = keyOf(fromHex(R))
    expect(toHex(initiator.publicValue)).toBe(GI)
    expect(toHex(responder.publicValue)).toBe(GR)
    expect(toHex(agree(initiator, fromHex(GR)) ?? new Uint8Array(0))).toBe(SHARED)
    expect(toHex(agree(responder, fromHex(GI)) ?? new Uint8Array(0))).toBe(SHARED)
  })

  it('gives both ends one secret of full width, whatever the scalars', () => {
    const scalar = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .filter((bytes) => bytes[0] !== 0xff && bytes[31] !== 0)
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        const left = keyOf(a)
        const right = keyOf(b)
        const kij = agree(left, right.publicValue)
        expect(kij?.length).toBe(32)
        expect(kij).toEqual(agree(right, left.publicValue))
        expect(toHex(left.secret)).toBe(toHex(a))
      }),
      { numRuns: 30 },
    )
  })

  it('keeps the leading zeros of a small scalar', () => {
    const secret = new Uint8Array(32)
    secret[31] = 9
    expect(toHex(keyOf(secret).secret)).toBe(toHex(secret))
  })

  it('agrees on nothing with bytes that are no point of the curve', () => {
    const key = keyOf(fromHex(I))
    const off = fromHex(GR)
    off[63] = (off[63] ?? 0) ^ 1
    for (const bytes of [off, new Uint8Array(64), new Uint8Array(0), new Uint8Array(65), fromHex(`04${GR}`)]) {
      expect(agree(key, bytes)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(agree(key, bytes)).toBeUndefined()
      }),
    )
  })

  it('exists for groups 7, 8 and 4 only, unless another table is given', () => {
    for (const group of [0, 1, 2, 3, 5, 6, 9, 10, 11, 12]) expect(generateDh(group, seeded(1))).toBeUndefined()
    for (const group of [7, 8, 4]) expect(generateDh(group, seeded(1))?.group).toBe(group)
    expect(generateDh(7, seeded(1), new Map())).toBeUndefined()
  })

  it('does not show its secret', () => {
    const key = keyOf(fromHex(I))
    const shown = `${inspect(key, { showHidden: true, depth: 9 })}${JSON.stringify(key)}`
    expect(shown.replace(/\s+/g, ' ')).not.toMatch(/c8 ?8f|200, 143/)
  })
})
