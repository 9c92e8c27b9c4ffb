// One text form for an address: the examples of RFC 5952, IPv4-mapped as IPv4, and nothing malformed.

import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressBytes,
  addressText,
  canonicalAddress,
  formatLocator,
  locatorFamily,
  locatorKey,
  parseLocator,
  sameLocator,
} from '../../src/base/address.ts'
import { toHex } from '../../src/base/bytes.ts'

describe('an address', () => {
  it.each([
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::AAAA', '2001:db8::aaaa'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4%lo',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%',
    '%eth0',
    ' ::1',
    'localhost',
  ])('%j is none', (text) => {
    expect(addressBytes(text)).toBeUndefined()
  })

  it('has 16 bytes, IPv4 mapped', () => {
    expect(toHex(addressBytes('192.0.2.1') ?? new Uint8Array(0))).toBe('00000000000000000000ffffc0000201')
  })

  it('survives text and bytes', () => {
    const quiet = fc.array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      quiet.map((all) => Uint8Array.from(all)),
    )
    fc.assert(
      fc.property(bytes, (address) => {
        const text = addressText(address)
        expect(isIP(text)).not.toBe(0)
        expect(addressBytes(text)).toEqual(address)
        expect(canonicalAddress(text)).toBe(text)
      }),
    )
  })

  it('is accepted exactly when Node accepts it', () => {
    const text = fc.string({
      unit: fc.constantFrom(':', '::', '.', '0', '1', 'f', '10', '255', '256', 'ffff'),
      maxLength: 12,
    })
    fc.assert(
      fc.property(text, (address) => {
        expect(addressBytes(address) !== undefined).toBe(isIP(address) !== 0)
      }),
      {
        numRuns: 2000,
      },
    )
  })
})

describe('a locator', () => {
  it('is written with brackets only around IPv6', () => {
    expect(formatLocator({ address: '1.2.3.4', port: 5 })).toBe('1.2.3.4:5')
    expect(formatLocator({ address: '::1', port: 5 })).toBe('[::1]:5')
  })

  it('is read in any spelling', () => {
    expect(parseLocator('[::FFFF:1.2.3.4]:5')).toEqual({ address: '1.2.3.4', port: 5 })
    expect(parseLocator('[2001:db8:0::1]:65535')).toEqual({ address: '2001:db8::1', port: 65535 })
  })

  it.each(['1.2.3.4', '1.2.3.4:', '1.2.3.4:65536', '::1:5', '[1.2.3.4]:5', '[::1]5', '[::1]:-1', 'host:5', ':5'])(
    '%j is none',
    (text) => {
      expect(parseLocator(text)).toBeUndefined()
    },
  )

  it('is told apart by address and by port', () => {
    const a = { address: '1.2.3.4', port: 5 }
    expect(sameLocator(a, { ...a })).toBe(true)
    expect(sameLocator(a, { ...a, port: 6 })).toBe(false)
    expect(locatorKey(a)).not.toBe(locatorKey({ ...a, address: '1.2.3.5' }))
    expect([locatorFamily(a), locatorFamily({ address: '::1', port: 5 })]).toEqual([4, 6])
  })
})
