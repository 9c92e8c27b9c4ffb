// Identities: published signature vectors first, then PEM, secrecy, and what a verifier refuses.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import {
  Identity,
  type IdentityAlgorithm,
  type PublicKey,
  publicKeyFrom,
  publicKeyText,
  samePublicKey,
  verify,
} from '../../src/crypto/identity.ts'

const FIRST_SEED = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
const FIRST_SIGNATURE =
  'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'
const ECDSA_SECRET = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
const P256_ORDER = fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
const ALGORITHMS: readonly IdentityAlgorithm[] = ['ed25519', 'ecdsa-p256']

const fixed = (byte: number) => (length: number) => new Uint8Array(length).fill(byte)

describe('an identity signs', () => {
  it('the empty message as RFC 8032 §7.1 does', () => {
    const identity = Identity.fromSecret('ed25519', FIRST_SEED)
    expect(toHex(identity.publicKey.bytes)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    expect(toHex(identity.sign(new Uint8Array(0)))).toBe(FIRST_SIGNATURE)
  })

  it('by the deterministic nonce of RFC 6979 §A.2.5, high s included', () => {
    const identity = Identity.fromSecret('ecdsa-p256', ECDSA_SECRET)
    expect(toHex(identity.sign(utf8('sample')))).toBe(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
        'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    )
    expect(toHex(identity.sign(utf8('test')))).toBe(
      'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367' +
        '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
    )
    expect(verify(identity.publicKey, utf8('sample'), identity.sign(utf8('sample')))).toBe(true)
  })

  it.each(ALGORITHMS)('so that its key verifies that message and no other (%s)', (algorithm) => {
    const identity = Identity.generate(fixed(9), algorithm)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (message, at) => {
        const signature = identity.sign(message)
        expect(signature.constructor).toBe(Uint8Array)
        expect(verify(identity.publicKey, message, signature)).toBe(true)
        expect(verify(identity.publicKey, Uint8Array.of(...message, 0), signature)).toBe(false)
        const wrong = signature.slice()
        wrong[at % 64] = (wrong[at % 64] ?? 0) ^ (1 << (at % 8))
        expect(verify(identity.publicKey, message, wrong)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })
})

describe('an identity’s key', () => {
  it.each(ALGORITHMS)('comes whole from the entropy given (%s)', (algorithm) => {
    expect(Identity.generate(fixed(3), algorithm).hit).toBe(Identity.generate(fixed(3), algorithm).hit)
    expect(Identity.generate(fixed(3), algorithm).hit).not.toBe(Identity.generate(fixed(4), algorithm).hit)
  })

  it.each(ALGORITHMS)('survives PEM and its secret bytes (%s)', (algorithm) => {
    const identity = Identity.generate(fixed(5), algorithm)
    expect(Identity.fromPem(identity.toPem()).hit).toBe(identity.hit)
    expect(Identity.fromSecret(identity.algorithm, identity.secret()).hit).toBe(identity.hit)
    expect(identity.toPem()).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect(identity.publicPem()).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  })

  it('is read from what openssl writes', () => {
    for (const pair of [generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'prime256v1' })]) {
      const identity = Identity.fromPem(pem(pair.privateKey))
      expect(identity.publicPem()).toBe(pair.publicKey.export({ type: 'spki', format: 'pem' }))
      expect(identity.toPem()).toBe(pem(pair.privateKey))
    }
  })

  it('skips draws that are no scalar of P-256, and gives up on entropy that never gives one', () => {
    const draws = [new Uint8Array(32), P256_ORDER.slice(), new Uint8Array(32).fill(6)]
    const identity = Identity.generate(() => draws.shift() ?? new Uint8Array(0), 'ecdsa-p256')
    expect(toHex(identity.secret())).toBe('06'.repeat(32))
    expect(() => Identity.generate(fixed(0), 'ecdsa-p256')).toThrow(/entropy/)
  })

  it('is refused if it is out of range or of a wrong length', () => {
    expect(() => Identity.fromSecret('ecdsa-p256', P256_ORDER)).toThrow(TypeError)
    expect(() => Identity.fromSecret('ed25519', new Uint8Array(31))).toThrow(TypeError)
  })
})

describe('a PEM text that is no identity gives one line that says why:', () => {
  const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
  const cases: readonly (readonly [what: string, text: string, says: RegExp])[] = [
    ['RSA', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /rsa .*Ed25519 and ECDSA P-256/],
    ['P-384', pem(p384.privateKey), /secp384r1 .*Ed25519 and ECDSA P-256/],
    ['X25519', pem(generateKeyPairSync('x25519').privateKey), /x25519 .*Ed25519 and ECDSA P-256/],
    ['a public key', p384.publicKey.export({ type: 'spki', format: 'pem' }).toString(), /public/],
    [
      'an encrypted key',
      p384.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }).toString(),
      /encrypted/,
    ],
    ['noise', 'hello', /PKCS #8/],
    ['nothing', '', /PKCS #8/],
    ['a broken key', '-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n', /PKCS #8/],
  ]

  it.each(cases)('%s', (_what, text, says) => {
    const error = thrownBy(() => Identity.fromPem(text))
    expect(error).toBeInstanceOf(TypeError)
    const message = error instanceof Error ? error.message : ''
    expect(message).toMatch(says)
    expect(message).not.toContain('\n')
    expect(error).not.toHaveProperty('cause')
    for (const line of text.split('\n').filter((part) => part.length >= 12 && !part.startsWith('---'))) {
      expect(message).not.toContain(line.slice(0, 12))
    }
  })
})

describe('a secret key', () => {
  it.each(ALGORITHMS)('shows neither in inspect nor in JSON (%s)', (algorithm) => {
    const identity = Identity.generate(fixed(0xab), algorithm)
    const shown = `${inspect(identity, { depth: 9, showHidden: true })} ${JSON.stringify({ identity })}`
    expect(shown).toContain(identity.hit)
    expect(shown).not.toMatch(/abab|171|q6ur/i)
  })
})

describe('a public key', () => {
  const p256 = Identity.generate(fixed(2), 'ecdsa-p256').publicKey

  it('is the same key however its point was written', () => {
    const short: PublicKey = { ...p256, bytes: p256.bytes.subarray(1) }
    expect(publicKeyFrom(7, 1, short.bytes)).toEqual(p256)
    expect(samePublicKey(short, p256)).toBe(true)
    expect(publicKeyText(short)).toBe(publicKeyText(p256))
  })

  it('is another key under another algorithm or label', () => {
    expect(samePublicKey(p256, { ...p256, label: 2 })).toBe(false)
    expect(publicKeyText(p256)).not.toBe(publicKeyText({ ...p256, algorithm: 13 }))
  })

  it('off the curve, of a wrong length, or of an algorithm nobody knows is none', () => {
    const off = p256.bytes.slice()
    off[64] = (off[64] ?? 0) ^ 1
    expect(publicKeyFrom(7, 1, off)).toBeUndefined()
    expect(publicKeyFrom(7, 1, p256.bytes.subarray(2))).toBeUndefined()
    expect(publicKeyFrom(7, 2, p256.bytes)).toBeUndefined()
    expect(publicKeyFrom(5, 1, p256.bytes)).toBeUndefined()
    expect(publicKeyFrom(13, 1, new Uint8Array(33))).toBeUndefined()
    expect(verify({ algorithm: 7, label: 1, bytes: off }, utf8('x'), new Uint8Array(64))).toBe(false)
  })

  it('is kept as it was when the bytes it came from are written over', () => {
    const bytes = p256.bytes.slice()
    const key = publicKeyFrom(7, 1, bytes)
    bytes.fill(0)
    expect(key).toEqual(p256)
  })

  it('of small order or in non-canonical form is refused, by the curve’s own arithmetic', () => {
    const points = torsionPoints()
    expect(points.length).toBe(8)
    for (const bytes of points) expect(publicKeyFrom(13, 1, bytes), toHex(bytes)).toBeUndefined()
    for (let low = 0xed; low <= 0xff; low++) {
      for (const top of [0x7f, 0xff]) {
        const bytes = new Uint8Array(32).fill(0xff)
        bytes[0] = low
        bytes[31] = top
        expect(publicKeyFrom(13, 1, bytes), toHex(bytes)).toBeUndefined()
      }
    }
    // With such a key one signature would fit every message.
    const identityPoint = fromHex(`01${'00'.repeat(31)}`)
    const forged = fromHex(`01${'00'.repeat(63)}`)
    expect(verify({ algorithm: 13, label: 1, bytes: identityPoint }, utf8('anything'), forged)).toBe(false)
  })

  it('verifies the same however many other keys came in between', () => {
    const identity = Identity.fromSecret('ed25519', FIRST_SEED)
    const signature = identity.sign(utf8('x'))
    for (let n = 0; n < 1100; n++) {
      const bytes = new Uint8Array(32).fill(1)
      bytes[1] = n
      bytes[2] = n >> 8
      publicKeyFrom(13, 1, bytes)
    }
    expect(verify(identity.publicKey, utf8('x'), signature)).toBe(true)
  })

  it('never makes the verifier throw, whatever the bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 70 })
    fc.assert(
      fc.property(fc.constantFrom(7, 13), bytes, bytes, bytes, (algorithm, key, message, signature) => {
        expect(verify({ algorithm, label: 1, bytes: key }, message, signature)).toBe(false)
      }),
    )
  })
})

function torsionPoints(): Uint8Array[] {
  const generator = ed25519.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
  const points = [ed25519.Point.ZERO.toBytes()]
  for (let point = generator; !point.equals(ed25519.Point.ZERO); point = point.add(generator))
    points.push(point.toBytes())
  return points
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
