// What the simulator remembers of its cryptography: the answers are those of computing, and whatever differs in a bit is computed.

import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import { aeadOf, ESP_AES128_CBC_HMAC_SHA256, ESP_AES128_GCM_16 } from '../../src/crypto/aead.ts'
import { STANDARD } from '../../src/crypto/algorithms.ts'
import { agree, DH_P256, generateDh } from '../../src/crypto/dh.ts'
import { Identity, verify } from '../../src/crypto/identity.ts'
import { recollecting } from '../../src/sim/recollection.ts'
import { algorithmsOfSeed } from '../../src/sim/seed.ts'
import { kindOfSeed, runSeed, SEED_KINDS } from '../../src/sim.ts'

const prng = new Prng(1)
const entropy = (length: number): Uint8Array => prng.bytes(length)
const MESSAGE = Uint8Array.from({ length: 40 }, (_, i) => i)

/** The standard table that counts what it computes, and a memory over it. */
function counted() {
  const computed = { verified: 0, agreed: 0, derived: 0, opened: 0 }
  const keys = STANDARD.keys.map((kind) => ({
    ...kind,
    verifier: (bytes: Uint8Array) => {
      const verifier = kind.verifier(bytes)
      return (
        verifier && {
          verify: (...args: Parameters<typeof verifier.verify>) => {
            computed.verified += 1
            return verifier.verify(...args)
          },
        }
      )
    },
    keyPair: (...args: Parameters<typeof kind.keyPair>) => {
      computed.derived += 1
      return kind.keyPair(...args)
    },
  }))
  const espSuites = new Map(
    [...STANDARD.espSuites].map(([id, suite]) => [
      id,
      {
        ...suite,
        opener: (...args: Parameters<typeof suite.opener>) => {
          const opener = suite.opener(...args)
          return {
            open: (packet: Uint8Array, sequence: number) => {
              computed.opened += 1
              return opener.open(packet, sequence)
            },
          }
        },
      },
    ]),
  )
  const dhGroups = new Map(
    [...STANDARD.dhGroups].map(([id, group]) => [
      id,
      {
        ...group,
        generate: (...args: Parameters<typeof group.generate>) => {
          const key = group.generate(...args)
          return {
            group: id,
            publicValue: key.publicValue,
            secret: key.secret,
            agree: (peer: Uint8Array) => {
              computed.agreed += 1
              return key.agree(peer)
            },
          }
        },
      },
    ]),
  )
  return { computed, algorithms: recollecting({ ...STANDARD, keys, dhGroups, espSuites }) }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

describe('a table that recollects', () => {
  it.each(['ed25519', 'ecdsa-p256'] as const)('does not compute whether %s signatures of its own are good', (name) => {
    const { computed, algorithms } = counted()
    const identity = Identity.generate(entropy, name, algorithms)
    const signature = identity.sign(MESSAGE)
    expect(signature).toEqual(Identity.fromSecret(name, identity.secret()).sign(MESSAGE))
    expect(verify(identity.publicKey, MESSAGE, signature, algorithms.keys)).toBe(true)
    expect(computed.verified).toBe(0)
  })

  it.each(['ed25519', 'ecdsa-p256'] as const)('computes and refuses what differs in a bit of %s', (name) => {
    const { computed, algorithms } = counted()
    const identity = Identity.generate(entropy, name, algorithms)
    const other = Identity.generate(entropy, name, algorithms)
    const signature = identity.sign(MESSAGE)
    for (let at = 0; at < MESSAGE.length; at++)
      expect(verify(identity.publicKey, flipped(MESSAGE, at), signature, algorithms.keys), `message ${at}`).toBe(false)
    for (let at = 0; at < signature.length; at++)
      expect(verify(identity.publicKey, MESSAGE, flipped(signature, at), algorithms.keys), `signature ${at}`).toBe(
        false,
      )
    expect(verify(other.publicKey, MESSAGE, signature, algorithms.keys)).toBe(false)
    expect(verify(identity.publicKey, MESSAGE.subarray(1), signature, algorithms.keys)).toBe(false)
    expect(computed.verified).toBe(MESSAGE.length + signature.length + 2)
  })

  it('remembers what was computed once, if it was good', () => {
    const { computed, algorithms } = counted()
    const stranger = Identity.generate(entropy)
    const signature = stranger.sign(MESSAGE)
    for (let i = 0; i < 3; i++) expect(verify(stranger.publicKey, MESSAGE, signature, algorithms.keys)).toBe(true)
    expect(computed.verified).toBe(1)
  })

  it('agrees once for both ends, and lends nobody its own copy', () => {
    const { computed, algorithms } = counted()
    const [a, b, c] = [0, 1, 2].map(() => generateDh(DH_P256, entropy, algorithms.dhGroups))
    if (a === undefined || b === undefined || c === undefined) throw new Error('P-256 is there')
    const kij = agree(a, b.publicValue)
    const expected = kij?.slice()
    kij?.fill(0)
    expect(agree(b, a.publicValue)).toEqual(expected)
    agree(b, a.publicValue)?.fill(0)
    expect(agree(b, a.publicValue)).toEqual(expected)
    expect(computed.agreed).toBe(1)
    expect(agree(c, a.publicValue)).not.toEqual(expected)
    expect(agree(b, flipped(a.publicValue, 63))).toBeUndefined()
    expect(computed.agreed).toBe(3)
  })

  it('derives a public key once, and only of the very same secret', () => {
    const { computed, algorithms } = counted()
    const identity = Identity.generate(entropy, 'ed25519', algorithms)
    const again = Identity.fromSecret('ed25519', identity.secret(), algorithms)
    expect(again.publicKey).toEqual(identity.publicKey)
    expect(again.sign(MESSAGE)).toEqual(identity.sign(MESSAGE))
    expect(computed.derived).toBe(1)
    const other = Identity.fromSecret('ed25519', flipped(identity.secret(), 31), algorithms)
    expect(other.publicKey).not.toEqual(identity.publicKey)
    expect(computed.derived).toBe(2)
  })

  describe.each([ESP_AES128_GCM_16, ESP_AES128_CBC_HMAC_SHA256])('with ESP suite %i', (id) => {
    const info = STANDARD.espSuites.get(id)
    if (info === undefined) throw new Error('the suite is there')
    const { icvBytes } = info
    const drawn = { encryption: entropy(info.encryptionBytes), authentication: entropy(info.authenticationBytes) }
    const end = 8 + info.ivBytes + 32

    function sealed() {
      const { computed, algorithms } = counted()
      const packet = new Uint8Array(end + icvBytes).fill(7)
      const aead = aeadOf(algorithms.espSuites)
      aead.sealer(id, drawn, entropy).seal(packet, 5)
      return { computed, packet, open: aead.opener(id, drawn).open, aead }
    }

    it('knows what was in a packet that was sealed here, and lends nobody its own copy', () => {
      const { computed, packet, open } = sealed()
      open(packet, 5)?.fill(0)
      expect(open(packet, 5)).toEqual(new Uint8Array(32).fill(7))
      expect(computed.opened).toBe(0)
    })

    it('computes what differs in a bit of packet, number or key, and refuses all that is authenticated', () => {
      const { computed, packet, open, aead } = sealed()
      // What is authenticated of the number is what the window says, not bytes 4 to 7.
      for (let at = 0; at < packet.length; at++)
        expect(open(flipped(packet, at), 5) === undefined, `byte ${at}`).toBe(
          id !== ESP_AES128_GCM_16 || at < 4 || at > 7,
        )
      expect(open(packet, 5 + 2 ** 32)).toBeUndefined()
      expect(open(packet.subarray(0, packet.length - 1), 5)).toBeUndefined()
      const others = [{ ...drawn, encryption: flipped(drawn.encryption, 3) }]
      if (id === ESP_AES128_CBC_HMAC_SHA256)
        others.splice(0, 1, { ...drawn, authentication: flipped(drawn.authentication, 3) })
      for (const keys of others) expect(aead.opener(id, keys).open(packet, 5)).toBeUndefined()
      expect(computed.opened).toBe(packet.length + 3)
    })
  })
})

describe('a seed', () => {
  it.each([26, 27, 39, 40, 53])('%i takes the same course with all of its cryptography', (seed) => {
    const kind = kindOfSeed(seed)
    expect(runSeed(seed, kind, STANDARD)).toEqual(runSeed(seed, kind, recollecting(STANDARD)))
  })

  it('of every kind remembers nothing now and then: one in thirteen', () => {
    const plain = Array.from({ length: 80 * 13 }, (_, seed) => seed).filter((s) => algorithmsOfSeed(s) === STANDARD)
    expect(plain).toHaveLength(80)
    expect(new Set(plain.map(kindOfSeed))).toEqual(new Set(SEED_KINDS))
  })
})
