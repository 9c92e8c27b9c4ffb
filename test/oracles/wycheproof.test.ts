// Project Wycheproof's edge cases (../shared/vectors/wycheproof) through our layer: every primitive in use, with what must be
// refused. Fails, and is not skipped, if the files are not there.

import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { kmac128 } from '@noble/hashes/sha3-addons.js'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { type Algorithms, STANDARD } from '../../src/crypto/algorithms.ts'
import { agree, generateDh } from '../../src/crypto/dh.ts'
import { decryptParameter, encryptParameter } from '../../src/crypto/envelope.ts'
import { type HashName, hmac } from '../../src/crypto/hash.ts'
import { expand, extract } from '../../src/crypto/hkdf.ts'
import { type PublicKey, publicKeyFrom, verify } from '../../src/crypto/identity.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'
import { hitSuite } from '../../src/crypto/suites.ts'
import { acceleratedAlgorithms } from '../../src/node/accelerated/algorithms.ts'
import { koffi } from '../node/accelerated/calls.ts'
import { sharedJson } from '../support/shared.ts'

const accelerate = acceleratedAlgorithms(koffi())
if (typeof accelerate === 'string') throw new Error(accelerate)
/** The standard algorithms by OpenSSL directly. */
const DIRECT = accelerate(STANDARD)
const TABLES = [
  ['by node:crypto and noble', STANDARD],
  ['by OpenSSL directly', DIRECT],
] as const

type Fields = Readonly<Record<string, unknown>>

/** One test of a file, merged with the fields of its group; a field is read as hex, number or text. */
class Case {
  readonly #fields: Fields

  constructor(fields: Fields) {
    this.#fields = fields
  }

  get valid(): boolean {
    return this.text('result') === 'valid'
  }

  get name(): string {
    return `case ${this.number('tcId')}: ${this.text('comment')}`
  }

  text(field: string): string {
    const value = this.#fields[field]
    if (typeof value !== 'string') throw new Error(`no text ${field}`)
    return value
  }

  bytes(field: string): Uint8Array {
    return fromHex(this.text(field))
  }

  number(field: string): number {
    const value = this.#fields[field]
    if (typeof value !== 'number') throw new Error(`no number ${field}`)
    return value
  }

  /** The key of the group of a signature test. */
  key(field: string): Uint8Array {
    const value = this.#fields.publicKey as Fields
    return fromHex(String(value[field]))
  }
}

function casesOf(file: string): readonly Case[] {
  const { testGroups } = sharedJson(`vectors/wycheproof/${file}_test.json`) as { testGroups: readonly Fields[] }
  const cases = testGroups.flatMap((group) => {
    const { tests, ...shared } = group
    return (tests as readonly Fields[]).map((fields) => new Case({ ...shared, ...fields }))
  })
  if (cases.length < 50) throw new Error(`${file} has lost its cases`)
  return cases
}

/** Runs a check over the cases that fit; fails if fewer than `least` do, so that none is left out in silence. */
function each(cases: readonly Case[], least: number, check: (one: Case) => void): void {
  for (const one of cases) check(one)
  expect(cases.length).toBeGreaterThanOrEqual(least)
}

