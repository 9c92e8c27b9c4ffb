// Domain identifiers (RFC 7401 §5.2.9), locators that only tools look at, and the data of notifications.

import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import * as wire from '../../src/wire.ts'
import { bytes, repeat } from './figure.ts'

const { FQDN, NAI } = wire.DomainType
/** Of 256 bytes: one too many. */
const LONGEST = `${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(62)}`

describe('a domain name', () => {
  // RFC 1035 §3.1: a length before each label, zero at the end.
  it.each([
    ['host.example', '04686f7374 076578616d706c65 00'],
    ['a', '0161 00'],
    ['', '00'],
  ])('%s has the form of RFC 1035', (text, hex) => {
    expect(toHex(wire.encodeDomainIdentifier({ type: FQDN, text }))).toBe(hex.replaceAll(' ', ''))
    expect(wire.decodeDomainIdentifier(FQDN, bytes(hex), 10)).toEqual({ type: FQDN, text })
  })

  // RFC 1035 §3.1: 63 bytes in a label, 255 in all, lengths and end included.
  it.each([
    ['a label of 63 bytes', 'a'.repeat(63), `3f${repeat('61', 63)}00`],
    [
      'a name of 255 bytes',
      `${'a'.repeat(63)}.${'a'.repeat(63)}.${'a'.repeat(63)}.${'a'.repeat(61)}`,
      `${repeat(`3f${repeat('61', 63)}`, 3)}3d${repeat('61', 61)}00`,
    ],
  ])('has room for %s', (_what, text, hex) => {
    expect(toHex(wire.encodeDomainIdentifier({ type: FQDN, text }))).toBe(hex)
    expect(wire.decodeDomainIdentifier(FQDN, bytes(hex), 10)).toEqual({ type: FQDN, text })
  })

  it('shows blanks and DEL as numbers, and what stands beside them as it is', () => {
    expect(wire.decodeDomainIdentifier(FQDN, bytes('04 20 21 7e 7f 00'), 10)).toEqual({
      type: FQDN,
      text: '\\032!~\\127',
    })
  })

  it('shows bytes that are not plain as numbers, so that no two names look the same', () => {
    expect(wire.decodeDomainIdentifier(FQDN, bytes('04 2e 5c 0a ff 00'), 10)).toEqual({
      type: FQDN,
      text: '\\046\\092\\010\\255',
    })
  })

  it.each([
    ['without an end', '0161', 12],
    ['empty', '', 10],
    ['with a label past its end', '0361', 10],
    ['with a compressed label', 'c00c', 10],
    ['with a compressed label behind another', '0161c00c', 12],
    ['with a label of 64 bytes', `40${repeat('61', 64)}00`, 10],
    ['with a second label of 192 bytes', `0161c0${repeat('61', 192)}00`, 12],
    ['with a second label past its end', '01610361', 12],
    ['with bytes behind it', '016100 00', 13],
    ['of 256 bytes', `${repeat('0161', 127)} 0100`, 10],
  ])('%s is Malformed, and says where', (_what, hex, at) => {
    expect(wire.decodeDomainIdentifier(FQDN, bytes(hex), 10)).toMatchObject({ at })
  })

  it.each(['a..b', '.a', `${'a'.repeat(64)}.b`, Array(70).fill('abc').join('.'), LONGEST])(
    '%s is not written',
    (text) => {
      expect(() => wire.encodeDomainIdentifier({ type: FQDN, text })).toThrow(InvariantError)
    },
  )
})

