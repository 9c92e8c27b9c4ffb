// Parameters of UPDATE, and the echoes that CLOSE shares with it (RFC 7401 §5.2.16–§5.2.23, RFC 7402 §5.1.1).

import { Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

/** RFC 7402 §5.1.1. SPIs are the sender's inbound ones; 0 means none. */
export interface EspInfo {
  /** Where in KEYMAT the keys of ESP begin: two bytes, in bytes. */
  readonly keymatIndex: number
  /** That of the SA that is replaced; 0 if there was none. */
  readonly oldSpi: number
  /** That of the SA that takes its place; 0 if none does. */
  readonly newSpi: number
}

/** The lowest SPI: RFC 4303 §2.1 reserves 1 to 255, and 0 would look like the marker of a HIP packet. */
export const LOWEST_SPI = 256

// ESP_INFO (65)
//  0            2                4           8
// +------------+----------------+-----------+-----------+
// | reserved 2 | KEYMAT index 2 | old SPI 4 | new SPI 4 |
// +------------+----------------+-----------+-----------+
/** Writes ESP_INFO. RFC 7402 §5.1.1. */
export function encodeEspInfo(info: EspInfo): ParameterValue {
  const writer = new Writer().u16(0).u16(info.keymatIndex).u32(info.oldSpi).u32(info.newSpi)
  return { type: Parameter.ESP_INFO, contents: writer.finish() }
}

/**
 * Reads the contents of ESP_INFO at byte `at` of the packet; Malformed if they are not 12 bytes or the new SPI is 1 to 255.
 * RFC 7402 §5.1.1.
 */
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
/** Writes SEQ: an Update ID of 32 bits. RFC 7401 §5.2.16. */
export function encodeSeq(updateId: number): ParameterValue {
  return { type: Parameter.SEQ, contents: new Writer().u32(updateId).finish() }
}

/** The Update ID of SEQ, whose contents begin at byte `at`; Malformed if it is not one word. RFC 7401 §5.2.16. */
export function decodeSeq(contents: Uint8Array, at: number): number | Malformed {
  return contents.length === 4 ? new Reader(contents).u32() : malformed('wrong length of SEQ', at, Parameter.SEQ)
}

// ACK (449)
//  0             4
// +-------------+-------------+
// | Update ID 4 | Update ID 4 | ...  of the peer
// +-------------+-------------+
/** Writes ACK: the peer's Update IDs, 32 bits each. RFC 7401 §5.2.17. */
export function encodeAck(updateIds: readonly number[]): ParameterValue {
  const writer = new Writer()
  for (const id of updateIds) writer.u32(id)
  return { type: Parameter.ACK, contents: writer.finish() }
}

/** The Update IDs of ACK, whose contents begin at byte `at`: one or more, or Malformed. RFC 7401 §5.2.17. */
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
/** Writes ECHO_REQUEST_SIGNED. RFC 7401 §5.2.20. */
export function encodeEchoRequestSigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_REQUEST_SIGNED, contents: opaque }
}

/** Writes ECHO_RESPONSE_SIGNED. RFC 7401 §5.2.22. */
export function encodeEchoResponseSigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_RESPONSE_SIGNED, contents: opaque }
}

/** Writes ECHO_REQUEST_UNSIGNED. RFC 7401 §5.2.21. */
export function encodeEchoRequestUnsigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_REQUEST_UNSIGNED, contents: opaque }
}

/** Writes ECHO_RESPONSE_UNSIGNED. RFC 7401 §5.2.23. */
export function encodeEchoResponseUnsigned(opaque: Uint8Array): ParameterValue {
  return { type: Parameter.ECHO_RESPONSE_UNSIGNED, contents: opaque }
}

/** All four echoes: opaque bytes, of any length. */
export function decodeOpaque(contents: Uint8Array): Uint8Array {
  return contents
}
