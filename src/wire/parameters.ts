// Every parameter by its name: one table of codecs, with which any packet turns into typed values and back into the same
// bytes (reserved fields and padding come out as zero). The core reads packets by messages.ts, which asks for more: what a
// host has to pass over, such as a seventh cipher or a locator of an unknown type, is kept here.

import { concat } from '../base/bytes.ts'
import * as certificate from './certificate.ts'
import * as exchange from './exchange.ts'
import type { Decoder } from './grammar.ts'
import { readList, writeList } from './lists.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'
import * as mobility from './mobility.ts'
import * as nat from './nat.ts'
import * as notify from './notify.ts'
import type { ParameterValue, RawParameter } from './packet.ts'
import * as moving from './private.ts'
import * as registration from './registration.ts'
import { Parameter } from './registry.ts'
import * as rendezvous from './rendezvous.ts'
import * as update from './update.ts'

export type ParameterName = keyof typeof Parameter

/** What each parameter holds. */
export interface ParameterValues {
  readonly ESP_INFO: update.EspInfo
  readonly R1_COUNTER: exchange.R1Counter
  readonly LOCATOR_SET: readonly (mobility.LocatorEntry | mobility.OtherLocator)[]
  readonly PUZZLE: exchange.Puzzle
  readonly SOLUTION: exchange.Solution
  readonly SEQ: number
  readonly ACK: readonly number[]
  readonly DH_GROUP_LIST: readonly number[]
  readonly DIFFIE_HELLMAN: exchange.DiffieHellman
  readonly HIP_CIPHER: readonly number[]
  readonly NAT_TRAVERSAL_MODE: readonly number[]
  /** Milliseconds. */
  readonly TRANSACTION_PACING: number
  /** What follows the reserved word. */
  readonly ENCRYPTED: Uint8Array
  readonly HOST_ID: exchange.HostId
  readonly HIT_SUITE_LIST: readonly number[]
  readonly CERT: certificate.Certificate
  readonly NOTIFICATION: notify.NotificationData
  readonly ECHO_REQUEST_SIGNED: Uint8Array
  readonly REG_INFO: registration.RegistrationInfo
  readonly REG_REQUEST: registration.Registration
  readonly REG_RESPONSE: registration.Registration
  readonly REG_FAILED: registration.RegistrationRefusal
  readonly REG_FROM: nat.TransportAddress
  readonly ECHO_RESPONSE_SIGNED: Uint8Array
  readonly TRANSPORT_FORMAT_LIST: readonly number[]
  readonly ESP_TRANSFORM: readonly number[]
  readonly RELAYED_ADDRESS: nat.TransportAddress
  readonly MAPPED_ADDRESS: nat.TransportAddress
  readonly PEER_PERMISSION: readonly nat.PeerPermission[]
  readonly CANDIDATE_PRIORITY: number
  readonly NOMINATE: true
  readonly EPOCH: moving.Epoch
  readonly RESERVE_SPI: number
  readonly FINALS: readonly moving.Final[]
  /** Bytes. */
  readonly PADDING: number
  readonly INSTANCE: moving.Instance
  readonly HIP_MAC: Uint8Array
  readonly HIP_MAC_2: Uint8Array
  readonly HIP_SIGNATURE_2: exchange.Signature
  readonly HIP_SIGNATURE: exchange.Signature
  readonly ECHO_RESPONSE_UNSIGNED: Uint8Array
  readonly ECHO_REQUEST_UNSIGNED: Uint8Array
  readonly RELAY_FROM: nat.TransportAddress
  readonly RELAY_TO: nat.TransportAddress
  readonly FROM: Uint8Array
  readonly RVS_HMAC: Uint8Array
  readonly VIA_RVS: readonly Uint8Array[]
  readonly RELAY_HMAC: Uint8Array
}

/** A parameter that is known by name. */
export type TypedParameter<N extends ParameterName = ParameterName> = {
  readonly [K in N]: { readonly name: K; readonly value: ParameterValues[K] }
}[N]

/** A parameter of a type that nothing here knows. */
export interface UnknownParameter {
  readonly name: undefined
  readonly type: number
  readonly contents: Uint8Array
}

interface Codec<T> {
  readonly decode: Decoder<T>
  readonly encode: (value: T) => ParameterValue
}

