// ESP framing: where header, IV, payload, trailer and ICV stand, for a counter suite and a block suite.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  type EspLayout,
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

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const trailer = readTrailer(bytes)
        if (trailer !== undefined) expect(trailer.length).toBeLessThanOrEqual(bytes.length - 2)
      }),
    )
  })
})
