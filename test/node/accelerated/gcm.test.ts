// AES-GCM by OpenSSL directly: the bytes of the portable provider, and nothing that opens which must not.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { type AeadProvider, nodeAead } from '../../../src/crypto/aead.ts'
import type { EspKeys } from '../../../src/crypto/keymat.ts'
import { acceleratedAead } from '../../../src/node/accelerated/gcm.ts'
import type { ForeignFunction, Koffi } from '../../../src/node/accelerated/koffi.ts'
import { WARM_CONTEXTS_MAX } from '../../../src/node/accelerated/warm-context.ts'
import { koffi } from './calls.ts'

const entropy = (length: number): Uint8Array => new Uint8Array(length).fill(0x99)
const keysOf = (salt = 'cafebabe'): EspKeys => ({
  encryption: fromHex(`${'01'.repeat(16)}${salt}`),
  authentication: new Uint8Array(0),
})

function provider(from: Koffi = koffi()): AeadProvider {
  const made = acceleratedAead(from)
  if (typeof made === 'string') throw new Error(made)
  return made(nodeAead)
}

const fast = provider()

function packetOf(plaintext: Uint8Array, icvBytes: number): Uint8Array {
  return concat(fromHex('0102030400000000'), new Uint8Array(8), plaintext, new Uint8Array(icvBytes))
}

const sequences = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 32 + 5 }),
  fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER),
)
const plaintexts = fc.oneof(
  fc.uint8Array({ maxLength: 1_500 }),
  fc.integer({ min: 1_500, max: 60_000 }).map((length) => new Uint8Array(length).fill(length)),
)

it('seals the packet that was computed elsewhere', () => {
  const packet = packetOf(concat(utf8('hello'), fromHex('010111')), 16)
  packet[7] = 1
  fast.sealer(13, keysOf(), entropy).seal(packet, 1)
  expect(toHex(packet)).toBe('0102030400000001000000000000000161ce9b41156e4838d8958c0d7a78e47604029edab7a27e38')
})

describe.each([
  [13, 16],
  [12, 8],
])('suite %i', (suite, icvBytes) => {
  it('is the same by either provider, sealed and opened, whatever the bytes and the number', () => {
    const openers = [fast, nodeAead].map((by) => by.opener(suite, keysOf()))
    fc.assert(
      fc.property(plaintexts, sequences, (plaintext, sequence) => {
        const [ours, theirs] = [fast, nodeAead].map((by) => {
          const packet = packetOf(plaintext, icvBytes)
          by.sealer(suite, keysOf(), entropy).seal(packet, sequence)
          return packet
        })
        if (ours === undefined || theirs === undefined) throw new Error('two providers seal')
        expect(Buffer.compare(ours, theirs)).toBe(0)
        const before = ours.slice()
        for (const opener of openers) {
          expect(Buffer.compare(opener.open(ours, sequence) ?? fromHex('ff'), plaintext)).toBe(0)
          expect(opener.open(ours, sequence - 1)).toBeUndefined()
        }
        // Opening leaves a packet as it is.
        expect(Buffer.compare(ours, before)).toBe(0)
      }),
    )
  })

  it('does not open after a change of any bit, or cut', () => {
    const packet = packetOf(utf8('sixteen bytes ..'), icvBytes)
    fast.sealer(suite, keysOf(), entropy).seal(packet, 7)
    const opener = fast.opener(suite, keysOf())
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const changed = packet.slice()
      const at = bit >> 3
      // The number that is authenticated is the one from the window.
      if (at >= 4 && at < 8) continue
      changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7))
      expect(opener.open(changed, 7), `bit ${bit}`).toBeUndefined()
    }
    for (let length = 0; length < packet.length; length++)
      expect(opener.open(packet.subarray(0, length), 7)).toBeUndefined()
    expect(opener.open(packet, 7)).toBeDefined()
  })

  it('never seals a number twice, nor anything after its end', () => {
    const sealer = fast.sealer(suite, keysOf(), entropy)
    const packet = packetOf(new Uint8Array(16), icvBytes)
    sealer.seal(packet, 5)
    expect(() => sealer.seal(packet, 5)).toThrow(/twice/)
    sealer.forget?.()
    expect(() => sealer.seal(packet, 6)).toThrow(/twice/)
    const opener = fast.opener(suite, keysOf())
    expect(opener.open(packet, 5)).toBeDefined()
    opener.forget?.()
    expect(opener.open(packet, 5)).toBeUndefined()
  })
})

it('what has been opened stays as it is while more is opened', () => {
  const sealer = fast.sealer(13, keysOf(), entropy)
  const opener = fast.opener(13, keysOf())
  const opened = Array.from({ length: 500 }, (_, index) => {
    const plaintext = new Uint8Array(40 + 37 * index).fill(index)
    const packet = packetOf(plaintext, 16)
    sealer.seal(packet, index + 1)
    // What was forged in between has written there, too, and nobody has it.
    const forged = packet.slice()
    forged[20] = (forged[20] ?? 0) ^ 1
    expect(opener.open(forged, index + 1)).toBeUndefined()
    return [plaintext, opener.open(packet, index + 1)] as const
  })
  for (const [plaintext, back] of opened) expect(back !== undefined && Buffer.compare(back, plaintext)).toBe(0)
})

