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

/** The names of all parameters that are known: the keys of `Parameter`. */
export type ParameterName = keyof typeof Parameter

/** What each parameter holds. */
export interface ParameterValues {
  /** KEYMAT index, old and new SPI. RFC 7402 §5.1.1. */
  readonly ESP_INFO: update.EspInfo
  /** Which generation of puzzles an R1 is of. RFC 7401 §5.2.3. */
  readonly R1_COUNTER: exchange.R1Counter
  /** Every locator, those of unknown types with them. RFC 8046 §4. */
  readonly LOCATOR_SET: readonly (mobility.LocatorEntry | mobility.OtherLocator)[]
  /** The Responder's puzzle. RFC 7401 §5.2.4. */
  readonly PUZZLE: exchange.Puzzle
  /** The puzzle, and what solves it. RFC 7401 §5.2.5. */
  readonly SOLUTION: exchange.Solution
  /** The sender's Update ID: 32 bits. RFC 7401 §5.2.16. */
  readonly SEQ: number
  /** The peer's Update IDs, 32 bits each. RFC 7401 §5.2.17. */
  readonly ACK: readonly number[]
  /** `DhGroup`, best first. RFC 7401 §5.2.6. */
  readonly DH_GROUP_LIST: readonly number[]
  /** One group and public value. RFC 7401 §5.2.7. */
  readonly DIFFIE_HELLMAN: exchange.DiffieHellman
  /** `HipCipher`, best first, also a seventh. RFC 7401 §5.2.8. */
  readonly HIP_CIPHER: readonly number[]
  /** `NatMode`, best first, also a seventh. RFC 9028 §5.4. */
  readonly NAT_TRAVERSAL_MODE: readonly number[]
  /** Milliseconds. RFC 9028 §5.5. */
  readonly TRANSACTION_PACING: number
  /** What follows the reserved word. RFC 7401 §5.2.18. */
  readonly ENCRYPTED: Uint8Array
  /** A public key, perhaps with a name. RFC 7401 §5.2.9. */
  readonly HOST_ID: exchange.HostId
  /** `HitSuite`, best first. RFC 7401 §5.2.10. */
  readonly HIT_SUITE_LIST: readonly number[]
  /** One certificate of a group. RFC 8002 §2. */
  readonly CERT: certificate.Certificate
  /** An error or a status. RFC 7401 §5.2.19. */
  readonly NOTIFICATION: notify.NotificationData
  /** Bytes to be sent back under the signature. RFC 7401 §5.2.20. */
  readonly ECHO_REQUEST_SIGNED: Uint8Array
  /** What a registrar offers. RFC 8003 §4.2. */
  readonly REG_INFO: registration.RegistrationInfo
  /** What is asked of a registrar. RFC 8003 §4.3. */
  readonly REG_REQUEST: registration.Registration
  /** What it grants. RFC 8003 §4.4. */
  readonly REG_RESPONSE: registration.Registration
  /** What it refuses. RFC 8003 §4.5. */
  readonly REG_FAILED: registration.RegistrationRefusal
  /** From where a relay has the registration. RFC 9028 §5.6. */
  readonly REG_FROM: nat.TransportAddress
  /** Bytes of ECHO_REQUEST_SIGNED. RFC 7401 §5.2.22. */
  readonly ECHO_RESPONSE_SIGNED: Uint8Array
  /** `TransportFormat`, best first. RFC 7401 §5.2.11. */
  readonly TRANSPORT_FORMAT_LIST: readonly number[]
  /** `EspSuite`, best first, also a seventh. RFC 7402 §5.1.2. */
  readonly ESP_TRANSFORM: readonly number[]
  /** What a data relay has set aside for its client. RFC 9028 §5.12. */
  readonly RELAYED_ADDRESS: nat.TransportAddress
  /** From where a connectivity check came. RFC 9028 §5.12. */
  readonly MAPPED_ADDRESS: nat.TransportAddress
  /** Whom a data relay is to let through: one or more. RFC 9028 §5.13. */
  readonly PEER_PERMISSION: readonly nat.PeerPermission[]
  /** Of the candidate that is checked: 32 bits. RFC 9028 §5.14. */
  readonly CANDIDATE_PRIORITY: number
  /** Says that this pair of candidates is the chosen one. RFC 9028 §5.15. */
  readonly NOMINATE: true
  /** The starts of both ends. MOVING §2. */
  readonly EPOCH: moving.Epoch
  /** An inbound SPI that the sender keeps free. MOVING §2. */
  readonly RESERVE_SPI: number
  /** The last number sealed on each outbound SA. MOVING §2. */
  readonly FINALS: readonly moving.Final[]
  /** How many bytes of zeros. MOVING §2. */
  readonly PADDING: number
  /** The key of this start, and its signature. MOVING §2. */
  readonly INSTANCE: moving.Instance
  /** As long as the hash. RFC 7401 §5.2.12. */
  readonly HIP_MAC: Uint8Array
  /** As long as the hash. RFC 7401 §5.2.13. */
  readonly HIP_MAC_2: Uint8Array
  /** Of an R1. RFC 7401 §5.2.15. */
  readonly HIP_SIGNATURE_2: exchange.Signature
  /** Of every other packet. RFC 7401 §5.2.14. */
  readonly HIP_SIGNATURE: exchange.Signature
  /** Bytes of ECHO_REQUEST_UNSIGNED. RFC 7401 §5.2.23. */
  readonly ECHO_RESPONSE_UNSIGNED: Uint8Array
  /** Bytes to be sent back after the signature. RFC 7401 §5.2.21. */
  readonly ECHO_REQUEST_UNSIGNED: Uint8Array
  /** From where a relay had the packet. RFC 9028 §5.6. */
  readonly RELAY_FROM: nat.TransportAddress
  /** Where a relay is to send the packet. RFC 9028 §5.6. */
  readonly RELAY_TO: nat.TransportAddress
  /** From where a rendezvous server had the packet: 16 bytes. RFC 8004 §4.2.2. */
  readonly FROM: Uint8Array
  /** The rendezvous server's MAC. RFC 8004 §4.2.1. */
  readonly RVS_HMAC: Uint8Array
  /** Servers on the way of the I1, 16 bytes each. RFC 8004 §4.2.3. */
  readonly VIA_RVS: readonly Uint8Array[]
  /** The relay's MAC. RFC 9028 §5.8. */
  readonly RELAY_HMAC: Uint8Array
}

/** A parameter that is known by name. */
export type TypedParameter<N extends ParameterName = ParameterName> = {
  readonly [K in N]: {
    /** A key of `Parameter`. */
    readonly name: K
    /** What it holds. */
    readonly value: ParameterValues[K]
  }
}[N]

/** A parameter of a type that nothing here knows. */
export interface UnknownParameter {
  /** Absent: that tells it from a TypedParameter. */
  readonly name: undefined
  /** Two bytes. */
  readonly type: number
  /** As they stand, without padding. */
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
