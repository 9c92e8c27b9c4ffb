// ESP sealing: a packet computed elsewhere, then what must never open and what must never be sealed.

import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { aeadOf, type EspSuite, espSuiteInfo, nodeAead } from '../../src/crypto/aead.ts'
import type { EspKeys } from '../../src/crypto/keymat.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'

const GCM_KEYS: EspKeys = { encryption: fromHex(`${'01'.repeat(16)}cafebabe`), authentication: new Uint8Array(0) }
const CBC_KEYS: EspKeys = { encryption: fromHex('02'.repeat(16)), authentication: fromHex('03'.repeat(32)) }
const SUITES: readonly number[] = [13, 12, 9, 8, 7, 1]
const aead = aeadOf(conformance.espSuites)
const isGcm = (suite: number) => suite === 13 || suite === 12

function suiteOf(id: number): EspSuite {
  const suite = conformance.espSuites.get(id)
  if (suite === undefined) throw new Error(`no suite ${id}`)
  return suite
}

function keysOf(id: number): EspKeys {
  if (isGcm(id)) return GCM_KEYS
  const { encryptionBytes, authenticationBytes } = suiteOf(id)
  return {
    encryption: new Uint8Array(encryptionBytes).fill(2),
    authentication: new Uint8Array(authenticationBytes).fill(3),
  }
}
const entropy = (length: number) => new Uint8Array(length).fill(0x99)

/** A packet with room for IV and ICV, as an outbound SA allocates it. */
function packetOf(suite: number, plaintext: Uint8Array, sequence: number): Uint8Array {
  const { ivBytes, icvBytes } = suiteOf(suite)
  const header = new Uint8Array(8 + ivBytes)
  header.set(fromHex('01020304'))
  new DataView(header.buffer).setUint32(4, sequence % 2 ** 32)
  return concat(header, plaintext, new Uint8Array(icvBytes))
}

function sealed(suite: number, plaintext: Uint8Array, sequence: number): Uint8Array {
  const packet = packetOf(suite, plaintext, sequence)
  aead.sealer(suite, keysOf(suite), entropy).seal(packet, sequence)
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
    const opener = aead.opener(suite, keysOf(suite))
    fc.assert(
      fc.property(plaintexts, sequences, (plaintext, sequence) => {
        const opened = opener.open(sealed(suite, plaintext, sequence), sequence)
        expect(opened !== undefined && toHex(opened)).toBe(toHex(plaintext))
      }),
    )
  })

  it('does not open after a change of any bit, under any other number, or cut', () => {
    const packet = sealed(suite, utf8('sixteen bytes ..'), 7)
    const opener = aead.opener(suite, keysOf(suite))
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const changed = packet.slice()
      const at = bit >> 3
      // The AAD of an AEAD has the number from the window, not from the header; the inbound SA reads the header.
      if (isGcm(suite) && at >= 4 && at < 8) continue
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
    const opener = aead.opener(suite, keysOf(suite))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        expect(opener.open(bytes, 1)).toBeUndefined()
      }),
    )
  })

  it('is not sealed twice under one number', () => {
    const sealer = aead.sealer(suite, keysOf(suite), entropy)
    const seal = (sequence: number) => sealer.seal(packetOf(suite, new Uint8Array(16), sequence), sequence)
    seal(1)
    seal(2)
    expect(() => seal(2)).toThrow(/twice/)
    expect(() => seal(1)).toThrow(/twice/)
    expect(() => aead.sealer(suite, keysOf(suite), entropy).seal(new Uint8Array(80), 0)).toThrow(/twice/)
  })

  it('opens into memory of its own', () => {
    const packet = sealed(suite, utf8('sixteen bytes ..'), 1)
    const opened = aead.opener(suite, keysOf(suite)).open(packet, 1)
    packet.fill(0)
    expect(toHex(opened ?? new Uint8Array(0))).toBe(toHex(utf8('sixteen bytes ..')))
  })

  it('is the same when the array that the keys of its sealer came in is written over', () => {
    const own = { encryption: keysOf(suite).encryption.slice(), authentication: keysOf(suite).authentication.slice() }
    const sealer = aead.sealer(suite, own, entropy)
    own.encryption.fill(0)
    own.authentication.fill(0)
    const packet = packetOf(suite, new Uint8Array(16), 1)
    sealer.seal(packet, 1)
    expect(aead.opener(suite, keysOf(suite)).open(packet, 1)).toBeDefined()
  })

  it('shows no key of its sealer or opener', () => {
    const both = [aead.sealer(suite, keysOf(suite), entropy), aead.opener(suite, keysOf(suite))]
    expect(`${inspect(both, { depth: 9, showHidden: true })}${JSON.stringify(both)}`).not.toMatch(
      /0101|0202|0303|202, 254/,
    )
  })

  it('cannot be made with keys of another length', () => {
    const short = { encryption: new Uint8Array(15), authentication: new Uint8Array(0) }
    expect(() => aead.opener(suite, short)).toThrow(/length/)
  })
})

