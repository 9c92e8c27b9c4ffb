// The key schedule of MOVING §3, spelled out a second time with the portable primitives, and vectors computed elsewhere.

import { inspect } from 'node:util'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { kmac128, kmac128xof } from '@noble/hashes/sha3-addons.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import {
  baseKeys,
  espKeymatIndex,
  incarnationOf,
  interimKeys,
  type KeyContext,
  type KeySet,
  type Resumption,
  ratchetKeys,
  rekeyedKeys,
  resumptionOf,
  type Start,
} from '../../src/crypto/keymat.ts'
import { type HitSuite, hitSuite } from '../../src/crypto/suites.ts'

const LESS = fromHex(`20010021${'11'.repeat(12)}`)
const GREATER = fromHex(`20010021${'22'.repeat(12)}`)
const KIJ = Uint8Array.from({ length: 32 }, (_, index) => index)

function suite(id: number): HitSuite {
  const found = hitSuite(id)
  if (found === undefined) throw new Error(`no suite ${id}`)
  return found
}

function contextOf(id: number, overrides: Partial<KeyContext> = {}): KeyContext {
  const found = suite(id)
  const i = new Uint8Array(found.hashBytes).fill(0xaa)
  const j = new Uint8Array(found.hashBytes).fill(0xbb)
  return { suite: found, espSuite: 13, cipher: 2, own: LESS, peer: GREATER, i, j, ...overrides }
}

/** Every key in the order it is drawn, seen from the end with the lesser HIT. */
function drawn(keys: KeySet): string {
  const { hip, esp } = keys
  const directions = [hip.receive, hip.send].map((key) => toHex(key.encryption) + toHex(key.integrity))
  const data = [esp.receive, esp.send].map((key) => toHex(key.encryption) + toHex(key.authentication))
  return [...directions, ...data].join('')
}

const own: Start = { epoch: 2, incarnation: new Uint8Array(16).fill(0x0a) }
const peer: Start = { epoch: 2 ** 32 - 1, incarnation: new Uint8Array(16).fill(0x0b) }
const S: Resumption = resumptionOf(new Uint8Array(32).fill(0x55))

describe('the keys of a base exchange', () => {
  it('are the ones computed elsewhere for suite 1, in the order of RFC 7401 §6.5', () => {
    const { hip, esp } = baseKeys(contextOf(1), KIJ)
    expect(toHex(hip.receive.encryption)).toBe('237e6cc5844799379d3a90737d99cbc0')
    expect(toHex(hip.receive.integrity)).toBe('090111106b3c7d6e654b8c9d6a8f452bcc18ba298b6bbd2874692b6844f88482')
    expect(toHex(hip.send.encryption)).toBe('03b7989f2392810dd192f7f63b519d6f')
    expect(toHex(hip.send.integrity)).toBe('a83a9daa7fe6757a77e8eff8d6936633367d834569f3718da5ace33af5aa914f')
    expect(toHex(esp.receive.encryption.subarray(0, 8))).toBe('37b1614676696736')
  })

  it('come for suite 5 from KMAC128 keyed by I ‖ J and KMACXOF128 over the sorted HITs', () => {
    const context = contextOf(5)
    const prk = kmac128(concat(context.i, context.j), KIJ, { dkLen: 32 })
    const keymat = kmac128xof(prk, concat(LESS, GREATER), { dkLen: 136 })
    expect(drawn(baseKeys(context, KIJ))).toBe(toHex(keymat))
  })

  it('carry an S from the same PRK, whatever the suite, and its public id', () => {
    for (const id of [1, 2, 5]) {
      const context = contextOf(id)
      const info = concat(LESS, GREATER)
      const { prk } = context.suite.keymat(KIJ, concat(context.i, context.j), info, 1)
      const secret = expand(sha256, prk, concat(utf8('sojourn resume'), info), 32)
      const { resumption } = baseKeys(context, KIJ)
      expect(toHex(resumption.secret)).toBe(toHex(secret))
      expect(toHex(resumption.id)).toBe(toHex(sha256(concat(utf8('sojourn resume id'), secret)).subarray(0, 8)))
    }
  })

  it('begin with ESP at the KEYMAT index after the HIP keys', () => {
    expect(espKeymatIndex(contextOf(1))).toBe(96)
    expect(espKeymatIndex(contextOf(1, { cipher: 4 }))).toBe(128)
    expect(espKeymatIndex(contextOf(2))).toBe(128)
    expect(espKeymatIndex(contextOf(2, { cipher: 4 }))).toBe(160)
    expect(baseKeys(contextOf(5), KIJ).keymatLength).toBe(96 + 40)
    expect(baseKeys(contextOf(5, { espSuite: 8 }), KIJ).keymatLength).toBe(96 + 96)
  })

  it('are not to be had by an end with itself, nor under unknown suites', () => {
    expect(() => baseKeys(contextOf(5, { peer: LESS }), KIJ)).toThrow(/two different ends/)
    expect(() => baseKeys(contextOf(5, { espSuite: 7 }), KIJ)).toThrow(/ESP suite/)
    expect(() => baseKeys(contextOf(5, { cipher: 1 }), KIJ)).toThrow(/HIP cipher/)
  })
})