describe('Wycheproof', () => {
  it('ECDSA P-256: exactly the valid signatures verify', () => {
    each(casesOf('ecdsa_secp256r1_sha256_p1363'), 200, (one) => {
      const key: PublicKey = { algorithm: 7, label: 1, bytes: one.key('uncompressed') }
      expect(verify(key, one.bytes('msg'), one.bytes('sig')), one.name).toBe(one.valid)
    })
  })

  it('ECDSA P-384: exactly the valid signatures verify', () => {
    each(casesOf('ecdsa_secp384r1_sha384_p1363'), 200, (one) => {
      const key: PublicKey = { algorithm: 7, label: 2, bytes: one.key('uncompressed') }
      expect(verify(key, one.bytes('msg'), one.bytes('sig'), conformance.keys), one.name).toBe(one.valid)
    })
  })

  it('RSA-PSS of 2048 bits: exactly the valid signatures verify', () => {
    each(casesOf('rsa_pss_2048_sha256_mgf1_32'), 100, (one) => {
      const exponent = one.key('publicExponent')
      // Written as in DER, with a zero before a high bit.
      const modulus = one.key('modulus').subarray(1)
      const bytes = concat(Uint8Array.of(exponent.length), exponent, modulus)
      const key = publicKeyFrom(5, 0, bytes, conformance.keys)
      if (key === undefined) throw new Error('this key is taken')
      expect(verify(key, one.bytes('msg'), one.bytes('sig'), conformance.keys), one.name).toBe(one.valid)
    })
  })

  it.each(TABLES)('Ed25519, %s: exactly the valid signatures verify', (_name, { keys }) => {
    each(casesOf('ed25519'), 100, (one) => {
      const key: PublicKey = { algorithm: 13, label: 1, bytes: one.key('pk') }
      expect(verify(key, one.bytes('msg'), one.bytes('sig'), keys), one.name).toBe(one.valid)
    })
  })

  it.each<[string, string, number, number, number, Algorithms]>([
    ['ECDH P-256', 'ecdh_secp256r1_ecpoint', 7, 32, 200, STANDARD],
    ['ECDH P-256 by OpenSSL directly', 'ecdh_secp256r1_ecpoint', 7, 32, 200, DIRECT],
    ['ECDH P-384', 'ecdh_secp384r1_ecpoint', 8, 48, 700, STANDARD],
  ])(
    '%s: uncompressed points agree or are refused, other encodings are refused',
    (_name, file, group, width, least, algorithms) => {
      each(casesOf(file), least, (one) => {
        const point = one.bytes('public')
        const value = point[0] === 4 ? point.subarray(1) : point
        const kij = agreed(algorithms, group, width, one.bytes('private'), value)
        const usable = one.valid && point[0] === 4
        expect(kij && toHex(kij), one.name).toBe(usable ? one.text('shared') : undefined)
      })
    },
  )

  it.each<[string, HashName]>([
    ['hkdf_sha256', 'sha256'],
    ['hkdf_sha384', 'sha384'],
  ])('%s: the expansion is right, or refused as too long', (file, name) => {
    each(casesOf(file), 50, (one) => {
      const prk = extract(name, one.bytes('salt'), one.bytes('ikm'))
      const run = () => toHex(expand(name, prk, one.bytes('info'), one.number('size')))
      if (one.valid) expect(run(), one.name).toBe(one.text('okm'))
      else expect(run, one.name).toThrow(/255/)
    })
  })

  it.each<[string, HashName]>([
    ['hmac_sha256', 'sha256'],
    ['hmac_sha384', 'sha384'],
  ])('%s: exactly the valid tags are ours', (file, name) => {
    each(casesOf(file), 50, (one) => {
      const tag = hmac(name, one.bytes('key'), [one.bytes('msg')]).subarray(0, one.number('tagSize') / 8)
      expect(toHex(tag) === one.text('tag'), one.name).toBe(one.valid)
    })
  })

  it('KMAC128: exactly the valid tags are ours, and suite 5 makes the long ones', () => {
    const cases = casesOf('kmac128_no_customization')
    each(cases, 50, (one) => {
      const tag = kmac128(one.bytes('key'), one.bytes('msg'), { dkLen: one.number('tagSize') / 8 })
      expect(toHex(tag) === one.text('tag'), one.name).toBe(one.valid)
    })
    each(
      cases.filter((one) => one.number('tagSize') === 256),
      10,
      (one) => {
        for (const [name, { hitSuites }] of TABLES) {
          const tag = hitSuite(5, hitSuites)?.mac(one.bytes('key'), one.bytes('msg'))
          expect(tag && toHex(tag) === one.text('tag'), `${one.name}, ${name}`).toBe(one.valid)
        }
      },
    )
  })

  it('AES-CBC: ENCRYPTED opens what is valid and refuses wrong padding', () => {
    each(
      casesOf('aes_cbc_pkcs5').filter((one) => one.number('keySize') !== 192),
      100,
      (one) => {
        const cipher = one.number('keySize') === 128 ? 2 : 4
        const opened = decryptParameter(cipher, one.bytes('key'), concat(one.bytes('iv'), one.bytes('ct')))
        expect(opened && toHex(opened), one.name).toBe(one.valid ? one.text('msg') : undefined)
        if (!one.valid) return
        const sealed = encryptParameter(cipher, one.bytes('key'), one.bytes('msg'), one.bytes('iv'))
        expect(toHex(sealed), one.name).toBe(one.text('ct'))
      },
    )
  })

  it('AES-128-GCM: node:crypto, called as the sealer calls it, makes and refuses the right tags', () => {
    const fits = (one: Case) =>
      one.number('ivSize') === 96 && one.number('keySize') === 128 && one.number('tagSize') === 128
    each(casesOf('aes_gcm').filter(fits), 40, (one) => {
      const key = createSecretKey(one.bytes('key'))
      const decipher = createDecipheriv('aes-128-gcm', key, one.bytes('iv'))
      decipher.setAAD(one.bytes('aad'))
      decipher.setAuthTag(one.bytes('tag'))
      const opened = toHex(decipher.update(one.bytes('ct')))
      if (!one.valid) return expect(() => decipher.final(), one.name).toThrow()
      decipher.final()
      expect(opened, one.name).toBe(one.text('msg'))
      const cipher = createCipheriv('aes-128-gcm', key, one.bytes('iv'))
      cipher.setAAD(one.bytes('aad'))
      const ciphertext = toHex(cipher.update(one.bytes('msg')))
      cipher.final()
      expect([ciphertext, toHex(cipher.getAuthTag())], one.name).toEqual([one.text('ct'), one.text('tag')])
    })
  })

  it('AES-128-GCM with half of the tag, as suite 12 sends it: the valid open, and no change of a bit does', () => {
    const fits = (one: Case) => one.number('ivSize') === 96 && one.number('keySize') === 128 && one.valid
    each(casesOf('aes_gcm').filter(fits), 30, (one) => {
      const half = one.bytes('tag').subarray(0, 8)
      for (const [bit, tag] of [half, half].entries()) {
        const seen = tag.slice()
        seen[7] = (seen[7] ?? 0) ^ bit
        const key = createSecretKey(one.bytes('key'))
        const decipher = createDecipheriv('aes-128-gcm', key, one.bytes('iv'), { authTagLength: 8 })
        decipher.setAAD(one.bytes('aad'))
        decipher.setAuthTag(seen)
        const opened = toHex(decipher.update(one.bytes('ct')))
        if (bit === 1) expect(() => decipher.final(), one.name).toThrow()
        else decipher.final()
        expect(opened, one.name).toBe(one.text('msg'))
      }
    })
  })
})

/** Kij with a private key as Wycheproof writes it: any number of bytes. */
function agreed(
  { dhGroups }: Algorithms,
  group: number,
  width: number,
  secret: Uint8Array,
  peerPublic: Uint8Array,
): Uint8Array | undefined {
  const scalar = new Uint8Array(width)
  const digits = secret.subarray(Math.max(0, secret.length - width))
  scalar.set(digits, width - digits.length)
  const key = generateDh(group, () => scalar, dhGroups)
  if (key === undefined) throw new Error(`group ${group} is missing`)
  return agree(key, peerPublic)
}
