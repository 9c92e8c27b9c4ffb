// The Internet checksum: 16-bit one's complement sums over a pseudo header and a body (RFC 7401 §5.1.1, RFC 8200 §8.1).
// Sums are kept unfolded in a number; `fold` ends them.

import { assert } from '../base/assert.ts'

const HIP_PROTOCOL = 139

/**
 * The checksum of a whole HIP packet over plain IP between two addresses of 16 bytes (IPv4 as ::ffff:a.b.c.d, which
 * chooses the IPv4 pseudo header). Over UDP the field is zero instead (RFC 9028 §5.1): this is for vectors and tools.
 */
export function hipChecksum(packet: Uint8Array, source: Uint8Array, destination: Uint8Array): number {
  const mapped = isMapped(source) && isMapped(destination)
  const addresses = mapped
    ? sumWords(source, 12, 16) + sumWords(destination, 12, 16)
    : sumWords(source, 0, 16) + sumWords(destination, 0, 16)
  const field = sumWords(packet, 4, 6)
  return ~fold(addresses + packet.length + HIP_PROTOCOL + sumWords(packet, 0, packet.length) - field) & 0xffff
}

/** The sum of a pseudo header's two addresses; it stays the same for a pair of HITs, so callers may keep it. */
export function sumOfPair(source: Uint8Array, destination: Uint8Array): number {
  return sumWords(source, 0, 16) + sumWords(destination, 0, 16)
}

/** The checksum, as it is sent, of `bytes[start, end)` under IPv6's pseudo header, whose addresses sum to `pair`. */
export function upperLayerChecksum(
  pair: number,
  nextHeader: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  return ~fold(pair + (end - start) + nextHeader + sumWords(bytes, start, end)) & 0xffff
}

/** The unfolded sum of the big-endian 16-bit words in `bytes[start, end)`, the last one padded with a zero byte. */
export function sumWords(bytes: Uint8Array, start: number, end: number): number {
  assert(start >= 0 && start <= end && end <= bytes.length, 'a sum stays inside its bytes')
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
  // Two words at a time, the upper and the lower ones summed apart, so that everything stays a small integer.
  let upper = 0
  let lower = 0
  let i = 0
  for (const stop = view.byteLength - 7; i < stop; i += 8) {
    const first = view.getInt32(i)
    const second = view.getInt32(i + 4)
    upper += (first >>> 16) + (second >>> 16)
    lower += (first & 0xffff) + (second & 0xffff)
  }
  for (const stop = view.byteLength - 1; i < stop; i += 2) lower += view.getUint16(i)
  if (i < view.byteLength) lower += view.getUint8(i) << 8
  return upper + lower
}

/** Folds a sum below 2^48 to 16 bits. */
export function fold(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return folded
}

function isMapped(address: Uint8Array): boolean {
  return sumWords(address, 0, 10) === 0 && address[10] === 0xff && address[11] === 0xff
}
