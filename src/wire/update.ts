// Parameters of UPDATE, and the echoes that CLOSE shares with it (RFC 7401 §5.2.16–§5.2.23, RFC 7402 §5.1.1).

import { Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

/** RFC 7402 §5.1.1. SPIs are the sender's inbound ones; 0 means none. */
export interface EspInfo {
  readonly keymatIndex: number
  readonly oldSpi: number
  readonly newSpi: number
}

// RFC 4303 §2.1 reserves 1 to 255; 0 would look like the marker of a HIP packet.
export const LOWEST_SPI = 256

// ESP_INFO (65)
//  0            2                4           8
// +------------+----------------+-----------+-----------+
// | reserved 2 | KEYMAT index 2 | old SPI 4 | new SPI 4 |
// +------------+----------------+-----------+-----------+
export function encodeEspInfo(info: EspInfo): ParameterValue {
  const writer = new Writer().u16(0).u16(info.keymatIndex).u32(info.oldSpi).u32(info.newSpi)
  return { type: Parameter.ESP_INFO, contents: writer.finish() }
}

export function decodeEspInfo(contents: Uint8Array, at: number): EspInfo | Malformed {
  if (contents.length !== 12) return malformed('wrong length of ESP_INFO', at, Parameter.ESP_INFO)
  const reader = new Reader(contents)
  reader.skip(2)
  const info = { keymatIndex: reader.u16(), oldSpi: reader.u32(), newSpi: reader.u32() }
  if (info.newSpi > 0 && info.newSpi < LOWEST_SPI) return malformed('reserved SPI', at + 8, Parameter.ESP_INFO)
  return info
}

// SEQ (385)
//  0
// +-------------+
// | Update ID 4 |
// +-------------+
export function encodeSeq(updateId: number): ParameterValue {
  return { type: Parameter.SEQ, contents: new Writer().u32(updateId).finish() }
}

export function decodeSeq(contents: Uint8Array, at: number): number | Malformed {
  return contents.length === 4 ? new Reader(contents).u32() : malformed('wrong length of SEQ', at, Parameter.SEQ)
}

// ACK (449)
//  0             4
// +-------------+-------------+
// | Update ID 4 | Update ID 4 | ...  of the peer
// +-------------+-------------+
export function encodeAck(updateIds: readonly number[]): ParameterValue {
  const writer = new Writer()
  for (const id of updateIds) writer.u32(id)
  return { type: Parameter.ACK, contents: writer.finish() }
}

export function decodeAck(contents: Uint8Array, at: number): number[] | Malformed {
  if (contents.length === 0 || contents.length % 4 !== 0) return malformed('wrong length of ACK', at, Parameter.ACK)
  const reader = new Reader(contents)
  const ids: number[] = []
  while (reader.remaining > 0) ids.push(reader.u32())
  return ids
}

// ECHO_REQUEST_SIGNED (897), ECHO_RESPONSE_SIGNED (961), ECHO_RESPONSE_UNSIGNED (63425), ECHO_REQUEST_UNSIGNED (63661)
//  0
// +-------------------------+
// | opaque, of any length   |
// +-------------------------+
export function encodeEchoRequestSigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_REQUEST_SIGNED, contents: opaque }
}

export function encodeEchoResponseSigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_RESPONSE_SIGNED, contents: opaque }
}

export function encodeEchoRequestUnsigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_REQUEST_UNSIGNED, contents: opaque }
}

export function encodeEchoResponseUnsigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_RESPONSE_UNSIGNED, contents: opaque }
}

/** All four echoes: opaque bytes, of any length. */
export function decodeOpaque(contents: Uint8Array): Uint8Array {
  return contents
}
