// RSA and ECDSA P-384 identities: published values first, then what node:crypto makes of them and they of it, what is refused, and
// that nothing of it works without being asked for.

import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  verify as nodeVerify,
  sign,
} from 'node:crypto'
import { inspect } from 'node:util'
import { p384 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { hitOf, hitSuiteOf } from '../../src/crypto/hit.ts'
import {
  Identity,
  type IdentityAlgorithm,
  type PublicKey,
  publicKeyFrom,
  publicKeyText,
  samePublicKey,
  verify,
} from '../../src/crypto/identity.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'

const { keys } = conformance
const fixed = (byte: number) => (length: number) => new Uint8Array(length).fill(byte)
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsa = Identity.fromPem(pkcs8(rsaPair.privateKey), conformance)
const ecPair = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
const ec = Identity.fromPem(pkcs8(ecPair.privateKey), conformance)
const both: readonly (readonly [IdentityAlgorithm, Identity])[] = [
  ['rsa', rsa],
  ['ecdsa-p384', ec],
]

const P384_SECRET = fromHex(
  '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5',
)
const P384_SAMPLE =
  '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46' +
  '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8'

describe('an ECDSA P-384 identity', () => {
  it('signs with SHA-384 by the deterministic nonce of RFC 6979 §A.2.6', () => {
    const identity = Identity.fromSecret('ecdsa-p384', P384_SECRET, conformance)
    expect(toHex(identity.publicKey.bytes)).toMatch(/^04ec3a4e415b4e19a4/)
    expect(toHex(identity.sign(utf8('sample')))).toBe(P384_SAMPLE)
  })

  it('agrees with noble and OpenSSL about keys and signatures', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
        const signature = ec.sign(message)
        expect(p384.verify(signature, message, ec.publicKey.bytes, { lowS: false })).toBe(true)
        const theirs = sign('sha384', message, { key: ecPair.privateKey, dsaEncoding: 'ieee-p1363' })
        expect(verify(ec.publicKey, message, new Uint8Array(theirs), keys)).toBe(true)
      }),
      { numRuns: 8 },
    )
  })

  it('is the same key with and without the 04', () => {
    const { algorithm, label, bytes } = ec.publicKey
    const bare: PublicKey = { algorithm, label, bytes: bytes.subarray(1) }
    expect(publicKeyFrom(algorithm, label, bare.bytes, keys)).toEqual(ec.publicKey)
    expect([samePublicKey(bare, ec.publicKey), hitOf(bare), publicKeyText(bare)]).toEqual([
      true,
      ec.hit,
      publicKeyText(ec.publicKey),
    ])
    expect(verify(bare, bytes, ec.sign(bytes), keys)).toBe(true)
  })

  it('is no point off the curve, of another curve, compressed, or under another label', () => {
    const off = ec.publicKey.bytes.slice()
    off[96] = (off[96] ?? 0) ^ 1
    const compressed = p384.getPublicKey(ec.secret(), true)
    const p256 = Identity.generate(fixed(3), 'ecdsa-p256').publicKey.bytes
    for (const bytes of [off, compressed, p256, new Uint8Array(0), new Uint8Array(96), new Uint8Array(97)])
      expect(publicKeyFrom(7, 2, bytes, keys)).toBeUndefined()
    expect(publicKeyFrom(7, 1, ec.publicKey.bytes, keys)).toBeUndefined()
  })

  it('comes from injected entropy too', () => {
    const drawn = () => Identity.generate(fixed(5), 'ecdsa-p384', conformance)
    expect(drawn().hit).toBe(drawn().hit)
    expect(toHex(drawn().secret())).toBe('05'.repeat(48))
  })
})

