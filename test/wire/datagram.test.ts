// What a UDP payload is, and the datagrams and echoes inside ESP, against checksums computed another way.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { fold, sumWords } from '../../src/wire/checksum.ts'
import * as wire from '../../src/wire.ts'
import { HIT_A, HIT_B, sound } from './fixtures.ts'

// The checksum as RFC 1071 defines it, word by word over a pseudo header spelt out in bytes.
function plainChecksum(nextHeader: number, body: Uint8Array): number {
  const length = [0, 0, body.length >> 8, body.length & 0xff]
  const whole = concat(
    HIT_A,
    HIT_B,
    Uint8Array.of(...length, 0, 0, 0, nextHeader),
    body,
    new Uint8Array(body.length % 2),
  )
  let sum = 0
  for (let i = 0; i < whole.length; i += 2) {
    sum += (whole[i] ?? 0) * 256 + (whole[i + 1] ?? 0)
    if (sum > 0xffff) sum -= 0xffff
  }
  return 0xffff - sum
}

function udp(sourcePort: number, port: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(wire.INNER_UDP_BYTES + data.length)
  wire.writeInnerUdp(bytes, 0, sourcePort, port, data, HIT_A, HIT_B)
  return bytes
}

describe('a datagram', () => {
  it.each([
    ['', 'runt'],
    ['ff', 'keepalive'],
    ['fe', 'runt'],
    ['ffff', 'runt'],
    ['000000', 'runt'],
    ['00000000', 'hip'],
    ['000000003b04', 'hip'],
    ['00000100', 'runt'],
    ['00000100000000', 'runt'],
    ['0000010000000001', 'esp'],
    ['0100000000000001', 'esp'],
    ['0001000000000001', 'esp'],
    ['0000000100000001', 'esp'],
    ['0000000000000001', 'hip'],
    ['ff00000000000001', 'esp'],
  ] as const)('%s is %s', (hex, kind) => {
    expect(wire.classify(fromHex(hex))).toBe(kind)
  })

  it('holds a HIP packet behind four zero bytes, as a view', () => {
    const packet = fromHex('3b040121')
    const datagram = wire.wrapHip(packet)
    expect(toHex(datagram)).toBe('000000003b040121')
    expect(wire.classify(datagram)).toBe('hip')
    expect(wire.hipOf(datagram)).toEqual(packet)
    expect(wire.hipOf(datagram).buffer).toBe(datagram.buffer)
    expect(wire.classify(wire.KEEPALIVE)).toBe('keepalive')
  })
})

describe('the sum of words', () => {
  it('is the same however long, short or unaligned the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), (bytes, from) => {
        const start = Math.min(from, bytes.length)
        let sum = 0
        for (let i = start; i < bytes.length; i++) sum += (bytes[i] ?? 0) << ((i - start) % 2 === 0 ? 8 : 0)
        expect(sumWords(bytes, start, bytes.length)).toBe(sum)
      }),
    )
  })

  it('does not overflow with 64 KiB of ones', () => {
    expect(fold(sumWords(new Uint8Array(65535).fill(0xff), 0, 65535))).toBe(0xff00)
  })
})

