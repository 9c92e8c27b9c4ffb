// Our own writer of CBOR against cborg's, and against the examples of RFC 8949.

import { encode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../../src/wire/cbor.ts'

const numbers = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -300, max: 70_000 })).map((value) => value + 0)
const { value: values } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    numbers,
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.array(fc.tuple(numbers, tie('value')), { maxLength: 30 }).map((entries) => new Map(entries)),
  ),
}))

describe('the encoding of a value', () => {
  it('is the one that cborg writes, and is read back as the same value', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeCbor(value)
        expect(toHex(bytes)).toBe(toHex(encode(value, rfc8949EncodeOptions)))
        expect(toHex(encodeCbor(decodeCbor(bytes) as CborValue))).toBe(toHex(bytes))
      }),
    )
  })

  it.each([
    [23, '17'],
    [24, '1818'],
    [1_000_000, '1a000f4240'],
    [2 ** 53 - 1, '1b001fffffffffffff'],
    [-1_000, '3903e7'],
    [
      new Map([
        [3, 4],
        [-1, 0],
        [1, 2],
      ]),
      'a3010203042000',
    ],
  ])('of %s is that of RFC 8949 §4.2.1', (value, hex) => {
    expect(toHex(encodeCbor(value))).toBe(hex)
  })
})
