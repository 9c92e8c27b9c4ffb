// The puzzle: a digest computed elsewhere, and a solver that is right and never long at it.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { PUZZLE_STEP_LIMIT, PuzzleSolver, solves } from '../../src/crypto/puzzle.ts'
import { type HitSuite, hitSuite } from '../../src/crypto/suites.ts'

const HIT_I = fromHex(`20010021${'11'.repeat(12)}`)
const HIT_R = fromHex(`20010021${'22'.repeat(12)}`)

function suite(id: number): HitSuite {
  const found = hitSuite(id)
  if (found === undefined) throw new Error(`no suite ${id}`)
  return found
}

describe('a puzzle', () => {
  it('is digested in the order I, HIT-I, HIT-R, J', () => {
    const i = fromHex('aa'.repeat(32))
    const j = fromHex('bb'.repeat(32))
    expect(toHex(suite(1).hash(i, HIT_I, HIT_R, j))).toBe(
      'fc67162e41d9a703788983a2283c962a84bd6e29c8db4842f6762d56abe8f0a9',
    )
    expect(solves(suite(1), i, HIT_I, HIT_R, j, 0)).toBe(true)
    expect(solves(suite(1), i, HIT_I, HIT_R, j, 1)).toBe(false)
  })

  it('counts the low-order bits of the digest, and exactly them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 0, max: 255 }), (digest, k) => {
        const fake: HitSuite = { ...suite(1), hash: () => digest }
        const number = BigInt(`0x${toHex(digest)}`)
        const zero = new Uint8Array(32)
        expect(solves(fake, zero, HIT_I, HIT_R, zero, k)).toBe(number % 2n ** BigInt(k) === 0n)
        const easy = withZeros(number, k)
        expect(solves(easy, zero, HIT_I, HIT_R, zero, k)).toBe(true)
        if (k === 0) return
        const nearly = withZeros(2n * number + 1n, k - 1)
        expect(solves(nearly, zero, HIT_I, HIT_R, zero, k - 1)).toBe(true)
        expect(solves(nearly, zero, HIT_I, HIT_R, zero, k)).toBe(false)
      }),
    )
  })

  it('is not solved by I or J of another length, nor for more bits than a digest has', () => {
    const zero = new Uint8Array(32)
    expect(solves(suite(1), zero, HIT_I, HIT_R, new Uint8Array(31), 0)).toBe(false)
    expect(solves(suite(1), new Uint8Array(33), HIT_I, HIT_R, zero, 0)).toBe(false)
    expect(solves({ ...suite(1), hash: () => zero }, zero, HIT_I, HIT_R, zero, 257)).toBe(false)
  })
})

/** A hash whose digest ends in `zeros` zero bits below those of `number`. */
function withZeros(number: bigint, zeros: number): HitSuite {
  const digest = fromHex(((number << BigInt(zeros)) % 2n ** 256n).toString(16).padStart(64, '0'))
  return { ...suite(1), hash: () => digest }
}

describe('a solver', () => {
  it.each([1, 2, 5])('finds what the responder accepts (suite %i)', (id) => {
    const i = new Uint8Array(suite(id).hashBytes).fill(id)
    const solver = new PuzzleSolver(suite(id), i, HIT_I, HIT_R, 8, (length) => new Uint8Array(length).fill(0xff))
    let j: Uint8Array | undefined
    for (let round = 0; j === undefined && round < 40; round++) j = solver.step(500)
    expect(j !== undefined && solves(suite(id), i, HIT_I, HIT_R, j, 8)).toBe(true)
    expect(solver.step(1)).toEqual(j)
  })

  it('solves K = 0 by its first try, with J as drawn', () => {
    const drawn = new Uint8Array(32).fill(5)
    const solver = new PuzzleSolver(suite(5), drawn, HIT_I, HIT_R, 0, () => drawn)
    expect(solver.step(0)).toBeUndefined()
    expect(solver.step(1)).toEqual(drawn)
  })

  it('takes no more tries a step than it is given, and never above 2,000', () => {
    let tries = 0
    const digest = new Uint8Array(32).fill(1)
    const count = () => {
      tries++
      return digest
    }
    const hard: HitSuite = { ...suite(5), hash: count }
    const solver = new PuzzleSolver(hard, digest, HIT_I, HIT_R, 20, (length) => new Uint8Array(length))
    expect(solver.step(PUZZLE_STEP_LIMIT)).toBeUndefined()
    expect(tries).toBe(2000)
    expect(() => solver.step(2001)).toThrow(/short steps/)
  })
})