describe('a network access identifier', () => {
  it('is its text', () => {
    expect(toHex(wire.encodeDomainIdentifier({ type: NAI, text: 'joe@example' }))).toBe('6a6f65406578616d706c65')
    expect(wire.decodeDomainIdentifier(NAI, utf8('joe@exämple'), 10)).toEqual({ type: NAI, text: 'joe@exämple' })
  })

  it.each([
    ['with a line break', utf8('a\nb'), 11],
    ['with a line break at once', utf8('\nab'), 10],
    ['with the last of the control characters', utf8('ab\u001f'), 12],
    ['with DEL', utf8('a\u007fb'), 11],
    ['empty', utf8(''), 10],
    ['of 254 bytes', utf8('a'.repeat(254)), 10],
  ])('%s is Malformed, and says where', (_what, text, at) => {
    expect(wire.decodeDomainIdentifier(NAI, text, 10)).toMatchObject({ at })
  })

  it.each([
    ['1 byte', 'a'],
    ['253 bytes', 'a'.repeat(253)],
    ['a blank, which is no control character', 'a b'],
  ])('may be of %s', (_what, text) => {
    expect(wire.decodeDomainIdentifier(NAI, wire.encodeDomainIdentifier({ type: NAI, text }), 10)).toEqual({
      type: NAI,
      text,
    })
  })

  it.each(['', 'a'.repeat(254), 'ä'.repeat(127)])('%j is not written', (text) => {
    expect(() => wire.encodeDomainIdentifier({ type: NAI, text })).toThrow(InvariantError)
  })

  it('is one of the two types there are', () => {
    expect(wire.decodeDomainIdentifier(3, utf8('x'), 10)).toEqual({ malformed: 'domain identifier of type 3', at: 10 })
  })
})

describe('locators of unknown types or traffic', () => {
  const known = `00000401 00000001 ${repeat('01', 16)}`
  const set = `00090100 00000001 deadbeef ${known} 03000400 00000002 ${repeat('02', 16)}`

  it('are kept for tools, and written back to the same bytes', () => {
    const all = wire.decodeLocators(bytes(set), 44)
    if (wire.isMalformed(all)) throw new Error(all.malformed)
    expect(all).toMatchObject([
      { trafficType: 0, locatorType: 9, locator: bytes('deadbeef') },
      { locatorType: 0, preferred: true, address: bytes(repeat('01', 16)) },
      { trafficType: 3, locatorType: 0, locator: bytes(repeat('02', 16)) },
    ])
    expect(toHex(wire.encodeLocators(all).contents)).toBe(set.replaceAll(' ', ''))
  })

  it('never take a host further than the known ones do', () => {
    expect(wire.decodeLocatorSet(bytes(set), 44)).toHaveLength(1)
    expect(wire.decodeLocators(bytes('00090200 00000001 deadbeef'), 44)).toMatchObject({ at: 44 })
    expect(wire.decodeLocators(bytes('00090100 00000000 deadbeef'), 44)).toMatchObject({ at: 48 })
  })
})

describe('the data of a notification', () => {
  const detail = (type: number, hex: string) => wire.notificationDetail({ type, data: bytes(hex) })

  it('says what its type gives it to say', () => {
    expect(detail(1, '9c41')).toEqual({ is: 'parameter', parameter: 40001 })
    expect(detail(50, '0301')).toEqual({ is: 'certificate', group: 3, id: 1 })
    expect(detail(46, '00090100 00000001 deadbeef')).toMatchObject({ is: 'locators', locators: [{ locatorType: 9 }] })
    expect(detail(62, repeat('3b', 40))).toEqual({ is: 'header', header: bytes(repeat('3b', 40)) })
    expect(detail(16385, '')).toEqual({ is: 'nothing' })
    expect(detail(40964, repeat('01', 32))).toEqual({ is: 'opaque', data: bytes(repeat('01', 32)) })
  })

  it.each([
    [1, '9c'],
    [50, '030101'],
    [46, '000901'],
  ])('of type %i is Malformed when it is %s', (type, hex) => {
    expect(wire.isMalformed(detail(type, hex))).toBe(true)
  })

  it('has a type of its own for each number, errors below 16384', () => {
    const numbers = Object.values(wire.Notification)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers.filter((type) => type >= 16384)).toEqual([16384, 16385, 40962, 40964])
  })
})
