// Captures as files: UDP datagrams inside IPv4 or IPv6 headers, in the classic pcap format with link type RAW (no Ethernet),
// written with nothing but byte arithmetic so that the oracle's input does not depend on the code it judges.

import { writeFileSync } from 'node:fs'
import { isIPv4, isIPv6 } from 'node:net'

/** One UDP datagram as it was seen. Both ends are literal addresses of the same family. */
export interface Seen {
  /** Milliseconds since the capture began. */
  readonly at: number
  readonly source: Place
  readonly destination: Place
  /** The UDP payload. */
  readonly payload: Uint8Array
}

export interface Place {
  readonly address: string
  readonly port: number
}

const PCAP_MAGIC = 0xa1b2c3d4
const LINKTYPE_RAW = 101
const SNAPLEN = 0x40000
const UDP = 17
const HOP_LIMIT = 64

/** Writes the datagrams to `file`, in the order given. */
export function writePcap(file: string, seen: readonly Seen[]): void {
  writeFileSync(file, pcapOf(seen))
}

/** The bytes of a capture file. */
export function pcapOf(seen: readonly Seen[]): Uint8Array {
  const header = Buffer.alloc(24)
  header.writeUInt32BE(PCAP_MAGIC, 0)
  header.writeUInt16BE(2, 4)
  header.writeUInt16BE(4, 6)
  header.writeUInt32BE(SNAPLEN, 16)
  header.writeUInt32BE(LINKTYPE_RAW, 20)
  return Buffer.concat([header, ...seen.flatMap((datagram) => recordOf(datagram))])
}

/** An IP packet that carries the payload, with lengths and checksums as RFC 768, RFC 791 and RFC 8200 have them. */
export function ipPacketOf({ source, destination, payload }: Omit<Seen, 'at'>): Uint8Array {
  const from = addressBytes(source.address)
  const to = addressBytes(destination.address)
  if (from.length !== to.length) throw new Error(`${source.address} and ${destination.address} are of two families`)
  const udp = udpOf(from, to, source.port, destination.port, payload)
  return Buffer.concat([from.length === 4 ? ipv4Header(from, to, udp.length) : ipv6Header(from, to, udp.length), udp])
}

/** A UDP datagram between two addresses of one family, header and checksum included. */
export function udpDatagram(
  source: string,
  destination: string,
  sourcePort: number,
  port: number,
  payload: Uint8Array,
): Uint8Array {
  return udpOf(addressBytes(source), addressBytes(destination), sourcePort, port, payload)
}

function recordOf(datagram: Seen): [Uint8Array, Uint8Array] {
  const packet = ipPacketOf(datagram)
  const record = Buffer.alloc(16)
  record.writeUInt32BE(Math.floor(datagram.at / 1_000), 0)
  record.writeUInt32BE(Math.floor((datagram.at % 1_000) * 1_000), 4)
  record.writeUInt32BE(packet.length, 8)
  record.writeUInt32BE(packet.length, 12)
  return [record, packet]
}

function ipv4Header(from: Uint8Array, to: Uint8Array, length: number): Uint8Array {
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + length, 2)
  header[8] = HOP_LIMIT
  header[9] = UDP
  header.set(from, 12)
  header.set(to, 16)
  header.writeUInt16BE(checksum(header), 10)
  return header
}

function ipv6Header(from: Uint8Array, to: Uint8Array, length: number): Uint8Array {
  const header = Buffer.alloc(40)
  header[0] = 0x60
  header.writeUInt16BE(length, 4)
  header[6] = UDP
  header[7] = HOP_LIMIT
  header.set(from, 8)
  header.set(to, 24)
  return header
}

function udpOf(from: Uint8Array, to: Uint8Array, source: number, destination: number, payload: Uint8Array): Uint8Array {
  const udp = Buffer.alloc(8 + payload.length)
  udp.writeUInt16BE(source, 0)
  udp.writeUInt16BE(destination, 2)
  udp.writeUInt16BE(udp.length, 4)
  udp.set(payload, 8)
  const tail = Buffer.alloc(8)
  tail.writeUInt32BE(udp.length, 0)
  tail.writeUInt32BE(UDP, 4)
  const pseudo = from.length === 4 ? Buffer.from([0, UDP, udp.length >>> 8, udp.length & 0xff]) : tail
  // A computed zero is sent as all ones; zero would mean that nobody computed it.
  udp.writeUInt16BE(checksum(Buffer.concat([from, to, pseudo, udp])) || 0xffff, 6)
  return udp
}

/** The Internet checksum over whole bytes, an odd one padded with zero. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  bytes.forEach((byte, index) => {
    sum += index % 2 === 0 ? byte << 8 : byte
  })
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}

function addressBytes(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number))
  if (!isIPv6(text)) throw new Error(`${text} is no IP address`)
  const [head = '', tail] = text.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const words = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff]))
}
