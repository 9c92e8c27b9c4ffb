// Registration, rendezvous and certificates (RFC 8003, RFC 8004, RFC 8002) against bytes worked out from their figures.

import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import * as wire from '../../src/wire.ts'
import { bytes, describeFigures, figure, repeat } from './figure.ts'

const four = '00000000000000000000ffffc0000201'
const six = '20010db8000000000000000000000007'

describeFigures([
  figure(
    'REG_INFO',
    930,
    '5b 77 01 02 c9',
    { minLifetime: 91, maxLifetime: 119, types: [1, 2, 201] },
    wire.encodeRegInfo,
    wire.decodeRegInfo,
    [0, 1],
  ),
  figure(
    'a REG_INFO that offers nothing',
    930,
    '40 77',
    { minLifetime: 64, maxLifetime: 119, types: [] },
    wire.encodeRegInfo,
    wire.decodeRegInfo,
    [],
  ),
  figure(
    'REG_REQUEST',
    932,
    '77 02 03',
    { lifetime: 119, types: [2, 3] },
    wire.encodeRegRequest,
    wire.decodeRegRequest,
    [0, 1],
  ),
  figure(
    'a REG_REQUEST that cancels',
    932,
    '00 01',
    { lifetime: 0, types: [1] },
    wire.encodeRegRequest,
    wire.decodeRegRequest,
    [],
  ),
  figure(
    'REG_RESPONSE',
    934,
    '6f 01',
    { lifetime: 111, types: [1] },
    wire.encodeRegResponse,
    wire.decodeRegResponse,
    [0, 1],
  ),
  figure(
    'REG_FAILED',
    936,
    '09 01 02',
    { failure: 9, types: [1, 2] },
    wire.encodeRegFailed,
    wire.decodeRegFailed,
    [0, 1],
  ),
  figure('FROM', 65498, four, bytes(four), wire.encodeFrom, wire.decodeFrom, [0, 4, 15, 17, 20]),
  figure('RVS_HMAC', 65500, repeat('0c', 48), bytes(repeat('0c', 48)), wire.encodeRvsHmac, wire.decodeRvsHmac, [0]),
  figure(
    'VIA_RVS',
    65502,
    `${four} ${six}`,
    [bytes(four), bytes(six)],
    wire.encodeViaRvs,
    wire.decodeViaRvs,
    [0, 15, 17, 31, 33],
  ),
  figure(
    'CERT',
    768,
    '03 02 01 01 3082',
    { group: 3, count: 2, id: 1, type: 1, certificate: bytes('3082') },
    wire.encodeCert,
    wire.decodeCert,
    [0, 3, 4],
  ),
])

describe('a certificate', () => {
  it.each(['00 01 00 01 30', '00 01 02 01 30', '00 00 00 01 30'])(
    'is Malformed at its number outside its group: %s',
    (hex) => {
      expect(wire.decodeCert(bytes(hex), 44)).toMatchObject({ at: 46, parameter: 768 })
    },
  )

  it('numbered outside its group is not written', () => {
    expect(() => wire.encodeCert({ group: 0, count: 1, id: 2, type: 1, certificate: bytes('30') })).toThrow(
      InvariantError,
    )
  })
})

describe('a coded lifetime', () => {
  // RFC 8003 §4.1, and the numbers that its text works out: about 4 ms and about 178 days.
  it.each([
    [0, 0],
    [64, 1],
    [72, 2],
    [56, 0.5],
    [120, 128],
  ])('%i is %d seconds', (code, seconds) => {
    expect(wire.registrationSeconds(code)).toBe(seconds)
    expect(wire.registrationLifetime(seconds)).toBe(code)
  })

  it('reaches from 4 ms to 178 days', () => {
    expect(wire.registrationSeconds(1)).toBeCloseTo(0.00426, 5)
    expect(wire.registrationSeconds(255) / 86_400).toBeCloseTo(177.9, 0)
  })

  it('is the longest that is not above what was asked for, for every code and just beside it', () => {
    for (let code = 1; code <= 255; code++) {
      const seconds = wire.registrationSeconds(code)
      expect(wire.registrationLifetime(seconds)).toBe(code)
      expect(wire.registrationLifetime(seconds * 1.001)).toBe(code)
      expect(wire.registrationLifetime(seconds * 0.999)).toBe(code - 1)
    }
    expect(wire.registrationLifetime(1e12)).toBe(255)
  })
})
