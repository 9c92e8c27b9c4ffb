// ESP framing without keys (RFC 4303 §2): SPI, the low half of the sequence number, IV, payload, trailer, ICV.
// The hot path: everything is written in place, and numbers are read without allocation.

import { assert } from '../base/assert.ts'

/** Sizes that a suite gives the packet. `blockBytes` below 4 count as 4 (RFC 4303 §2.4). */
export interface EspLayout {
  /** Bytes of the IV that stand before the payload. */
  readonly ivBytes: number
  /** To a multiple of so many bytes payload, padding and trailer are filled up. */
  readonly blockBytes: number
  /** Bytes of the ICV at the end. */
  readonly icvBytes: number
}

/** SPI and sequence number. */
export const ESP_HEADER_BYTES = 8
// Pad length and next header.
const TRAILER_BYTES = 2

/** The SPI of a packet of at least 4 bytes (`classify` says so). */
export function spiOf(packet: Uint8Array): number {
  return u32At(packet, 0)
}

/** The low 32 bits of the sequence number of a packet of at least 8 bytes. */
export function sequenceLowOf(packet: Uint8Array): number {
  return u32At(packet, 4)
}

/** The size of the packet that carries `payloadLength` bytes. */
export function espSize(layout: EspLayout, payloadLength: number): number {
  return (
    ESP_HEADER_BYTES +
    layout.ivBytes +
    payloadLength +
    padBytes(layout, payloadLength) +
    TRAILER_BYTES +
    layout.icvBytes
  )
}

/** The longest payload of a packet of at most `size` bytes; negative if not even an empty one fits. */
export function espCapacity({ ivBytes, blockBytes, icvBytes }: EspLayout, size: number): number {
  const block = Math.max(4, blockBytes)
  return block * Math.floor((size - ESP_HEADER_BYTES - ivBytes - icvBytes) / block) - TRAILER_BYTES
}

/** Of a packet that begins `at`. */
export function writeEspHeader(packet: Uint8Array, spi: number, sequenceLow: number, at = 0): void {
  putU32(packet, at, spi)
  putU32(packet, at + 4, sequenceLow)
}

/** Writes padding 1, 2, 3 …, its length and the next header behind the payload of a packet of `espSize` bytes, which may be a part. */
export function writeTrailer(
  packet: Uint8Array,
  layout: EspLayout,
  payloadLength: number,
  nextHeader: number,
  at = 0,
  end: number = packet.length,
): void {
  assert(end - at === espSize(layout, payloadLength), 'the packet has the size of its payload')
  const pad = padBytes(layout, payloadLength)
  const start = at + ESP_HEADER_BYTES + layout.ivBytes + payloadLength
  for (let i = 0; i < pad; i++) packet[start + i] = i + 1
  packet[start + pad] = pad
  packet[start + pad + 1] = nextHeader
}

/**
 * Of a decrypted payload the next header (`NextHeader` of the registry) and how many bytes stand before the padding; undefined if
 * the trailer is not one of RFC 4303 §2.4.
 */
export function readTrailer(plaintext: Uint8Array): { nextHeader: number; length: number } | undefined {
  const end = plaintext.length - TRAILER_BYTES
  if (end < 0) return undefined
  const pad = plaintext[end] as number
  const length = end - pad
  if (length < 0) return undefined
  for (let i = 0; i < pad; i++) if (plaintext[length + i] !== i + 1) return undefined
  return { nextHeader: plaintext[end + 1] as number, length }
}

function padBytes(layout: EspLayout, payloadLength: number): number {
  const block = Math.max(4, layout.blockBytes)
  const over = (payloadLength + TRAILER_BYTES) % block
  return over === 0 ? 0 : block - over
}

function u32At(bytes: Uint8Array, at: number): number {
  assert(bytes.length >= at + 4, 'an ESP packet has a header')
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