const CODECS: { readonly [N in ParameterName]: Codec<ParameterValues[N]> } = {
  ESP_INFO: { decode: update.decodeEspInfo, encode: update.encodeEspInfo },
  R1_COUNTER: { decode: exchange.decodeR1Counter, encode: exchange.encodeR1Counter },
  LOCATOR_SET: { decode: mobility.decodeLocators, encode: mobility.encodeLocators },
  PUZZLE: { decode: exchange.decodePuzzle, encode: exchange.encodePuzzle },
  SOLUTION: { decode: exchange.decodeSolution, encode: exchange.encodeSolution },
  SEQ: { decode: update.decodeSeq, encode: update.encodeSeq },
  ACK: { decode: update.decodeAck, encode: update.encodeAck },
  DH_GROUP_LIST: { decode: exchange.decodeDhGroupList, encode: exchange.encodeDhGroupList },
  DIFFIE_HELLMAN: { decode: exchange.decodeDiffieHellman, encode: exchange.encodeDiffieHellman },
  HIP_CIPHER: wholeList(Parameter.HIP_CIPHER, 0),
  NAT_TRAVERSAL_MODE: wholeList(Parameter.NAT_TRAVERSAL_MODE, 2),
  TRANSACTION_PACING: { decode: nat.decodeTransactionPacing, encode: nat.encodeTransactionPacing },
  ENCRYPTED: { decode: exchange.decodeEncrypted, encode: exchange.encodeEncrypted },
  HOST_ID: { decode: exchange.decodeHostId, encode: exchange.encodeHostId },
  HIT_SUITE_LIST: { decode: exchange.decodeHitSuiteList, encode: exchange.encodeHitSuiteList },
  CERT: { decode: certificate.decodeCert, encode: certificate.encodeCert },
  NOTIFICATION: { decode: notify.decodeNotification, encode: notify.encodeNotification },
  ECHO_REQUEST_SIGNED: { decode: update.decodeOpaque, encode: update.encodeEchoRequestSigned },
  REG_INFO: { decode: registration.decodeRegInfo, encode: registration.encodeRegInfo },
  REG_REQUEST: { decode: registration.decodeRegRequest, encode: registration.encodeRegRequest },
  REG_RESPONSE: { decode: registration.decodeRegResponse, encode: registration.encodeRegResponse },
  REG_FAILED: { decode: registration.decodeRegFailed, encode: registration.encodeRegFailed },
  REG_FROM: transportAddress(Parameter.REG_FROM),
  ECHO_RESPONSE_SIGNED: { decode: update.decodeOpaque, encode: update.encodeEchoResponseSigned },
  TRANSPORT_FORMAT_LIST: { decode: exchange.decodeTransportFormatList, encode: exchange.encodeTransportFormatList },
  ESP_TRANSFORM: wholeList(Parameter.ESP_TRANSFORM, 2),
  RELAYED_ADDRESS: transportAddress(Parameter.RELAYED_ADDRESS),
  MAPPED_ADDRESS: transportAddress(Parameter.MAPPED_ADDRESS),
  PEER_PERMISSION: { decode: nat.decodePeerPermission, encode: nat.encodePeerPermission },
  CANDIDATE_PRIORITY: { decode: nat.decodeCandidatePriority, encode: nat.encodeCandidatePriority },
  NOMINATE: { decode: nat.decodeNominate, encode: nat.encodeNominate },
  EPOCH: { decode: moving.decodeEpoch, encode: moving.encodeEpoch },
  RESERVE_SPI: { decode: moving.decodeReserveSpi, encode: moving.encodeReserveSpi },
  FINALS: { decode: moving.decodeFinals, encode: moving.encodeFinals },
  PADDING: { decode: moving.decodePadding, encode: moving.encodePadding },
  INSTANCE: { decode: moving.decodeInstance, encode: moving.encodeInstance },
  HIP_MAC: { decode: exchange.decodeMac, encode: (mac) => exchange.encodeMac(Parameter.HIP_MAC, mac) },
  HIP_MAC_2: { decode: exchange.decodeMac, encode: (mac) => exchange.encodeMac(Parameter.HIP_MAC_2, mac) },
  HIP_SIGNATURE_2: signature(Parameter.HIP_SIGNATURE_2),
  HIP_SIGNATURE: signature(Parameter.HIP_SIGNATURE),
  ECHO_RESPONSE_UNSIGNED: { decode: update.decodeOpaque, encode: update.encodeEchoResponseUnsigned },
  ECHO_REQUEST_UNSIGNED: { decode: update.decodeOpaque, encode: update.encodeEchoRequestUnsigned },
  RELAY_FROM: transportAddress(Parameter.RELAY_FROM),
  RELAY_TO: transportAddress(Parameter.RELAY_TO),
  FROM: { decode: rendezvous.decodeFrom, encode: rendezvous.encodeFrom },
  RVS_HMAC: { decode: rendezvous.decodeRvsHmac, encode: rendezvous.encodeRvsHmac },
  VIA_RVS: { decode: rendezvous.decodeViaRvs, encode: rendezvous.encodeViaRvs },
  RELAY_HMAC: { decode: nat.decodeRelayHmac, encode: nat.encodeRelayHmac },
}

