// Wherever node:crypto and noble both can do a thing, they give the same bytes: the hot path may use either (DESIGN §3).

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, hkdfSync, sign } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { expand as nobleExpand, extract as nobleExtract } from '@noble/hashes/hkdf.js'
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256, sha384 as nobleSha384 } from '@noble/hashes/sha2.js'
import { shake128 as nobleShake128 } from '@noble/hashes/sha3.js'
import { cshake128, kmac128 } from '@noble/hashes/sha3-addons.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, toHex } from '../../src/base/bytes.ts'
import { agree, generateDh } from '../../src/crypto/dh.ts'
import { type HashName, hash, hmac, sha256, shake128 } from '../../src/crypto/hash.ts'
import { expand, extract } from '../../src/crypto/hkdf.ts'
import { Identity, verify } from '../../src/crypto/identity.ts'
import { hitSuite } from '../../src/crypto/suites.ts'

const bytes = fc.uint8Array({ maxLength: 300 })
const scalar = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((value) => p256.utils.isValidSecretKey(value))
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })
const noble = { sha256: nobleSha256, sha384: nobleSha384 } as const
const names = fc.constantFrom<HashName>('sha256', 'sha384')
const few = { numRuns: 12 }

describe('node:crypto and noble agree on', () => {
  it('SHA-256, SHA-384 and SHAKE128', () => {
    fc.assert(
      fc.property(names, bytes, fc.integer({ min: 1, max: 400 }), (name, data, length) => {
        expect(toHex(hash(name, [data]))).toBe(toHex(noble[name](data)))
        expect(toHex(sha256(data))).toBe(toHex(nobleSha256(data)))
        expect(toHex(shake128(length, [data]))).toBe(toHex(nobleShake128(data, { dkLen: length })))
      }),
    )
  })

  it('cSHAKE128 without names, which is SHAKE128', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const node = createHash('shake128', { outputLength: 12 }).update(data).digest()
        expect(toHex(cshake128(data, { dkLen: 12 }))).toBe(toHex(node))
      }),
    )
  })

  it('HMAC', () => {
    fc.assert(
      fc.property(names, bytes, bytes, (name, key, data) => {
        expect(toHex(hmac(name, key, [data]))).toBe(toHex(nobleHmac(noble[name], key, data)))
      }),
    )
  })

  it('HKDF, in its two steps and whole', () => {
    fc.assert(
      fc.property(names, bytes, bytes, bytes, fc.integer({ min: 1, max: 500 }), (name, ikm, salt, info, length) => {
        const prk = extract(name, salt, ikm)
        expect(toHex(prk)).toBe(toHex(nobleExtract(noble[name], ikm, salt)))
        const okm = toHex(expand(name, prk, info, length))
        expect(okm).toBe(toHex(nobleExpand(noble[name], prk, info, length)))
        expect(okm).toBe(toHex(new Uint8Array(hkdfSync(name, ikm, salt, info, length))))
      }),
    )
  })

  it('Ed25519: public keys, signatures, and what they verify', () => {
    fc.assert(
      fc.property(seed, bytes, (secret, message) => {
        const identity = Identity.fromSecret('ed25519', secret)
        const node = createPublicKey(createPrivateKey(identity.toPem())).export({ format: 'jwk' })
        expect(toHex(Buffer.from(node.x ?? '', 'base64url'))).toBe(toHex(ed25519.getPublicKey(secret)))
        expect(toHex(identity.publicKey.bytes)).toBe(toHex(ed25519.getPublicKey(secret)))
        const signature = identity.sign(message)
        expect(toHex(signature)).toBe(toHex(ed25519.sign(message, secret)))
        expect(ed25519.verify(signature, message, identity.publicKey.bytes, { zip215: false })).toBe(true)
        expect(verify(identity.publicKey, message, ed25519.sign(message, secret))).toBe(true)
      }),
      few,
    )
  })

  it('P-256: public keys and shared secrets', () => {
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        const mine = generateDh(7, () => a.slice())
        const theirs = p256.getPublicKey(b, false)
        expect(mine && toHex(mine.publicValue)).toBe(toHex(p256.getPublicKey(a, false).subarray(1)))
        const kij = mine && agree(mine, theirs.subarray(1))
        expect(kij && toHex(kij)).toBe(toHex(p256.getSharedSecret(a, theirs).subarray(1)))
      }),
      few,
    )
  })

  it('ECDSA: each verifies what the other signed, high s included', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const identity = Identity.fromPem(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    const high: boolean[] = []
    for (let n = 0; n < 40; n++) {
      const message = Uint8Array.of(n)
      const node = new Uint8Array(sign('sha256', message, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }))
      expect(verify(identity.publicKey, message, node)).toBe(true)
      expect(p256.verify(node, message, identity.publicKey.bytes, { lowS: false })).toBe(true)
      high.push(p256.Signature.fromBytes(node, 'compact').hasHighS())
    }
    expect(high).toContain(true)
    const signature = identity.sign(Uint8Array.of(1))
    expect(verify(identity.publicKey, Uint8Array.of(1), signature)).toBe(true)
    expect(p256.verify(signature, Uint8Array.of(1), identity.publicKey.bytes, { lowS: false })).toBe(true)
  })
})

it('a KMAC from a remembered keyed state is the KMAC from scratch', () => {
  const mac = hitSuite(5)?.mac
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), bytes, bytes, (key, left, right) => {
      const expected = toHex(kmac128(key, concat(left, right), { dkLen: 32 }))
      expect(mac && toHex(mac(key, left, right))).toBe(expected)
      expect(mac && toHex(mac(key, left, right))).toBe(expected)
    }),
    { numRuns: 50 },
  )
})