describe('inner UDP', () => {
  it('has the checksum of RFC 768 under the pseudo header of the HITs', () => {
    fc.assert(
      fc.property(fc.nat(65535), fc.nat(65535), fc.uint8Array({ maxLength: 100 }), (sourcePort, port, data) => {
        const bytes = udp(sourcePort, port, data)
        const blank = bytes.slice()
        blank.fill(0, 6, 8)
        const expected = plainChecksum(17, blank)
        expect(toHex(bytes.subarray(6, 8))).toBe((expected === 0 ? 0xffff : expected).toString(16).padStart(4, '0'))
        expect(sound(wire.readInnerUdp(bytes, HIT_A, HIT_B))).toEqual({ sourcePort, port, data })
      }),
    )
  })

  it('is written in the middle of a packet and touches nothing else', () => {
    const packet = new Uint8Array(40).fill(0xee)
    wire.writeInnerUdp(packet, 16, 1, 2, utf8('hello'), HIT_A, HIT_B, wire.sumOfPair(HIT_A, HIT_B))
    expect(toHex(packet.subarray(0, 16))).toBe('ee'.repeat(16))
    expect(toHex(packet.subarray(29))).toBe('ee'.repeat(11))
    expect(packet.subarray(16, 29)).toEqual(udp(1, 2, utf8('hello')))
  })

  it('sends a checksum of zero as ffff, for zero would mean none', () => {
    for (let word = 0; word <= 0xffff; word++) {
      const bytes = udp(0, 0, Uint8Array.of(word >> 8, word & 0xff))
      if (bytes[6] !== 0xff || bytes[7] !== 0xff) continue
      sound(wire.readInnerUdp(bytes, HIT_A, HIT_B))
      return
    }
    throw new Error('no such datagram')
  })

  it('is Malformed under any single flipped bit, other HITs, other lengths or without a checksum', () => {
    const bytes = udp(1000, 2000, utf8('to whom it may concern'))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const copy = bytes.slice()
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(wire.isMalformed(wire.readInnerUdp(copy, HIT_A, HIT_B))).toBe(true)
    }
    for (const [source, destination] of [
      [HIT_A.with(15, 1), HIT_B],
      [HIT_A, HIT_B.with(15, 1)],
    ] as const)
      expect(wire.isMalformed(wire.readInnerUdp(bytes, source, destination))).toBe(true)
    for (let length = 0; length < bytes.length; length++) {
      expect(wire.isMalformed(wire.readInnerUdp(bytes.subarray(0, length), HIT_A, HIT_B))).toBe(true)
    }
    expect(wire.isMalformed(wire.readInnerUdp(concat(bytes, Uint8Array.of(0)), HIT_A, HIT_B))).toBe(true)
    const bare = bytes.slice()
    bare.fill(0, 6, 8)
    expect(wire.readInnerUdp(bare, HIT_A, HIT_B)).toEqual({ malformed: 'UDP checksum missing', at: 6 })
  })

  // Lengths that lie under a checksum that does not: what balances the sum stands in the source port.
  it.each([
    ['without the last byte of its header', '0000 0002 0007 ff', 7],
    ['with a length below its own', '0000 0002 0009 0000 6162', 4],
    ['with a length above its own', '0000 0002 000b 0000 6162', 4],
    ['with a length of 0', '0000 0002 0000 0000 6162', 4],
  ])('is Malformed %s, however right its sum', (_what, hex, at) => {
    const bytes = fromHex(hex)
    if (bytes.length > 7) bytes[7] = 1
    const port = plainChecksum(17, bytes)
    bytes.set([port >> 8, port & 0xff])
    expect(plainChecksum(17, bytes)).toBe(0)
    expect(wire.readInnerUdp(bytes, HIT_A, HIT_B)).toMatchObject({ at })
  })

  it('is written where there is room for it: anything else is our own bug', () => {
    const write = (room: number, offset: number, data: string) => {
      const target = new Uint8Array(room)
      wire.writeInnerUdp(target, offset, 1, 2, utf8(data), HIT_A, HIT_B)
      return target
    }
    expect(write(12, 2, 'ab').subarray(2)).toEqual(udp(1, 2, utf8('ab')))
    expect(() => write(11, 2, 'ab')).toThrow(InvariantError)
    expect(() => write(12, 8, '')).toThrow(InvariantError)
    expect(() => write(9, 0, 'ab')).toThrow(InvariantError)
  })

  it('has room for 65527 bytes and not one more', () => {
    expect(sound(wire.readInnerUdp(udp(1, 2, new Uint8Array(65527)), HIT_A, HIT_B)).data).toHaveLength(65527)
    expect(() => udp(1, 2, new Uint8Array(65528))).toThrow(InvariantError)
  })
})

describe('an ICMPv6 echo', () => {
  it('is a request of type 128 or a reply of type 129, with the checksum of the HITs', () => {
    const request = wire.encodeEcho(false, 0x1234, 7, utf8('abc'), HIT_A, HIT_B)
    expect(toHex(request.subarray(0, 2))).toBe('8000')
    const blank = request.slice()
    blank.fill(0, 2, 4)
    expect(toHex(request.subarray(2, 4))).toBe(plainChecksum(58, blank).toString(16).padStart(4, '0'))
    const expected = { reply: false, identifier: 0x1234, sequence: 7, data: utf8('abc') }
    expect(wire.decodeEcho(request, HIT_A, HIT_B)).toEqual(expected)
    const reply = wire.encodeEcho(true, 1, 2, utf8(''), HIT_A, HIT_B)
    expect([reply[0], reply.length]).toEqual([129, 8])
    expect(wire.decodeEcho(reply, HIT_A, HIT_B)).toEqual({ reply: true, identifier: 1, sequence: 2, data: utf8('') })
  })

  it('is Malformed when it is anything else', () => {
    const request = wire.encodeEcho(false, 1, 2, utf8('abcd'), HIT_A, HIT_B)
    const wrong = (at: number, byte: number) => {
      const copy = request.slice()
      copy[at] = byte
      return wire.decodeEcho(copy, HIT_A, HIT_B)
    }
    for (const type of [0, 127, 130, 135]) expect(wrong(0, type)).toMatchObject({ at: 0 })
    // A reply is as lawful as a request, under a sum of its own.
    expect(wrong(0, 129)).toMatchObject({ at: 2 })
    expect(wrong(1, 1)).toMatchObject({ at: 1 })
    expect(wrong(8, 0)).toMatchObject({ at: 2 })
    expect(wire.decodeEcho(request.subarray(0, 7), HIT_A, HIT_B)).toMatchObject({ at: 7 })
    expect(wire.isMalformed(wire.decodeEcho(request, HIT_A, HIT_A))).toBe(true)
  })
})
