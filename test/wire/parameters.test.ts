// Each parameter against bytes worked out by hand from its figure, both ways, and against wrong lengths. What is refused for any
// other reason stands in refusals.test.ts.

import { describe, expect, it } from 'vitest'
import { decodeMac, decodeSignature } from '../../src/wire/exchange.ts'
import * as wire from '../../src/wire.ts'
import { bytes, describeFigures, type Figure, figure, repeat } from './figure.ts'

const start = (epoch: number, byte: number) => ({ epoch, incarnation: new Uint8Array(16).fill(byte) })
const loopback = bytes('00000000000000000000ffff7f000001')

const FIGURES: readonly Figure[] = [
  figure(
    'ESP_INFO',
    65,
    '0000 0060 01020304 fffefdfc',
    { keymatIndex: 96, oldSpi: 0x1020304, newSpi: 0xfffefdfc },
    wire.encodeEspInfo,
    wire.decodeEspInfo,
    [0, 8, 11, 13, 16],
  ),
  figure(
    'R1_COUNTER',
    129,
    '00000000 00000007 80000001',
    { high: 7, low: 0x80000001 },
    wire.encodeR1Counter,
    wire.decodeR1Counter,
    [0, 8, 11, 13],
  ),
  figure(
    'R1_COUNTER with its reserved word',
    129,
    'deadbeef 00000000 00000001',
    { high: 0, low: 1, reserved: 0xdeadbeef },
    wire.encodeR1Counter,
    wire.decodeR1Counter,
    [],
  ),
  figure(
    'LOCATOR_SET of all types',
    193,
    '00 00 04 01 00000e10 00000000000000000000ffff7f000001' +
      '01 01 05 00 ffffffff 00000100 00000000000000000000ffff7f000001' +
      '02 02 07 01 00000001 2904 11 03 7effffff 00000101 00000000000000000000ffff7f000001',
    [
      { trafficType: 0 as const, locatorType: 0, preferred: true, lifetimeSeconds: 3600, address: loopback },
      {
        trafficType: 1 as const,
        locatorType: 1,
        preferred: false,
        lifetimeSeconds: 0xffffffff,
        spi: 256,
        address: loopback,
      },
      {
        trafficType: 2 as const,
        locatorType: 2,
        preferred: true,
        lifetimeSeconds: 1,
        port: 10500,
        protocol: 17,
        kind: 3,
        priority: 0x7effffff,
        spi: 257,
        address: loopback,
      },
    ],
    wire.encodeLocatorSet,
    wire.decodeLocatorSet,
    [1, 7, 8, 23],
  ),
  figure('an empty LOCATOR_SET', 193, '', [], wire.encodeLocatorSet, wire.decodeLocatorSet, []),
  figure(
    'PUZZLE',
    257,
    `0a 25 beef ${repeat('11', 32)}`,
    { k: 10, lifetime: 37, opaque: bytes('beef'), i: bytes(repeat('11', 32)) },
    wire.encodePuzzle,
    wire.decodePuzzle,
    [0, 3, 4],
  ),
  figure(
    'SOLUTION',
    321,
    `0a 00 beef ${repeat('11', 32)} ${repeat('22', 32)}`,
    { k: 10, opaque: bytes('beef'), i: bytes(repeat('11', 32)), j: bytes(repeat('22', 32)) },
    wire.encodeSolution,
    wire.decodeSolution,
    [0, 3, 4, 5, 67],
  ),
  figure('SEQ', 385, 'ffffffff', 0xffffffff, wire.encodeSeq, wire.decodeSeq, [0, 3, 5, 8]),
  figure('ACK', 449, '00000000 00000005', [0, 5], wire.encodeAck, wire.decodeAck, [0, 3, 5, 7]),
  figure('DH_GROUP_LIST', 511, '07 08 04', [7, 8, 4], wire.encodeDhGroupList, wire.decodeDhGroupList, [0]),
  figure(
    'DIFFIE_HELLMAN',
    513,
    '07 0004 01020304',
    { group: 7, publicValue: bytes('01020304') },
    wire.encodeDiffieHellman,
    wire.decodeDiffieHellman,
    [0, 1, 2, 3],
  ),
  figure('HIP_CIPHER', 579, '0002 0004', [2, 4], wire.encodeHipCipher, wire.decodeHipCipher, [0, 1, 3]),
  figure('HIP_CIPHER of an I2', 579, '0002', 2, (id) => wire.encodeHipCipher([id]), wire.decodeChosenCipher, [0, 1, 4]),
  figure('ENCRYPTED', 641, '00000000 aabbcc', bytes('aabbcc'), wire.encodeEncrypted, wire.decodeEncrypted, [0, 3, 4]),
  figure(
    'HOST_ID of Ed25519',
    705,
    `0024 0000 000d 0001 0000 ${repeat('aa', 32)}`,
    { algorithm: 13, label: 1, key: bytes(repeat('aa', 32)) },
    wire.encodeHostId,
    wire.decodeHostId,
    [0, 5, 6],
  ),
  figure(
    'HOST_ID of ECDSA with a domain',
    705,
    `0043 1003 0007 0001 04 ${repeat('bb', 64)} 026162`,
    { algorithm: 7, label: 1, key: bytes(`04${repeat('bb', 64)}`), domain: bytes('026162'), domainType: 1 },
    wire.encodeHostId,
    wire.decodeHostId,
    [],
  ),
  figure(
    'HOST_ID of RSA with a NAI',
    705,
    '0005 2001 0005 03 010001 cc 40',
    { algorithm: 5, label: 0, key: bytes('03010001cc'), domain: bytes('40'), domainType: 2 },
    wire.encodeHostId,
    wire.decodeHostId,
    [],
  ),
  figure('HIT_SUITE_LIST', 715, '50 20', [5, 2], wire.encodeHitSuiteList, wire.decodeHitSuiteList, [0]),
  figure(
    'NOTIFICATION',
    832,
    '0000 a004 0102',
    { type: 40964, data: bytes('0102') },
    wire.encodeNotification,
    wire.decodeNotification,
    [0, 3],
  ),
  figure('ECHO_REQUEST_SIGNED', 897, 'abcd', bytes('abcd'), wire.encodeEchoRequestSigned, wire.decodeOpaque, []),
  figure('ECHO_RESPONSE_SIGNED', 961, 'abcd', bytes('abcd'), wire.encodeEchoResponseSigned, wire.decodeOpaque, []),
  figure(
    'TRANSPORT_FORMAT_LIST',
    2049,
    '0fff',
    [4095],
    wire.encodeTransportFormatList,
    wire.decodeTransportFormatList,
    [0, 1, 3],
  ),
  figure(
    'ESP_TRANSFORM',
    4095,
    '0000 000d 0008',
    [13, 8],
    wire.encodeEspTransform,
    wire.decodeEspTransform,
    [0, 2, 3, 5],
  ),
  figure(
    'ESP_TRANSFORM of an I2',
    4095,
    '0000 000d',
    [13],
    wire.encodeEspTransform,
    wire.decodeChosenEspTransform,
    [0, 2, 3, 6],
  ),
  figure(
    'EPOCH',
    39170,
    `0000000000000002 ${repeat('a1', 16)} 00000000ffffffff ${repeat('b2', 16)} 0000000000000001 0102030405060708 0003 c0ffee`,
    {
      sender: start(2, 0xa1),
      addressee: start(0xffffffff, 0xb2),
      baseEpoch: 1,
      resumptionId: bytes('0102030405060708'),
      receipt: bytes('c0ffee'),
    },
    wire.encodeEpoch,
    wire.decodeEpoch,
    [0, 65, 67],
  ),
  figure(
    'EPOCH without a receipt',
    39170,
    `${repeat('00', 66)}`,
    {
      sender: start(0, 0),
      addressee: start(0, 0),
      baseEpoch: 0,
      resumptionId: new Uint8Array(8),
      receipt: new Uint8Array(0),
    },
    wire.encodeEpoch,
    wire.decodeEpoch,
    [],
  ),
  figure('RESERVE_SPI', 39174, '00000100', 256, wire.encodeReserveSpi, wire.decodeReserveSpi, [0, 3, 5]),
  figure(
    'FINALS',
    39178,
    '00000100 0000000000000009 ffffffff 001fffffffffffff',
    [
      { spi: 256, sequence: 9 },
      { spi: 0xffffffff, sequence: 2 ** 53 - 1 },
    ],
    wire.encodeFinals,
    wire.decodeFinals,
    [1, 11, 13, 60],
  ),
  figure('empty FINALS', 39178, '', [], wire.encodeFinals, wire.decodeFinals, []),
  figure('PADDING', 39182, '0000000000', 5, wire.encodePadding, wire.decodePadding, []),
  figure(
    'INSTANCE',
    39186,
    `${repeat('01', 32)}${repeat('02', 64)}`,
    { key: bytes(repeat('01', 32)), signature: bytes(repeat('02', 64)) },
    wire.encodeInstance,
    wire.decodeInstance,
    [0, 95, 97],
  ),
  figure(
    'HIP_MAC',
    61505,
    repeat('0f', 32),
    bytes(repeat('0f', 32)),
    (mac) => ({ type: 61505, contents: mac }),
    decodeMac,
    [0],
  ),
  figure(
    'HIP_SIGNATURE_2',
    61633,
    '000d aabb',
    { algorithm: 13, bytes: bytes('aabb') },
    (value) => wire.encodeSignature(61633, value),
    decodeSignature,
    [0, 1, 2],
  ),
  figure(
    'HIP_SIGNATURE',
    61697,
    '0007 aabb',
    { algorithm: 7, bytes: bytes('aabb') },
    (value) => wire.encodeSignature(61697, value),
    decodeSignature,
    [0, 1, 2],
  ),
  figure('ECHO_RESPONSE_UNSIGNED', 63425, '', bytes(''), wire.encodeEchoResponseUnsigned, wire.decodeOpaque, []),
  figure('ECHO_REQUEST_UNSIGNED', 63661, '01', bytes('01'), wire.encodeEchoRequestUnsigned, wire.decodeOpaque, []),
]

describeFigures(FIGURES)

describe('a parameter with sound lengths', () => {
  it('may list more than six transforms, of which the first six count', () => {
    const eight = Array.from({ length: 8 }, (_, i) => `000${i + 1}`).join('')
    expect(wire.decodeHipCipher(bytes(eight), 44)).toEqual([1, 2, 3, 4, 5, 6])
    expect(wire.decodeEspTransform(bytes(`0000${eight}`), 44)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('may list locators of an unknown type or traffic type, which are skipped', () => {
    const known = `00000400 00000001 ${repeat('01', 16)}`
    const set = `00090100 00000001 00000000 ${known} 03000400 00000001 ${repeat('02', 16)}`
    expect(wire.decodeLocatorSet(bytes(set), 44)).toMatchObject([{ address: bytes(repeat('01', 16)) }])
  })
})
