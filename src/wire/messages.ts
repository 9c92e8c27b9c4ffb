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

export type Message = I1 | R1 | I2 | R2 | Update | Notify | Close | CloseAck
export type MessageKind = Message['kind']

interface Common {
  /** HITs of 16 bytes. */
  readonly sender: Uint8Array
  readonly receiver: Uint8Array
  readonly controls: number
  readonly packet: Packet
}

/** What a responder and an initiator agree on to get through NATs. RFC 9028 §5.4, §5.5. */
interface Traversal {
  readonly natModes?: readonly number[]
  readonly pacingMs?: number
}

/** What a registrar answers. RFC 8003 §4.4, §4.5; RFC 9028 §5.6, §5.12. */
interface Registered {
  readonly regResponses?: readonly Registration[]
  readonly regFailures?: readonly RegistrationRefusal[]
  readonly regFrom?: TransportAddress
  readonly relayedAddress?: TransportAddress
}

/** What relays and rendezvous servers write on the way. Not covered by the signature. RFC 8004 §4.2, RFC 9028 §5.6, §5.8. */
interface Relayed {
  readonly relayFrom?: TransportAddress
  readonly relayHmac?: Uint8Array
}
interface FromRendezvous {
  /** Addresses of 16 bytes, the last server's last. */
  readonly from?: readonly Uint8Array[]
  readonly rvsHmacs?: readonly Uint8Array[]
}

export interface I1 extends Common, Relayed, FromRendezvous {
  readonly kind: 'I1'
  readonly dhGroups: readonly number[]
  readonly padding?: number
}

export interface R1 extends Common, Traversal {
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
  readonly certificates?: readonly Certificate[]
  readonly echoSigned?: Uint8Array
  readonly echoUnsigned?: readonly Uint8Array[]
  readonly regInfo?: RegistrationInfo
  readonly relayTo?: TransportAddress
  readonly viaRvs?: readonly Uint8Array[]
  readonly transports: readonly number[]
  /** Empty when the R1 offers no ESP. */
  readonly espSuites: readonly number[]
  readonly epoch?: Epoch
  readonly instance?: Instance
  readonly signature: Signature
}

export interface I2 extends Common, Traversal, Relayed {
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
  readonly certificates?: readonly Certificate[]
  readonly regRequests?: readonly Registration[]
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

export interface R2 extends Common, Registered {
  readonly kind: 'R2'
  readonly espInfo: EspInfo
  readonly locators?: readonly LocatorEntry[]
  readonly encrypted?: Uint8Array
  readonly certificates?: readonly Certificate[]
  readonly relayTo?: TransportAddress
  readonly epoch?: Epoch
  readonly reserveSpi?: number
  readonly instance?: Instance
  readonly mac2: Uint8Array
  readonly signature: Signature
}

/** At least one of `seq` and `ack` is there. */
export interface Update extends Common, Registered, Relayed, FromRendezvous {
  readonly kind: 'UPDATE'
  readonly espInfo?: EspInfo
  readonly locators?: readonly LocatorEntry[]
  readonly seq?: number
  readonly ack?: readonly number[]
  readonly dh?: DiffieHellman
  readonly encrypted?: Uint8Array
  readonly hostId?: HostId
  readonly certificates?: readonly Certificate[]
  readonly echoRequestSigned?: Uint8Array
  readonly regInfo?: RegistrationInfo
  readonly regRequests?: readonly Registration[]
  readonly echoResponseSigned?: Uint8Array
  readonly mappedAddress?: TransportAddress
  readonly peerPermissions?: readonly PeerPermission[]
  readonly candidatePriority?: number
  readonly nominate?: true
  readonly relayTo?: TransportAddress
  readonly viaRvs?: readonly Uint8Array[]
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
  readonly certificates?: readonly Certificate[]
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
  readonly certificates?: readonly Certificate[]
  readonly echoRequestSigned: Uint8Array
  readonly epoch?: Epoch
  readonly instance?: Instance
  readonly mac: Uint8Array
  readonly signature: Signature
}

export interface CloseAck extends Common {
  readonly kind: 'CLOSE_ACK'
  readonly certificates?: readonly Certificate[]
  readonly echoResponseSigned: Uint8Array
  readonly epoch?: Epoch
  readonly mac: Uint8Array
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
