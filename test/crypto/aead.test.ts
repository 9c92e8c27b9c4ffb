// ESP sealing: a packet computed elsewhere, then what must never open and what must never be sealed.

import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { nodeAead } from '../../src/crypto/aead.ts'
import type { EspKeys } from '../../src/crypto/keymat.ts'

const GCM_KEYS: EspKeys = { encryption: fromHex(`${'01'.repeat(16)}cafebabe`), authentication: new Uint8Array(0) }
const CBC_KEYS: EspKeys = { encryption: fromHex('02'.repeat(16)), authentication: fromHex('03'.repeat(32)) }
const SUITES: readonly number[] = [13, 8]
const keysOf = (suite: number) => (suite === 13 ? GCM_KEYS : CBC_KEYS)
const ivOf = (suite: number) => (suite === 13 ? 8 : 16)
const entropy = (length: number) => new Uint8Array(length).fill(0x99)

/** A packet with room for IV and ICV, as an outbound SA allocates it. */
function packetOf(suite: number, plaintext: Uint8Array, sequence: number): Uint8Array {
  const header = new Uint8Array(8 + ivOf(suite))
  header.set(fromHex('01020304'))
  new DataView(header.buffer).setUint32(4, sequence % 2 ** 32)
  return concat(header, plaintext, new Uint8Array(16))
}

function sealed(suite: number, plaintext: Uint8Array, sequence: number): Uint8Array {
  const packet = packetOf(suite, plaintext, sequence)
  nodeAead.sealer(suite, keysOf(suite), entropy).seal(packet, sequence)
  return packet
}

const plaintexts = fc
  .integer({ min: 0, max: 90 })
  .chain((blocks) => fc.uint8Array({ minLength: 16 * blocks, maxLength: 16 * blocks }))
const sequences = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 32 + 5 }),
  fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER),
)

describe('suite 13', () => {
  it('seals the packet that was computed elsewhere', () => {
    const packet = sealed(13, concat(utf8('hello'), fromHex('010111')), 1)
    expect(toHex(packet)).toBe('0102030400000001000000000000000161ce9b41156e4838d8958c0d7a78e47604029edab7a27e38')
  })

  it('writes the whole number as its IV, and opens by the IV it reads', () => {
    expect(toHex(sealed(13, utf8('abcd'), 2 ** 40 + 7).subarray(8, 16))).toBe('0000010000000007')
    const packet = sealed(13, utf8('abcd'), 5)
    packet[8] = (packet[8] ?? 0) ^ 1
    expect(nodeAead.opener(13, GCM_KEYS).open(packet, 5)).toBeUndefined()
  })
})

describe('suite 8', () => {
  it('authenticates packet and high half of the number, cut to 16 bytes', () => {
    const packet = sealed(8, new Uint8Array(32), 2 ** 32 * 3 + 1)
    const covered = concat(packet.subarray(0, packet.length - 16), fromHex('00000003'))
    const expected = createHmac('sha256', CBC_KEYS.authentication).update(covered).digest().subarray(0, 16)
    expect(toHex(packet.subarray(packet.length - 16))).toBe(toHex(expected))
  })

  it('takes its IV from the entropy given, anew for each packet', () => {
    let byte = 0
    const sealer = nodeAead.sealer(8, CBC_KEYS, (length) => new Uint8Array(length).fill(++byte))
    for (const sequence of [1, 2]) {
      const packet = packetOf(8, new Uint8Array(16), sequence)
      sealer.seal(packet, sequence)
      expect(toHex(packet.subarray(8, 24))).toBe(`0${sequence}`.repeat(16))
    }
  })

  it('is our own mistake on a plaintext that is no whole number of blocks', () => {
    expect(() => sealed(8, new Uint8Array(17), 1)).toThrow(/blocks/)
  })
})

describe.each(SUITES)('a packet of suite %i', (suite) => {
  it('opens to what went in, whatever the number', () => {
    const opener = nodeAead.opener(suite, keysOf(suite))
    fc.assert(
      fc.property(plaintexts, sequences, (plaintext, sequence) => {
        const opened = opener.open(sealed(suite, plaintext, sequence), sequence)
        expect(opened !== undefined && toHex(opened)).toBe(toHex(plaintext))
      }),
    )
  })

  it('does not open after a change of any bit, under any other number, or cut', () => {
    const packet = sealed(suite, utf8('sixteen bytes ..'), 7)
    const opener = nodeAead.opener(suite, keysOf(suite))
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const changed = packet.slice()
      const at = bit >> 3
      // Suite 13's AAD has the number from the window, not from the header; the inbound SA reads the header.
      if (suite === 13 && at >= 4 && at < 8) continue
      changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7))
      expect(opener.open(changed, 7), `bit ${bit}`).toBeUndefined()
    }
    expect(opener.open(packet, 7 + 2 ** 32)).toBeUndefined()
    for (let length = 0; length < packet.length; length++) {
      expect(opener.open(packet.subarray(0, length), 7)).toBeUndefined()
    }
    expect(opener.open(packet, 7)).toBeDefined()
  })

  it('never makes the opener throw, whatever the bytes', () => {
    const opener = nodeAead.opener(suite, keysOf(suite))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        expect(opener.open(bytes, 1)).toBeUndefined()
      }),
    )
  })

  it('is not sealed twice under one number', () => {
    const sealer = nodeAead.sealer(suite, keysOf(suite), entropy)
    const seal = (sequence: number) => sealer.seal(packetOf(suite, new Uint8Array(16), sequence), sequence)
    seal(1)
    seal(2)
    expect(() => seal(2)).toThrow(/twice/)
    expect(() => seal(1)).toThrow(/twice/)
    expect(() => nodeAead.sealer(suite, keysOf(suite), entropy).seal(new Uint8Array(80), 0)).toThrow(/twice/)
  })

  it('opens into memory of its own', () => {
    const packet = sealed(suite, utf8('sixteen bytes ..'), 1)
    const opened = nodeAead.opener(suite, keysOf(suite)).open(packet, 1)
    packet.fill(0)
    expect(toHex(opened ?? new Uint8Array(0))).toBe(toHex(utf8('sixteen bytes ..')))
  })

  it('keeps opening when the array its keys came in is written over', () => {
    const own = { encryption: keysOf(suite).encryption.slice(), authentication: keysOf(suite).authentication.slice() }
    const opener = nodeAead.opener(suite, own)
    own.encryption.fill(0)
    own.authentication.fill(0)
    expect(opener.open(sealed(suite, new Uint8Array(16), 1), 1)).toBeDefined()
  })

  it('shows no key of its sealer or opener', () => {
    const both = [nodeAead.sealer(suite, keysOf(suite), entropy), nodeAead.opener(suite, keysOf(suite))]
    expect(`${inspect(both, { depth: 9, showHidden: true })}${JSON.stringify(both)}`).not.toMatch(
      /0101|0202|0303|202, 254/,
    )
  })

  it('cannot be made with keys of another length', () => {
    const short = { encryption: new Uint8Array(15), authentication: new Uint8Array(0) }
    expect(() => nodeAead.opener(suite, short)).toThrow(/length/)
  })
})

it('an ESP suite that nobody knows has no sealer', () => {
  expect(() => nodeAead.sealer(7, GCM_KEYS, entropy)).toThrow(/unknown ESP suite/)
})
