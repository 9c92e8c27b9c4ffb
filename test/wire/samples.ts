// One full sample of each packet: every parameter that its row of the grammar allows, by type.

import { fromHex } from '../../src/base/bytes.ts'
import type { ParameterValue } from '../../src/wire/packet.ts'
import * as wire from '../../src/wire.ts'
import { HIT_A, HIT_B } from './fixtures.ts'

const fill = (byte: number, length: number) => new Uint8Array(length).fill(byte)
const start = (epoch: number) => ({ epoch, incarnation: fill(epoch, 16) })

export const EPOCH: wire.Epoch = {
  sender: start(2),
  addressee: start(1),
  baseEpoch: 1,
  resumptionId: fill(3, 8),
  receipt: fill(4, 150),
}

const locators = wire.encodeLocatorSet([
  {
    trafficType: 0,
    locatorType: 2,
    preferred: true,
    lifetimeSeconds: 60,
    port: 1,
    protocol: 17,
    kind: 0,
    priority: 1,
    spi: 300,
    address: fill(5, 16),
  },
])
const espInfo = wire.encodeEspInfo({ keymatIndex: 0, oldSpi: 0, newSpi: 300 })
const counter = wire.encodeR1Counter({ high: 1, low: 2 })
const dh = wire.encodeDiffieHellman({ group: 7, publicValue: fill(6, 64) })
const hostId = wire.encodeHostId({ algorithm: 13, label: 1, key: fill(7, 32) })
const encrypted = wire.encodeEncrypted(fill(8, 32))
const transports = wire.encodeTransportFormatList([4095])
const echoRequest = wire.encodeEchoRequestSigned(fill(9, 8))
const echoResponse = wire.encodeEchoResponseSigned(fill(10, 8))
const epoch = wire.encodeEpoch(EPOCH)
const reserve = wire.encodeReserveSpi(301)
const padding = wire.encodePadding(20)
const instance = wire.encodeInstance({ key: fill(11, 32), signature: fill(12, 64) })
const mac = { type: 61505, contents: fill(13, 32) }
const mac2 = { type: 61569, contents: fill(13, 32) }
const signature = wire.encodeSignature(61697, { algorithm: 13, bytes: fill(14, 64) })
const signature2 = wire.encodeSignature(61633, { algorithm: 13, bytes: fill(14, 64) })
const address = { port: 10500, protocol: 17, address: fill(5, 16) }
const traversal = [wire.encodeNatTraversalMode([1]), wire.encodeTransactionPacing(50)]
const cert = wire.encodeCert({ group: 1, count: 1, id: 1, type: 1, certificate: fill(15, 9) })
const regInfo = wire.encodeRegInfo({ minLifetime: 91, maxLifetime: 119, types: [1, 2] })
const regRequest = wire.encodeRegRequest({ lifetime: 119, types: [1] })
const registered = [
  wire.encodeRegResponse({ lifetime: 119, types: [1] }),
  wire.encodeRegFailed({ failure: 9, types: [2] }),
  wire.encodeTransportAddress(950, address),
  wire.encodeTransportAddress(4650, address),
]
const relayFrom = wire.encodeTransportAddress(63998, address)
const relayTo = wire.encodeTransportAddress(64002, address)
const relayHmac = wire.encodeRelayHmac(fill(16, 32))
const fromRvs = [wire.encodeFrom(fill(5, 16)), wire.encodeRvsHmac(fill(16, 32))]
const viaRvs = wire.encodeViaRvs([fill(5, 16)])
const unsigned = [wire.encodeEchoResponseUnsigned(fromHex('01')), wire.encodeEchoRequestUnsigned(fromHex('02'))]

/** What a kind of packet holds, and which of it may not be missing. */
export interface Sample {
  readonly kind: wire.MessageKind
  readonly parameters: readonly ParameterValue[]
  readonly required: readonly number[]
}

export const SAMPLES: readonly Sample[] = [
  {
    kind: 'I1',
    parameters: [wire.encodeDhGroupList([7, 8]), padding, ...unsigned, relayFrom, ...fromRvs, relayHmac],
    required: [511],
  },
  {
    kind: 'R1',
    parameters: [
      counter,
      locators,
      wire.encodePuzzle({ k: 0, lifetime: 37, opaque: fill(1, 2), i: fill(2, 32) }),
      wire.encodeDhGroupList([7]),
      dh,
      wire.encodeHipCipher([2, 4]),
      ...traversal,
      hostId,
      wire.encodeHitSuiteList([5, 2]),
      cert,
      echoRequest,
      regInfo,
      transports,
      wire.encodeEspTransform([13, 8]),
      epoch,
      instance,
      signature2,
      ...unsigned,
      relayTo,
      viaRvs,
    ],
    required: [257, 511, 513, 579, 705, 715, 2049, 61633],
  },
  {
    kind: 'I2',
    parameters: [
      espInfo,
      counter,
      locators,
      wire.encodeSolution({ k: 0, opaque: fill(1, 2), i: fill(2, 32), j: fill(3, 32) }),
      dh,
      wire.encodeHipCipher([2]),
      ...traversal,
      encrypted,
      hostId,
      cert,
      regRequest,
      echoResponse,
      transports,
      wire.encodeEspTransform([13]),
      epoch,
      reserve,
      instance,
      mac,
      signature,
      ...unsigned,
      relayFrom,
      relayHmac,
    ],
    required: [65, 321, 513, 579, 2049, 4095, 61505, 61697],
  },
  {
    kind: 'R2',
    parameters: [
      espInfo,
      locators,
      encrypted,
      cert,
      ...registered,
      epoch,
      reserve,
      instance,
      mac2,
      signature,
      ...unsigned,
      relayTo,
    ],
    required: [65, 61569, 61697],
  },
  {
    kind: 'UPDATE',
    parameters: [
      espInfo,
      locators,
      wire.encodeSeq(0),
      wire.encodeAck([1, 2]),
      dh,
      encrypted,
      hostId,
      cert,
      echoRequest,
      regInfo,
      regRequest,
      ...registered,
      echoResponse,
      wire.encodeTransportAddress(4660, address),
      wire.encodePeerPermission([
        {
          relayPort: 1,
          peerPort: 2,
          protocol: 17,
          relayAddress: fill(5, 16),
          peerAddress: fill(6, 16),
          outboundSpi: 300,
          inboundSpi: 301,
        },
      ]),
      wire.encodeCandidatePriority(1),
      wire.encodeNominate(),
      epoch,
      reserve,
      wire.encodeFinals([{ spi: 300, sequence: 4 }]),
      padding,
      instance,
      mac,
      signature,
      ...unsigned,
      relayFrom,
      relayTo,
      ...fromRvs,
      viaRvs,
      relayHmac,
    ],
    required: [61505],
  },
  {
    kind: 'NOTIFY',
    parameters: [
      hostId,
      cert,
      wire.encodeNotification({ type: 40964, data: fill(1, 32) }),
      wire.encodeNotification({ type: 24, data: fill(2, 3) }),
      epoch,
      signature,
      ...unsigned,
    ],
    required: [832, 61697],
  },
  {
    kind: 'CLOSE',
    parameters: [cert, echoRequest, epoch, instance, mac, signature, ...unsigned],
    required: [897, 61505, 61697],
  },
  {
    kind: 'CLOSE_ACK',
    parameters: [cert, echoResponse, epoch, mac, signature, ...unsigned],
    required: [961, 61505, 61697],
  },
]

export function encodeSample(kind: wire.MessageKind, parameters: readonly ParameterValue[]): Uint8Array {
  return wire.encodeMessage(kind, HIT_A, HIT_B, parameters)
}
