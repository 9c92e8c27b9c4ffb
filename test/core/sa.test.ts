// Security associations (RFC 4303 §3.3, §3.4; RFC 7402 §3): numbering, sealing, and what does not open.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { Prng } from '../../src/base/prng.ts'
import { InboundSa } from '../../src/core/sa/inbound.ts'
import { OutboundSa } from '../../src/core/sa/outbound.ts'
import { ReplayWindow } from '../../src/core/sa/replay.ts'
import { type AeadProvider, nodeAead } from '../../src/crypto/aead.ts'
import { espSuiteInfo } from '../../src/crypto/suites.ts'
import { sequenceLowOf, spiOf } from '../../src/wire/esp.ts'
import { seeded } from '../support/actors.ts'

const SPI = 0xdeadbeef
const TWO_32 = 2 ** 32

function keysOf(suite: number, seed = 1) {
  const info = espSuiteInfo(suite)
  const entropy = seeded(seed)
  return {
    encryption: entropy(info?.encryptionBytes ?? 0),
    authentication: entropy(info?.authenticationBytes ?? 0),
  }
}

function outbound(suite: number, seed = 1, limit?: number): OutboundSa {
  const options = { spi: SPI, suite, keys: keysOf(suite, seed), aead: nodeAead, entropy: seeded(99) }
  return new OutboundSa(limit === undefined ? options : { ...options, limit })
}

function inbound(suite: number, window?: ReplayWindow, aead: AeadProvider = nodeAead): InboundSa {
  return new InboundSa({ spi: SPI, suite, keys: keysOf(suite), aead, ...(window && { window }) })
}

function sealed(sa: OutboundSa, payload: Uint8Array, nextHeader = 17): Uint8Array {
  const packet = sa.allocate(payload.length)
  packet.set(payload, sa.payloadOffset)
  sa.seal(packet, payload.length, nextHeader)
  return packet
}

const TEXT = Uint8Array.from([...'it stays where it was'].map((letter) => letter.charCodeAt(0)))

