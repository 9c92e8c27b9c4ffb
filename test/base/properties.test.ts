// Laws of bytes, addresses and the seeded generator.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressBytes,
  addressPrefix,
  addressText,
  canonicalAddress,
  formatLocator,
  parseLocator,
} from '../../src/base/address.ts'
import { compareBytes, concat, equalBytes, Reader, toHex, utf8, Writer } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'

const some = fc.uint8Array({ maxLength: 20 })
const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6()

describe('bytes', () => {
  it('written as a row of numbers of any widths are read back, and nothing is left', () => {
    const number = fc.oneof(
      fc.tuple(fc.constant('u8' as const), fc.nat(0xff)),
      fc.tuple(fc.constant('u16' as const), fc.nat(0xffff)),
      fc.tuple(fc.constant('u32' as const), fc.nat(0xffffffff)),
      fc.tuple(fc.constant('u64' as const), fc.maxSafeNat()),
    )
    fc.assert(
      fc.property(fc.array(number, { maxLength: 60 }), (row) => {
        const writer = new Writer()
        for (const [width, value] of row) writer[width](value)
        const reader = new Reader(writer.finish())
        expect(row.map(([width]) => reader[width]())).toEqual(row.map(([, value]) => value))
        expect([reader.remaining, reader.failed]).toEqual([0, false])
      }),
    )
  })

  it('are ordered: antisymmetric, transitive, equal exactly if the same', () => {
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        expect(Math.sign(compareBytes(a, b))).toBe(-Math.sign(compareBytes(b, a)) + 0)
        expect(compareBytes(a, b) === 0).toBe(equalBytes(a, b))
        const sorted = [a, b, c].sort(compareBytes).map(toHex)
        expect(sorted).toEqual([...sorted].sort())
      }),
    )
  })

  it('join in any grouping to the same', () => {
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        expect(concat(concat(a, b), c)).toEqual(concat(a, concat(b, c)))
        expect(concat(a, b, c).length).toBe(a.length + b.length + c.length)
      }),
    )
  })

  it('of a text are the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(new TextDecoder().decode(utf8(text))).toBe(text)
      }),
    )
  })
})

describe('addresses', () => {
  it('are canonical once they have been made so', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (text) => {
        const canonical = canonicalAddress(text) ?? ''
        expect(canonicalAddress(canonical)).toBe(canonical)
        expect(addressText(addressBytes(text) ?? new Uint8Array(16))).toBe(canonical)
      }),
    )
  })

  it('with ports are read as they are written', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), fc.nat(65_535), (text, port) => {
        const locator = { address: canonicalAddress(text) ?? '', port }
        expect(parseLocator(formatLocator(locator))).toEqual(locator)
      }),
    )
  })

  it('share a prefix exactly if the bits of the prefix are the same', () => {
    fc.assert(
      fc.property(ipv6, fc.nat(127), (text, bit) => {
        const bytes = addressBytes(text)
        const other = bytes?.slice()
        if (bytes === undefined || other === undefined) return
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
        // What is IPv4 inside has another prefix.
        if ([bytes, other].some((one) => addressText(one).includes('.'))) return
        const [a, b] = [bytes, other].map((one) => toHex(addressPrefix(addressText(one), 24, 56)))
        expect(a === b).toBe(bit >= 56)
      }),
    )
  })
})

describe('the seeded generator', () => {
  it('stays below whatever bound it is given', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const prng = new Prng(seed)
        for (let n = 0; n < 20; n++) {
          const drawn = prng.below(bound)
          expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true)
        }
      }),
    )
  })

  it('gives the same bytes for the same seed, however they are cut', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.nat(40), { maxLength: 8 }), (seed, lengths) => {
        const [one, other] = [new Prng(seed), new Prng(seed)]
        for (const length of lengths) expect(one.bytes(length)).toEqual(other.bytes(length))
      }),
    )
  })
})
