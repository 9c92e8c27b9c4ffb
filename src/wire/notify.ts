// NOTIFICATION (RFC 7401 §5.2.19), with the two private types of MOVING §6, and what the data of a notification says.

import { Reader, Writer } from '../base/bytes.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'
import { decodeLocators, type LocatorEntry, type OtherLocator } from './mobility.ts'
import type { ParameterValue } from './packet.ts'
import { Notification, Parameter } from './registry.ts'

/** A Notify Message Type (`Notification` of the registry) and its data. */
export interface NotificationData {
  /** Two bytes; below 16384 an error, from there on a status. */
  readonly type: number
  /** As the type calls for: `notificationDetail` reads it. */
  readonly data: Uint8Array
}

/** The data of a notification, as its type gives it a meaning; `is` says which that is. */
export type NotificationDetail =
  | {
      readonly is: 'parameter'
      /** The type that is not known. */
      readonly parameter: number
    }
  | {
      readonly is: 'locators'
      /** Those that are of no use to the peer. */
      readonly locators: readonly (LocatorEntry | OtherLocator)[]
    }
  | {
      readonly is: 'certificate'
      /** Of the certificate that is wrong. */
      readonly group: number
      /** Its number in the group. */
      readonly id: number
    }
  | {
      readonly is: 'header'
      /** A header of HIP: that of the packet which was refused. 40 bytes. */
      readonly header: Uint8Array
    }
  | { readonly is: 'nothing' }
  | {
      readonly is: 'opaque'
      /** As it came. */
      readonly data: Uint8Array
    }

const HEADER_BYTES = 40

// The refusals of relays, whose data is the header of the packet refused (RFC 9028 §5.10).
const OF_RELAYS: ReadonlySet<number> = new Set([
  Notification.NO_VALID_NAT_TRAVERSAL_MODE_PARAMETER,
  Notification.MESSAGE_NOT_RELAYED,
  Notification.SERVER_REFLEXIVE_CANDIDATE_ALLOCATION_FAILED,
  Notification.RVS_HMAC_PROHIBITED_WITH_RELAY,
])

// NOTIFICATION (832)
//  0            2        4
// +------------+--------+------+
// | reserved 2 | type 2 | data |
// +------------+--------+------+
/** Writes NOTIFICATION. RFC 7401 §5.2.19. */
export function encodeNotification(notification: NotificationData): ParameterValue {
  const writer = new Writer().u16(0).u16(notification.type).bytes(notification.data)
  return { type: Parameter.NOTIFICATION, contents: writer.finish() }
}

/**
 * Reads the contents of NOTIFICATION at byte `at` of the packet; Malformed if they are shorter than 4 bytes. RFC 7401
 * §5.2.19.
 */
export function decodeNotification(contents: Uint8Array, at: number): NotificationData | Malformed {
  if (contents.length < 4) return malformed('wrong length of NOTIFICATION', at, Parameter.NOTIFICATION)
  const reader = new Reader(contents)
  reader.skip(2)
  return { type: reader.u16(), data: reader.bytes(reader.remaining) }
}

/** What the data of a notification says; Malformed (at an offset in the data) if it is not what its type calls for. */
export function notificationDetail({ type, data }: NotificationData): NotificationDetail | Malformed {
  if (data.length === 0) return { is: 'nothing' }
  if (type === Notification.UNSUPPORTED_CRITICAL_PARAMETER_TYPE) {
    if (data.length !== 2) return malformed('data is no parameter type', 0, Parameter.NOTIFICATION)
    return { is: 'parameter', parameter: new Reader(data).u16() }
  }
  if (type === Notification.INVALID_CERTIFICATE) {
    if (data.length !== 2) return malformed('data is no group and number', 0, Parameter.NOTIFICATION)
    return { is: 'certificate', group: data[0] ?? 0, id: data[1] ?? 0 }
  }
  if (type === Notification.LOCATOR_TYPE_UNSUPPORTED) {
    const locators = decodeLocators(data, 0)
    return isMalformed(locators) ? locators : { is: 'locators', locators }
  }
  if (OF_RELAYS.has(type) && data.length === HEADER_BYTES) return { is: 'header', header: data }
  return { is: 'opaque', data }
}