describe('an RSA identity', () => {
  it('has the HIT that hip-standards.md §11.4 computed of the key of RFC 8005 §7', () => {
    const field = Buffer.from(
      'AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D',
      'base64',
    )
    expect(hitOf({ algorithm: 5, label: 0, bytes: new Uint8Array(field) })).toBe(
      '2001:21:731f:db71:2bf5:bf3b:f642:72a4',
    )
  })

  it('writes its key as RFC 3110 §2: length of the exponent, exponent, modulus', () => {
    const { n = '', e = '' } = rsaPair.publicKey.export({ format: 'jwk' })
    const expected = concat(Uint8Array.of(3), Buffer.from(e, 'base64url'), Buffer.from(n, 'base64url'))
    expect(rsa.publicKey).toEqual({ algorithm: 5, label: 0, bytes: expected })
    expect(publicKeyFrom(5, 0, expected, keys)).toEqual(rsa.publicKey)
  })

  it('signs RSASSA-PSS with SHA-256 and a salt of 32 bytes, as OpenSSL checks it; equal messages alike', () => {
    const key = { key: rsaPair.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        const signature = rsa.sign(message)
        expect(signature.length).toBe(256)
        expect(nodeVerify('sha256', message, key, signature)).toBe(true)
        expect(toHex(rsa.sign(message))).toBe(toHex(signature))
      }),
      { numRuns: 25 },
    )
  })

  it.each([2049, 2050, 2055, 2056])(
    'signs under a modulus of %i bits, whatever its length leaves of the first byte',
    (bits) => {
      const pair = generateKeyPairSync('rsa', { modulusLength: bits })
      const identity = Identity.fromPem(pkcs8(pair.privateKey), conformance)
      for (const message of [utf8('a'), utf8('b'), utf8('c')])
        expect(verify(identity.publicKey, message, identity.sign(message), keys)).toBe(true)
    },
  )

  it('takes a signature with a random salt of that length, and none with another or of PKCS #1 1.5', () => {
    const message = utf8('sojourn')
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const signed = (saltLength: number) =>
      new Uint8Array(sign('sha256', message, { key: rsaPair.privateKey, padding, saltLength }))
    expect(verify(rsa.publicKey, message, signed(32), keys)).toBe(true)
    for (const length of [0, 20, 31, 33, constants.RSA_PSS_SALTLEN_MAX_SIGN])
      expect(verify(rsa.publicKey, message, signed(length), keys), `salt ${length}`).toBe(false)
    expect(verify(rsa.publicKey, message, new Uint8Array(sign('sha256', message, rsaPair.privateKey)), keys)).toBe(
      false,
    )
    expect(verify(rsa.publicKey, message, concat(new Uint8Array(1), signed(32)), keys)).toBe(false)
  })

  it('has 2048 to 3072 bits', () => {
    const modulus = (bits: number): Uint8Array => {
      const bytes = new Uint8Array(Math.ceil(bits / 8)).fill(0xff)
      bytes[0] = 0xff >> (8 * bytes.length - bits)
      return bytes
    }
    const taken = (bits: number) => publicKeyFrom(5, 0, concat(fromHex('03010001'), modulus(bits)), keys) !== undefined
    expect([1024, 2047, 2048, 2049, 3071, 3072, 3073, 4096].map(taken)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
    ])
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const error = thrownBy(() => Identity.fromPem(pkcs8(short.privateKey), conformance))
    expect(error).toMatchObject({ message: expect.stringMatching(/rsa of 1024 bits .*RSA of 2048 to 3072 bits$/) })
  })

  it('has one form: no leading zeros, no long form of a short length, odd numbers, an exponent of at most 8 bytes', () => {
    const modulus = rsa.publicKey.bytes.subarray(4)
    const even = modulus.slice()
    even[255] = (even[255] ?? 0) & 0xfe
    const forms: readonly (readonly [string, Uint8Array])[] = [
      ['exponent with a leading zero', concat(fromHex('0400010001'), modulus)],
      ['modulus with a leading zero', concat(fromHex('03010001'), new Uint8Array(1), modulus)],
      ['long form', concat(fromHex('000003010001'), modulus)],
      ['no exponent', concat(fromHex('00'), modulus)],
      ['exponent 1', concat(fromHex('0101'), modulus)],
      ['even exponent', concat(fromHex('03010000'), modulus)],
      ['exponent of 9 bytes', concat(fromHex('09010000000000000001'), modulus)],
      ['even modulus', concat(fromHex('03010001'), even)],
      ['nothing', new Uint8Array(0)],
      ['an exponent alone', fromHex('03010001')],
    ]
    for (const [what, bytes] of forms) expect(publicKeyFrom(5, 0, bytes, keys), what).toBeUndefined()
    expect(publicKeyFrom(5, 0, concat(fromHex('0103'), modulus), keys)).toBeDefined()
    expect(publicKeyFrom(5, 1, rsa.publicKey.bytes, keys)).toBeUndefined()
  })

  it('is not drawn from entropy, nor read from a key that is bound to PSS parameters of its own', () => {
    expect(thrownBy(() => Identity.generate(fixed(1), 'rsa', conformance))).toMatchObject({
      message: 'an identity of kind rsa is not drawn from entropy: read it from PEM',
    })
    const bound = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    expect(thrownBy(() => Identity.fromPem(pkcs8(bound.privateKey), conformance))).toBeInstanceOf(TypeError)
  })
})

