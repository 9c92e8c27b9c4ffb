// Laws of the primitives and of what is made of them, under whatever input.

import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes, toHex } from '../../src/base/bytes.ts'
import { detPrefix, readDet } from '../../src/crypto/det.ts'
import { decryptParameter, sealParameter } from '../../src/crypto/envelope.ts'
import { writeSequence } from '../../src/crypto/esp-number.ts'
import { hash, hmac, keyedNumber, shake128 } from '../../src/crypto/hash.ts'
import { hitBytes, hitText, isFlatHit, parseHit } from '../../src/crypto/hit.ts'
import { expand, extract } from '../../src/crypto/hkdf.ts'
import {
  baseKeys,
  espKeymatIndex,
  interimKeys,
  type KeyContext,
  type KeySet,
  ratchetKeys,
  resumptionOf,
} from '../../src/crypto/keymat.ts'
import { PuzzleSolver, solves } from '../../src/crypto/puzzle.ts'
import { redacted, sameSecret } from '../../src/crypto/secret.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'
import { type HitSuite, hitSuite } from '../../src/crypto/suites.ts'
import { seeded } from '../support/actors.ts'

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const some = fc.uint8Array({ maxLength: 200 })
const parts = fc.array(some, { maxLength: 5 })
const suites = fc.constantFrom(5, 2, 1).map((id): HitSuite => {
  const suite = hitSuite(id)
  if (suite === undefined) throw new Error(`no suite ${id}`)
  return suite
})

