// Hash, MAC and key derivation of the HIT suites against published values.

import { cshake128, kmac128xof } from '@noble/hashes/sha3-addons.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { expand, extract } from '../../src/crypto/hkdf.ts'
import { cipherKeyBytes, espSuiteInfo, type HitSuite, hitSuite } from '../../src/crypto/suites.ts'

const KMAC_KEY = fromHex('404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f')
const KMAC_DATA = fromHex('00010203')
const KMAC_SAMPLE1 = 'e5780b0d3ea6f7d3a429c5706aa43a00fadbd7d49628839e3187243f456ee14e'
const KMACXOF_SAMPLE1 = 'cd83740bbd92ccc8cf032b1481a0f4460e7ca9dd12b08a0c4031178bacd6ec35'

function suite(id: number): HitSuite {
  const found = hitSuite(id)
  if (found === undefined) throw new Error(`no suite ${id}`)
  return found
}

describe('suite 5', () => {
  it('hashes as SHAKE128 does, 256 bits', () => {
    expect(toHex(suite(5).hash())).toBe('7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26')
  })

  it('has the MAC of NIST’s first KMAC128 sample', () => {
    expect(toHex(suite(5).mac(KMAC_KEY, KMAC_DATA))).toBe(KMAC_SAMPLE1)
    expect(toHex(suite(5).mac(KMAC_KEY, KMAC_DATA))).toBe(KMAC_SAMPLE1)
  })

  it('extracts by KMAC128 and expands by KMACXOF128', () => {
    expect(toHex(kmac128xof(KMAC_KEY, KMAC_DATA, { dkLen: 32 }))).toBe(KMACXOF_SAMPLE1)
    const info = utf8('info')
    const { prk, keymat } = suite(5).keymat(KMAC_DATA, KMAC_KEY, info, 136)
    expect(toHex(prk)).toBe(KMAC_SAMPLE1)
    expect(toHex(keymat)).toBe(toHex(kmac128xof(prk, info, { dkLen: 136 })))
  })

  it('has the cSHAKE128 of NIST’s first sample under it', () => {
    const out = cshake128(fromHex('00010203'), { dkLen: 32, personalization: utf8('Email Signature') })
    expect(toHex(out)).toBe('c1c36925b6409a04f1b504fcbca9d82b4017277cb5ed2b2065fc1d3814d5aaf5')
  })

  it('notices a key that was written over in place', () => {
    const key = KMAC_KEY.slice()
    suite(5).mac(key, KMAC_DATA)
    key.fill(1)
    expect(toHex(suite(5).mac(key, KMAC_DATA))).toBe(toHex(suite(5).mac(new Uint8Array(32).fill(1), KMAC_DATA)))
  })

  it('keeps its MACs right beyond the number of keys it remembers', () => {
    for (let n = 0; n < 4200; n++) suite(5).mac(Uint8Array.of(n, n >> 8), KMAC_DATA)
    expect(toHex(suite(5).mac(KMAC_KEY, KMAC_DATA))).toBe(KMAC_SAMPLE1)
  })
})

describe('suites 1 and 2', () => {
  it('have the MACs of RFC 4231 §4.3', () => {
    const data = utf8('what do ya want for nothing?')
    expect(toHex(suite(1).mac(utf8('Jefe'), data))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    expect(toHex(suite(2).mac(utf8('Jefe'), data))).toBe(
      'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
    )
  })

  it('derive as RFC 5869 §A.1 does', () => {
    const ikm = fromHex('0b'.repeat(22))
    const salt = fromHex('000102030405060708090a0b0c')
    const info = fromHex('f0f1f2f3f4f5f6f7f8f9')
    const { prk, keymat } = suite(1).keymat(ikm, salt, info, 42)
    expect(toHex(prk)).toBe('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
    expect(toHex(keymat)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
    expect(toHex(extract('sha256', salt, ikm))).toBe(toHex(prk))
    expect(toHex(expand('sha256', prk, info, 42))).toBe(toHex(keymat))
  })

  it('never stretch one extraction beyond 255 blocks', () => {
    expect(expand('sha256', KMAC_KEY, KMAC_DATA, 8160).length).toBe(8160)
    expect(() => expand('sha256', KMAC_KEY, KMAC_DATA, 8161)).toThrow(/255/)
  })
})

describe('every suite', () => {
  it('hashes and authenticates parts as it does the whole, in the lengths it states', () => {
    const bytes = fc.uint8Array({ maxLength: 400 })
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 5), bytes, bytes, (id, left, right) => {
        const whole = Uint8Array.of(...left, ...right)
        const { hash, mac, hashBytes, macKeyBytes } = suite(id)
        expect(toHex(hash(left, right))).toBe(toHex(hash(whole)))
        const key = new Uint8Array(macKeyBytes).fill(id)
        expect(toHex(mac(key, left, right))).toBe(toHex(mac(key, whole)))
        expect(hash(whole).length).toBe(hashBytes)
        expect(mac(key, whole).length).toBe(hashBytes)
        expect(mac(key, whole).constructor).toBe(Uint8Array)
      }),
      { numRuns: 40 },
    )
  })

  it('of ESP draws the key bytes of RFC 7402 and RFC 4106', () => {
    expect(espSuiteInfo(13)).toMatchObject({ encryptionBytes: 20, authenticationBytes: 0, ivBytes: 8, icvBytes: 16 })
    expect(espSuiteInfo(8)).toMatchObject({ encryptionBytes: 16, authenticationBytes: 32, ivBytes: 16, icvBytes: 16 })
  })

  it('that would protect nothing is not there', () => {
    expect(espSuiteInfo(7)).toBeUndefined()
    expect(cipherKeyBytes(1)).toBeUndefined()
    expect(hitSuite(3)).toBeUndefined()
    expect([cipherKeyBytes(2), cipherKeyBytes(4)]).toEqual([16, 32])
  })
})
