// Framing of HIP packets against RFC 7401 appendix C, and every way in which it can be wrong.

import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { hipChecksum, sumOfPair, upperLayerChecksum } from '../../src/wire/checksum.ts'
import { isMalformed, type Malformed } from '../../src/wire/malformed.ts'
import {
  appendParameter,
  coveredBy,
  coveredByR1,
  decodePacket,
  decodeParameters,
  encodePacket,
  encodeParameters,
  macInput,
  macTwoInput,
  type Packet,
} from '../../src/wire/packet.ts'
import { address, HIT_A, HIT_B, APPENDIX_C_I1 as I1, sound } from './fixtures.ts'

function fault(bytes: Uint8Array): Malformed {
  const packet = decodePacket(bytes)
  if (!isMalformed(packet)) throw new Error('decoded')
  return packet
}

const sevens = (length: number): Uint8Array => new Uint8Array(length).fill(7)

function edited(at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = I1.slice()
  copy.set(bytes, at)
  return copy
}

describe('the checksums of RFC 7401 appendix C', () => {
  it('come out over IPv6, over IPv4 and for TCP between the HITs', () => {
    expect(hipChecksum(I1, address('2001:db8::1'), address('2001:db8::2'))).toBe(0x1a5e)
    expect(hipChecksum(I1, address('192.0.2.1'), address('192.0.2.2'))).toBe(0xf1ce)
    const syn = fromHex('ffdc0016 00000001 00000000 5002ffff 0000 0000')
    const pair = sumOfPair(address('2001:20::1'), address('2001:20::2'))
    expect(upperLayerChecksum(pair, 6, syn, 0, syn.length)).toBe(0x6faa)
  })

  it('do not depend on what the checksum field holds', () => {
    expect(hipChecksum(edited(4, 0x1a, 0x5e), address('2001:db8::1'), address('2001:db8::2'))).toBe(0x1a5e)
  })
})

describe('decodePacket', () => {
  it('reads the I1 of appendix C', () => {
    const packet = sound(decodePacket(I1))
    expect([packet.type, packet.controls]).toEqual([1, 0])
    expect(toHex(packet.sender)).toBe('20010020000000000000000000000001')
    expect(toHex(packet.receiver)).toBe('20010020000000000000000000000002')
    expect(packet.parameters).toEqual([{ type: 511, contents: Uint8Array.of(3, 4, 8), start: 40, end: 48 }])
  })

  it('copies nothing', () => {
    const packet = sound(decodePacket(I1))
    for (const view of [packet.bytes, packet.sender, packet.receiver, packet.parameters[0]?.contents]) {
      expect(view?.buffer).toBe(I1.buffer)
    }
  })

  it('ignores the fixed and reserved bits and what padding holds', () => {
    expect(sound(decodePacket(edited(2, 0x81))).type).toBe(1)
    expect(isMalformed(decodePacket(edited(3, 0x2e)))).toBe(false)
    expect(isMalformed(decodePacket(edited(47, 0xff)))).toBe(false)
  })

  it('ignores what follows a packet only when the next header is an unknown one', () => {
    const longer = concat(edited(0, 17), fromHex('00'))
    expect(sound(decodePacket(longer)).bytes).toHaveLength(48)
    expect(fault(concat(I1, fromHex('00')))).toEqual({ malformed: 'bytes after the packet', at: 48 })
  })

  it.each([
    ['cut short', I1.subarray(0, 47), 1],
    ['shorter than a header', I1.subarray(0, 39), 39],
    ['empty', new Uint8Array(0), 0],
    ['of version 1', edited(3, 0x11), 3],
    ['of version 3', edited(3, 0x31), 3],
    ['with a header length below that of a header', edited(1, 3), 1],
    ['with a header length beyond its end', edited(1, 6), 1],
    ['with a checksum', edited(4, 0x1a, 0x5e), 4],
    ['with a parameter that runs past its end', edited(42, 0, 5), 40],
    ['with a parameter of 65535 bytes', edited(42, 0xff, 0xff), 40],
  ])('refuses a packet %s, and says where', (_what, bytes, at) => {
    expect(fault(bytes).at).toBe(at)
  })

  it('takes a checksum when asked to, for packets captured over plain IP', () => {
    expect(isMalformed(decodePacket(edited(4, 0x1a, 0x5e), { checksum: 'ignore' }))).toBe(false)
  })

  it('refuses parameters out of order, naming the later one', () => {
    const bytes = concat(I1, fromHex('0181000400000001'))
    bytes[1] = 6
    expect(fault(bytes)).toEqual({ malformed: 'out of order, after 511', at: 48, parameter: 385 })
  })

  it('keeps equal types apart: whether they may repeat is the grammar’s affair', () => {
    const bytes = encodePacket(1, HIT_A, HIT_B, [
      { type: 832, contents: Uint8Array.of(1) },
      { type: 832, contents: Uint8Array.of(2) },
    ])
    expect(sound(decodePacket(bytes)).parameters.map(({ contents }) => [...contents])).toEqual([[1], [2]])
  })

  it('takes a packet of 2048 bytes, the largest there is', () => {
    const bytes = encodePacket(1, HIT_A, HIT_B, [{ type: 39182, contents: new Uint8Array(2004) }])
    expect(bytes).toHaveLength(2048)
    expect(isMalformed(decodePacket(bytes))).toBe(false)
    expect(() => encodePacket(1, HIT_A, HIT_B, [{ type: 39182, contents: new Uint8Array(2005) }])).toThrow(
      InvariantError,
    )
  })
})

