// The published surface, name by name, so that it cannot grow or shrink by accident. A change here is a change of the interface:
// it belongs in CHANGELOG.md.

import { describe, expect, it } from 'vitest'
import * as conformance from '../src/conformance.ts'
import * as index from '../src/index.ts'
import * as sim from '../src/sim.ts'
import * as wire from '../src/wire.ts'
import { readText } from './support/tree.ts'

const INDEX = `
  Association DatagramSocket Endpoint FileLedger Host Identity LedgerError MemoryLedger SojournError
  createIdentity formatLocator formatPeer parseHit parseLocator parsePeer readIdentity thaw writeIdentity
`

const WIRE = `
  Control DhGroup ECHO_BYTES ESP_HEADER_BYTES EcdsaCurve EddsaCurve EspSuite HIP_HEADER_BYTES HIP_PACKET_LIMIT
  HIP_PORT HiAlgorithm HipCipher HitSuite INNER_UDP_BYTES KEEPALIVE LOWEST_SPI NextHeader Notification PacketType
  Parameter TransportFormat appendParameter classify coveredBy coveredByR1 decodeAck decodeCbor decodeChosenCipher
  decodeChosenEspTransform decodeClaim decodeDhGroupList decodeDiffieHellman decodeEcho decodeEncrypted
  decodeEpoch decodeEspInfo decodeEspTransform decodeFinals decodeGrant decodeHipCipher decodeHitSuiteList
  decodeHostId decodeInstance decodeLocatorSet decodeMac decodeMessage decodeNotification decodeOpaque
  decodePacket decodePadding decodeParameters decodePuzzle decodeR1Counter decodeReady decodeReceipt
  decodeReserveSpi decodeSeq decodeSignature decodeSigned decodeSolution decodeTransportFormatList
  decodeWhereabouts encodeAck encodeCbor encodeClaim encodeDhGroupList encodeDiffieHellman encodeEcho
  encodeEchoRequestSigned encodeEchoRequestUnsigned encodeEchoResponseSigned encodeEchoResponseUnsigned
  encodeEncrypted encodeEpoch encodeEspInfo encodeEspTransform encodeFinals encodeGrant encodeHipCipher
  encodeHitSuiteList encodeHostId encodeInstance encodeLocatorSet encodeMessage encodeNotification encodePacket
  encodePadding encodeParameters encodePuzzle encodeR1Counter encodeReady encodeReceipt encodeReserveSpi encodeSeq
  encodeSignature encodeSigned encodeSolution encodeTransportFormatList encodeWhereabouts espSize hipChecksum
  hipOf isMalformed macTwoInput readInnerUdp readTrailer sequenceLowOf signedInput spiOf sumOfPair
  upperLayerChecksum wrapHip writeEspHeader writeInnerUdp writeTrailer
`

const SIM = `
  APP_PORT AmplificationChecker CALM CapChecker CapsuleChecker Checkers Clock Door Driver EVENT_KINDS EpochChecker
  FAULT_KINDS FormerHostChecker HolderChecker HonestyChecker Instance KeyNames Link LivelockChecker Nat Network
  NonceChecker OnceChecker Process SIM_KEM SecretChecker SimLedger StatelessChecker Swarm Tally World addCounts
  allCheckers calmProfile contentBytes contentId describeFailure drawProfile kemKey openBox packetKind
  pooledIdentity runSeed sealBox spyAead spyEntropy spyKeylog startNow zeros
`

function listed(names: string): readonly string[] {
  return names.trim().split(/\s+/)
}

describe('the package shows', () => {
  it('to its users exactly these names', () => {
    expect(Object.keys(index).sort()).toEqual(listed(INDEX))
  })

  it('of its codec exactly these names', () => {
    expect(Object.keys(wire).sort()).toEqual(listed(WIRE))
  })

  it('of its simulator exactly these names', () => {
    expect(Object.keys(sim).sort()).toEqual(listed(SIM))
  })

  it('to those who want everything of RFC 7401 exactly these names', () => {
    expect(Object.keys(conformance).sort()).toEqual(['conformance', 'detPrefix', 'readDet', 'verifyDet'])
  })

  it('these entries and no other file', () => {
    const manifest: { exports: object; bin: object } = JSON.parse(readText('package.json'))
    expect(Object.keys(manifest.exports)).toEqual(['.', './sim', './wire', './conformance', './package.json'])
    expect(Object.keys(manifest.bin)).toEqual(['sojourn'])
  })
})
