// What no peer can cause: a value of ours that has no place on the wire. It must end there, as our own bug, and not go out as
// other bytes than were meant. Beside each stands the nearest value that is written.

import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { sumWords } from '../../src/wire/checksum.ts'
import * as wire from '../../src/wire.ts'

const fill = (length: number): Uint8Array => new Uint8Array(length).fill(7)
const upTo = (length: number): number[] => Array.from({ length }, (_, index) => index + 1)

type Mistake = readonly [what: string, write: () => unknown]

const puzzle = (opaque: number) => () => wire.encodePuzzle({ k: 0, lifetime: 0, opaque: fill(opaque), i: fill(32) })
const solution = (opaque: number, i: number, j: number) => () =>
  wire.encodeSolution({ k: 0, opaque: fill(opaque), i: fill(i), j: fill(j) })
const hostId = (domain: number, domainType: number) => () =>
  wire.encodeHostId({ algorithm: 5, label: 0, key: fill(32), domain: fill(domain), domainType })
const cert = (id: number, count: number) => () =>
  wire.encodeCert({ group: 0, count, id, type: 1, certificate: fill(1) })
const sum = (start: number, end: number) => () => sumWords(fill(8), start, end)

// RFC 7401 §5.2, RFC 7402 §5.1.2 and RFC 8002 §2.
const EXCHANGE: readonly Mistake[] = [
  ['a PUZZLE with one opaque byte', puzzle(1)],
  ['a PUZZLE with three opaque bytes', puzzle(3)],
  ['a SOLUTION with one opaque byte', solution(1, 32, 32)],
  ['a SOLUTION with three opaque bytes', solution(3, 32, 32)],
  ['a SOLUTION with a J shorter than its I', solution(2, 32, 31)],
  ['a SOLUTION with a J longer than its I', solution(2, 32, 33)],
  ['a HIP_CIPHER of seven', () => wire.encodeHipCipher(upTo(7))],
  ['an ESP_TRANSFORM of seven', () => wire.encodeEspTransform(upTo(7))],
  ['a NAT_TRAVERSAL_MODE of seven', () => wire.encodeNatTraversalMode(upTo(7))],
  ['a domain identifier of 4096 bytes', hostId(4096, 1)],
  ['a domain identifier of type 16', hostId(4, 16)],
  ['a domain identifier of 4096 bytes and type 16', hostId(4096, 16)],
  ['certificate 0 of a group', cert(0, 1)],
  ['certificate 2 of 1', cert(2, 1)],
]

const start = (epoch: number, incarnation: number) => ({ epoch, incarnation: fill(incarnation) })
const sound: wire.Epoch = {
  sender: start(1, 16),
  addressee: start(1, 16),
  baseEpoch: 1,
  resumptionId: fill(8),
  receipt: fill(0),
}
const epoch = (change: Partial<wire.Epoch>) => () => wire.encodeEpoch({ ...sound, ...change })
const finals =
  (...spis: readonly number[]) =>
  () =>
    wire.encodeFinals(spis.map((spi) => ({ spi, sequence: 0 })))
const instance = (key: number, signature: number) => () =>
  wire.encodeInstance({ key: fill(key), signature: fill(signature) })

// MOVING §2.
const MOVING: readonly Mistake[] = [
  ['a resumption id of 7 bytes', epoch({ resumptionId: fill(7) })],
  ['a resumption id of 9 bytes', epoch({ resumptionId: fill(9) })],
  ["a sender's incarnation of 15 bytes", epoch({ sender: start(1, 15) })],
  ["an addressee's incarnation of 17 bytes", epoch({ addressee: start(1, 17) })],
  ["a sender's epoch of 2^32", epoch({ sender: start(2 ** 32, 16) })],
  ["an addressee's epoch of 2^32", epoch({ addressee: start(2 ** 32, 16) })],
  ['a base epoch of 2^32', epoch({ baseEpoch: 2 ** 32 })],
  ['FINALS of five SAs', finals(256, 257, 258, 259, 260)],
  ['FINALS of one SA twice', finals(256, 257, 256)],
  ['an INSTANCE with a key of 31 bytes', instance(31, 64)],
  ['an INSTANCE with a signature of 65 bytes', instance(32, 65)],
  ['an INSTANCE with both of the wrong length, 96 bytes together', instance(33, 63)],
]

const locator = (locatorType: number, address: number) => () =>
  wire.encodeLocatorSet([{ trafficType: 0, locatorType, preferred: false, lifetimeSeconds: 1, address: fill(address) }])
const otherLocator = (length: number) => () =>
  wire.encodeLocators([{ trafficType: 9, locatorType: 9, preferred: false, lifetimeSeconds: 1, locator: fill(length) }])
const transport = (address: number) => () =>
  wire.encodeTransportAddress(950, { port: 1, protocol: 17, address: fill(address) })
const permission = (relay: number, peer: number) => () => {
  const addresses = { relayAddress: fill(relay), peerAddress: fill(peer) }
  return wire.encodePeerPermission([
    { relayPort: 1, peerPort: 2, protocol: 17, ...addresses, outboundSpi: 256, inboundSpi: 257 },
  ])
}
const via =
  (...lengths: readonly number[]) =>
  () =>
    wire.encodeViaRvs(lengths.map(fill))

