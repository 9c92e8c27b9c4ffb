// Signed objects: the exact bytes of each payload, one encoding for each value, and nothing else accepted.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import * as wire from '../../src/wire.ts'
import { sound } from './fixtures.ts'

const fill = (byte: number, length: number) => new Uint8Array(length).fill(byte)
const key = (byte: number) => ({ algorithm: 13, label: 1, bytes: fill(byte, 32) })
const KEY = (byte: string) => `830d015820${byte.repeat(32)}`
const BYTES_16 = (byte: string) => `50${byte.repeat(16)}`

const receipt: wire.Receipt = {
  ledger: key(0xaa),
  hit: fill(0xbb, 16),
  epoch: 2,
  host: fill(0xcc, 16),
  incarnation: fill(0xdd, 16),
  timeMs: 1_700_000_000_000,
}
const ready: wire.Ready = {
  offer: fill(1, 8),
  hit: fill(0xbb, 16),
  epoch: 3,
  host: key(0xcc),
  kem: 32,
  kemKey: fill(2, 32),
  versions: [1],
  byteLimit: 65536,
  lifetimeSeconds: 60,
}
const grant: wire.Grant = {
  from: key(1),
  hit: fill(0xbb, 32),
  epoch: 0xffffffff,
  to: key(2),
  sealedHash: fill(3, 32),
  purpose: 'move',
}
const claim: wire.Claim = {
  host: key(1),
  hit: fill(0xbb, 16),
  epoch: 1,
  grant: undefined,
  incarnation: fill(9, 16),
  nonce: fill(4, 16),
}
const whereabouts: wire.Whereabouts = {
  key: key(5),
  hit: fill(0xbb, 16),
  epoch: 2,
  incarnation: fill(0xdd, 16),
  version: 7,
  locators: [{ address: fromHex('00000000000000000000ffff7f000001'), port: 10500 }],
  rendezvous: [fill(6, 16)],
  ledger: undefined,
  lifetimeSeconds: 3600,
  receipt: fill(7, 3),
}

