// The codec under arbitrary and damaged input: nothing throws, nothing takes longer than its length, and what is read is
// what was written.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as wire from '../../src/wire.ts'
import { alike } from '../support/alike.ts'
import { HIT_A, HIT_B, sound } from './fixtures.ts'
import { encodeSample, SAMPLES } from './samples.ts'

const SOUND = SAMPLES.map(({ kind, parameters }) => encodeSample(kind, parameters))

const parameter = fc.record({
  type: fc.oneof(fc.nat(0xffff), fc.constantFrom(...Object.values(wire.Parameter))),
  contents: fc.uint8Array({ maxLength: 60 }),
})

function inspect(bytes: Uint8Array): void {
  const message = wire.decodeMessage(bytes)
  if (wire.isMalformed(message)) {
    const { at, malformed } = message
    return alike([at >= 0, at <= bytes.length, malformed !== ''], [true, true, true])
  }
  const { packet } = message
  alike(wire.coveredBy(packet, 0xffff).length, packet.bytes.length)
  wire.coveredByR1(packet, wire.Parameter.HIP_SIGNATURE_2)
}

describe('framing', () => {
  it('reads back what was written, byte for byte', () => {
    const packets = fc.tuple(fc.nat(127), fc.array(parameter, { maxLength: 20 }), fc.nat(0xffff))
    fc.assert(
      fc.property(packets, ([type, parameters, controls]) => {
        const ordered = [...parameters].sort((a, b) => a.type - b.type)
        const bytes = wire.encodePacket(type, HIT_A, HIT_B, ordered, controls)
        const packet = sound(wire.decodePacket(bytes))
        expect(packet.parameters.map(({ type, contents }) => ({ type, contents }))).toEqual(ordered)
        expect([packet.type, packet.controls]).toEqual([type, controls])
        expect(wire.encodePacket(type, packet.sender, packet.receiver, packet.parameters, controls)).toEqual(bytes)
      }),
    )
  })

  it('tiles the packet: every parameter starts where the one before it ended', () => {
    fc.assert(
      fc.property(fc.array(parameter, { maxLength: 20 }), (parameters) => {
        const ordered = [...parameters].sort((a, b) => a.type - b.type)
        const packet = sound(wire.decodePacket(wire.encodePacket(1, HIT_A, HIT_B, ordered)))
        let at: number = wire.HIP_HEADER_BYTES
        for (const { start, end } of packet.parameters) {
          expect(start).toBe(at)
          at = end
        }
        expect(at).toBe(packet.bytes.length)
      }),
    )
  })

  it('is Malformed in every order of its parameters but the right one', () => {
    const types = fc.uniqueArray(fc.nat(0xffff), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(
        types.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          const ordered = [...all].sort((a, b) => a - b)
          const tlvs = shuffled.map((type) => wire.encodeParameters([{ type, contents: new Uint8Array(4) }]))
          const bytes = wire.encodePacket(
            1,
            HIT_A,
            HIT_B,
            ordered.map((type) => ({ type, contents: new Uint8Array(4) })),
          )
          for (const [index, tlv] of tlvs.entries()) bytes.set(tlv, wire.HIP_HEADER_BYTES + index * 8)
          expect(wire.isMalformed(wire.decodePacket(bytes))).toBe(shuffled.join() !== ordered.join())
        },
      ),
    )
  })
})

describe('damage', () => {
  it('by truncation at every byte is Malformed, never thrown', () => {
    for (const bytes of SOUND) {
      for (let length = 0; length < bytes.length; length++) {
        const message = wire.decodeMessage(bytes.subarray(0, length))
        alike(wire.isMalformed(message), true)
        inspect(bytes.subarray(0, length))
      }
    }
  })

  it('by truncation with a header length that fits is never thrown', () => {
    for (const bytes of SOUND) {
      for (let length = 40; length < bytes.length; length += 8) {
        const cut = bytes.slice(0, length)
        cut[1] = length / 8 - 1
        inspect(cut)
      }
    }
  })

  it('by any single bit is never thrown', () => {
    for (const bytes of SOUND) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const copy = bytes.slice()
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const message = wire.decodeMessage(copy)
        if (wire.isMalformed(message)) alike(message.at <= copy.length, true)
      }
    }
  })

  it('by arbitrary bytes at arbitrary places is never thrown', () => {
    const edits = fc.array(fc.tuple(fc.nat(2047), fc.nat(255)), { maxLength: 12 })
    fc.assert(
      fc.property(fc.constantFrom(...SOUND), edits, (bytes, changes) => {
        const copy = bytes.slice()
        for (const [at, byte] of changes) copy[at % copy.length] = byte
        inspect(copy)
      }),
      { numRuns: 2000 },
    )
  })

  it('is all there is in random bytes behind a sound header', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 4, 16, 17, 18, 19), fc.uint8Array({ maxLength: 120 }), (type, tail) => {
        const body = tail.subarray(0, tail.length - (tail.length % 8))
        const bytes = new Uint8Array(40 + body.length)
        bytes.set([59, bytes.length / 8 - 1, type, 0x21])
        bytes.set(body, 40)
        inspect(bytes)
      }),
      { numRuns: 2000 },
    )
  })

  it('never makes a parameter out of bytes that are not there', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SOUND), fc.nat(255), fc.nat(0xffff), (bytes, which, length) => {
        const packet = sound(wire.decodePacket(bytes))
        const target = packet.parameters[which % packet.parameters.length]
        if (target === undefined) return
        const copy = bytes.slice()
        copy[target.start + 2] = length >> 8
        copy[target.start + 3] = length & 0xff
        const reread = wire.decodePacket(copy)
        if (wire.isMalformed(reread)) return
        const total = reread.parameters.reduce((sum, { contents }) => sum + contents.length, 0)
        expect(total).toBeLessThanOrEqual(bytes.length - 40)
        for (const { contents } of reread.parameters) expect(contents.buffer).toBe(copy.buffer)
      }),
    )
  })
})

describe('decoders of single parameters', () => {
  const decoders = Object.entries(wire).filter(
    (entry): entry is [string, (contents: Uint8Array, at: number) => unknown] =>
      entry[0].startsWith('decode') && !/Packet|Message|Parameter|Echo|Cbor|Signed$|Domain/.test(entry[0]),
  )

  it('never throw, and place their faults in or right behind the contents', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (contents) => {
        for (const [name, decode] of decoders) {
          const found = decode(contents, 1000)
          if (!wire.isMalformed(found)) continue
          expect(found.at, name).toBeLessThanOrEqual(1000 + contents.length + 8)
        }
      }),
    )
    expect(decoders.length).toBeGreaterThan(20)
  })
})
