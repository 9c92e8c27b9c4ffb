// The eight packets as typed values (RFC 7401 §5.3). Each has its table of parameters in tables.ts; a value of a message has
// passed it: nothing missing, doubled, unknown and critical, or misshapen.

import type { Certificate } from './certificate.ts'
import type { DiffieHellman, HostId, Puzzle, R1Counter, Signature, Solution } from './exchange.ts'
import type { Fields } from './grammar.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'
import type { LocatorEntry } from './mobility.ts'
import type { PeerPermission, TransportAddress } from './nat.ts'
import type { NotificationData } from './notify.ts'
import { type DecodeOptions, decodePacket, encodePacket, type Packet, type ParameterValue } from './packet.ts'
import type { Epoch, Final, Instance } from './private.ts'
import type { Registration, RegistrationInfo, RegistrationRefusal } from './registration.ts'
import { Notification, PacketType, Parameter } from './registry.ts'
import * as tables from './tables.ts'
import type { EspInfo } from './update.ts'

/** Any of the eight packets; `kind` says which. RFC 7401 §5.3. */
export type Message = I1 | R1 | I2 | R2 | Update | Notify | Close | CloseAck
/** The names of the eight packets. */
export type MessageKind = Message['kind']

interface Common {
  /** HIT of the sender: 16 bytes. */
  readonly sender: Uint8Array
  /** HIT of whom it is for: 16 bytes; zeros in an I1 to whoever is there. */
  readonly receiver: Uint8Array
  /** 16 bits: `Control` of the registry. */
  readonly controls: number
  /** As it was framed, for what a MAC or signature covers. */
  readonly packet: Packet
}

/** What a responder and an initiator agree on to get through NATs. RFC 9028 §5.4, §5.5. */
interface Traversal {
  /** `NatMode` of the registry, best first: six at most. */
  readonly natModes?: readonly number[]
  /** The least time between connectivity checks. */
  readonly pacingMs?: number
}

/** What a registrar answers. RFC 8003 §4.4, §4.5; RFC 9028 §5.6, §5.12. */
interface Registered {
  /** What was granted. */
  readonly regResponses?: readonly Registration[]
  /** What was refused, and why. */
  readonly regFailures?: readonly RegistrationRefusal[]
  /** From where the relay has the registration. */
  readonly regFrom?: TransportAddress
  /** What a data relay has set aside for its client. */
  readonly relayedAddress?: TransportAddress
}

/** What relays and rendezvous servers write on the way. Not covered by the signature. RFC 8004 §4.2, RFC 9028 §5.6, §5.8. */
interface Relayed {
  /** From where the relay had this packet. */
  readonly relayFrom?: TransportAddress
  /** The relay's MAC. */
  readonly relayHmac?: Uint8Array
}
interface FromRendezvous {
  /** Addresses of 16 bytes, the last server's last. */
  readonly from?: readonly Uint8Array[]
  /** MACs of these servers, in the same order. */
  readonly rvsHmacs?: readonly Uint8Array[]
}

/** The Initiator asks. RFC 7401 §5.3.1. */
export interface I1 extends Common, Relayed, FromRendezvous {
  /** Which of the eight it is; so everywhere below. */
  readonly kind: 'I1'
  /** `DhGroup` of the registry, best first. */
  readonly dhGroups: readonly number[]
  /** Bytes of PADDING. MOVING §2. */
  readonly padding?: number
}

