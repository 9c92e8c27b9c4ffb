// The eight packets as typed values. Each has its table of parameters, as RFC 7401 §5.3, RFC 7402 §5.2, RFC 8046 §4.3 and
// MOVING §2 give them; a value of a message has passed it: nothing missing, doubled, unknown and critical, or misshapen.

import type { DiffieHellman, HostId, Puzzle, R1Counter, Signature, Solution } from './exchange.ts'
import * as exchange from './exchange.ts'
import { type Fields, optional, parser, repeated, required, tolerated } from './grammar.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'
import { decodeLocatorSet, type LocatorEntry } from './mobility.ts'
import { decodeNotification, type NotificationData } from './notify.ts'
import { type DecodeOptions, decodePacket, encodePacket, type Packet, type ParameterValue } from './packet.ts'
import type { Epoch, Final, Instance } from './private.ts'
import * as moving from './private.ts'
import { Notification, PacketType, Parameter } from './registry.ts'
import { decodeAck, decodeEspInfo, decodeOpaque, decodeSeq, type EspInfo } from './update.ts'

export type Message = I1 | R1 | I2 | R2 | Update | Notify | Close | CloseAck
export type MessageKind = Message['kind']

interface Common {
  /** HITs of 16 bytes. */
  readonly sender: Uint8Array
  readonly receiver: Uint8Array
  readonly controls: number
  readonly packet: Packet
}

export interface I1 extends Common {
  readonly kind: 'I1'
  readonly dhGroups: readonly number[]
  readonly padding?: number
}

export interface R1 extends Common {
  readonly kind: 'R1'
  readonly counter?: R1Counter
  readonly locators?: readonly LocatorEntry[]
  readonly puzzle: Puzzle
  readonly dhGroups: readonly number[]
  readonly dh: DiffieHellman
  readonly ciphers: readonly number[]
  readonly hostId: HostId
  /** The HOST_ID TLV with its padding, as received: HIP_MAC_2 of the R2 covers it. */
  readonly hostIdTlv: Uint8Array
  readonly hitSuites: readonly number[]
  readonly echoSigned?: Uint8Array
  readonly echoUnsigned?: readonly Uint8Array[]
  readonly transports: readonly number[]
  /** Empty when the R1 offers no ESP. */
  readonly espSuites: readonly number[]
  readonly epoch?: Epoch
  readonly instance?: Instance
  readonly signature: Signature
}

export interface I2 extends Common {
  readonly kind: 'I2'
  readonly espInfo: EspInfo
  readonly counter?: R1Counter
  readonly locators?: readonly LocatorEntry[]
  readonly solution: Solution
  readonly dh: DiffieHellman
  readonly cipher: number
  /** At least one of `encrypted` and `hostId` is there. */
  readonly encrypted?: Uint8Array
  readonly hostId?: HostId
  readonly echoResponseSigned?: Uint8Array
  readonly transports: readonly number[]
  /** Exactly one. */
  readonly espSuites: readonly number[]
  readonly epoch?: Epoch
  readonly reserveSpi?: number
  readonly instance?: Instance
  readonly mac: Uint8Array
  readonly signature: Signature
}

export interface R2 extends Common {
  readonly kind: 'R2'
  readonly espInfo: EspInfo
  readonly locators?: readonly LocatorEntry[]
  readonly encrypted?: Uint8Array
  readonly epoch?: Epoch
  readonly reserveSpi?: number
  readonly instance?: Instance
  readonly mac2: Uint8Array
  readonly signature: Signature
}

/** At least one of `seq` and `ack` is there. */
export interface Update extends Common {
  readonly kind: 'UPDATE'
  readonly espInfo?: EspInfo
  readonly locators?: readonly LocatorEntry[]
  readonly seq?: number
  readonly ack?: readonly number[]
  readonly dh?: DiffieHellman
  readonly encrypted?: Uint8Array
  readonly hostId?: HostId
  readonly echoRequestSigned?: Uint8Array
  readonly echoResponseSigned?: Uint8Array
  readonly epoch?: Epoch
  readonly reserveSpi?: number
  readonly finals?: readonly Final[]
  readonly padding?: number
  readonly instance?: Instance
  readonly mac: Uint8Array
  readonly signature?: Signature
}

export interface Notify extends Common {
  readonly kind: 'NOTIFY'
  readonly hostId?: HostId
  /** The first of `notifications`. */
  readonly notification: NotificationData
  readonly notifications: readonly NotificationData[]
  /** With RESUME_REFUSED, the hash of the packet refused: the data of the notification (MOVING §6). */
  readonly reference?: Uint8Array
  readonly epoch?: Epoch
  readonly instance?: Instance
  readonly signature: Signature
}

export interface Close extends Common {
  readonly kind: 'CLOSE'
  readonly echoRequestSigned: Uint8Array
  readonly epoch?: Epoch
  readonly instance?: Instance
  readonly mac: Uint8Array
  readonly signature: Signature
}

