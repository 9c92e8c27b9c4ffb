// ESP framing: where header, IV, payload, trailer and ICV stand, for a counter suite and a block suite.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  type EspLayout,
  espCapacity,
  espSize,
  readTrailer,
  sequenceLowOf,
  spiOf,
  writeEspHeader,
  writeTrailer,
} from '../../src/wire/esp.ts'

const GCM: EspLayout = { ivBytes: 8, blockBytes: 1, icvBytes: 16 }
const CBC: EspLayout = { ivBytes: 16, blockBytes: 16, icvBytes: 16 }

describe('an ESP packet', () => {
  it.each([
    // Five bytes of data make the 40-byte packet of suite 13 that two implementations agree on.
    [GCM, 5, 40],
    [GCM, 0, 36],
    [GCM, 2, 36],
    [GCM, 3, 40],
    [CBC, 0, 56],
    [CBC, 14, 56],
    [CBC, 15, 72],
  ])('of %o with %i bytes has %i', (layout, payload, size) => {
    expect(espSize(layout, payload)).toBe(size)
  })

  // From the figures above: what is left of 40 or 56 bytes behind header, IV, trailer and ICV.
  it.each([
    [GCM, 40, 6],
    [GCM, 39, 2],
    [GCM, 36, 2],
    [GCM, 35, -2],
    [CBC, 72, 30],
    [CBC, 71, 14],
    [CBC, 56, 14],
    [CBC, 55, -2],
  ])('of %o and at most %i bytes carries %i', (layout, size, capacity) => {
    expect(espCapacity(layout, size)).toBe(capacity)
  })

  it('carries all that fits and not a byte more', () => {
    for (const layout of [GCM, CBC, { ivBytes: 0, blockBytes: 4, icvBytes: 12 }]) {
      for (let size = espSize(layout, 0); size < 200; size++) {
        const capacity = espCapacity(layout, size)
        expect(espSize(layout, capacity)).toBeLessThanOrEqual(size)
        expect(espSize(layout, capacity + 1)).toBeGreaterThan(size)
      }
    }
  })

  it('starts with SPI and sequence number, unsigned', () => {
    const packet = new Uint8Array(8)
    writeEspHeader(packet, 0xfffefdfc, 0x80000001)
    expect(toHex(packet)).toBe('fffefdfc80000001')
    expect([spiOf(packet), sequenceLowOf(packet)]).toEqual([0xfffefdfc, 0x80000001])
  })

  it('ends before its ICV with padding 1, 2, 3, its length and the next header', () => {
    const packet = new Uint8Array(espSize(GCM, 5))
    writeTrailer(packet, GCM, 5, 17)
    expect(toHex(packet.subarray(21, 24))).toBe('010111')
    const block = new Uint8Array(espSize(CBC, 11))
    writeTrailer(block, CBC, 11, 58)
    expect(toHex(block.subarray(24))).toBe(`${'00'.repeat(11)}010203033a${'00'.repeat(16)}`)
    expect(() => writeTrailer(block, CBC, 15, 58)).toThrow(InvariantError)
  })

  it('is written in the middle of other bytes, and touches none of them', () => {
    const packet = new Uint8Array(48).fill(0xee)
    writeEspHeader(packet, 256, 1, 3)
    writeTrailer(packet, GCM, 5, 17, 3, 43)
    // Header, then IV and data as they were, a byte of padding, its length and the next header, then the ICV as it was.
    const written = `0000010000000001${'ee'.repeat(13)}010111${'ee'.repeat(16)}`
    expect(toHex(packet)).toBe(`eeeeee${written}${'ee'.repeat(5)}`)
    expect(() => writeTrailer(packet, GCM, 5, 17, 3)).toThrow(InvariantError)
    expect(() => writeTrailer(packet, GCM, 5, 17, 0, 43)).toThrow(InvariantError)
  })

  it('too short for a header is not asked for it: that is our own bug', () => {
    expect([spiOf(fromHex('00000100')), sequenceLowOf(fromHex('0000010000000007'))]).toEqual([256, 7])
    expect(() => spiOf(fromHex('000001'))).toThrow(InvariantError)
    expect(() => spiOf(fromHex(''))).toThrow(InvariantError)
    expect(() => sequenceLowOf(fromHex('00000100000000'))).toThrow(InvariantError)
    expect(() => sequenceLowOf(fromHex('00000100'))).toThrow(InvariantError)
  })

  it('aligns its ciphertext, and gives back payload length and next header', () => {
    const layouts = fc.record({
      ivBytes: fc.constantFrom(0, 8, 16),
      blockBytes: fc.constantFrom(1, 4, 16),
      icvBytes: fc.constant(16),
    })
    fc.assert(
      fc.property(layouts, fc.nat(300), fc.nat(255), (layout, payload, nextHeader) => {
        const packet = new Uint8Array(espSize(layout, payload))
        writeTrailer(packet, layout, payload, nextHeader)
        const plaintext = packet.subarray(8 + layout.ivBytes, packet.length - layout.icvBytes)
        expect(plaintext.length % Math.max(4, layout.blockBytes)).toBe(0)
        expect(plaintext.length - payload).toBeLessThan(Math.max(4, layout.blockBytes) + 2)
        expect(readTrailer(plaintext)).toEqual({ nextHeader, length: payload })
      }),
    )
  })
})

describe('a trailer', () => {
  it.each(['', '11', '0111', '010211', '02010211', 'ff11', 'aa00010311'])('%j is none', (hex) => {
    expect(readTrailer(fromHex(hex))).toBeUndefined()
  })

  it('may be all there is, as under a payload of nothing', () => {
    expect(readTrailer(fromHex('0011'))).toEqual({ nextHeader: 17, length: 0 })
    expect(readTrailer(fromHex('0102023b'))).toEqual({ nextHeader: 59, length: 0 })
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const trailer = readTrailer(bytes)
        if (trailer !== undefined) expect(trailer.length).toBeLessThanOrEqual(bytes.length - 2)
      }),
    )
  })
})