/** The Responder's puzzle, key and offers. RFC 7401 §5.3.2. */
export interface R1 extends Common, Traversal {
  /** An R1. */
  readonly kind: 'R1'
  /** Generation of the puzzle. */
  readonly counter?: R1Counter
  /** Addresses of the Responder. RFC 8047 §4.2.8. */
  readonly locators?: readonly LocatorEntry[]
  /** What the Initiator has to solve. */
  readonly puzzle: Puzzle
  /** The Responder's own list: `DhGroup` of the registry, best first. */
  readonly dhGroups: readonly number[]
  /** The Responder's public value. */
  readonly dh: DiffieHellman
  /** `HipCipher` of the registry, best first: six at most. */
  readonly ciphers: readonly number[]
  /** The Responder's key. */
  readonly hostId: HostId
  /** The HOST_ID TLV with its padding, as received: HIP_MAC_2 of the R2 covers it. */
  readonly hostIdTlv: Uint8Array
  /** `HitSuite` of the registry, best first. */
  readonly hitSuites: readonly number[]
  /** Of the Responder. */
  readonly certificates?: readonly Certificate[]
  /** To be sent back under the signature of the I2. */
  readonly echoSigned?: Uint8Array
  /** To be sent back after the signature of the I2. */
  readonly echoUnsigned?: readonly Uint8Array[]
  /** What the Responder offers as a registrar. */
  readonly regInfo?: RegistrationInfo
  /** Where a relay is to send this packet. */
  readonly relayTo?: TransportAddress
  /** Rendezvous servers on the way of the I1, 16 bytes each. */
  readonly viaRvs?: readonly Uint8Array[]
  /** `TransportFormat` of the registry, best first. */
  readonly transports: readonly number[]
  /** Empty when the R1 offers no ESP. */
  readonly espSuites: readonly number[]
  /** The start of the Responder. */
  readonly epoch?: Epoch
  /** The key of this start, beside a receipt. */
  readonly instance?: Instance
  /** HIP_SIGNATURE_2, over what `coveredByR1` gives. */
  readonly signature: Signature
}

/** The Initiator's solution, key and choices. RFC 7401 §5.3.3. */
export interface I2 extends Common, Traversal, Relayed {
  /** An I2. */
  readonly kind: 'I2'
  /** The Initiator's inbound SPI. */
  readonly espInfo: EspInfo
  /** As it stood in the R1. */
  readonly counter?: R1Counter
  /** Addresses of the Initiator. RFC 8047 §4.2.8. */
  readonly locators?: readonly LocatorEntry[]
  /** Of the puzzle in the R1. */
  readonly solution: Solution
  /** The Initiator's public value, of the chosen group. */
  readonly dh: DiffieHellman
  /** `HipCipher` of the registry: the one chosen. */
  readonly cipher: number
  /** What follows the reserved word of ENCRYPTED, which holds HOST_ID. At least one of `encrypted` and `hostId` is there. */
  readonly encrypted?: Uint8Array
  /** The Initiator's key, in the clear. */
  readonly hostId?: HostId
  /** Of the Initiator. */
  readonly certificates?: readonly Certificate[]
  /** What is asked of the registrar. */
  readonly regRequests?: readonly Registration[]
  /** The bytes of ECHO_REQUEST_SIGNED in the R1. */
  readonly echoResponseSigned?: Uint8Array
  /** `TransportFormat` of the registry: the one chosen. */
  readonly transports: readonly number[]
  /** Exactly one. */
  readonly espSuites: readonly number[]
  /** The start of the Initiator. */
  readonly epoch?: Epoch
  /** An inbound SPI that the Initiator keeps free. */
  readonly reserveSpi?: number
  /** The key of this start, beside a receipt. */
  readonly instance?: Instance
  /** HIP_MAC, over what `coveredBy` gives. */
  readonly mac: Uint8Array
  /** HIP_SIGNATURE, over what `coveredBy` gives. */
  readonly signature: Signature
}

/** The Responder's answer, which ends the base exchange. RFC 7401 §5.3.4. */
export interface R2 extends Common, Registered {
  /** An R2. */
  readonly kind: 'R2'
  /** The Responder's inbound SPI. */
  readonly espInfo: EspInfo
  /** Addresses of the Responder. */
  readonly locators?: readonly LocatorEntry[]
  /** What follows the reserved word of ENCRYPTED. */
  readonly encrypted?: Uint8Array
  /** Of the Responder. */
  readonly certificates?: readonly Certificate[]
  /** Where a relay is to send this packet. */
  readonly relayTo?: TransportAddress
  /** The starts of both. */
  readonly epoch?: Epoch
  /** An inbound SPI that the Responder keeps free. */
  readonly reserveSpi?: number
  /** The key of this start, beside a receipt. */
  readonly instance?: Instance
  /** HIP_MAC_2, over what `macTwoInput` gives. */
  readonly mac2: Uint8Array
  /** HIP_SIGNATURE, over what `coveredBy` gives. */
  readonly signature: Signature
}