export interface CloseAck extends Common {
  readonly kind: 'CLOSE_ACK'
  readonly echoResponseSigned: Uint8Array
  readonly epoch?: Epoch
  readonly mac: Uint8Array
  readonly signature: Signature
}

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

// In numeric order, which is the order on the wire.
const I1_TABLE = {
  dhGroups: required(Parameter.DH_GROUP_LIST, exchange.decodeDhGroupList),
  padding: optional(Parameter.PADDING, moving.decodePadding),
  ...UNSIGNED_ECHOES,
}
const R1_TABLE = {
  counter: optional(Parameter.R1_COUNTER, exchange.decodeR1Counter),
  locators: LOCATOR_SET,
  puzzle: required(Parameter.PUZZLE, exchange.decodePuzzle),
  dhGroups: required(Parameter.DH_GROUP_LIST, exchange.decodeDhGroupList),
  dh: required(Parameter.DIFFIE_HELLMAN, exchange.decodeDiffieHellman),
  ciphers: required(Parameter.HIP_CIPHER, exchange.decodeHipCipher),
  hostId: required(Parameter.HOST_ID, exchange.decodeHostId),
  hitSuites: required(Parameter.HIT_SUITE_LIST, exchange.decodeHitSuiteList),
  echoSigned: optional(Parameter.ECHO_REQUEST_SIGNED, decodeOpaque),
  transports: required(Parameter.TRANSPORT_FORMAT_LIST, exchange.decodeTransportFormatList),
  espSuites: optional(Parameter.ESP_TRANSFORM, exchange.decodeEspTransform),
  epoch: EPOCH,
  instance: INSTANCE,
  signature: required(Parameter.HIP_SIGNATURE_2, exchange.decodeSignature),
  ...UNSIGNED_ECHOES,
}
const I2_TABLE = {
  espInfo: required(Parameter.ESP_INFO, decodeEspInfo),
  counter: optional(Parameter.R1_COUNTER, exchange.decodeR1Counter),
  locators: LOCATOR_SET,
  solution: required(Parameter.SOLUTION, exchange.decodeSolution),
  dh: required(Parameter.DIFFIE_HELLMAN, exchange.decodeDiffieHellman),
  cipher: required(Parameter.HIP_CIPHER, exchange.decodeChosenCipher),
  encrypted: optional(Parameter.ENCRYPTED, exchange.decodeEncrypted),
  hostId: optional(Parameter.HOST_ID, exchange.decodeHostId),
  echoResponseSigned: optional(Parameter.ECHO_RESPONSE_SIGNED, decodeOpaque),
  transports: required(Parameter.TRANSPORT_FORMAT_LIST, exchange.decodeTransportFormatList),
  espSuites: required(Parameter.ESP_TRANSFORM, exchange.decodeChosenEspTransform),
  epoch: EPOCH,
  reserveSpi: RESERVE_SPI,
  instance: INSTANCE,
  mac: MAC,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}
const R2_TABLE = {
  espInfo: required(Parameter.ESP_INFO, decodeEspInfo),
  locators: LOCATOR_SET,
  encrypted: optional(Parameter.ENCRYPTED, exchange.decodeEncrypted),
  epoch: EPOCH,
  reserveSpi: RESERVE_SPI,
  instance: INSTANCE,
  mac2: required(Parameter.HIP_MAC_2, exchange.decodeMac),
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}
const UPDATE_TABLE = {
  espInfo: optional(Parameter.ESP_INFO, decodeEspInfo),
  locators: LOCATOR_SET,
  seq: optional(Parameter.SEQ, decodeSeq),
  ack: optional(Parameter.ACK, decodeAck),
  dh: optional(Parameter.DIFFIE_HELLMAN, exchange.decodeDiffieHellman),
  encrypted: optional(Parameter.ENCRYPTED, exchange.decodeEncrypted),
  hostId: optional(Parameter.HOST_ID, exchange.decodeHostId),
  echoRequestSigned: optional(Parameter.ECHO_REQUEST_SIGNED, decodeOpaque),
  echoResponseSigned: optional(Parameter.ECHO_RESPONSE_SIGNED, decodeOpaque),
  epoch: EPOCH,
  reserveSpi: RESERVE_SPI,
  finals: optional(Parameter.FINALS, moving.decodeFinals),
  padding: optional(Parameter.PADDING, moving.decodePadding),
  instance: INSTANCE,
  mac: MAC,
  // Optional because an address check is signed by nobody (MOVING §6); what moves or rekeys must have one (DESIGN §5).
  signature: optional(Parameter.HIP_SIGNATURE, exchange.decodeSignature),
  ...UNSIGNED_ECHOES,
}
const NOTIFY_TABLE = {
  hostId: optional(Parameter.HOST_ID, exchange.decodeHostId),
  notifications: repeated(Parameter.NOTIFICATION, decodeNotification),
  epoch: EPOCH,
  instance: INSTANCE,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}
