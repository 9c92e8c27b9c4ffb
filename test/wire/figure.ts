// A parameter beside bytes worked out by hand from its figure in the RFC, and what every such pair must show. It stands before
// any round trip: a codec can be wrong the same way twice.

import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { isMalformed, type Malformed } from '../../src/wire/malformed.ts'
import type { ParameterValue } from '../../src/wire/packet.ts'
import { decodeParameter, encodeParameter } from '../../src/wire/parameters.ts'
import { sound } from './fixtures.ts'

export const bytes = (hex: string): Uint8Array => fromHex(hex)
export const repeat = (hex: string, times: number): string => hex.repeat(times)

export interface Figure {
  readonly name: string
  readonly type: number
  readonly hex: string
  readonly value: unknown
  /** Called in a test, not while the table is put together, so that a fault of one is a fault of its own tests. */
  readonly encode: () => ParameterValue
  readonly decode: (contents: Uint8Array, at: number) => unknown
  /** Lengths of contents that are wrong. */
  readonly wrong: readonly number[]
}

/** One pair; `hex` may have blanks. */
export function figure<T>(
  name: string,
  type: number,
  hex: string,
  value: T,
  encode: (value: T) => ParameterValue,
  decode: (contents: Uint8Array, at: number) => unknown,
  wrong: readonly number[],
): Figure {
  return { name, type, hex: hex.replaceAll(' ', ''), value, encode: () => encode(value), decode, wrong }
}

/** The tests that every figure passes. */
export function describeFigures(figures: readonly Figure[]): void {
  describe.each(figures)('$name', ({ type, hex, value, encode, decode, wrong }) => {
    it('is written as its figure draws it', () => {
      const encoded = encode()
      expect(encoded.type).toBe(type)
      expect(toHex(encoded.contents)).toBe(hex)
    })

    it('is read as it was written', () => {
      expect(decode(bytes(hex), 44)).toEqual(value)
    })

    it('comes by its number out of the table of all parameters, and back to the same bytes', () => {
      const parameter = sound(decodeParameter({ type, contents: bytes(hex) }, 44))
      expect(parameter.name).toBeDefined()
      expect(encodeParameter(parameter)).toEqual(encode())
    })

    it('is Malformed at any of the wrong lengths, and says where', () => {
      const long = bytes(hex + '00'.repeat(100))
      for (const length of wrong) {
        const found = decode(long.slice(0, length), 44)
        expect(isMalformed(found), `length ${length}`).toBe(true)
        expect((found as Malformed).at).toBeGreaterThanOrEqual(44)
      }
    })
  })
}