/** A change, or the ACK of one: at least one of `seq` and `ack` is there. RFC 7401 §5.3.5. */
export interface Update extends Common, Registered, Relayed, FromRendezvous {
  /** An UPDATE. */
  readonly kind: 'UPDATE'
  /** Old and new inbound SPI of the sender. */
  readonly espInfo?: EspInfo
  /** Addresses of the sender, in place of those before. RFC 8046 §4.3. */
  readonly locators?: readonly LocatorEntry[]
  /** Its Update ID, 32 bits; absent from a mere ACK. */
  readonly seq?: number
  /** Update IDs of the peer. */
  readonly ack?: readonly number[]
  /** A fresh public value, for a rekey. */
  readonly dh?: DiffieHellman
  /** What follows the reserved word of ENCRYPTED. */
  readonly encrypted?: Uint8Array
  /** The sender's key. */
  readonly hostId?: HostId
  /** Of the sender. */
  readonly certificates?: readonly Certificate[]
  /** To be sent back under the signature: an address check. */
  readonly echoRequestSigned?: Uint8Array
  /** What the sender offers as a registrar. */
  readonly regInfo?: RegistrationInfo
  /** What is asked of the registrar. */
  readonly regRequests?: readonly Registration[]
  /** The bytes of ECHO_REQUEST_SIGNED that it answers. */
  readonly echoResponseSigned?: Uint8Array
  /** From where a connectivity check came. */
  readonly mappedAddress?: TransportAddress
  /** Whom a data relay is to let through. */
  readonly peerPermissions?: readonly PeerPermission[]
  /** Of the candidate that is checked: 32 bits. */
  readonly candidatePriority?: number
  /** This pair of candidates is the chosen one. */
  readonly nominate?: true
  /** Where a relay is to send this packet. */
  readonly relayTo?: TransportAddress
  /** Rendezvous servers on the way, 16 bytes each. */
  readonly viaRvs?: readonly Uint8Array[]
  /** The starts of both. */
  readonly epoch?: Epoch
  /** An inbound SPI that the sender keeps free. */
  readonly reserveSpi?: number
  /** The last number sealed on each outbound SA of the sender. */
  readonly finals?: readonly Final[]
  /** Bytes of PADDING. MOVING §2. */
  readonly padding?: number
  /** The key of this start, beside a receipt. */
  readonly instance?: Instance
  /** HIP_MAC, over what `coveredBy` gives. */
  readonly mac: Uint8Array
  /** HIP_SIGNATURE, over what `coveredBy` gives. */
  readonly signature?: Signature
}

/** Errors and status; it changes nothing. RFC 7401 §5.3.6. */
export interface Notify extends Common {
  /** A NOTIFY. */
  readonly kind: 'NOTIFY'
  /** The sender's key. */
  readonly hostId?: HostId
  /** Of the sender. */
  readonly certificates?: readonly Certificate[]
  /** The first of `notifications`. */
  readonly notification: NotificationData
  /** One or more. */
  readonly notifications: readonly NotificationData[]
  /** With RESUME_REFUSED, the hash of the packet refused: the data of the notification (MOVING §6). */
  readonly reference?: Uint8Array
  /** The starts of both, with the two private types. MOVING §6. */
  readonly epoch?: Epoch
  /** The key of this start, beside a receipt. */
  readonly instance?: Instance
  /** HIP_SIGNATURE, over what `coveredBy` gives. */
  readonly signature: Signature
}

