// Ed25519, P-256 and suite 5 by OpenSSL directly: to the byte what the portable ones compute, and of bad input the same verdicts.

import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { conformance } from '../../../src/conformance.ts'
import { STANDARD } from '../../../src/crypto/algorithms.ts'
import { DH_P256 } from '../../../src/crypto/dh.ts'
import { ED25519 } from '../../../src/crypto/ed25519.ts'
import { Identity, verify } from '../../../src/crypto/identity.ts'
import { acceleratedAlgorithms } from '../../../src/node/accelerated/algorithms.ts'
import { koffi } from './calls.ts'

const made = acceleratedAlgorithms(koffi())
if (typeof made === 'string') throw new Error(made)
const accelerate = made
const faster = accelerate(STANDARD)

const entropy = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))

function part<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is in every table')
  return value
}

it('one table is made of each, with everything else as it was', () => {
  expect(accelerate(STANDARD)).toBe(faster)
  expect(faster.keys.map(({ name }) => name)).toEqual(STANDARD.keys.map(({ name }) => name))
  expect([...faster.dhGroups.keys(), ...faster.hitSuites.keys()]).toEqual([
    ...STANDARD.dhGroups.keys(),
    ...STANDARD.hitSuites.keys(),
  ])
  expect(faster.keys[1]).not.toBe(STANDARD.keys[1])
  expect(accelerate(conformance).keys.map(({ name }) => name)).toEqual(conformance.keys.map(({ name }) => name))
  // Whoever brings algorithms of his own keeps them.
  const own = { ...ED25519 }
  expect(accelerate({ ...STANDARD, keys: [own] }).keys[0]).toBe(own)
})

it('Ed25519 gives the same verdicts, whatever is wrong and however long the message', () => {
  const length = fc.oneof(fc.nat(300), fc.constantFrom(0, 4_095, 4_096, 4_097, 9_000))
  const flaw = fc.constantFrom('none', 'none', 'message', 'signature', 'key', 'noise')
  fc.assert(
    fc.property(length, flaw, fc.nat(), (bytes, what, at) => {
      const identity = Identity.generate(entropy)
      const message = entropy(bytes)
      const signature = identity.sign(message)
      const key = { ...identity.publicKey, bytes: identity.publicKey.bytes.slice() }
      if (what === 'noise') signature.set(entropy(64))
      const bent = { message, signature, key: key.bytes, none: undefined, noise: undefined }[what]
      if (bent !== undefined && bent.length > 0)
        bent[at % bent.length] = (bent[at % bent.length] ?? 0) ^ (1 << (at % 8))
      const verdict = verify(key, message, signature, STANDARD.keys)
      expect(verify(key, message, signature, faster.keys)).toBe(verdict)
      if (what === 'none') expect(verdict).toBe(true)
    }),
    { numRuns: 150 },
  )
  const kind = part(faster.keys[0])
  expect(kind.verifier(new Uint8Array(32))).toBeUndefined()
  // What OpenSSL complains of is not left for whoever calls next.
  expect(koffi().load(null).func('ERR_peek_error', 'ulong', [])()).toBe(0)
})

it('Ed25519 has the same keys and signatures, however long the message, and makes them anew after it has forgotten them', () => {
  const [portable, direct] = [part(STANDARD.keys[0]), part(faster.keys[0])]
  for (const length of [0, 1, 300, 4_095, 4_096, 4_097, 9_000]) {
    const [seed, message] = [entropy(32), entropy(length)]
    const { publicBytes } = portable.keyPair(seed)
    expect(toHex(direct.keyPair(seed).publicBytes)).toBe(toHex(publicBytes))
    const expected = toHex(portable.sign(seed, () => portable.privateKey(seed, publicBytes), message))
    for (const forgotten of [false, true, false]) {
      if (forgotten) direct.forget?.(seed)
      expect(toHex(direct.sign(seed, () => direct.privateKey(seed, publicBytes), message))).toBe(expected)
    }
  }
  const identity = Identity.generate(entropy, 'ed25519', faster)
  const pem = identity.toPem()
  expect(Identity.fromPem(pem, faster).hit).toBe(identity.hit)
  identity.destroy()
  expect(() => identity.sign(entropy(8))).toThrow(TypeError)
})