it('what is looked at no more makes room for the next, and only if it was opened last', () => {
  const sealer = fast.sealer(13, keysOf(), entropy)
  const opener = fast.opener(13, keysOf())
  let sequence = 0
  const open = (length: number): Uint8Array => {
    const packet = packetOf(new Uint8Array(length).fill(++sequence), 16)
    sealer.seal(packet, sequence)
    return opener.open(packet, sequence) ?? fromHex('')
  }
  const first = open(1_000)
  opener.release?.(first)
  const second = open(1_000)
  expect([second.buffer === first.buffer, second.byteOffset]).toEqual([true, first.byteOffset])
  const kept = [second, open(1_000), open(30), open(20_000)]
  // Neither an older one, nor one that has memory of its own.
  for (const one of [second, kept[2], kept[3]]) if (one !== undefined) opener.release?.(one)
  const last = open(1_000)
  expect(last.buffer !== second.buffer || last.byteOffset >= second.byteOffset + 2_000).toBe(true)
  expect(kept.map((one) => new Set(one).size)).toEqual([1, 1, 1, 1])
  expect(kept.map(([byte]) => byte)).toEqual([2, 3, 4, 5])
})

it('every other suite, and a key of a wrong length, is left to the others', () => {
  const packet = new Uint8Array(24 + 16 + 16)
  const keys = { encryption: new Uint8Array(16), authentication: new Uint8Array(32) }
  fast.sealer(8, keys, entropy).seal(packet, 1)
  expect(nodeAead.opener(8, keys).open(packet, 1)).toBeDefined()
  expect(() => fast.sealer(13, keys, entropy)).toThrow(/wrong length/)
  expect(() => fast.opener(99, keys)).toThrow(/unknown ESP suite/)
})

/** koffi, with its calls counted by name. */
function counting(counts: Map<string, number>): Koffi {
  const real = koffi()
  return {
    version: real.version,
    address: (memory) => {
      counts.set('address', (counts.get('address') ?? 0) + 1)
      return real.address(memory)
    },
    errno: () => real.errno(),
    load: () => ({
      func: (name, result, args): ForeignFunction => {
        const called = real.load(null).func(name, result, args)
        return (...given) => {
          counts.set(name, (counts.get(name) ?? 0) + 1)
          return called(...given)
        }
      },
    }),
  }
}

it('a thousand packets take five calls each to seal and four to open, and hardly any memory has to be asked about', () => {
  const counts = new Map<string, number>()
  const counted = provider(counting(counts))
  const sealer = counted.sealer(13, keysOf(), entropy)
  const opener = counted.opener(13, keysOf())
  const memory = new Uint8Array(1_000 * 1_400)
  counts.clear()
  for (let index = 0; index < 1_000; index++) {
    const packet = memory.subarray(index * 1_400, (index + 1) * 1_400)
    sealer.seal(packet, index + 1)
    opener.open(packet, index + 1)
  }
  const calls = [...counts].filter(([name]) => name.startsWith('EVP_')).reduce((sum, [, count]) => sum + count, 0)
  // One for each to make the context, and one to give it the key.
  expect(calls).toBe((5 + 4) * 1_000 + 2 * 2)
  expect(counts.get('address')).toBeLessThan(30)
})

it('contexts are made for keys that are used, so many at the most, and given back', () => {
  const counts = new Map<string, number>()
  const counted = provider(counting(counts))
  const packet = packetOf(new Uint8Array(16), 16)
  counted.sealer(13, keysOf(), entropy).seal(packet, 1)
  counts.clear()
  const openers = Array.from({ length: 3 * WARM_CONTEXTS_MAX }, () => counted.opener(13, keysOf()))
  expect(counts.get('EVP_CIPHER_CTX_new')).toBeUndefined()
  for (const opener of openers) expect(opener.open(packet, 1)).toBeDefined()
  const held = (): number => (counts.get('EVP_CIPHER_CTX_new') ?? 0) - (counts.get('EVP_CIPHER_CTX_free') ?? 0)
  expect(held()).toBeLessThanOrEqual(WARM_CONTEXTS_MAX)
  // One that has lost its context to another gets a new one.
  expect(openers[0]?.open(packet, 1)).toBeDefined()
  for (const opener of openers) opener.forget?.()
  expect(held()).toBeLessThanOrEqual(0)
})

it('an OpenSSL that seals something else is not used', () => {
  const real = koffi()
  const wrong: Koffi = {
    ...counting(new Map()),
    load: () => ({
      func: (name, result, args) =>
        name === 'EVP_EncryptFinal_ex' ? () => 1 : real.load(null).func(name, result, args),
    }),
  }
  expect(acceleratedAead(wrong)).toMatch(/other bytes/)
  // What it complained of is not left for node:crypto, which reads no key while there is any complaint.
  expect(real.load(null).func('ERR_peek_error', 'ulong', [])()).toBe(0)
})
