// What one UDP payload is (RFC 3948 §2, RFC 9028 §5.1), and what ESP carries for us: inner UDP (RFC 768) and ICMPv6 echo
// (RFC 4443 §4), both with the HITs as the addresses of IPv6's pseudo header (DESIGN §5). Inner UDP is the hot path.

import { assert } from '../base/assert.ts'
import { Writer } from '../base/bytes.ts'
import { sumOfPair, upperLayerChecksum } from './checksum.ts'
import { ESP_HEADER_BYTES } from './esp.ts'
import { type Malformed, malformed } from './malformed.ts'
import { NextHeader } from './registry.ts'

/** The NAT keepalive of RFC 3948 §2.3. Copy it before you hand it to anything that writes. */
export const KEEPALIVE: Uint8Array = Uint8Array.of(0xff)

/** Bytes of the header of inner UDP (RFC 768). */
export const INNER_UDP_BYTES = 8
/** Bytes of the header of an ICMPv6 echo (RFC 4443 §4). */
export const ECHO_BYTES = 8

const MARKER_BYTES = 4
const ECHO_REQUEST = 128
const ECHO_REPLY = 129

/** A zero marker means HIP, a lone 0xff a keepalive, what could hold an ESP header ESP, and less than that nothing. */
export function classify(datagram: Uint8Array): 'hip' | 'keepalive' | 'esp' | 'runt' {
  if (datagram.length === 1 && datagram[0] === 0xff) return 'keepalive'
  if (datagram.length < MARKER_BYTES) return 'runt'
  if (datagram[0] === 0 && datagram[1] === 0 && datagram[2] === 0 && datagram[3] === 0) return 'hip'
  return datagram.length < ESP_HEADER_BYTES ? 'runt' : 'esp'
}

/** A HIP packet behind its marker. */
export function wrapHip(packet: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(MARKER_BYTES + packet.length)
  datagram.set(packet, MARKER_BYTES)
  return datagram
}

/** The HIP packet in a datagram that is one: a view. */
export function hipOf(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(MARKER_BYTES)
}

/**
 * Writes header and data of an inner UDP datagram into `target` at `offset`. `pair` is `sumOfPair` of the two HITs, for
 * callers that keep it.
 */
export function writeInnerUdp(
  target: Uint8Array,
  offset: number,
  sourcePort: number,
  port: number,
  data: Uint8Array,
  hitSource: Uint8Array,
  hitDestination: Uint8Array,
  pair: number = sumOfPair(hitSource, hitDestination),
): void {
  const length = INNER_UDP_BYTES + data.length
  assert(length <= 0xffff && offset + length <= target.length, 'an inner datagram fits its packet')
  putU16(target, offset, sourcePort)
  putU16(target, offset + 2, port)
  putU16(target, offset + 4, length)
  putU16(target, offset + 6, 0)
  target.set(data, offset + INNER_UDP_BYTES)
  const checksum = upperLayerChecksum(pair, NextHeader.UDP, target, offset, offset + length)
  // Zero would mean that there is none, which IPv6 does not allow (RFC 8200 §8.1).
  putU16(target, offset + 6, checksum === 0 ? 0xffff : checksum)
}

/**
 * Reads an inner UDP datagram that fills `payload`: its two ports, and what stands behind the header, a view. Malformed if its
 * length does not fit or its checksum is missing or wrong.
 */
export function readInnerUdp(
  payload: Uint8Array,
  hitSource: Uint8Array,
  hitDestination: Uint8Array,
  pair: number = sumOfPair(hitSource, hitDestination),
): { sourcePort: number; port: number; data: Uint8Array } | Malformed {
  if (payload.length < INNER_UDP_BYTES) return malformed('shorter than a UDP header', payload.length)
  if (u16At(payload, 4) !== payload.length) return malformed('UDP length does not fit', 4)
  if (u16At(payload, 6) === 0) return malformed('UDP checksum missing', 6)
  if (upperLayerChecksum(pair, NextHeader.UDP, payload, 0, payload.length) !== 0)
    return malformed('wrong UDP checksum', 6)
  return { sourcePort: u16At(payload, 0), port: u16At(payload, 2), data: payload.subarray(INNER_UDP_BYTES) }
}

/** An ICMPv6 echo request or reply; identifier and sequence have 16 bits. RFC 4443 §4. */
export function encodeEcho(
  reply: boolean,
  identifier: number,
  sequence: number,
  data: Uint8Array,
  hitSource: Uint8Array,
  hitDestination: Uint8Array,
): Uint8Array {
  const type = reply ? ECHO_REPLY : ECHO_REQUEST
  const bytes = new Writer().u8(type).u8(0).u16(0).u16(identifier).u16(sequence).bytes(data).finish()
  putU16(bytes, 2, upperLayerChecksum(sumOfPair(hitSource, hitDestination), NextHeader.ICMPV6, bytes, 0, bytes.length))
  return bytes
}

/**
 * Reads an ICMPv6 echo that fills `payload`: whether it is a reply, the two numbers of 16 bits, and what stands behind the header,
 * a view. Every other ICMPv6 message is Malformed here.
 */
export function decodeEcho(
  payload: Uint8Array,
  hitSource: Uint8Array,
  hitDestination: Uint8Array,
): { reply: boolean; identifier: number; sequence: number; data: Uint8Array } | Malformed {
  if (payload.length < ECHO_BYTES) return malformed('shorter than an ICMPv6 echo', payload.length)
  const type = payload[0]
  if (type !== ECHO_REQUEST && type !== ECHO_REPLY) return malformed(`ICMPv6 type ${type}`, 0)
  if (payload[1] !== 0) return malformed(`ICMPv6 code ${payload[1]}`, 1)
  const pair = sumOfPair(hitSource, hitDestination)
  if (upperLayerChecksum(pair, NextHeader.ICMPV6, payload, 0, payload.length) !== 0) {
    return malformed('wrong ICMPv6 checksum', 2)
  }
  const data = payload.subarray(ECHO_BYTES)
  return { reply: type === ECHO_REPLY, identifier: u16At(payload, 4), sequence: u16At(payload, 6), data }
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}