it('ECDSA P-256 signs what noble signs, to the byte, whatever the key and the message', () => {
  const [portable, direct] = [part(STANDARD.keys[1]), part(faster.keys[1])]
  const none = () => {
    throw new Error('it signs with the scalar')
  }
  // The least, the greatest, and one between.
  const edges = ['01', '05', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550'].map((hex) =>
    fromHex(hex.padStart(64, '0')),
  )
  const secret = fc.oneof(
    fc.constantFrom(...edges),
    fc.nat().map(() => Identity.generate(entropy, 'ecdsa-p256').secret()),
  )
  fc.assert(
    fc.property(secret, fc.nat(300), (scalar, length) => {
      const message = entropy(length)
      expect(toHex(direct.sign(scalar, none, message))).toBe(toHex(portable.sign(scalar, none, message)))
    }),
    { numRuns: 60 },
  )
  const key = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
  expect(toHex(direct.sign(key, none, new TextEncoder().encode('test')))).toBe(
    'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  )
})

describe('P-256', () => {
  const portable = part(STANDARD.dhGroups.get(DH_P256))
  const direct = part(faster.dhGroups.get(DH_P256))

  it('agrees on the same with either end, and its secrets are the same', () => {
    for (let round = 0; round < 20; round++) {
      const [one, other] = [portable.generate(entropy), direct.generate(entropy)]
      const kij = part(one.agree(other.publicValue))
      expect(toHex(part(other.agree(one.publicValue)))).toBe(toHex(kij))
      expect(toHex(direct.fromSecret(one.secret).publicValue)).toBe(toHex(one.publicValue))
      expect(toHex(portable.fromSecret(other.secret).publicValue)).toBe(toHex(other.publicValue))
      expect(toHex(part(direct.fromSecret(other.secret).agree(one.publicValue)))).toBe(toHex(kij))
    }
    // A small scalar, as wide as any.
    const small = new Uint8Array(32).fill(0, 0, 31)
    small[31] = 5
    expect(toHex(direct.fromSecret(small).secret)).toBe(toHex(small))
    expect(toHex(direct.fromSecret(small).publicValue)).toBe(toHex(portable.fromSecret(small).publicValue))
  })

  it('takes no value that is none of the group', () => {
    const key = direct.generate(entropy)
    const { publicValue } = portable.generate(entropy)
    const off = publicValue.slice()
    off[40] = (off[40] ?? 0) ^ 1
    const long = new Uint8Array(65).fill(4)
    for (const value of [
      off,
      new Uint8Array(64),
      new Uint8Array(64).fill(255),
      new Uint8Array(0),
      publicValue.slice(1),
      long,
    ])
      expect([key.agree(value), portable.generate(entropy).agree(value)]).toEqual([undefined, undefined])
    expect(koffi().load(null).func('ERR_peek_error', 'ulong', [])()).toBe(0)
    expect(key.agree(publicValue)).toHaveLength(32)
    // node:crypto reads a good key after all that.
    expect(createHash('sha256').update('x').digest()).toHaveLength(32)
  })
})

it('suite 5 computes the same, however short or long keys, messages and outputs are', () => {
  const [portable, direct] = [part(STANDARD.hitSuites.get(5)), part(faster.hitSuites.get(5))]
  const bytes = (...edges: readonly number[]) =>
    fc.oneof(fc.nat(400), fc.constantFrom(...edges)).map((length) => entropy(length))
  const key = bytes(0, 1, 31, 32, 163, 164, 165, 167, 168, 255, 256, 257, 600)
  const message = bytes(0, 167, 168, 169, 2_008, 8_191, 8_192, 8_193)
  const output = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(167, 168, 169, 1_023, 1_024, 1_025, 3_000))
  fc.assert(
    fc.property(key, fc.array(message, { maxLength: 3 }), message, output, (salt, parts, info, length) => {
      expect(toHex(direct.hash(...parts))).toBe(toHex(portable.hash(...parts)))
      expect(toHex(direct.mac(salt, ...parts))).toBe(toHex(portable.mac(salt, ...parts)))
      const [ours, theirs] = [direct, portable].map((suite) => suite.keymat(info, salt, part(parts[0] ?? info), length))
      expect([toHex(part(ours).prk), toHex(part(ours).keymat)]).toEqual([
        toHex(part(theirs).prk),
        toHex(part(theirs).keymat),
      ])
    }),
    { numRuns: 200 },
  )
})