describe('the keys of a rekey as RFC 7402 has it', () => {
  /** From both ends, in the order they are drawn. */
  const halves = (context: KeyContext, index: number): string[] => {
    const other = { ...context, own: context.peer, peer: context.own }
    return [rekeyedKeys(context, KIJ, index), rekeyedKeys(other, KIJ, index)].map(({ esp: { send, receive } }, end) =>
      (end === 0 ? [receive, send] : [send, receive])
        .map((key) => toHex(key.encryption) + toHex(key.authentication))
        .join(''),
    )
  }

  it('are ESP keys alone, from the index on, the same at both ends', () => {
    for (const index of [0, 1, 96, 200]) {
      const gcm = contextOf(5)
      const prk = kmac128(concat(gcm.i, gcm.j), KIJ, { dkLen: 32 })
      const drawnAt = toHex(kmac128xof(prk, concat(LESS, GREATER), { dkLen: index + 40 }).subarray(index))
      expect(halves(gcm, index)).toEqual([drawnAt, drawnAt])
      const cbc = contextOf(1, { espSuite: 8 })
      const material = expand(sha256, extract(sha256, KIJ, concat(cbc.i, cbc.j)), concat(LESS, GREATER), index + 96)
      expect(halves(cbc, index)).toEqual([toHex(material.subarray(index)), toHex(material.subarray(index))])
    }
  })

  it('begin at the beginning if nothing else is said', () => {
    const context = contextOf(2)
    expect(toHex(rekeyedKeys(context, KIJ).esp.send.encryption)).toBe(
      toHex(rekeyedKeys(context, KIJ, 0).esp.send.encryption),
    )
  })

  it('carry an S from the PRK of the new values', () => {
    const context = contextOf(1)
    const prk = extract(sha256, KIJ, concat(context.i, context.j))
    const secret = expand(sha256, prk, concat(utf8('sojourn resume'), LESS, GREATER), 32)
    expect(toHex(rekeyedKeys(context, KIJ, 7).resumption.secret)).toBe(toHex(secret))
  })
})

describe('the keys of a ratchet', () => {
  it('come from fresh Kij and S by HKDF-SHA-256, bound to both starts, whatever the suite', () => {
    for (const id of [1, 2, 5]) {
      const context = contextOf(id)
      const prk = extract(sha256, concat(KIJ, S.secret), concat(context.i, context.j))
      const starts = fromHex(`0000000000000002${'0a'.repeat(16)}00000000ffffffff${'0b'.repeat(16)}`)
      const info = concat(LESS, GREATER, starts)
      const keys = ratchetKeys(context, KIJ, S, own, peer)
      expect(drawn(keys)).toBe(toHex(expand(sha256, prk, info, keys.keymatLength)))
      const secret = expand(sha256, prk, concat(utf8('sojourn resume'), info), 32)
      expect(toHex(keys.resumption.secret)).toBe(toHex(secret))
    }
  })

  it('change with every input: Kij, S, either epoch, either incarnation, I', () => {
    const context = contextOf(5)
    const other = new Uint8Array(16).fill(0x0c)
    const all = [
      ratchetKeys(context, KIJ, S, own, peer),
      ratchetKeys(
        context,
        KIJ.map((byte) => byte ^ 1),
        S,
        own,
        peer,
      ),
      ratchetKeys(context, KIJ, resumptionOf(new Uint8Array(32)), own, peer),
      ratchetKeys(context, KIJ, S, { ...own, epoch: 3 }, peer),
      ratchetKeys(context, KIJ, S, own, { ...peer, epoch: 3 }),
      ratchetKeys(context, KIJ, S, { ...own, incarnation: other }, peer),
      ratchetKeys(context, KIJ, S, own, { ...peer, incarnation: other }),
      ratchetKeys({ ...context, i: context.j }, KIJ, S, own, peer),
    ]
    const seen = all.flatMap((keys) => [
      toHex(keys.hip.send.integrity),
      toHex(keys.esp.send.encryption),
      toHex(keys.resumption.secret),
    ])
    expect(new Set(seen).size).toBe(3 * all.length)
  })
})