const CLOSE_TABLE = {
  echoRequestSigned: required(Parameter.ECHO_REQUEST_SIGNED, decodeOpaque),
  epoch: EPOCH,
  instance: INSTANCE,
  mac: MAC,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}
const CLOSE_ACK_TABLE = {
  echoResponseSigned: required(Parameter.ECHO_RESPONSE_SIGNED, decodeOpaque),
  epoch: EPOCH,
  mac: MAC,
  signature: SIGNATURE,
  ...UNSIGNED_ECHOES,
}

const parseI1 = parser(I1_TABLE)
const parseR1 = parser(R1_TABLE)
const parseI2 = parser(I2_TABLE)
const parseR2 = parser(R2_TABLE)
const parseUpdate = parser(UPDATE_TABLE)
const parseNotify = parser(NOTIFY_TABLE)
const parseClose = parser(CLOSE_TABLE)
const parseCloseAck = parser(CLOSE_ACK_TABLE)

/** Reads a whole HIP packet, given without the UDP marker. */
export function decodeMessage(bytes: Uint8Array, options: DecodeOptions = {}): Message | Malformed {
  const packet = decodePacket(bytes, options)
  return isMalformed(packet) ? packet : interpret(packet)
}

/** A packet with these parameters, put in order. Checksum zero; MAC and signature are appended by the caller. */
export function encodeMessage(
  kind: MessageKind,
  sender: Uint8Array,
  receiver: Uint8Array,
  parameters: readonly ParameterValue[],
): Uint8Array {
  const ordered = [...parameters].sort((a, b) => a.type - b.type)
  return encodePacket(PacketType[kind], sender, receiver, ordered)
}

function interpret(packet: Packet): Message | Malformed {
  switch (packet.type) {
    case PacketType.I1:
      return finish(packet, parseI1(packet), (fields, common) => ({ kind: 'I1', ...common, ...fields }))
    case PacketType.R1:
      return finish(packet, parseR1(packet), finishR1)
    case PacketType.I2:
      return finish(packet, parseI2(packet), finishI2)
    case PacketType.R2:
      return finish(packet, parseR2(packet), (fields, common) => ({ kind: 'R2', ...common, ...fields }))
    case PacketType.UPDATE:
      return finish(packet, parseUpdate(packet), finishUpdate)
    case PacketType.NOTIFY:
      return finish(packet, parseNotify(packet), finishNotify)
    case PacketType.CLOSE:
      return finish(packet, parseClose(packet), (fields, common) => ({ kind: 'CLOSE', ...common, ...fields }))
    case PacketType.CLOSE_ACK:
      return finish(packet, parseCloseAck(packet), (fields, common) => ({ kind: 'CLOSE_ACK', ...common, ...fields }))
    default:
      return malformed(`unknown packet type ${packet.type}`, 2)
  }
}

function finish<F, M>(packet: Packet, fields: F | Malformed, build: (fields: F, common: Common) => M): M | Malformed {
  if (isMalformed(fields)) return fields
  const { sender, receiver, controls } = packet
  return build(fields, { sender, receiver, controls, packet })
}

function finishR1(fields: Fields<typeof R1_TABLE>, common: Common): R1 {
  const { parameters, bytes } = common.packet
  const hostId = parameters.find(({ type }) => type === Parameter.HOST_ID)
  const unsigned = parameters.filter(({ type }) => type === Parameter.ECHO_REQUEST_UNSIGNED)
  return {
    kind: 'R1',
    ...common,
    espSuites: [],
    ...fields,
    hostIdTlv: bytes.subarray(hostId?.start, hostId?.end),
    ...(unsigned.length > 0 && { echoUnsigned: unsigned.map(({ contents }) => contents) }),
  }
}

function finishI2(fields: Fields<typeof I2_TABLE>, common: Common): I2 | Malformed {
  if (fields.hostId === undefined && fields.encrypted === undefined) {
    return malformed('neither HOST_ID nor ENCRYPTED', common.packet.bytes.length, Parameter.HOST_ID)
  }
  return { kind: 'I2', ...common, ...fields }
}

function finishUpdate(fields: Fields<typeof UPDATE_TABLE>, common: Common): Update | Malformed {
  // RFC 7401 §5.3.5.
  if (fields.seq === undefined && fields.ack === undefined) {
    return malformed('neither SEQ nor ACK', common.packet.bytes.length, Parameter.SEQ)
  }
  return { kind: 'UPDATE', ...common, ...fields }
}

function finishNotify(fields: Fields<typeof NOTIFY_TABLE>, common: Common): Notify | Malformed {
  const [notification] = fields.notifications
  if (notification === undefined)
    return malformed('no NOTIFICATION', common.packet.bytes.length, Parameter.NOTIFICATION)
  const refused = notification.type === Notification.RESUME_REFUSED
  return { kind: 'NOTIFY', ...common, ...fields, notification, ...(refused && { reference: notification.data }) }
}
