// NAT traversal and relays (RFC 9028 §5) against bytes worked out from their figures.

import { describe, expect, it } from 'vitest'
import * as wire from '../../src/wire.ts'
import { bytes, describeFigures, figure, repeat } from './figure.ts'

const four = '00000000000000000000ffffc0000201'
const six = '20010db8000000000000000000000007'
const address = { port: 10500, protocol: 17, address: bytes(four) }
const { REG_FROM, RELAYED_ADDRESS, MAPPED_ADDRESS, RELAY_FROM, RELAY_TO } = wire.Parameter

const addressed = Object.entries({ REG_FROM, RELAYED_ADDRESS, MAPPED_ADDRESS, RELAY_FROM, RELAY_TO }).map(
  ([name, type]) =>
    figure(
      name,
      type,
      `2904 11 00 ${four}`,
      address,
      (value) => wire.encodeTransportAddress(type, value),
      (contents, at) => wire.decodeTransportAddress(contents, at, type),
      [0, 4, 19, 21, 24],
    ),
)

const permission = {
  relayPort: 40000,
  peerPort: 10500,
  protocol: 17,
  relayAddress: bytes(four),
  peerAddress: bytes(six),
  outboundSpi: 0x01020304,
  inboundSpi: 0xfffefdfc,
}

describeFigures([
  ...addressed,
  figure(
    'NAT_TRAVERSAL_MODE',
    608,
    '0000 0003 0001',
    [3, 1],
    wire.encodeNatTraversalMode,
    wire.decodeNatTraversalMode,
    [0, 1, 2, 3, 5],
  ),
  figure(
    'TRANSACTION_PACING',
    610,
    '00000032',
    50,
    wire.encodeTransactionPacing,
    wire.decodeTransactionPacing,
    [0, 2, 3, 5, 8],
  ),
  figure(
    'PEER_PERMISSION',
    4680,
    `9c40 2904 11 000000 ${four} ${six} 01020304 fffefdfc`,
    [permission],
    wire.encodePeerPermission,
    wire.decodePeerPermission,
    [0, 47, 49, 95],
  ),
  figure(
    'PEER_PERMISSION for two peers',
    4680,
    `9c40 2904 11 000000 ${four} ${six} 01020304 fffefdfc 0001 2904 11 000000 ${four} ${six} 01020304 fffefdfc`,
    [permission, { ...permission, relayPort: 1 }],
    wire.encodePeerPermission,
    wire.decodePeerPermission,
    [],
  ),
  figure(
    'CANDIDATE_PRIORITY',
    4700,
    '6effffff',
    0x6effffff,
    wire.encodeCandidatePriority,
    wire.decodeCandidatePriority,
    [0, 3, 5],
  ),
  figure('NOMINATE', 4710, '00000000', true, wire.encodeNominate, wire.decodeNominate, [0, 3, 5, 8]),
  figure(
    'RELAY_HMAC',
    65520,
    repeat('0d', 32),
    bytes(repeat('0d', 32)),
    wire.encodeRelayHmac,
    wire.decodeRelayHmac,
    [0],
  ),
])

describe('NAT traversal', () => {
  it('lists more than six modes for a tool, of which the first six count for a host', () => {
    const eight = `0000${Array.from({ length: 8 }, (_, i) => `000${i + 1}`).join('')}`
    expect(wire.decodeNatTraversalMode(bytes(eight), 44)).toEqual([1, 2, 3, 4, 5, 6])
    const all = wire.decodeParameter({ type: 608, contents: bytes(eight) }, 44)
    expect(all).toEqual({ name: 'NAT_TRAVERSAL_MODE', value: [1, 2, 3, 4, 5, 6, 7, 8] })
  })

  it('passes over whatever stands in reserved fields', () => {
    expect(wire.decodeNatTraversalMode(bytes('ffff 0003'), 44)).toEqual([3])
    expect(wire.decodeTransportAddress(bytes(`2904 11 ff ${four}`), 44)).toEqual(address)
    expect(wire.decodeNominate(bytes('ffffffff'), 44)).toBe(true)
    const hex = `9c40 2904 11 ffffff ${four} ${six} 01020304 fffefdfc`
    expect(wire.decodePeerPermission(bytes(hex), 44)).toEqual([permission])
  })

  it.each(addressed)('names $name in its fault', ({ type, decode }) => {
    expect(decode(bytes('00'), 44)).toEqual({
      malformed: 'wrong length of a transport address',
      at: 44,
      parameter: type,
    })
  })
})