describe('a packet made by hand, with openssl and HMAC side by side, is sealed and opened by', () => {
  // SPI 01020304, number 1, payload "hello", next header 17; IV 99…99, encryption key 02…02, authentication key 03…03. What is
  // encrypted: payload, padding 1, 2, 3 … up to a whole block (NULL: up to four bytes), its length, the next header (RFC 4303
  // §2.4 to §2.6). The ICV covers all of it from the SPI on, and after it the four bytes of the number that are not sent
  // (RFC 4303 §2.2.1); it is cut to 12 bytes of HMAC-SHA1 (RFC 2404 §2) or 16 of HMAC-SHA-256 (RFC 4868 §2.3). By hand, suite 1:
  //   C=$(echo 68656c6c6f0102030405060708090911 | xxd -r -p | openssl enc -aes-128-cbc -nopad -K 02…02 -iv 99…99 | xxd -p)
  //   echo 0102030400000001 99…99 $C 00000000 | xxd -r -p | openssl dgst -sha1 -mac HMAC -macopt hexkey:03…03
  // and suite 7, which has no IV and encrypts nothing:
  //   echo 0102030400000001 68656c6c6f010111 00000000 | xxd -r -p | openssl dgst -sha256 -mac HMAC -macopt hexkey:03…03
  const BLOCK = concat(utf8('hello'), fromHex('010203040506070809'), fromHex('0911'))
  const WORD = concat(utf8('hello'), fromHex('010111'))
  const HEADER = '0102030400000001'
  const IV = '99'.repeat(16)
  const vectors: readonly (readonly [suite: number, plaintext: Uint8Array, packet: string])[] = [
    [9, BLOCK, `${HEADER}${IV}2f8b734906d4276fa6194da65079e956fba56b8027420ca80f1568d5df75e13e`],
    [8, BLOCK, `${HEADER}${IV}1527bf02ec1572741ba7c2a564f0233166e5c87170c016862e539b054fd6f1a7`],
    [7, WORD, `${HEADER}68656c6c6f010111f2f0b64fe72c75d45f2a44779ffd9790`],
    [1, BLOCK, `${HEADER}${IV}1527bf02ec1572741ba7c2a564f02331fbf1c8820efa4c675721782e`],
  ]

  it.each(vectors)('suite %i', (suite, plaintext, packet) => {
    expect(toHex(sealed(suite, plaintext, 1))).toBe(packet)
    expect(toHex(aead.opener(suite, keysOf(suite)).open(fromHex(packet), 1) ?? new Uint8Array(0))).toBe(
      toHex(plaintext),
    )
  })

  it('suite 1 with the high half of its number', () => {
    const high = `${HEADER}${IV}1527bf02ec1572741ba7c2a564f02331481c32b0d7bd00a64aebf085`
    expect(toHex(sealed(1, BLOCK, 5 * 2 ** 32 + 1))).toBe(high)
    expect(toHex(aead.opener(1, keysOf(1)).open(fromHex(high), 5 * 2 ** 32 + 1) ?? new Uint8Array(0))).toBe(
      toHex(BLOCK),
    )
    expect(aead.opener(1, keysOf(1)).open(fromHex(high), 1)).toBeUndefined()
  })

  it('suite 7 with the high half of its number', () => {
    const high = fromHex('010203040000000168656c6c6f0101118b3783b8b5077e69c342b96792594a8f')
    expect(toHex(sealed(7, WORD, 5 * 2 ** 32 + 1))).toBe(toHex(high))
  })

  it('suite 12, whose packet is that of suite 13 with half of the tag', () => {
    fc.assert(
      fc.property(plaintexts, sequences, (plaintext, sequence) => {
        const short = toHex(sealed(12, plaintext, sequence))
        expect(toHex(sealed(13, plaintext, sequence))).toBe(
          `${short}${toHex(sealed(13, plaintext, sequence).slice(-8))}`,
        )
      }),
    )
  })
})

describe('what only conforms', () => {
  it('is not there unless it is asked for: NULL and SHA-1', () => {
    for (const suite of [7, 1]) {
      expect(() => nodeAead.sealer(suite, keysOf(suite), entropy)).toThrow(/unknown ESP suite/)
      expect(() => nodeAead.opener(suite, keysOf(suite))).toThrow(/unknown ESP suite/)
      expect(espSuiteInfo(suite)).toBeUndefined()
    }
  })

  it('does not include what the registry deprecates or does not know', () => {
    for (const suite of [0, 2, 3, 4, 5, 6, 16]) expect(conformance.espSuites.has(suite)).toBe(false)
  })
})