/** Another array, with one bit turned over. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  const at = (bit >> 3) % copy.length
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7))
  return copy
}

describe('hashes', () => {
  it('of parts are those of the whole, whatever the cuts', () => {
    fc.assert(
      fc.property(parts, fc.constantFrom('sha256', 'sha384'), (all, name) => {
        expect(hash(name, all)).toEqual(hash(name, [concat(...all)]))
      }),
    )
  })

  it('and MACs of a HIT suite are of its length, and those of the whole too', () => {
    fc.assert(
      fc.property(suites, parts, bytesOf(48), (suite, all, key) => {
        const own = key.subarray(0, suite.macKeyBytes)
        expect(suite.hash(...all)).toEqual(suite.hash(concat(...all)))
        expect(suite.mac(own, ...all)).toEqual(suite.mac(own, concat(...all)))
        expect([suite.hash(...all).length, suite.mac(own, ...all).length]).toEqual([suite.hashBytes, suite.hashBytes])
      }),
    )
  })

  it('of HMAC change with any bit of key or text', () => {
    fc.assert(
      fc.property(bytesOf(32), fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (key, text, bit) => {
        const tag = hmac('sha256', key, [text])
        expect(hmac('sha256', flipped(key, bit), [text])).not.toEqual(tag)
        expect(hmac('sha256', key, [flipped(text, bit)])).not.toEqual(tag)
      }),
    )
  })

  it('of SHAKE128 that are shorter begin the longer ones', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 99 }), fc.nat(99), (all, length, more) => {
        expect(shake128(length + more, all).subarray(0, length)).toEqual(shake128(length, all))
      }),
    )
  })

  it('as keyed numbers are below 2^32 and others under another key', () => {
    fc.assert(
      fc.property(bytesOf(16), bytesOf(16), fc.nat(), (secret, input, bit) => {
        const number = keyedNumber(secret, input)
        expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true)
        expect(keyedNumber(flipped(secret, bit), input)).not.toBe(number)
      }),
    )
  })
})

describe('HKDF', () => {
  it('expands to a longer output that begins with the shorter one', () => {
    fc.assert(
      fc.property(some, some, fc.nat(300), fc.nat(300), (ikm, info, length, more) => {
        const prk = extract('sha256', new Uint8Array(32), ikm)
        expect(expand('sha256', prk, info, length + more).subarray(0, length)).toEqual(
          expand('sha256', prk, info, length),
        )
      }),
    )
  })
})

describe('a HIT', () => {
  it('of any 16 bytes is read back from its text', () => {
    fc.assert(
      fc.property(bytesOf(16), (bytes) => {
        expect(hitBytes(hitText(bytes))).toEqual(bytes)
      }),
    )
  })

  it('is flat exactly in 2001:20::/28, and only then read from a user', () => {
    fc.assert(
      fc.property(bytesOf(16), fc.boolean(), (bytes, inside) => {
        if (inside) bytes.set([0x20, 0x01, 0x00, 0x20 | ((bytes[3] ?? 0) & 0x0f)])
        const flat = toHex(bytes).startsWith('2001002')
        expect(isFlatHit(bytes)).toBe(flat)
        expect(parseHit(hitText(bytes)) !== undefined).toBe(flat)
      }),
    )
  })

  it('of a hierarchy gives back its authorities', () => {
    fc.assert(
      fc.property(fc.nat(0x3fff), fc.nat(0x3fff), bytesOf(8), (raa, hda, tail) => {
        expect(readDet(concat(detPrefix({ raa, hda }), tail))).toEqual({ raa, hda, suite: 5, hash: tail })
      }),
    )
  })
})

describe('a puzzle', () => {
  it('is solved by whatever the solver finds, in slices of any size', () => {
    fc.assert(
      fc.property(
        suites,
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(),
        (suite, k, slice, n) => {
          const random = seeded(n)
          const [i, hitI, hitR] = [random(suite.hashBytes), random(16), random(16)]
          const solver = new PuzzleSolver(suite, i, hitI, hitR, k, random)
          let j = solver.step(slice)
          while (j === undefined) j = solver.step(slice)
          expect(solves(suite, i, hitI, hitR, j, k)).toBe(true)
          expect(solver.step(slice)).toEqual(j)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is solved exactly by a J whose digest ends in K zero bits', () => {
    fc.assert(
      fc.property(suites, fc.nat(12), fc.nat(), (suite, k, n) => {
        const random = seeded(n)
        const [i, hitI, hitR, j] = [random(suite.hashBytes), random(16), random(16), random(suite.hashBytes)]
        const digest = BigInt(`0x${toHex(suite.hash(i, hitI, hitR, j))}`)
        expect(solves(suite, i, hitI, hitR, j, k)).toBe(digest % 2n ** BigInt(k) === 0n)
      }),
      { numRuns: 300 },
    )
  })
})

describe('ENCRYPTED', () => {
  it('opens to what was sealed and to nothing under another key or after its IV has changed', () => {
    const cipher = fc.constantFrom(2, 4)
    fc.assert(
      fc.property(
        cipher,
        bytesOf(32),
        fc.uint8Array({ minLength: 1, maxLength: 90 }),
        fc.nat(127),
        (id, key, text, bit) => {
          const own = key.subarray(0, id === 2 ? 16 : 32)
          const sealed = sealParameter(id, own, text, seeded(1))
          expect(decryptParameter(id, own, sealed)).toEqual(text)
          const other = decryptParameter(id, flipped(own, bit), sealed)
          expect(other !== undefined && equalBytes(other, text)).toBe(false)
          const moved = decryptParameter(id, own, flipped(sealed.subarray(), bit % 128))
          expect(moved !== undefined && equalBytes(moved, text)).toBe(false)
        },
      ),
    )
  })
})

describe('the keys of an association', () => {
  const context = fc.record({
    suite: suites,
    espSuite: fc.constantFrom(13, 12, 9, 8, 7, 1),
    cipher: fc.constantFrom(2, 4),
    own: bytesOf(16),
    peer: bytesOf(16),
    i: bytesOf(32),
    j: bytesOf(32),
  })
  const distinct = context
    .filter(({ own, peer }) => !equalBytes(own, peer))
    .map((fields): KeyContext => ({ ...fields, algorithms: conformance }))
  const swapped = (one: KeyContext): KeyContext => ({ ...one, own: one.peer, peer: one.own })
  const start = fc.record({ epoch: fc.integer({ min: 1, max: 2 ** 32 - 1 }), incarnation: bytesOf(16) })

  function expectMirrored(here: KeySet, there: KeySet): void {
    expect(here.hip.send).toEqual(there.hip.receive)
    expect(here.hip.receive).toEqual(there.hip.send)
    expect(here.esp.send).toEqual(there.esp.receive)
    expect(here.esp.receive).toEqual(there.esp.send)
    expect(here.resumption).toEqual(there.resumption)
  }

  it('are mirrored at both ends after a base exchange, under every suite', () => {
    fc.assert(
      fc.property(distinct, bytesOf(32), (one, kij) => {
        const [here, there] = [baseKeys(one, kij), baseKeys(swapped(one), kij)]
        expectMirrored(here, there)
        expect(here.keymatLength).toBeGreaterThanOrEqual(espKeymatIndex(one))
      }),
    )
  })

  it('are mirrored at both ends after a ratchet, and bound to both starts', () => {
    fc.assert(
      fc.property(distinct, bytesOf(32), bytesOf(32), start, start, fc.nat(127), (one, kij, s, own, peer, bit) => {
        const before = resumptionOf(s)
        const here = ratchetKeys(one, kij, before, own, peer)
        expectMirrored(here, ratchetKeys(swapped(one), kij, before, peer, own))
        const other = { ...peer, incarnation: flipped(peer.incarnation, bit) }
        expect(ratchetKeys(one, kij, before, own, other).resumption.id).not.toEqual(here.resumption.id)
      }),
    )
  })

  it('change with every bit of Kij and of the S before', () => {
    fc.assert(
      fc.property(distinct, bytesOf(32), bytesOf(32), start, start, fc.nat(255), (one, kij, s, own, peer, bit) => {
        const here = ratchetKeys(one, kij, resumptionOf(s), own, peer)
        for (const other of [
          ratchetKeys(one, flipped(kij, bit), resumptionOf(s), own, peer),
          ratchetKeys(one, kij, resumptionOf(flipped(s, bit)), own, peer),
        ]) {
          expect(other.resumption.id).not.toEqual(here.resumption.id)
          expect(other.hip.send.integrity).not.toEqual(here.hip.send.integrity)
        }
      }),
    )
  })

  it('that are interim differ with SPI and direction', () => {
    fc.assert(
      fc.property(distinct, bytesOf(32), start, start, fc.nat(2 ** 31), (one, s, from, to, spi) => {
        const key = (hitA: Uint8Array, hitB: Uint8Array, at: number) =>
          toHex(concat(...Object.values(interimKeys(one, resumptionOf(s), hitA, hitB, from, to, at))))
        const all = [key(one.own, one.peer, spi), key(one.peer, one.own, spi), key(one.own, one.peer, spi + 1)]
        expect(new Set(all).size).toBe(3)
      }),
    )
  })

  it('print nothing of themselves, however deep one looks', () => {
    fc.assert(
      fc.property(distinct, bytesOf(32), (one, kij) => {
        const keys = baseKeys(one, kij)
        const shown = `${inspect(keys, { depth: 9, showHidden: true })}${JSON.stringify(keys)}`
        expect(shown).not.toContain(toHex(keys.hip.send.integrity).slice(0, 8))
        expect(shown).not.toContain([...keys.hip.send.integrity.subarray(0, 4)].join(', '))
      }),
      { numRuns: 30 },
    )
  })
})

describe('secrets', () => {
  it('are the same exactly if all their bytes are', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        expect(sameSecret(a, b)).toBe(toHex(a) === toHex(b))
        expect(sameSecret(a, a.slice())).toBe(true)
      }),
    )
  })

  it('that are redacted print as their label, whatever they hold', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (fields) => {
        const value = redacted('Label', { ...fields })
        expect([inspect(value), JSON.stringify({ value })]).toEqual(['[Label]', '{"value":"[Label]"}'])
      }),
    )
  })
})

it('a sequence number is written as the 64 bits it has', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (sequence) => {
      const bytes = new Uint8Array(10)
      writeSequence(bytes, 1, sequence)
      expect(new DataView(bytes.buffer).getBigUint64(1)).toBe(BigInt(sequence))
      expect([bytes[0], bytes[9]]).toEqual([0, 0])
    }),
  )
})