describe('encoding', () => {
  it('gives the I1 of appendix C', () => {
    const sender = I1.subarray(8, 24)
    const receiver = I1.subarray(24, 40)
    expect(encodePacket(1, sender, receiver, [{ type: 511, contents: Uint8Array.of(3, 4, 8) }])).toEqual(I1)
  })

  it.each([
    [0, 8],
    [3, 8],
    [4, 8],
    [5, 16],
    [12, 16],
    [13, 24],
  ])('pads a parameter of %i bytes to %i', (length, total) => {
    expect(encodeParameters([{ type: 897, contents: new Uint8Array(length) }])).toHaveLength(total)
  })

  it('refuses parameters that are not in order, as our own bug', () => {
    const parameters = [
      { type: 449, contents: new Uint8Array(4) },
      { type: 385, contents: new Uint8Array(4) },
    ]
    expect(() => encodeParameters(parameters)).toThrow(InvariantError)
    const packet = encodePacket(16, HIT_A, HIT_B, parameters.slice(0, 1))
    expect(() => appendParameter(packet, 385, new Uint8Array(4))).toThrow(InvariantError)
  })

  it('appends as if the parameter had been there from the start, and leaves the old packet alone', () => {
    const before = encodePacket(16, HIT_A, HIT_B, [{ type: 385, contents: new Uint8Array(4) }])
    const copy = before.slice()
    const after = appendParameter(before, 61505, new Uint8Array(32))
    expect(before).toEqual(copy)
    expect(sound(decodePacket(after)).parameters.map(({ type }) => type)).toEqual([385, 61505])
  })

  it('appends to a bare packet whatever type there is, and behind a type the same one again', () => {
    const bare = encodePacket(16, HIT_A, HIT_B, [])
    for (const type of [0, 1, 65535]) {
      expect(appendParameter(bare, type, sevens(2))).toEqual(
        encodePacket(16, HIT_A, HIT_B, [{ type, contents: sevens(2) }]),
      )
    }
    const twice = [
      { type: 832, contents: sevens(5) },
      { type: 832, contents: sevens(4) },
    ]
    const once = encodePacket(16, HIT_A, HIT_B, twice.slice(0, 1))
    expect(appendParameter(once, 832, sevens(4))).toEqual(encodePacket(16, HIT_A, HIT_B, twice))
  })

  it('has 16 bits for the type and the length of a parameter', () => {
    const [row] = sound(decodeParameters(encodeParameters([{ type: 65535, contents: sevens(65535) }])))
    expect([row?.type, row?.contents.length, row?.end]).toEqual([65535, 65535, 65544])
    expect(() => encodeParameters([{ type: 65536, contents: sevens(4) }])).toThrow(InvariantError)
    expect(() => encodeParameters([{ type: 385, contents: sevens(65536) }])).toThrow(InvariantError)
  })

  it.each([
    ['a sender of 15 bytes', HIT_A.subarray(1), HIT_B],
    ['a sender of 17 bytes', concat(HIT_A, Uint8Array.of(0)), HIT_B],
    ['a receiver of 15 bytes', HIT_A, HIT_B.subarray(1)],
    ['a receiver of 17 bytes', HIT_A, concat(HIT_B, Uint8Array.of(0))],
    ['neither of 16 bytes', HIT_A.subarray(1), HIT_B.subarray(1)],
  ])('refuses %s, as our own bug', (_what, sender, receiver) => {
    expect(() => encodePacket(1, sender, receiver, [])).toThrow(InvariantError)
  })

  it('refuses a HOST_ID without its padding behind an R2, as our own bug', () => {
    const built = encodePacket(4, HIT_A, HIT_B, [])
    expect(() => macTwoInput(built, sevens(7))).toThrow(InvariantError)
    expect(macTwoInput(built, sevens(8))).toHaveLength(48)
  })

  it('writes a row of parameters that reads back, as ENCRYPTED holds it', () => {
    const row = encodeParameters([{ type: 705, contents: Uint8Array.of(1, 2, 3, 4, 5) }])
    expect(decodeParameters(row)).toMatchObject([{ type: 705, start: 0, end: 16 }])
  })
})