describe.each(both)('a key of kind %s', (algorithm, identity) => {
  it('names its suite in its HIT, and survives PEM and its secret bytes', () => {
    expect(hitSuiteOf(identity.hit)).toBe(algorithm === 'rsa' ? 1 : 2)
    expect(Identity.fromPem(identity.toPem(), conformance).hit).toBe(identity.hit)
    expect(Identity.fromSecret(algorithm, identity.secret(), conformance).hit).toBe(identity.hit)
    expect(identity.algorithm).toBe(algorithm)
    expect(createPublicKey(identity.publicPem()).asymmetricKeyType).toBe(algorithm === 'rsa' ? 'rsa' : 'ec')
  })

  it('verifies its message and no other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (message, at) => {
        const signature = identity.sign(message)
        expect(signature.length).toBe(identity.signatureBytes)
        expect(signature.constructor).toBe(Uint8Array)
        expect(verify(identity.publicKey, message, signature, keys)).toBe(true)
        expect(verify(identity.publicKey, Uint8Array.of(...message, 0), signature, keys)).toBe(false)
        signature[at % signature.length] = (signature[at % signature.length] ?? 0) ^ (1 << (at % 8))
        expect(verify(identity.publicKey, message, signature, keys)).toBe(false)
      }),
      { numRuns: 12 },
    )
  })

  it('makes its verifier refuse any bytes as a signature, never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(verify(identity.publicKey, utf8('x'), bytes, keys)).toBe(false)
        expect(
          verify(identity.publicKey, utf8('x'), new Uint8Array(identity.signatureBytes).fill(bytes[0] ?? 255), keys),
        ).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('is no key at all to who has not asked for its kind', () => {
    const { algorithm: number, label, bytes } = identity.publicKey
    const message = utf8('hello')
    expect(verify(identity.publicKey, message, identity.sign(message), keys)).toBe(true)
    expect(publicKeyFrom(number, label, bytes)).toBeUndefined()
    expect(verify(identity.publicKey, message, identity.sign(message))).toBe(false)
    for (const make of [
      () => Identity.fromPem(identity.toPem()),
      () => Identity.fromSecret(algorithm, identity.secret()),
      () => Identity.generate(fixed(1), algorithm),
    ]) {
      const error = thrownBy(make)
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).toMatch(/supported are Ed25519 and ECDSA P-256; .*sojourn\/conformance$/)
    }
  })

  it('shows its secret in no error, inspection or JSON', () => {
    const secret = identity.secret()
    const spoiled = secret.slice()
    spoiled.fill(0xff, 0, 10)
    const error = thrownBy(() =>
      Identity.fromSecret(algorithm, algorithm === 'rsa' ? spoiled : spoiled.fill(0xff), conformance),
    )
    const shown = `${inspect(identity, { depth: 9, showHidden: true })}${JSON.stringify(identity)}${inspect(error)}`
    const middle = secret.subarray(20, 28)
    expect(error).toBeInstanceOf(TypeError)
    for (const form of [toHex(middle), middle.join(', '), Buffer.from(middle).toString('base64').slice(0, 9)])
      expect(shown).not.toContain(form)
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