describe('the two ends of an association', () => {
  it('derive mirrored keys, and no key twice', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const starts = fc.record({ epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }), incarnation: bytes(16) })
    const hits = fc.tuple(bytes(16), bytes(16)).filter(([a, b]) => toHex(a) !== toHex(b))
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 5), fc.constantFrom(13, 8), hits, starts, starts, (id, espSuite, hit, a, b) => {
        const left = contextOf(id, { espSuite, own: hit[0], peer: hit[1] })
        const right = { ...left, own: hit[1], peer: hit[0] }
        for (const [mine, theirs] of [
          [baseKeys(left, KIJ), baseKeys(right, KIJ)],
          [ratchetKeys(left, KIJ, S, a, b), ratchetKeys(right, KIJ, S, b, a)],
        ] as const) {
          expect(mine.hip.send).toEqual(theirs.hip.receive)
          expect(mine.hip.receive).toEqual(theirs.hip.send)
          expect(mine.esp.send).toEqual(theirs.esp.receive)
          expect(mine.esp.receive).toEqual(theirs.esp.send)
          expect(mine.resumption).toEqual(theirs.resumption)
          const { hip, esp } = mine
          const parts = [hip.send.encryption, hip.send.integrity, hip.receive.encryption, hip.receive.integrity]
          const all = [...parts, esp.send.encryption, esp.receive.encryption].map(toHex)
          expect(new Set(all).size).toBe(6)
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('an interim key', () => {
  it('is expanded from S over direction, starts, SPI and suite', () => {
    const info = concat(
      utf8('sojourn interim'),
      GREATER,
      LESS,
      fromHex(`00000000ffffffff${'0b'.repeat(16)}0000000000000002${'0a'.repeat(16)}`),
      fromHex('deadbeef000d'),
    )
    const keys = interimKeys({ espSuite: 13 }, S, GREATER, LESS, peer, own, 0xdeadbeef)
    expect(toHex(keys.encryption)).toBe(toHex(expand(sha256, S.secret, info, 20)))
    expect(keys.authentication.length).toBe(0)
    const cbc = interimKeys({ espSuite: 8 }, S, GREATER, LESS, peer, own, 0xdeadbeef)
    info[info.length - 1] = 8
    expect(toHex(cbc.encryption) + toHex(cbc.authentication)).toBe(toHex(expand(sha256, S.secret, info, 48)))
  })

  it('is another one in the other direction, for another incarnation, epoch or SPI', () => {
    const context = { espSuite: 13 }
    const other = { ...own, incarnation: new Uint8Array(16).fill(0x0c) }
    const all = [
      interimKeys(context, S, LESS, GREATER, own, peer, 300),
      interimKeys(context, S, GREATER, LESS, peer, own, 300),
      interimKeys(context, S, LESS, GREATER, other, peer, 300),
      interimKeys(context, S, LESS, GREATER, own, other, 300),
      interimKeys(context, S, LESS, GREATER, { ...own, epoch: 3 }, peer, 300),
      interimKeys(context, S, LESS, GREATER, own, peer, 301),
    ]
    expect(new Set(all.map((keys) => toHex(keys.encryption))).size).toBe(all.length)
  })
})

it('an incarnation is half the hash of its instance key under a label of its own', () => {
  const key = new Uint8Array(32).fill(7)
  const hash = sha256(concat(utf8('sojourn instance 1'), Uint8Array.of(0), key))
  expect(toHex(incarnationOf(key))).toBe(toHex(hash.subarray(0, 16)))
})

it('frozen values of the schedule stay what they are', () => {
  const base = baseKeys(contextOf(5), KIJ)
  const next = ratchetKeys(contextOf(5), KIJ, base.resumption, own, peer)
  const interim = interimKeys({ espSuite: 13 }, base.resumption, LESS, GREATER, own, peer, 0x01020304)
  expect(toHex(base.resumption.id)).toBe('cc0238f3dc1b8df0')
  expect(toHex(base.esp.send.encryption)).toBe('2d7c3188c7d04e26cc17c295539edb4ad37bdbd9')
  expect(toHex(next.resumption.id)).toBe('a183d907cee53b09')
  expect(toHex(next.esp.send.encryption)).toBe('36fcc217ea1fcf8d50d0a5dc4c3ebb972c89c042')
  expect(toHex(interim.encryption)).toBe('1046c0626031e36319db96ad9a2bd478a12e5045')
})

it('key sets and all their parts print no key', () => {
  const keys = baseKeys(contextOf(5), KIJ)
  const shown = inspect(keys, { depth: 9 }) + JSON.stringify(keys) + String(keys.esp.send.encryption)
  const parts = [keys.hip.send, keys.hip.receive, keys.esp.send, keys.esp.receive]
  const secrets = [...parts.flatMap((part) => Object.values<Uint8Array>({ ...part })), keys.resumption.secret]
  for (const secret of secrets.filter(({ length }) => length > 0)) {
    const bytes = Buffer.from(secret).subarray(0, 9)
    for (const form of [bytes.toString('hex'), bytes.toString('base64'), bytes.join(','), bytes.join(', ')])
      expect(shown).not.toContain(form)
  }
  expect(shown.match(/\[secret\]/g)?.length).toBe(2 * 9 + 1)
})
