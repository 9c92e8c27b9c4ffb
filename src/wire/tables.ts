// What each of the eight packets may hold, as RFC 7401 §5.3, RFC 7402 §5.2, RFC 8046 §4.3, RFC 8002 §2, RFC 8003 §3, RFC 8004
// §4.2, RFC 9028 §4 and MOVING §2 give it, and the parsers made of these tables. Nothing is demanded but what the base
// exchange needs; a critical parameter that is not in the table of its packet stops it.

import { decodeCert } from './certificate.ts'
import * as exchange from './exchange.ts'
import { optional, parser, repeated, required, several, tolerated } from './grammar.ts'
import { decodeLocatorSet } from './mobility.ts'
import * as nat from './nat.ts'
import { decodeNotification } from './notify.ts'
import * as moving from './private.ts'
import * as registration from './registration.ts'
import { Parameter } from './registry.ts'
import { decodeFrom, decodeRvsHmac, decodeViaRvs } from './rendezvous.ts'
import { decodeAck, decodeEspInfo, decodeOpaque, decodeSeq } from './update.ts'

// Middleboxes may add unsigned echoes to anything (RFC 7401 §5.2.21); they are answered, if at all, from the packet.
const UNSIGNED_ECHOES = {
  echoResponseUnsigned: tolerated(Parameter.ECHO_RESPONSE_UNSIGNED),
  echoRequestUnsigned: tolerated(Parameter.ECHO_REQUEST_UNSIGNED),
}
const EPOCH = optional(Parameter.EPOCH, moving.decodeEpoch)
const RESERVE_SPI = optional(Parameter.RESERVE_SPI, moving.decodeReserveSpi)
const INSTANCE = optional(Parameter.INSTANCE, moving.decodeInstance)
const LOCATOR_SET = optional(Parameter.LOCATOR_SET, decodeLocatorSet)
const MAC = required(Parameter.HIP_MAC, exchange.decodeMac)
const SIGNATURE = required(Parameter.HIP_SIGNATURE, exchange.decodeSignature)
const CERTIFICATES = several(Parameter.CERT, decodeCert)
const ECHO_REQUEST = optional(Parameter.ECHO_REQUEST_SIGNED, decodeOpaque)
const ECHO_RESPONSE = optional(Parameter.ECHO_RESPONSE_SIGNED, decodeOpaque)
const REG_INFO = optional(Parameter.REG_INFO, registration.decodeRegInfo)
// A sender writes one of each; a receiver has to take several (RFC 8003 §4.3, §4.4).
const REG_REQUESTS = several(Parameter.REG_REQUEST, registration.decodeRegRequest)
const REG_ANSWERS = {
  regResponses: several(Parameter.REG_RESPONSE, registration.decodeRegResponse),
  regFailures: several(Parameter.REG_FAILED, registration.decodeRegFailed),
}
const REG_FROM = transportAddress(Parameter.REG_FROM)
const RELAYED_ADDRESS = transportAddress(Parameter.RELAYED_ADDRESS)
const TRAVERSAL = {
  natModes: optional(Parameter.NAT_TRAVERSAL_MODE, nat.decodeNatTraversalMode),
  pacingMs: optional(Parameter.TRANSACTION_PACING, nat.decodeTransactionPacing),
}
// What relays and rendezvous servers write behind the signature.
const RELAY_FROM = transportAddress(Parameter.RELAY_FROM)
const RELAY_TO = transportAddress(Parameter.RELAY_TO)
const RELAY_HMAC = optional(Parameter.RELAY_HMAC, nat.decodeRelayHmac)
const FROM_RVS = { from: several(Parameter.FROM, decodeFrom), rvsHmacs: several(Parameter.RVS_HMAC, decodeRvsHmac) }
const VIA_RVS = optional(Parameter.VIA_RVS, decodeViaRvs)

