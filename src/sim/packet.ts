// What an onlooker can tell of a UDP payload without any key: its kind, its SPI, its size on the wire. The checkers look at
// packets through this file and not through the codecs under test.

import type { Locator } from '../base/address.ts'

/** RFC 7401 §5.3's packets, and what else shares their port (RFC 3948 §2). */
export type PacketKind =
  | 'I1'
  | 'R1'
  | 'I2'
  | 'R2'
  | 'UPDATE'
  | 'NOTIFY'
  | 'CLOSE'
  | 'CLOSE_ACK'
  | 'HIP' // another or a damaged HIP packet
  | 'ESP'
  | 'keepalive'
  | 'runt'

/** A packet as it is on the wire between a socket and another. */
export interface WirePacket {
  /** When it was sent, in virtual ms. */
  readonly at: number
  /** What an onlooker takes it for. */
  readonly kind: PacketKind
  /** The UDP payload. */
  readonly bytes: Uint8Array
  /** As the receiver sees it: translated, or a lie. */
  readonly from: Locator
  /** Where it is sent, as its sender sees it. */
  readonly to: Locator
  /** The host that really sent it. */
  readonly host: string
  /** The socket that really sent it; undefined for what an attacker injects. */
  readonly origin: number | undefined
}

const KINDS: Readonly<Record<number, PacketKind>> = {
  1: 'I1',
  2: 'R1',
  3: 'I2',
  4: 'R2',
  16: 'UPDATE',
  17: 'NOTIFY',
  18: 'CLOSE',
  19: 'CLOSE_ACK',
}

/** Bytes of IP and UDP headers in front of a payload: 28 for IPv4, 48 for IPv6. */
export function overheadBytes(locator: Locator): number {
  return locator.address.includes(':') ? 48 : 28
}

/** Bytes at IP level. */
export function ipBytes(packet: { readonly bytes: Uint8Array; readonly to: Locator }): number {
  return packet.bytes.length + overheadBytes(packet.to)
}

/** The kind of a UDP payload (RFC 9028 §5.1: four zero bytes announce HIP). */
export function packetKind(bytes: Uint8Array): PacketKind {
  if (bytes.length === 1 && bytes[0] === 0xff) return 'keepalive'
  if (bytes.length < 8) return 'runt'
  if (spiOf(bytes) !== 0) return 'ESP'
  return KINDS[(bytes[6] ?? 0) & 0x7f] ?? 'HIP'
}

/** The first four bytes: an SPI, or zero for HIP. */
export function spiOf(bytes: Uint8Array): number {
  return (((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)) >>> 0
}
