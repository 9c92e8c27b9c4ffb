// HITs against the published DET pairs (RFC 9886) and the values that DESIGN §4 froze.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { detOf, detPrefix, readDet, verifyDet } from '../../src/crypto/det.ts'
import { type Hit, hitBytes, hitOf, hitSuiteOf, hitText, isFlatHit, parseHit } from '../../src/crypto/hit.ts'
import { Identity, type PublicKey } from '../../src/crypto/identity.ts'

const ed25519Key = (hex: string): PublicKey => ({ algorithm: 13, label: 1, bytes: fromHex(hex) })
const FIRST_ED25519_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const POINT_X = '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6'
const POINT_Y = '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'

describe('a HIT', () => {
  it('of the first RFC 8032 key is the frozen one', () => {
    expect(hitOf(ed25519Key(FIRST_ED25519_KEY))).toBe('2001:25:9952:e1b6:84ad:ea37:f69b:e377')
  })

  it('of the RFC 6979 P-256 key hashes label and uncompressed point', () => {
    const bytes = fromHex(`04${POINT_X}${POINT_Y}`)
    expect(hitOf({ algorithm: 7, label: 1, bytes })).toBe('2001:22:e171:ec93:9dfb:dc08:a08c:2192')
  })

  it('of a P-256 key does not depend on how the point was written', () => {
    const bytes = fromHex(`${POINT_X}${POINT_Y}`)
    expect(hitOf({ algorithm: 7, label: 1, bytes })).toBe('2001:22:e171:ec93:9dfb:dc08:a08c:2192')
  })

  it('names its suite', () => {
    const entropy = (length: number) => new Uint8Array(length).fill(7)
    expect(hitSuiteOf(Identity.generate(entropy).hit)).toBe(5)
    expect(hitSuiteOf(Identity.generate(entropy, 'ecdsa-p256').hit)).toBe(2)
  })

  it('survives text and bytes for every key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const hit = hitOf({ algorithm: 13, label: 1, bytes })
        expect(isFlatHit(hitBytes(hit))).toBe(true)
        expect(hitText(hitBytes(hit))).toBe(hit)
        expect(parseHit(hit)).toBe(hit)
        expect(parseHit(hit.toUpperCase())).toBe(hit)
      }),
    )
  })

  it('is not any address outside 2001:20::/28, nor text that is no address', () => {
    for (const text of [
      '2001:30::1',
      '2001:10::1',
      '2002:25::1',
      '::',
      '127.0.0.1',
      '',
      'localhost',
      '2001:25::1%eth0',
    ]) {
      expect(parseHit(text), text).toBeUndefined()
    }
    expect(parseHit('2001:20:0::1')).toBe('2001:20::1')
    expect(parseHit('2001:2f::1')).toBe('2001:2f::1')
  })
})

describe('a DET', () => {
  const pairs: readonly (readonly [key: string, det: string])[] = [
    ['9990d5b04b72a18066d4092b52c7d4994fb7c16bd7e8c1f440ffa8d04ff1e13f', '2001:3f:fe00:5:5e60:a157:1e91:a0b7'],
    ['ce681e36e1141aeb560d6e76bc796b7b7cb454e463ccb1f12de30a380101803f', '2001:3f:fe00:a05:6615:ee45:d427:9a0'],
    ['8233fdaeb5068bc14859d113a0edfcf8dc07814e3dd2765e6b5b82e04d070597', '2001:3f:fe00:a05:260e:d437:6b25:6e28'],
    ['c92e2f9d97e8960f9b5f1654f8b09039f9dadc5bcf061eac4f0cea79e8e877fa', '2001:3f:fe00:a05:1308:2469:9a4b:c6b2'],
    ['f505704eb544f861190f2d8edac9ba83f320d5e38726b3f51c220851320ec7e6', '2001:30:3ff8:405:d952:5618:fbc9:c3cf'],
  ]

  it.each(pairs)('of %s is %s', (key, det) => {
    const prefix = hitBytes(det as Hit).subarray(0, 8)
    expect(detOf(prefix, ed25519Key(key))).toBe(det)
    expect(toHex(prefix).startsWith('2001003')).toBe(true)
  })

  it.each(pairs)('of %s is verified as %s, with the key and the hierarchy that it names and no other', (key, det) => {
    const bytes = hitBytes(det as Hit)
    const read = readDet(bytes)
    expect(read).toMatchObject({ suite: 5 })
    const { raa = -1, hda = -1 } = read ?? {}
    expect(toHex(detPrefix({ raa, hda }))).toBe(toHex(bytes.subarray(0, 8)))
    expect(verifyDet(bytes, ed25519Key(key))).toBe(true)
    expect(verifyDet(bytes, ed25519Key(key), { raa, hda })).toBe(true)
    expect(verifyDet(bytes, ed25519Key(key), { raa, hda: hda ^ 1 })).toBe(false)
    expect(verifyDet(bytes, ed25519Key(key), { raa: raa ^ 1, hda })).toBe(false)
    expect(verifyDet(bytes, ed25519Key(FIRST_ED25519_KEY), { raa, hda })).toBe(false)
    for (let bit = 0; bit < 128; bit++) {
      const changed = bytes.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(verifyDet(changed, ed25519Key(key)), `bit ${bit}`).toBe(false)
    }
  })

  it('has RAA 10 and HDA 20 in the one example of RFC 9374 §3', () => {
    const bytes = hitBytes('2001:30:280:1405:a3ad:1952:ad0:a69e' as Hit)
    expect(readDet(bytes)).toMatchObject({ raa: 10, hda: 20, suite: 5 })
    expect(toHex(detPrefix({ raa: 10, hda: 20 }))).toBe('2001003002801405')
  })

  it('gives back every hierarchy that went in, and takes none beyond 14 bits', () => {
    const authority = fc.integer({ min: 0, max: 0x3fff })
    fc.assert(
      fc.property(authority, authority, (raa, hda) => {
        const det = detOf(detPrefix({ raa, hda }), ed25519Key(FIRST_ED25519_KEY))
        expect(readDet(hitBytes(det))).toMatchObject({ raa, hda, suite: 5 })
        expect(verifyDet(hitBytes(det), ed25519Key(FIRST_ED25519_KEY), { raa, hda })).toBe(true)
      }),
      { numRuns: 30 },
    )
    for (const raa of [-1, 0x4000, 1.5, Number.NaN]) expect(() => detPrefix({ raa, hda: 0 })).toThrow(/14 bits/)
  })

  it('is no flat HIT, no other address, and none of a key that is not Ed25519', () => {
    const det = hitBytes(pairs[0]?.[1] as Hit)
    expect([isFlatHit(det), readDet(hitBytes(hitOf(ed25519Key(FIRST_ED25519_KEY))))]).toEqual([false, undefined])
    for (const bytes of [new Uint8Array(16), det.subarray(0, 15), new Uint8Array(0)]) {
      expect(readDet(bytes)).toBeUndefined()
      expect(verifyDet(bytes, ed25519Key(FIRST_ED25519_KEY))).toBe(false)
    }
    const point = { algorithm: 7, label: 1, bytes: fromHex(`04${POINT_X}${POINT_Y}`) }
    expect(verifyDet(det, point)).toBe(false)
  })
})