const NAMES: ReadonlyMap<number, ParameterName> = new Map(
  Object.entries(Parameter).map(([name, type]) => [type, name as ParameterName]),
)

// What may stand more than once in a packet: RFC 7401 §5.2.19 and §5.2.21, RFC 8002 §2, RFC 8003 §4.3–§4.5, RFC 8004 §4.2.2.
const REPEATABLE: ReadonlySet<number> = new Set([
  Parameter.CERT,
  Parameter.NOTIFICATION,
  Parameter.REG_REQUEST,
  Parameter.REG_RESPONSE,
  Parameter.REG_FAILED,
  Parameter.ECHO_RESPONSE_UNSIGNED,
  Parameter.ECHO_REQUEST_UNSIGNED,
  Parameter.FROM,
  Parameter.RVS_HMAC,
])

/** The name of a parameter type, or undefined. */
export function parameterName(type: number): ParameterName | undefined {
  return NAMES.get(type)
}

/** Whether a host that does not know the type has to stop at it (RFC 7401 §5.2.1): odd types are critical. */
export function isCritical(type: number): boolean {
  return type % 2 === 1
}

/** Whether a packet may hold several parameters of this type; unknown ones may. */
export function mayRepeat(type: number): boolean {
  return REPEATABLE.has(type) || !NAMES.has(type)
}

/** Reads one parameter, whose contents start at byte `at` of what it came from. */
export function decodeParameter(raw: ParameterValue, at: number): TypedParameter | UnknownParameter | Malformed {
  const name = NAMES.get(raw.type)
  return name === undefined ? { name, type: raw.type, contents: raw.contents } : decodeAs(name, raw.contents, at)
}

/** Writes what `decodeParameter` reads. */
export function encodeParameter(parameter: TypedParameter | UnknownParameter): ParameterValue {
  if (parameter.name !== undefined) return encodeAs(parameter)
  return { type: parameter.type, contents: parameter.contents }
}

/**
 * Reads a row of parameters, as `decodePacket` or `decodeParameters` found it: in order, none twice that may stand once.
 * Unknown critical types are Malformed; other unknown ones stay as they are.
 */
export function typedParameters(
  row: readonly RawParameter[],
): readonly (TypedParameter | UnknownParameter)[] | Malformed {
  const typed: (TypedParameter | UnknownParameter)[] = []
  let previous = -1
  for (const raw of row) {
    const { type, start } = raw
    if (type === previous && !mayRepeat(type)) return malformed('parameter given twice', start, type)
    const parameter = decodeParameter(raw, start + 4)
    if (isMalformed(parameter)) return parameter
    if (parameter.name === undefined && isCritical(type)) return malformed('unknown critical parameter', start, type)
    typed.push(parameter)
    previous = type
  }
  return typed
}

function decodeAs<N extends ParameterName>(name: N, contents: Uint8Array, at: number): TypedParameter<N> | Malformed {
  const codec: Codec<ParameterValues[N]> = CODECS[name]
  const value = codec.decode(contents, at)
  return isMalformed(value) ? value : ({ name, value } as TypedParameter<N>)
}

function encodeAs<N extends ParameterName>(parameter: TypedParameter<N>): ParameterValue {
  const codec: Codec<ParameterValues[N]> = CODECS[parameter.name]
  return codec.encode(parameter.value)
}

// Lists of two-byte numbers, of which a host takes six, behind some reserved bytes.
function wholeList(type: number, reserved: number): Codec<readonly number[]> {
  return {
    decode: (contents, at) => {
      if (contents.length < reserved) return malformed('list shorter than its reserved field', at, type)
      return readList(contents.subarray(reserved), at + reserved, 2, type)
    },
    encode: (values) => ({ type, contents: concat(new Uint8Array(reserved), writeList(values, 2)) }),
  }
}

function transportAddress(type: nat.TransportAddressType): Codec<nat.TransportAddress> {
  return {
    decode: (contents, at) => nat.decodeTransportAddress(contents, at, type),
    encode: (value) => nat.encodeTransportAddress(type, value),
  }
}

function signature(type: 61633 | 61697): Codec<exchange.Signature> {
  return { decode: exchange.decodeSignature, encode: (value) => exchange.encodeSignature(type, value) }
}
