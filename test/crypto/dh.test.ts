// Diffie–Hellman over P-256 against RFC 5903, and what it refuses.

import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { agree, type DhKey, generateDh } from '../../src/crypto/dh.ts'

const I = 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433'
const GI =
  'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180' +
  '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3'
const R = 'c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53'
const GR =
  'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63' +
  '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab'
const SHARED = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de'

function keyOf(secret: Uint8Array): DhKey {
  const key = generateDh(7, () => secret)
  if (key === undefined) throw new Error('group 7 is missing')
  return key
}

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
        expect(left.secret).toEqual(a)
      }),
      { numRuns: 30 },
    )
  })

  it('keeps the leading zeros of a small scalar', () => {
    const secret = new Uint8Array(32)
    secret[31] = 9
    expect(keyOf(secret).secret).toEqual(secret)
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

  it('exists for group 7 only', () => {
    for (const group of [0, 3, 4, 8, 9, 12]) expect(generateDh(group, () => fromHex(I))).toBeUndefined()
  })

  it('does not show its secret', () => {
    const key = keyOf(fromHex(I))
    const shown = `${inspect(key, { showHidden: true, depth: 9 })}${JSON.stringify(key)}`
    expect(shown.replace(/\s+/g, ' ')).not.toMatch(/c8 ?8f|200, 143/)
  })
})