describe('a payload', () => {
  it('has the bytes that deterministic CBOR gives its table', () => {
    expect(toHex(wire.encodeReceipt(receipt))).toBe(
      `a601${KEY('aa')}02${BYTES_16('bb')}030204${BYTES_16('cc')}05${BYTES_16('dd')}061b0000018bcfe56800`,
    )
    expect(toHex(wire.encodeReady(ready))).toBe(
      `a90148${'01'.repeat(8)}02${BYTES_16('bb')}030304${KEY('cc')}051820065820${'02'.repeat(32)}078101081a0001000009183c`,
    )
    expect(toHex(wire.encodeGrant(grant))).toBe(
      `a601${KEY('01')}025820${'bb'.repeat(32)}031affffffff04${KEY('02')}055820${'03'.repeat(32)}06646d6f7665`,
    )
    expect(toHex(wire.encodeClaim(claim))).toBe(
      `a601${KEY('01')}02${BYTES_16('bb')}030104f605${BYTES_16('09')}06${BYTES_16('04')}`,
    )
    expect(toHex(wire.encodeWhereabouts(whereabouts))).toBe(
      `aa01${KEY('05')}02${BYTES_16('bb')}030204${BYTES_16('dd')}05070681825000000000000000000000ffff7f000001192904` +
        `0781${BYTES_16('06')}08f609190e100a43070707`,
    )
  })

  const codecs: readonly [string, Uint8Array, (bytes: Uint8Array) => unknown, unknown][] = [
    ['receipt', wire.encodeReceipt(receipt), wire.decodeReceipt, receipt],
    ['ready', wire.encodeReady(ready), wire.decodeReady, ready],
    ['grant', wire.encodeGrant(grant), wire.decodeGrant, grant],
    ['claim', wire.encodeClaim(claim), wire.decodeClaim, claim],
    ['whereabouts', wire.encodeWhereabouts(whereabouts), wire.decodeWhereabouts, whereabouts],
  ]

  it.each(codecs)(
    'of a %s reads back, and is Malformed cut short, extended, lacking or exceeding its fields',
    (_name, bytes, decode, value) => {
      expect(decode(bytes)).toEqual(value)
      for (let length = 0; length < bytes.length; length++) {
        expect(wire.isMalformed(decode(bytes.subarray(0, length)))).toBe(true)
      }
      expect(wire.isMalformed(decode(concat(bytes, Uint8Array.of(0))))).toBe(true)
      const map = sound(wire.decodeCbor(bytes))
      if (!(map instanceof Map)) throw new Error('not a map')
      for (const field of map.keys()) {
        const without = new Map(map)
        without.delete(field)
        expect(decode(wire.encodeCbor(without))).toMatchObject({ parameter: field })
        expect(decode(wire.encodeCbor(new Map(map).set(field, true)))).toMatchObject({ parameter: field })
      }
      expect(wire.isMalformed(decode(wire.encodeCbor(new Map(map).set(99, 0))))).toBe(true)
      expect(wire.isMalformed(decode(wire.encodeCbor([1, 2])))).toBe(true)
    },
  )

  it.each(codecs)(
    'of a %s with any bit flipped is never thrown and never read as the same',
    (_name, bytes, decode, value) => {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const copy = bytes.slice()
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(decode(copy)).not.toEqual(value)
      }
    },
  )

  it('refuses an epoch of 2^32, a HIT of 20 bytes and a purpose it does not know', () => {
    const map = sound(wire.decodeCbor(wire.encodeGrant(grant)))
    if (!(map instanceof Map)) throw new Error('not a map')
    const edited = (field: number, value: wire.CborValue) =>
      wire.decodeGrant(wire.encodeCbor(new Map(map).set(field, value)))
    expect(edited(3, 2 ** 32)).toMatchObject({ parameter: 3 })
    expect(edited(2, fill(1, 20))).toMatchObject({ parameter: 2 })
    expect(edited(6, 'borrow')).toMatchObject({ parameter: 6 })
  })
})

describe('a signed object', () => {
  it('is a pair of byte strings, signed under its name', () => {
    const object = { payload: fromHex('0102'), signature: fromHex('03') }
    expect(toHex(wire.encodeSigned(object))).toBe('824201024103')
    expect(wire.decodeSigned(fromHex('824201024103'))).toEqual(object)
    expect(toHex(wire.signedInput('receipt', fromHex('ff')))).toBe('736f6a6f75726e2072656365697074203100ff')
  })

  it.each(['', '80', '814101', '8341014102f6', '82014101', '824101f6', 'a0', '5801', 'ff'])('%j is none', (hex) => {
    expect(wire.isMalformed(wire.decodeSigned(fromHex(hex)))).toBe(true)
  })
})