describe.each([13, 8])('suite %d', (suite) => {
  it('opens what was sealed: payload, next header and number', () => {
    const out = outbound(suite)
    const into = inbound(suite)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 255 }), (payload, nextHeader) => {
        const packet = sealed(out, payload, nextHeader)
        expect(packet).toHaveLength(out.size(payload.length))
        const opened = into.open(packet)
        expect(opened).toMatchObject({ nextHeader, sequence: out.sequence })
        expect(typeof opened !== 'string' && Uint8Array.from(opened.plaintext.subarray(0, opened.length))).toEqual(
          payload,
        )
      }),
    )
  })

  it('numbers from 1, one more for each packet, with the SPI of the peer', () => {
    const out = outbound(suite)
    expect(out.sequence).toBe(0)
    const packets = [1, 2, 3].map(() => sealed(out, TEXT))
    expect(packets.map(sequenceLowOf)).toEqual([1, 2, 3])
    expect(packets.map(spiOf)).toEqual([SPI, SPI, SPI])
    expect(out.sequence).toBe(3)
  })

  it('leaves out a number that it skips, for ever', () => {
    const out = outbound(suite)
    sealed(out, TEXT)
    out.skip()
    expect(sequenceLowOf(sealed(out, TEXT))).toBe(3)
  })

  it('fills a packet to the last byte that a payload can have', () => {
    const out = outbound(suite)
    for (let size = 60; size < 140; size++) {
      const payload = out.capacity(size)
      expect(out.size(payload)).toBeLessThanOrEqual(size)
      expect(out.size(payload + 1)).toBeGreaterThan(size)
    }
  })

  it('seals nothing beyond its limit', () => {
    const out = outbound(suite, 1, 2)
    sealed(out, TEXT)
    expect(out.exhausted).toBe(false)
    sealed(out, TEXT)
    expect(out.exhausted).toBe(true)
    expect(() => sealed(out, TEXT)).toThrow(InvariantError)
    expect(out.sequence).toBe(2)
  })

  it('opens nothing twice, in whatever order packets come', () => {
    const out = outbound(suite)
    const into = inbound(suite, new ReplayWindow(32))
    const packets = Array.from({ length: 20 }, () => sealed(out, TEXT))
    const prng = new Prng(3)
    const order = packets.map((packet) => ({ packet, at: prng.next() })).sort((a, b) => a.at - b.at)
    for (const { packet } of order) expect(into.open(packet)).toHaveProperty('plaintext')
    for (const { packet } of order) expect(into.open(packet)).toBe('replayed')
  })

  it('finds any changed byte forged, and is not moved by it', () => {
    const packet = sealed(outbound(suite), TEXT)
    const into = inbound(suite)
    for (let at = 4; at < packet.length; at++) {
      const forged = packet.slice()
      forged[at] = (forged[at] ?? 0) ^ 0x10
      expect([at, into.open(forged)]).toEqual([at, 'forged'])
    }
    expect(into.highest).toBe(0)
    expect(into.open(packet)).toMatchObject({ sequence: 1 })
  })

  it('does not let a forged huge number slide the window', () => {
    const out = outbound(suite)
    const into = inbound(suite)
    const [first, second] = [sealed(out, TEXT), sealed(out, TEXT)]
    into.open(second)
    const forged = second.slice()
    forged.set([0xff, 0xff, 0xff, 0xff], 4)
    expect(into.open(forged)).toBe('forged')
    expect(into.highest).toBe(2)
    expect(into.open(first)).toMatchObject({ sequence: 1 })
  })

  it('does not open packets of other keys', () => {
    expect(inbound(suite).open(sealed(outbound(suite, 2), TEXT))).toBe('forged')
  })

  it('goes over 2^32 with half of the number on the wire', () => {
    const into = inbound(suite, new ReplayWindow(64, TWO_32 - 3, new Uint8Array(8)))
    const keys = keysOf(suite)
    const sealer = nodeAead.sealer(suite, keys, seeded(5))
    const layoutOf = outbound(suite)
    for (const number of [TWO_32 - 2, TWO_32 - 1, TWO_32, TWO_32 + 1, TWO_32 + 100]) {
      const packet = layoutOf.allocate(0)
      layoutOf.seal(packet, 0, 59)
      // The trailer of an empty packet, as seal wrote it before it was encrypted.
      const plain = trailerOnly(packet, layoutOf.payloadOffset)
      plain.set(packet.subarray(0, 4))
      new DataView(plain.buffer).setUint32(4, number >>> 0)
      sealer.seal(plain, number)
      expect(into.open(plain)).toMatchObject({ sequence: number, nextHeader: 59 })
      expect(into.highest).toBe(number)
    }
  })

  it('refuses a number beyond FINALS before any cryptography', () => {
    const out = outbound(suite)
    let opens = 0
    const counting: AeadProvider = {
      ...nodeAead,
      opener: (...options) => {
        const opener = nodeAead.opener(...options)
        return {
          open: (packet, sequence) => {
            opens += 1
            return opener.open(packet, sequence)
          },
        }
      },
    }
    const into = inbound(suite, undefined, counting)
    expect(into.final).toBe(Number.POSITIVE_INFINITY)
    const [first, second, third] = [sealed(out, TEXT), sealed(out, TEXT), sealed(out, TEXT)]
    into.open(first)
    into.final = 2
    expect(into.open(third)).toBe('beyond-final')
    expect(opens).toBe(1)
    expect(into.open(second)).toMatchObject({ sequence: 2 })
    into.final = 0
    expect(into.open(first)).toBe('beyond-final')
    expect(opens).toBe(2)
  })

  it('never throws for what is no packet of its suite', () => {
    const into = inbound(suite)
    const whole = sealed(outbound(suite), TEXT)
    const outcomes = new Set<unknown>()
    for (let length = 8; length < whole.length; length++) outcomes.add(into.open(whole.subarray(0, length)))
    expect([...outcomes].every((outcome) => outcome === 'malformed' || outcome === 'forged')).toBe(true)
    expect(outcomes.has('malformed')).toBe(true)
    expect(into.highest).toBe(0)
  })

  it('calls authentic packets malformed whose padding cannot be, and does not open them again', () => {
    const out = outbound(suite)
    const spoiling: AeadProvider = {
      ...nodeAead,
      sealer: (...options) => {
        const sealer = nodeAead.sealer(...options)
        return {
          seal: (packet, sequence) => {
            packet[packet.length - 18] = 0xff // the pad length, before it is encrypted
            sealer.seal(packet, sequence)
          },
        }
      },
    }
    const spoiled = new OutboundSa({ spi: SPI, suite, keys: keysOf(suite), aead: spoiling, entropy: seeded(8) })
    const packet = sealed(spoiled, TEXT)
    const into = inbound(suite)
    expect(into.open(packet)).toBe('malformed')
    expect(into.open(packet)).toBe('replayed')
    expect(into.open(sealed(out, TEXT))).toBe('replayed')
  })

  it('goes on from a snapshot: what was opened stays opened, what was not still comes', () => {
    const out = outbound(suite)
    const packets = Array.from({ length: 10 }, () => sealed(out, TEXT))
    const before = inbound(suite)
    for (const [at, packet] of packets.entries()) if (at % 3 !== 0) before.open(packet)
    const { highest, bitmap } = before.snapshot()
    const window = new ReplayWindow(4096, highest, bitmap)
    const after = new InboundSa({ spi: SPI, suite, keys: before.keys, aead: nodeAead, window, final: 9 })
    const outcomes = packets
      .map((packet) => after.open(packet))
      .map((opened) => (typeof opened === 'string' ? opened : 'opened'))
    expect(outcomes).toEqual(
      packets.map((_packet, at) => (at === 9 ? 'beyond-final' : at % 3 === 0 ? 'opened' : 'replayed')),
    )
  })
})

it('packets cut from one piece of memory share no byte', () => {
  const out = outbound(13)
  const lengths = Array.from({ length: 400 }, (_, at) => (at * 37) % 1500)
  const packets = [...lengths, 60_000].map((length) => sealed(out, new Uint8Array(length).fill(length & 0xff)))
  const copies = packets.map((packet) => packet.slice())
  for (const [at, packet] of packets.entries()) packet.fill(at & 0xff)
  for (const [at, packet] of packets.entries()) expect(packet.every((byte) => byte === (at & 0xff))).toBe(true)
  const into = inbound(13)
  for (const copy of copies) expect(into.open(copy)).toHaveProperty('plaintext')
})

/** A packet of the same size whose plaintext is the trailer of an empty payload with next header 59. */
function trailerOnly(packet: Uint8Array, payloadOffset: number): Uint8Array {
  const plain = new Uint8Array(packet.length)
  const end = packet.length - 16
  const pad = end - payloadOffset - 2
  for (let at = 0; at < pad; at++) plain[payloadOffset + at] = at + 1
  plain[end - 2] = pad
  plain[end - 1] = 59
  return plain
}
