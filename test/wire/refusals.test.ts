// What a peer may send in a parameter and must be refused for, beside wrong lengths: each by its reason and by the byte that the
// fault names. And the nearest thing that must be taken. Every decoder is called inside its test.

import { describe, expect, it } from 'vitest'
import { malformed } from '../../src/wire/malformed.ts'
import * as wire from '../../src/wire.ts'
import { bytes, repeat } from './figure.ts'

/** Where the contents begin in the packet: in the first parameter. */
const AT = 44

type Decode = (contents: Uint8Array, at: number) => unknown
type Refusal = readonly [what: string, decode: Decode, hex: string, at: number, parameter: number]

const zeros = (length: number): string => repeat('00', length)
const { HOST_ID, HIT_SUITE_LIST, LOCATOR_SET, EPOCH, RESERVE_SPI, FINALS, INSTANCE, ESP_TRANSFORM } = wire.Parameter

// Sequences of FINALS are 64 bits (MOVING §2); four SAs is the most.
const final = (spi: string, sequence = zeros(8)): string => `${spi} ${sequence} `
const four = final('00000100') + final('00000101') + final('00000102') + final('00000103')

const MOVING: readonly Refusal[] = [
  ['an EPOCH without room for its receipt length', wire.decodeEpoch, zeros(60), AT, EPOCH],
  ['an EPOCH of nothing', wire.decodeEpoch, '', AT, EPOCH],
  ['an epoch of 2^32', wire.decodeEpoch, `0000000100000000 ${zeros(58)}`, AT, EPOCH],
  ['an epoch of 2^64 - 1', wire.decodeEpoch, `${repeat('ff', 8)} ${zeros(58)}`, AT, EPOCH],
  ["an addressee's epoch of 2^32", wire.decodeEpoch, `${zeros(24)} 0000000100000000 ${zeros(34)}`, AT, EPOCH],
  ['a base epoch of 2^32', wire.decodeEpoch, `${zeros(48)} 0000000100000000 ${zeros(10)}`, AT, EPOCH],
  ['a base epoch of 2^64 - 1', wire.decodeEpoch, `${zeros(48)} ${repeat('ff', 8)} ${zeros(10)}`, AT, EPOCH],
  // The length of the receipt stands 64 bytes in.
  ['a receipt longer than its parameter', wire.decodeEpoch, `${zeros(64)} 0001`, AT + 64, EPOCH],
  ['a receipt that is cut short', wire.decodeEpoch, `${zeros(64)} 0003 c0ff`, AT + 64, EPOCH],
  ['a receipt shorter than its parameter', wire.decodeEpoch, `${zeros(64)} 0001 c0ff`, AT + 64, EPOCH],
  ['bytes behind an EPOCH without a receipt', wire.decodeEpoch, `${zeros(64)} 0000 00`, AT + 64, EPOCH],
  ['a reserve SPI of 0, which would be the marker of HIP', wire.decodeReserveSpi, '00000000', AT, RESERVE_SPI],
  ['a reserve SPI of 255, the last reserved one', wire.decodeReserveSpi, '000000ff', AT, RESERVE_SPI],
  ['a reserve SPI of five bytes', wire.decodeReserveSpi, '0000010000', AT, RESERVE_SPI],
  ['FINALS of five SAs', wire.decodeFinals, four + final('00000104'), AT, FINALS],
  ['FINALS that end inside an SPI', wire.decodeFinals, `${final('00000100')} 00`, AT, FINALS],
  ['FINALS that end inside a sequence number', wire.decodeFinals, '00000100 00000000', AT, FINALS],
  ['FINALS that list an SPI twice', wire.decodeFinals, final('00000100') + final('00000100'), AT + 12, FINALS],
  [
    'FINALS that list the first SPI once more at the end',
    wire.decodeFinals,
    final('00000100') + final('00000101') + final('00000100'),
    AT + 24,
    FINALS,
  ],
  ['FINALS of a number of 2^53', wire.decodeFinals, final('00000100', '0020000000000000'), AT + 4, FINALS],
  [
    'FINALS whose second number is 2^64 - 1',
    wire.decodeFinals,
    final('00000100') + final('00000101', repeat('ff', 8)),
    AT + 16,
    FINALS,
  ],
  ['an INSTANCE with half a signature', wire.decodeInstance, repeat('01', 64), AT, INSTANCE],
  ['an INSTANCE with a byte too many', wire.decodeInstance, repeat('01', 97), AT, INSTANCE],
]