// In numeric order, which is the order on the wire.
const I1_TABLE = {
  dhGroups: required(Parameter.DH_GROUP_LIST, exchange.decodeDhGroupList),
  padding: optional(Parameter.PADDING, moving.decodePadding),
  ...UNSIGNED_ECHOES,
  relayFrom: RELAY_FROM,
  ...FROM_RVS,
  relayHmac: RELAY_HMAC,
}
export const R1_TABLE = {
  counter: optional(Parameter.R1_COUNTER, exchange.decodeR1Counter),
  locators: LOCATOR_SET,
  puzzle: required(Parameter.PUZZLE, exchange.decodePuzzle),
  dhGroups: required(Parameter.DH_GROUP_LIST, exchange.decodeDhGroupList),
  dh: required(Parameter.DIFFIE_HELLMAN, exchange.decodeDiffieHellman),
  ciphers: required(Parameter.HIP_CIPHER, exchange.decodeHipCipher),
  ...TRAVERSAL,
  hostId: required(Parameter.HOST_ID, exchange.decodeHostId),
  hitSuites: required(Parameter.HIT_SUITE_LIST, exchange.decodeHitSuiteList),
  certificates: CERTIFICATES,
  echoSigned: ECHO_REQUEST,
  regInfo: REG_INFO,
  transports: required(Parameter.TRANSPORT_FORMAT_LIST, exchange.decodeTransportFormatList),
  espSuites: optional(Parameter.ESP_TRANSFORM, exchange.decodeEspTransform),
  epoch: EPOCH,
  instance: INSTANCE,
  signature: required(Parameter.HIP_SIGNATURE_2, exchange.decodeSignature),
  ...UNSIGNED_ECHOES,
  relayTo: RELAY_TO,
  viaRvs: VIA_RVS,
}
export const I2_TABLE = {
  espInfo: required(Parameter.ESP_INFO, decodeEspInfo),
  counter: optional(Parameter.R1_COUNTER, exchange.decodeR1Counter),
  locators: LOCATOR_SET,
  solution: required(Parameter.SOLUTION, exchange.decodeSolution),
  dh: required(Parameter.DIFFIE_HELLMAN, exchange.decodeDiffieHellman),
  cipher: required(Parameter.HIP_CIPHER, exchange.decodeChosenCipher),
  ...TRAVERSAL,
  encrypted: optional(Parameter.ENCRYPTED, exchange.decodeEncrypted),
  hostId: optional(Parameter.HOST_ID, exchange.decodeHostId),
  certificates: CERTIFICATES,
  regRequests: REG_REQUESTS,
  echoResponseSigned: ECHO_RESPONSE,
  transports: required(Parameter.TRANSPORT_FORMAT_LIST, exchange.decodeTransportFormatList),
  espSuites: required(Parameter.ESP_TRANSFORM, exchange.decodeChosenEspTransform),
  epoch: EPOCH,
  reserveSpi: RESERVE_SPI,
  instance: INSTANCE,
  mac: MAC,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
  relayFrom: RELAY_FROM,
  relayHmac: RELAY_HMAC,
}
const R2_TABLE = {
  espInfo: required(Parameter.ESP_INFO, decodeEspInfo),
  locators: LOCATOR_SET,
  encrypted: optional(Parameter.ENCRYPTED, exchange.decodeEncrypted),
  certificates: CERTIFICATES,
  ...REG_ANSWERS,
  regFrom: REG_FROM,
  relayedAddress: RELAYED_ADDRESS,
  epoch: EPOCH,
  reserveSpi: RESERVE_SPI,
  instance: INSTANCE,
  mac2: required(Parameter.HIP_MAC_2, exchange.decodeMac),
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
  relayTo: RELAY_TO,
}
export const UPDATE_TABLE = {
  espInfo: optional(Parameter.ESP_INFO, decodeEspInfo),
  locators: LOCATOR_SET,
  seq: optional(Parameter.SEQ, decodeSeq),
  ack: optional(Parameter.ACK, decodeAck),
  dh: optional(Parameter.DIFFIE_HELLMAN, exchange.decodeDiffieHellman),
  encrypted: optional(Parameter.ENCRYPTED, exchange.decodeEncrypted),
  hostId: optional(Parameter.HOST_ID, exchange.decodeHostId),
  certificates: CERTIFICATES,
  echoRequestSigned: ECHO_REQUEST,
  regInfo: REG_INFO,
  regRequests: REG_REQUESTS,
  ...REG_ANSWERS,
  regFrom: REG_FROM,
  echoResponseSigned: ECHO_RESPONSE,
  relayedAddress: RELAYED_ADDRESS,
  mappedAddress: transportAddress(Parameter.MAPPED_ADDRESS),
  peerPermissions: optional(Parameter.PEER_PERMISSION, nat.decodePeerPermission),
  candidatePriority: optional(Parameter.CANDIDATE_PRIORITY, nat.decodeCandidatePriority),
  nominate: optional(Parameter.NOMINATE, nat.decodeNominate),
  epoch: EPOCH,
  reserveSpi: RESERVE_SPI,
  finals: optional(Parameter.FINALS, moving.decodeFinals),
  padding: optional(Parameter.PADDING, moving.decodePadding),
  instance: INSTANCE,
  mac: MAC,
  // Optional because an address check is signed by nobody (MOVING §6); what moves or rekeys must have one (DESIGN §5).
  signature: optional(Parameter.HIP_SIGNATURE, exchange.decodeSignature),
  ...UNSIGNED_ECHOES,
  relayFrom: RELAY_FROM,
  relayTo: RELAY_TO,
  ...FROM_RVS,
  viaRvs: VIA_RVS,
  relayHmac: RELAY_HMAC,
}
export const NOTIFY_TABLE = {
  hostId: optional(Parameter.HOST_ID, exchange.decodeHostId),
  certificates: CERTIFICATES,
  notifications: repeated(Parameter.NOTIFICATION, decodeNotification),
  epoch: EPOCH,
  instance: INSTANCE,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}
const CLOSE_TABLE = {
  certificates: CERTIFICATES,
  echoRequestSigned: required(Parameter.ECHO_REQUEST_SIGNED, decodeOpaque),
  epoch: EPOCH,
  instance: INSTANCE,
  mac: MAC,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}
const CLOSE_ACK_TABLE = {
  certificates: CERTIFICATES,
  echoResponseSigned: required(Parameter.ECHO_RESPONSE_SIGNED, decodeOpaque),
  epoch: EPOCH,
  mac: MAC,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}

export const parseI1 = parser(I1_TABLE)
export const parseR1 = parser(R1_TABLE)
export const parseI2 = parser(I2_TABLE)
export const parseR2 = parser(R2_TABLE)
export const parseUpdate = parser(UPDATE_TABLE)
export const parseNotify = parser(NOTIFY_TABLE)
export const parseClose = parser(CLOSE_TABLE)
export const parseCloseAck = parser(CLOSE_ACK_TABLE)

function transportAddress(type: nat.TransportAddressType) {
  return optional(type, (contents, at) => nat.decodeTransportAddress(contents, at, type))
}
