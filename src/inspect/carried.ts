// From a frame to what concerns us: the UDP payload, or the HIP or ESP packet that IP carries itself (protocols 139 and 50).
// Fragments are put together. What is something else gives nothing.

import { Reader } from '../base/bytes.ts'
import type { Frame } from './capture.ts'
import { Fragments } from './fragments.ts'

/** One payload with where it comes from and goes to. Addresses have 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export interface Carried {
  readonly frame: number
  readonly by: 'udp' | 'hip' | 'esp'
  readonly path?: Path
  readonly payload: Uint8Array
  /** Bytes that the capture or a sender left out at its end. */
  readonly missing: number
}

export interface Path {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  /** 0 unless it is UDP. */
  readonly sourcePort: number
  readonly port: number
}

/** What an IP packet says of itself; `more` and `offset` are those of a fragment. */
export interface IpPacket {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly protocol: number
  readonly payload: Uint8Array
  readonly missing: number
  readonly fragment?: { readonly id: number; readonly offset: number; readonly more: boolean }
}

const UDP = 17
const ESP = 50
const HIP = 139
const UDP_HEADER_BYTES = 8

const [NULL, ETHERNET, RAW, LOOP, COOKED, IPV4, IPV6, COOKED_2] = [0, 1, 101, 108, 113, 228, 229, 276] as const
// What BSDs wrote for RAW.
const RAW_OLD: ReadonlySet<number> = new Set([12, 14])
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100])

/** The link types that are understood. */
export function understandsLink(link: number): boolean {
  return new Set<number>([NULL, ETHERNET, RAW, LOOP, COOKED, IPV4, IPV6, COOKED_2, ...RAW_OLD]).has(link)
}

/** What each frame carries, in order. A fragmented packet counts as the frame that made it whole. */
export function* carriedBy(frames: readonly Frame[]): Generator<Carried> {
  const fragments = new Fragments()
  for (const { number, link, bytes, missing } of frames) {
    if (link === undefined) {
      yield { frame: number, by: 'udp', payload: bytes, missing }
      continue
    }
    const ip = ipOf(link, bytes)
    const packet = ip === undefined ? undefined : readIp(ip, missing)
    const whole = packet?.fragment === undefined ? packet : fragments.add(packet)
    const carried = whole === undefined ? undefined : payloadOf(whole, number)
    if (carried !== undefined) yield carried
  }
}

function ipOf(link: number, bytes: Uint8Array): Uint8Array | undefined {
  if (link === ETHERNET) return behindEthernet(bytes)
  if (link === NULL || link === LOOP) return bytes.subarray(4)
  if (link === COOKED) return bytes.subarray(16)
  if (link === COOKED_2) return bytes.subarray(20)
  return understandsLink(link) ? bytes : undefined
}

function behindEthernet(bytes: Uint8Array): Uint8Array {
  let at = 12
  while (VLAN_TAGS.has(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))) at += 4
  return bytes.subarray(at + 2)
}

/** An IPv4 or IPv6 packet; undefined for anything else. `missing` are bytes that a capture cut off. */
export function readIp(bytes: Uint8Array, missing: number): IpPacket | undefined {
  const version = (bytes[0] ?? 0) >> 4
  if (version === 4) return readIpv4(bytes, missing)
  return version === 6 ? readIpv6(bytes, missing) : undefined
}

// RFC 791 §3.1.
function readIpv4(bytes: Uint8Array, missing: number): IpPacket | undefined {
  const reader = new Reader(bytes)
  const headerBytes = (reader.u8() & 0xf) * 4
  reader.skip(1)
  const total = reader.u16()
  const id = reader.u16()
  const flags = reader.u16()
  reader.skip(1)
  const protocol = reader.u8()
  reader.skip(2)
  const [source, destination] = [mapped(reader.bytes(4)), mapped(reader.bytes(4))]
  if (reader.failed || headerBytes < 20 || headerBytes > bytes.length || total < headerBytes) return undefined
  const payload = bytes.subarray(headerBytes, total)
  const packet = {
    source,
    destination,
    protocol,
    payload,
    missing: Math.min(missing, total - headerBytes - payload.length),
  }
  const more = (flags & 0x2000) !== 0
  const offset = (flags & 0x1fff) * 8
  return more || offset > 0 ? { ...packet, fragment: { id, offset, more } } : packet
}

const [HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION] = [0, 43, 44, 60] as const

// RFC 8200 §3, §4.
function readIpv6(bytes: Uint8Array, missing: number): IpPacket | undefined {
  const reader = new Reader(bytes)
  reader.skip(4)
  const length = reader.u16()
  let protocol = reader.u8()
  reader.skip(1)
  const [source, destination] = [reader.bytes(16), reader.bytes(16)]
  let fragment: IpPacket['fragment']
  while (protocol === HOP_BY_HOP || protocol === ROUTING || protocol === DESTINATION || protocol === FRAGMENT) {
    const next = reader.u8()
    const units = reader.u8()
    if (protocol === FRAGMENT) {
      const field = reader.u16()
      fragment = { id: reader.u32(), offset: field & 0xfff8, more: (field & 1) === 1 }
    } else reader.skip(6 + units * 8)
    protocol = next
    if (reader.failed) return undefined
  }
  if (reader.failed) return undefined
  const payload = bytes.subarray(reader.offset, Math.max(reader.offset, 40 + length))
  const packet = {
    source,
    destination,
    protocol,
    payload,
    missing: Math.min(missing, 40 + length - reader.offset - payload.length),
  }
  return fragment === undefined ? packet : { ...packet, fragment }
}

function payloadOf(packet: IpPacket, frame: number): Carried | undefined {
  const { source, destination, protocol, payload, missing } = packet
  const path = { source, destination, sourcePort: 0, port: 0 }
  if (protocol === HIP) return { frame, by: 'hip', path, payload, missing }
  if (protocol === ESP) return { frame, by: 'esp', path, payload, missing }
  if (protocol !== UDP) return undefined
  const reader = new Reader(payload)
  const ports = { sourcePort: reader.u16(), port: reader.u16() }
  const length = reader.u16()
  if (reader.failed || length < UDP_HEADER_BYTES) return undefined
  return { frame, by: 'udp', path: { ...path, ...ports }, payload: payload.subarray(UDP_HEADER_BYTES, length), missing }
}

function mapped(four: Uint8Array): Uint8Array {
  const address = new Uint8Array(16)
  address.set([0xff, 0xff], 10)
  address.set(four, 12)
  return address
}
