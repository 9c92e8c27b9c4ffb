// NOTIFICATION (RFC 7401 §5.2.19), with the two private types of MOVING §6.

import { Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

/** A Notify Message Type (`Notification` of the registry) and its data. */
export interface NotificationData {
  readonly type: number
  readonly data: Uint8Array
}

export function encodeNotification(notification: NotificationData): ParameterValue {
  const writer = new Writer().u16(0).u16(notification.type).bytes(notification.data)
  return { type: Parameter.NOTIFICATION, contents: writer.finish() }
}

export function decodeNotification(contents: Uint8Array, at: number): NotificationData | Malformed {
  if (contents.length < 4) return malformed('wrong length of NOTIFICATION', at, Parameter.NOTIFICATION)
  const reader = new Reader(contents)
  reader.skip(2)
  return { type: reader.u16(), data: reader.bytes(reader.remaining) }
}