describe('CBOR', () => {
  it.each([
    // RFC 8949 appendix A: a number, a string, bytes, and arrays and maps of them.
    ['00', 0],
    ['1903e8', 1000],
    ['1b000000e8d4a51000', 1000000000000],
    ['3903e7', -1000],
    // Where a head grows, and the ends of what is safe.
    ['17', 23],
    ['1818', 24],
    ['18ff', 255],
    ['190100', 256],
    ['19ffff', 65_535],
    ['1a00010000', 65_536],
    ['1affffffff', 4_294_967_295],
    ['1b0000000100000000', 4_294_967_296],
    ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
    ['63e282ac', '€'],
    ['6449455446', 'IETF'],
    ['4401020304', Uint8Array.of(1, 2, 3, 4)],
    ['f4', false],
    ['f6', null],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      'a201020304',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      'a4010218180320042105',
      new Map([
        [-2, 5],
        [24, 3],
        [-1, 4],
        [1, 2],
      ]),
    ],
  ])('%s is one value, and its only encoding', (hex, value) => {
    expect(wire.decodeCbor(fromHex(hex))).toEqual(value)
    expect(toHex(wire.encodeCbor(value))).toBe(hex)
  })

  it.each([
    ['a number in more bytes than it needs', '1800'],
    ['a length in more bytes than it needs', '580101'],
    ['a map out of order', 'a203040102'],
    ['a map with a key twice', 'a201020103'],
    ['a map with text for a key', 'a1616101'],
    ['a map with an array for a key', 'a18001'],
    ['an array of indefinite length', '9f01ff'],
    ['bytes of indefinite length', '5f4101ff'],
    ['a float', 'f93c00'],
    ['undefined', 'f7'],
    ['a tag', 'c11a514b67b0'],
    ['a number above 2^53', '1b0020000000000000'],
    ['a negative number below -2^53', '3b0020000000000000'],
    ['text that is not UTF-8', '61ff'],
    ['text that begins with a mark of its byte order, which is not read as text', '64efbbbf61'],
    ['an array that promises more', '8201'],
    ['bytes that promise 4 GiB', '5affffffff00'],
    ['an array that promises 4 Gi items', '9affffffff00'],
    ['a map that promises 2^64 entries', 'bbffffffffffffffff00'],
    ['a reserved head', '1c'],
    ['a break alone', 'ff'],
    ['two values', '0000'],
    ['nothing', ''],
  ])('is Malformed: %s', (_what, hex) => {
    const found = wire.decodeCbor(fromHex(hex))
    expect(wire.isMalformed(found) && found.at).toBeLessThanOrEqual(hex.length / 2)
  })

  it('is Malformed beyond its limits: size, and depth before it costs a stack', () => {
    expect(wire.isMalformed(wire.decodeCbor(wire.encodeCbor(fill(0, 65536))))).toBe(true)
    expect(wire.isMalformed(wire.decodeCbor(wire.encodeCbor(fill(0, 65536)), { bytes: 70000 }))).toBe(false)
    expect(wire.decodeCbor(fill(0x81, 60000))).toMatchObject({ malformed: 'CBOR is nested too deep' })
    const nested = (depth: number) => concat(fill(0x81, depth), Uint8Array.of(0))
    expect(wire.isMalformed(wire.decodeCbor(nested(16)))).toBe(false)
    expect(wire.isMalformed(wire.decodeCbor(nested(17)))).toBe(true)
    expect(wire.isMalformed(wire.decodeCbor(nested(17), { depth: 17 }))).toBe(false)
  })

  it('counts depth, not length', () => {
    const flat: wire.CborValue = Array.from({ length: 100 }, () => [[], new Map(), [1, [2]]])
    expect(wire.decodeCbor(wire.encodeCbor(flat))).toEqual(flat)
  })

  it('reads a Buffer into plain bytes that outlive it', () => {
    const buffer = Buffer.from('430102034101', 'hex').subarray(0, 4)
    const value = wire.decodeCbor(buffer)
    expect(value).toEqual(Uint8Array.of(1, 2, 3))
    expect(Buffer.isBuffer(value)).toBe(false)
    buffer.fill(0)
    expect(value).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('refuses to write what it would not read, as our own bug', () => {
    for (const value of [1.5, Number.NaN, 2 ** 53, -0, Number.POSITIVE_INFINITY]) {
      expect(() => wire.encodeCbor(value)).toThrow(InvariantError)
    }
  })

  it('gives one encoding for each value and one value for each encoding', () => {
    const { value } = fc.letrec<{ value: wire.CborValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.maxSafeInteger(),
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.array(fc.tuple(fc.integer(), tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
      ),
    }))
    fc.assert(
      fc.property(value, (original) => {
        const bytes = wire.encodeCbor(original)
        const read = wire.decodeCbor(bytes, { bytes: 1_000_000, depth: 64 })
        expect(wire.encodeCbor(sound(read))).toEqual(bytes)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const read = wire.decodeCbor(bytes)
        if (!wire.isMalformed(read)) expect(wire.encodeCbor(read)).toEqual(bytes)
      }),
      { numRuns: 5000 },
    )
  })
})
