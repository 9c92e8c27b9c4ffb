// Domain identifiers (RFC 7401 §5.2.9), locators that only tools look at, and the data of notifications.

import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import * as wire from '../../src/wire.ts'
import { bytes, repeat } from './figure.ts'

const { FQDN, NAI } = wire.DomainType

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
    ['with bytes behind it', '016100 00', 13],
    ['of 256 bytes', `${repeat('0161', 127)} 0100`, 10],
  ])('%s is Malformed, and says where', (_what, hex, at) => {
    expect(wire.decodeDomainIdentifier(FQDN, bytes(hex), 10)).toMatchObject({ at })
  })

  it.each(['a..b', '.a', `${'a'.repeat(64)}.b`, Array(70).fill('abc').join('.')])('%s is not written', (text) => {
    expect(() => wire.encodeDomainIdentifier({ type: FQDN, text })).toThrow(InvariantError)
  })
})

describe('a network access identifier', () => {
  it('is its text', () => {
    expect(toHex(wire.encodeDomainIdentifier({ type: NAI, text: 'joe@example' }))).toBe('6a6f65406578616d706c65')
    expect(wire.decodeDomainIdentifier(NAI, utf8('joe@exämple'), 10)).toEqual({ type: NAI, text: 'joe@exämple' })
  })

  it.each([
    ['with a line break', utf8('a\nb'), 11],
    ['empty', utf8(''), 10],
    ['of 254 bytes', utf8('a'.repeat(254)), 10],
  ])('%s is Malformed, and says where', (_what, text, at) => {
    expect(wire.decodeDomainIdentifier(NAI, text, 10)).toMatchObject({ at })
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