/** Ends the association. RFC 7401 §5.3.7. */
export interface Close extends Common {
  /** A CLOSE. */
  readonly kind: 'CLOSE'
  /** Of the sender. */
  readonly certificates?: readonly Certificate[]
  /** To be sent back in the CLOSE_ACK. */
  readonly echoRequestSigned: Uint8Array
  /** The starts of both. */
  readonly epoch?: Epoch
  /** The key of this start, beside a receipt. */
  readonly instance?: Instance
  /** HIP_MAC, over what `coveredBy` gives. */
  readonly mac: Uint8Array
  /** HIP_SIGNATURE, over what `coveredBy` gives. */
  readonly signature: Signature
}

/** Answers a CLOSE. RFC 7401 §5.3.8. */
export interface CloseAck extends Common {
  /** A CLOSE_ACK. */
  readonly kind: 'CLOSE_ACK'
  /** Of the sender. */
  readonly certificates?: readonly Certificate[]
  /** The bytes of ECHO_REQUEST_SIGNED in the CLOSE. */
  readonly echoResponseSigned: Uint8Array
  /** The starts of both. */
  readonly epoch?: Epoch
  /** HIP_MAC, over what `coveredBy` gives. */
  readonly mac: Uint8Array
  /** HIP_SIGNATURE, over what `coveredBy` gives. */
  readonly signature: Signature
}

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
      return finish(packet, tables.parseI1(packet), (fields, common) => ({ kind: 'I1', ...common, ...fields }))
    case PacketType.R1:
      return finish(packet, tables.parseR1(packet), finishR1)
    case PacketType.I2:
      return finish(packet, tables.parseI2(packet), finishI2)
    case PacketType.R2:
      return finish(packet, tables.parseR2(packet), (fields, common) => ({ kind: 'R2', ...common, ...fields }))
    case PacketType.UPDATE:
      return finish(packet, tables.parseUpdate(packet), finishUpdate)
    case PacketType.NOTIFY:
      return finish(packet, tables.parseNotify(packet), finishNotify)
    case PacketType.CLOSE:
      return finish(packet, tables.parseClose(packet), (fields, common) => ({ kind: 'CLOSE', ...common, ...fields }))
    case PacketType.CLOSE_ACK:
      return finish(packet, tables.parseCloseAck(packet), (fields, common) => ({
        kind: 'CLOSE_ACK',
        ...common,
        ...fields,
      }))
    default:
      return malformed(`unknown packet type ${packet.type}`, 2)
  }
}

function finish<F, M>(packet: Packet, fields: F | Malformed, build: (fields: F, common: Common) => M): M | Malformed {
  if (isMalformed(fields)) return fields
  const { sender, receiver, controls } = packet
  return build(fields, { sender, receiver, controls, packet })
}

function finishR1(fields: Fields<typeof tables.R1_TABLE>, common: Common): R1 {
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

function finishI2(fields: Fields<typeof tables.I2_TABLE>, common: Common): I2 | Malformed {
  if (fields.hostId === undefined && fields.encrypted === undefined) {
    return malformed('neither HOST_ID nor ENCRYPTED', common.packet.bytes.length, Parameter.HOST_ID)
  }
  return { kind: 'I2', ...common, ...fields }
}

function finishUpdate(fields: Fields<typeof tables.UPDATE_TABLE>, common: Common): Update | Malformed {
  // RFC 7401 §5.3.5.
  if (fields.seq === undefined && fields.ack === undefined) {
    return malformed('neither SEQ nor ACK', common.packet.bytes.length, Parameter.SEQ)
  }
  return { kind: 'UPDATE', ...common, ...fields }
}

function finishNotify(fields: Fields<typeof tables.NOTIFY_TABLE>, common: Common): Notify | Malformed {
  const [notification] = fields.notifications
  if (notification === undefined)
    return malformed('no NOTIFICATION', common.packet.bytes.length, Parameter.NOTIFICATION)
  const refused = notification.type === Notification.RESUME_REFUSED
  return { kind: 'NOTIFY', ...common, ...fields, notification, ...(refused && { reference: notification.data }) }
}