const EXCHANGE: readonly Refusal[] = [
  ['a DIFFIE_HELLMAN with bytes to spare', wire.decodeDiffieHellman, '07 0001 01 02', AT, 513],
  ['a DIFFIE_HELLMAN longer than its parameter', wire.decodeDiffieHellman, '07 0002 01', AT, 513],
  ['a DIFFIE_HELLMAN without a value', wire.decodeDiffieHellman, '07 0000', AT, 513],
  ['a HOST_ID with a domain but no type', wire.decodeHostId, '0001 0001 0005 aa bb', AT + 2, HOST_ID],
  ['a HOST_ID with bytes to spare', wire.decodeHostId, '0001 0000 0005 aa bb', AT, HOST_ID],
  ['a HOST_ID with a domain past its end', wire.decodeHostId, '0001 1002 0005 aa bb', AT, HOST_ID],
  ['a HOST_ID without a key', wire.decodeHostId, '0000 0000 0005', AT + 6, HOST_ID],
  ['a HOST_ID of ECDSA with half a label', wire.decodeHostId, '0001 0000 0007 00', AT + 6, HOST_ID],
  ['a HOST_ID of ECDSA without a point', wire.decodeHostId, '0002 0000 0007 0001', AT + 6, HOST_ID],
  ['a HOST_ID of ECDSA_LOW without a point', wire.decodeHostId, '0002 0000 0009 0001', AT + 6, HOST_ID],
  ['a HOST_ID of EdDSA with half its zero word', wire.decodeHostId, '0003 0000 000d 0001 00', AT + 6, HOST_ID],
  ['a HOST_ID of EdDSA without a key', wire.decodeHostId, '0004 0000 000d 0003 0000', AT + 6, HOST_ID],
  [
    'a HOST_ID of EdDSA whose zero word is none',
    wire.decodeHostId,
    `0024 0000 000d 0001 0001 ${repeat('aa', 32)}`,
    AT + 8,
    HOST_ID,
  ],
  [
    'a HOST_ID of Ed25519 with 31 bytes',
    wire.decodeHostId,
    `0023 0000 000d 0001 0000 ${repeat('aa', 31)}`,
    AT + 10,
    HOST_ID,
  ],
  ['a HIT suite with its lower half set', wire.decodeHitSuiteList, '20 51', AT + 1, HIT_SUITE_LIST],
  ['a first HIT suite with its lower half set', wire.decodeHitSuiteList, '51 20', AT, HIT_SUITE_LIST],
  ['an ESP_TRANSFORM without its reserved field', wire.decodeEspTransform, '00', AT, ESP_TRANSFORM],
  ['an ESP_TRANSFORM of nothing but it', wire.decodeEspTransform, '0000', AT, ESP_TRANSFORM],
  ['an ESP_TRANSFORM that ends inside a suite', wire.decodeEspTransform, '0000 000d 00', AT + 5, ESP_TRANSFORM],
  ['an ENCRYPTED of nothing', wire.decodeEncrypted, '00000000', AT, 641],
]

const OTHERS: readonly Refusal[] = [
  ['an ESP_INFO whose new SPI is 1', wire.decodeEspInfo, '00000000 00000000 00000001', AT + 8, 65],
  ['an ESP_INFO whose new SPI is 255', wire.decodeEspInfo, '00000000 00000000 000000ff', AT + 8, 65],
  ['a locator without lifetime', wire.decodeLocatorSet, `00000401 00000000 ${zeros(16)}`, AT + 4, LOCATOR_SET],
  ['a locator of a wrong length', wire.decodeLocatorSet, `00000500 00000001 ${zeros(20)}`, AT + 2, LOCATOR_SET],
  ['a locator past the end', wire.decodeLocatorSet, `00000400 00000001 ${zeros(15)}`, AT, LOCATOR_SET],
  ['a NAT_TRAVERSAL_MODE without its reserved field', wire.decodeNatTraversalMode, '00', AT, 608],
  ['a NAT_TRAVERSAL_MODE of nothing but it', wire.decodeNatTraversalMode, '0000', AT + 2, 608],
  ['a REG_INFO with one lifetime', wire.decodeRegInfo, '5b', AT, 930],
  ['a NOTIFICATION with half a type', wire.decodeNotification, '0000 a0', AT, 832],
]

describe.each([
  ['moving', MOVING],
  ['the base exchange', EXCHANGE],
  ['everything else', OTHERS],
] as const)('a parameter of %s', (_of, refusals) => {
  it.each(refusals)('is Malformed, and says where: %s', (_what, decode, hex, at, parameter) => {
    const found = decode(bytes(hex.replaceAll(' ', '')), AT)
    expect(found).toEqual({ malformed: expect.stringMatching(/./), at, parameter })
  })

  it.each(refusals)('is Malformed in the table of all parameters too: %s', (_what, _decode, hex, _at, parameter) => {
    const found = wire.decodeParameter({ type: parameter, contents: bytes(hex.replaceAll(' ', '')) }, AT)
    expect(found).toMatchObject({ malformed: expect.stringMatching(/./), parameter })
  })
})

