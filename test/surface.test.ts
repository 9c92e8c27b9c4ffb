// The published surface, name by name, so that it cannot grow or shrink by accident. A change here is a change of the interface:
// it belongs in CHANGELOG.md.

import { describe, expect, it } from 'vitest'
import * as conformance from '../src/conformance.ts'
import * as index from '../src/index.ts'
import * as sim from '../src/sim.ts'
import * as wire from '../src/wire.ts'
import { readText } from './support/tree.ts'

const INDEX = `
  Association DatagramSocket Endpoint FileLedger Host Identity LedgerError Listener MemoryLedger ResumableServer
  SojournAgent SojournError SojournStream createIdentity formatLocator formatPeer parseHit parseLocator parsePeer
  readIdentity resumable sojournConnection sojournConnector thaw writeIdentity
`

const WIRE = `
  CandidateKind CertificateType Control DhGroup DomainType ECHO_BYTES ESP_HEADER_BYTES EcdsaCurve EddsaCurve
  EspSuite HIP_HEADER_BYTES HIP_PACKET_LIMIT HIP_PORT HiAlgorithm HipCipher HitSuite INNER_UDP_BYTES KEEPALIVE
  LOWEST_SPI LocatorType NatMode NextHeader Notification PacketType Parameter RegistrationFailure
  RegistrationType TrafficType TransportFormat appendParameter classify coveredBy coveredByR1 decodeAck
  decodeCandidatePriority decodeCbor decodeCert decodeChosenCipher decodeChosenEspTransform decodeClaim
  decodeDhGroupList decodeDiffieHellman decodeDomainIdentifier decodeEcho decodeEncrypted decodeEpoch
  decodeEspInfo decodeEspTransform decodeFinals decodeFrom decodeGrant decodeHipCipher decodeHitSuiteList
  decodeHostId decodeInstance decodeLocatorSet decodeLocators decodeMac decodeMessage decodeNatTraversalMode
  decodeNominate decodeNotification decodeOpaque decodePacket decodePadding decodeParameter decodeParameters
  decodePeerPermission decodePuzzle decodeR1Counter decodeReady decodeReceipt decodeRegFailed decodeRegInfo
  decodeRegRequest decodeRegResponse decodeRelayHmac decodeReserveSpi decodeRvsHmac decodeSeq decodeSignature
  decodeSigned decodeSolution decodeTransactionPacing decodeTransportAddress decodeTransportFormatList
  decodeViaRvs decodeWhereabouts encodeAck encodeCandidatePriority encodeCbor encodeCert encodeClaim
  encodeDhGroupList encodeDiffieHellman encodeDomainIdentifier encodeEcho encodeEchoRequestSigned
  encodeEchoRequestUnsigned encodeEchoResponseSigned encodeEchoResponseUnsigned encodeEncrypted encodeEpoch
  encodeEspInfo encodeEspTransform encodeFinals encodeFrom encodeGrant encodeHipCipher encodeHitSuiteList
  encodeHostId encodeInstance encodeLocatorSet encodeLocators encodeMac encodeMessage encodeNatTraversalMode
  encodeNominate encodeNotification encodePacket encodePadding encodeParameter encodeParameters
  encodePeerPermission encodePuzzle encodeR1Counter encodeReady encodeReceipt encodeRegFailed encodeRegInfo
  encodeRegRequest encodeRegResponse encodeRelayHmac encodeReserveSpi encodeRvsHmac encodeSeq encodeSignature
  encodeSigned encodeSolution encodeTransactionPacing encodeTransportAddress encodeTransportFormatList
  encodeViaRvs encodeWhereabouts espSize hipChecksum hipOf isCritical isMalformed macTwoInput mayRepeat
  notificationDetail parameterName readInnerUdp readTrailer registrationLifetime registrationSeconds
  sequenceLowOf signedInput spiOf sumOfPair typedParameters upperLayerChecksum wrapHip writeEspHeader
  writeInnerUdp writeTrailer
`

const SIM = `
  APP_PORT AmplificationChecker CALM CapChecker CapsuleChecker Checkers Clock EVENT_KINDS EpochChecker FAULT_KINDS
  FormerHostChecker HolderChecker HonestyChecker Instance Link LivelockChecker Nat Network NonceChecker OnceChecker
  Process SEED_KINDS STREAM_PORT SWARM SecretChecker SimLedger StatelessChecker StreamChecker StreamDesk
  StreamEndChecker Swarm Tally World addCounts allCheckers calmProfile contentBytes contentId describeFailure
  drawProfile kindOfSeed packetKind pooledIdentity runSeed zeros
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

  it('no entry whose members `npm run api` does not ask words for', () => {
    const manifest: { exports: Record<string, string | { types: string }> } = JSON.parse(readText('package.json'))
    const { entryPoints }: { entryPoints: readonly string[] } = JSON.parse(readText('.ci/typedoc.json'))
    const sources = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [] : [entry.types.replace('./dist/', '../').replace('.d.ts', '.ts')],
    )
    expect(entryPoints).toEqual(sources)
  })
})