// Addresses have 16 bytes everywhere (RFC 8046 §4, RFC 9028 §5, RFC 8004 §4.2), whatever their number of bytes comes to together.
const ADDRESSES: readonly Mistake[] = [
  ['a locator of type 3', locator(3, 16)],
  ['a locator with an address of 4 bytes', locator(0, 4)],
  ['a locator with an address of 20 bytes', locator(2, 20)],
  ['a locator of an unknown type that ends inside a word', otherLocator(6)],
  ['a transport address of 4 bytes', transport(4)],
  ['a transport address of 17 bytes', transport(17)],
  ["a permission with a relay's address of 4 bytes", permission(4, 16)],
  ["a permission with a peer's address of 4 bytes", permission(16, 4)],
  ['a permission with addresses of 15 and 17 bytes', permission(15, 17)],
  ['a FROM of 4 bytes', () => wire.encodeFrom(fill(4))],
  ['a FROM of 17 bytes', () => wire.encodeFrom(fill(17))],
  ['a VIA_RVS with an address of 4 bytes', via(4)],
  ['a VIA_RVS whose second address has 17 bytes', via(16, 17)],
  ['a VIA_RVS with addresses of 15 and 17 bytes', via(15, 17)],
]

const OTHERS: readonly Mistake[] = [
  ['a lifetime below 0', () => wire.registrationLifetime(-1)],
  ['a sum from before its bytes', sum(-1, 4)],
  ['a sum from before its bytes to behind them', sum(-1, 9)],
  ['a sum that ends before it begins', sum(4, 3)],
  ['a sum that begins and ends behind its bytes', sum(9, 9)],
  ['a sum that ends behind its bytes', sum(0, 9)],
]

describe('our own mistakes assert', () => {
  it.each([...EXCHANGE, ...MOVING, ...ADDRESSES, ...OTHERS])('%s', (_what, write) => {
    expect(write).toThrow(InvariantError)
  })

  it('also a sum beyond a view, where there are other bytes', () => {
    const part = fill(16).subarray(4, 12)
    expect(sumWords(part, 0, 8)).toBe(4 * 0x0707)
    expect(() => sumWords(part, 0, 10)).toThrow(InvariantError)
    expect(() => sumWords(part, -2, 8)).toThrow(InvariantError)
    expect(() => sumWords(part, -2, 10)).toThrow(InvariantError)
    expect(() => sumWords(part, 6, 4)).toThrow(InvariantError)
    expect(() => sumWords(part, 10, 12)).toThrow(InvariantError)
  })

  it('a CBOR value that is none, and say which', () => {
    const write = (value: unknown) => () => wire.encodeCbor(value as wire.CborValue)
    const hold = (kind: string) => `CBOR records hold no ${kind}: what is not there is null`
    expect(write(undefined)).toThrow(new InvariantError(hold('undefined')))
    expect(write([1, 1n])).toThrow(new InvariantError(hold('bigint')))
    expect(write(new Map([[1, Symbol('one')]]))).toThrow(new InvariantError(hold('symbol')))
    expect(write({ 1: 1 })).toThrow(new InvariantError('CBOR records hold no objects but maps'))
  })
})

describe('what stands just inside', () => {
  it.each<readonly [what: string, write: () => wire.ParameterValue, length: number]>([
    ['a PUZZLE', puzzle(2), 36],
    ['a SOLUTION', solution(2, 32, 32), 68],
    ['a HIP_CIPHER of six', () => wire.encodeHipCipher(upTo(6)), 12],
    ['an ESP_TRANSFORM of six', () => wire.encodeEspTransform(upTo(6)), 14],
    ['a NAT_TRAVERSAL_MODE of six', () => wire.encodeNatTraversalMode(upTo(6)), 14],
    ['a domain identifier of 4095 bytes and type 15', hostId(4095, 15), 6 + 32 + 4095],
    ['certificate 1 of 1', cert(1, 1), 5],
    ['certificate 255 of 255', cert(255, 255), 5],
    ['the last epoch of all', epoch({ sender: start(0xffffffff, 16), baseEpoch: 0xffffffff }), 66],
    ['FINALS of four SAs', finals(256, 257, 258, 259), 48],
    ['an INSTANCE', instance(32, 64), 96],
    ['a locator of type 2', locator(2, 16), 36],
    ['a locator of an unknown type of two words', otherLocator(8), 16],
    ['a transport address', transport(16), 20],
    ['a permission', permission(16, 16), 48],
    ['a VIA_RVS of two addresses', via(16, 16), 32],
  ])('is written: %s', (_what, write, length) => {
    expect(write().contents).toHaveLength(length)
  })

  it('is summed: all of the bytes, and none of them', () => {
    expect([sum(0, 8)(), sum(0, 0)(), sum(8, 8)()]).toEqual([4 * 0x0707, 0, 0])
  })
})