describe('what stands just inside', () => {
  const start = (epoch: number) => ({ epoch, incarnation: new Uint8Array(16) })
  it.each<readonly [what: string, decode: Decode, hex: string, value: unknown]>([
    ['the lowest SPI of all, in RESERVE_SPI', wire.decodeReserveSpi, '00000100', 256],
    ['and in ESP_INFO', wire.decodeEspInfo, `${zeros(8)} 00000100`, { keymatIndex: 0, oldSpi: 0, newSpi: 256 }],
    ['an ESP_INFO with no new SPI', wire.decodeEspInfo, zeros(12), { keymatIndex: 0, oldSpi: 0, newSpi: 0 }],
    [
      'the last epoch of all, three times',
      wire.decodeEpoch,
      `00000000ffffffff ${zeros(16)} 00000000ffffffff ${zeros(16)} 00000000ffffffff ${zeros(8)} 0000`,
      {
        sender: start(0xffffffff),
        addressee: start(0xffffffff),
        baseEpoch: 0xffffffff,
        resumptionId: new Uint8Array(8),
        receipt: new Uint8Array(0),
      },
    ],
    ['FINALS of four SAs', wire.decodeFinals, four, [256, 257, 258, 259].map((spi) => ({ spi, sequence: 0 }))],
    [
      'the highest number that FINALS tell',
      wire.decodeFinals,
      final('00000100', '001fffffffffffff'),
      [{ spi: 256, sequence: 2 ** 53 - 1 }],
    ],
    // RFC 9374 §3.4.1: an EdDSA key is as long as its curve gives it; only that of Ed25519 is ours to know.
    [
      'an Ed448 key of 57 bytes',
      wire.decodeHostId,
      `003d 0000 000d 0003 0000 ${repeat('aa', 57)}`,
      { algorithm: 13, label: 3, key: bytes(repeat('aa', 57)) },
    ],
    ['one transport format', wire.decodeTransportFormatList, '0fff', [4095]],
    ['one byte in ENCRYPTED', wire.decodeEncrypted, '00000000 aa', bytes('aa')],
  ])('is taken: %s', (_what, decode, hex, value) => {
    expect(decode(bytes(hex.replaceAll(' ', '')), AT)).toEqual(value)
  })
})

describe('a row of parameters', () => {
  const row = (...parameters: readonly wire.ParameterValue[]) => {
    const found = wire.decodeParameters(wire.encodeParameters(parameters))
    if (wire.isMalformed(found)) throw new Error(found.malformed)
    return wire.typedParameters(found)
  }
  const seq = { type: 385, contents: bytes('00000001') }

  it.each([
    ['a critical one', 449],
    ['one that is not', 608],
  ])('is Malformed for what %s holds, at its contents behind the first eight bytes', (_what, type) => {
    expect(row(seq, { type, contents: bytes('00') })).toMatchObject({ at: 12, parameter: type })
  })

  it.each([608, 4095])('of type %i names the reserved field it lacks, or the list behind it', (type) => {
    const at = (hex: string) => wire.decodeParameter({ type, contents: bytes(hex) }, AT)
    expect(at('00')).toMatchObject({ at: AT, parameter: type })
    expect(at('0000')).toMatchObject({ at: AT + 2, parameter: type })
  })
})

describe('the data of a notification', () => {
  it.each([
    ['of an error that no relay sends is opaque, even when it is as long as a HIP header', 24, 40],
    ['of a relay is opaque when it is shorter than a HIP header', 62, 39],
    ['of a relay is opaque when it is longer than a HIP header', 62, 41],
  ])('%s', (_what, type, length) => {
    const data = new Uint8Array(length).fill(0x3b)
    expect(wire.notificationDetail({ type, data })).toEqual({ is: 'opaque', data })
  })
})

describe('a fault', () => {
  it('has no parameter where it is in none', () => {
    expect(malformed('cut short', 3)).toStrictEqual({ malformed: 'cut short', at: 3 })
    expect(malformed('cut short', 3, 705)).toStrictEqual({ malformed: 'cut short', at: 3, parameter: 705 })
  })

  it.each([undefined, null, 0, 'malformed', true, [], {}, new Uint8Array(1)])('is not %j', (value) => {
    expect(wire.isMalformed(value)).toBe(false)
  })

  it('is told from what decoders give by what it says', () => {
    expect(wire.isMalformed(malformed('cut short', 3))).toBe(true)
    expect(wire.isMalformed(malformed('', 3))).toBe(true)
  })
})