describe('what a MAC or signature covers', () => {
  const contents = (byte: number, length: number) => new Uint8Array(length).fill(byte)
  // Made in each test: a fault of framing is then one of its tests, and not of the file.
  const r1 = (): Packet =>
    sound(
      decodePacket(
        encodePacket(
          2,
          HIT_A,
          HIT_B,
          [
            { type: 257, contents: fromHex('0a25 beef 1111111111111111') },
            { type: 705, contents: contents(2, 12) },
            { type: 39186, contents: contents(3, 96) },
            { type: 61633, contents: contents(4, 66) },
          ],
          1,
        ),
      ),
    )

  it('is the packet as it was before the parameter was appended', () => {
    const before = encodePacket(16, HIT_A, HIT_B, [{ type: 385, contents: contents(1, 4) }])
    const mac = appendParameter(before, 61505, contents(2, 32))
    const signed = appendParameter(mac, 61697, contents(3, 66))
    const packet = sound(decodePacket(signed))
    expect(coveredBy(packet, 61505)).toEqual(before)
    expect(coveredBy(packet, 61697)).toEqual(mac)
    expect(coveredBy(packet, 65535)).toEqual(signed)
  })

  it('is for a MAC the same in two parts, of which the packet itself is left alone', () => {
    const before = encodePacket(16, HIT_A, HIT_B, [{ type: 385, contents: contents(1, 4) }])
    const bytes = appendParameter(before, 61505, contents(2, 32))
    const packet = sound(decodePacket(bytes))
    const copy = bytes.slice()
    expect(macInput(packet, 61505)).toEqual([before.subarray(0, 40), before.subarray(40)])
    expect(macInput(packet, 385)).toEqual([encodePacket(16, HIT_A, HIT_B, []), new Uint8Array(0)])
    expect(bytes).toEqual(copy)
  })

  it('counts the checksum as zero', () => {
    const bytes = I1.slice()
    bytes.set([0x1a, 0x5e], 4)
    expect(coveredBy(sound(decodePacket(bytes, { checksum: 'ignore' })), 65535)).toEqual(I1)
  })

  it('leaves out of an R1 its receiver, and of its puzzle all but K and lifetime', () => {
    const covered = coveredByR1(r1(), 61633)
    const hex = toHex(covered)
    // 40 of header, 16 + 16 + 104 of parameters.
    expect(covered).toHaveLength(176)
    expect(hex.slice(0, 16)).toBe('3b15022100000001')
    expect(hex.slice(16, 80)).toBe(toHex(HIT_A) + '00'.repeat(16))
    expect(hex.slice(80, 112)).toBe('0101000c0a2500000000000000000000')
    expect(hex.slice(112)).toBe(toHex(r1().bytes.subarray(56, 176)))
    expect(coveredByR1(r1(), 39186)).toEqual(coveredByR1(sound(decodePacket(covered)), 39186))
  })

  it('does not depend on the puzzle or the receiver of an R1', () => {
    const other = r1().bytes.slice()
    other.fill(9, 24, 40)
    other.fill(9, 46, 56)
    expect(coveredByR1(sound(decodePacket(other)), 61633)).toEqual(coveredByR1(r1(), 61633))
  })

  it('survives a puzzle too short to be one', () => {
    for (const length of [0, 1, 2, 3]) {
      const odd = encodePacket(2, HIT_A, HIT_B, [{ type: 257, contents: contents(7, length) }])
      expect(coveredByR1(sound(decodePacket(odd)), 61633)).toHaveLength(48)
    }
  })

  it('adds to an R2 the HOST_ID of the R1, in the header length too', () => {
    const espInfo = { type: 65, contents: contents(1, 12) }
    const hostId = { type: 705, contents: contents(2, 42) }
    const built = encodePacket(4, HIT_A, HIT_B, [espInfo])
    const expected = encodePacket(4, HIT_A, HIT_B, [espInfo, hostId])
    const tlv = encodeParameters([hostId])
    expect(macTwoInput(built, tlv)).toEqual(expected)
    const finished = appendParameter(appendParameter(built, 61569, contents(3, 32)), 61697, contents(4, 66))
    expect(macTwoInput(sound(decodePacket(finished)), tlv)).toEqual(expected)
  })
})
