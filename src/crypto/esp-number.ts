// The 64-bit sequence number of ESP as bytes (RFC 4303 §2.2.1), and the two things that are made of it: the AAD and IV of an
// AEAD, and the HMAC that covers the half that is not sent. The hot path: everything is written in place.

import { createHmac, type KeyObject } from 'node:crypto'

/** SPI and the low half of the number. */
export const ESP_HEADER_BYTES = 8

/** The 64 bits of a number, big-endian. */
export function writeSequence(target: Uint8Array, at: number, sequence: number): void {
  writeHigh(target, at, sequence)
  target[at + 4] = sequence >>> 24
  target[at + 5] = sequence >>> 16
  target[at + 6] = sequence >>> 8
  target[at + 7] = sequence
}

/** The SPI of a packet, as the first part of an AAD. */
export function copySpi(aad: Uint8Array, packet: Uint8Array): void {
  for (let at = 0; at < 4; at++) aad[at] = packet[at] ?? 0
}

/** HMAC over a packet and the high half of its number, cut to the ICV of the suite (RFC 4303 §2.8, RFC 4868 §2.3). */
export class HmacIcv {
  readonly bytes: number
  readonly #hash: 'sha256' | 'sha1'
  readonly #key: KeyObject
  readonly #high = new Uint8Array(4)

  constructor(hash: 'sha256' | 'sha1', key: KeyObject, bytes: number) {
    this.#hash = hash
    this.#key = key
    this.bytes = bytes
  }

  /** With extended numbers the high half is authenticated after the packet, and not sent. */
  of(covered: Uint8Array, sequence: number): Uint8Array {
    writeHigh(this.#high, 0, sequence)
    return createHmac(this.#hash, this.#key).update(covered).update(this.#high).digest().subarray(0, this.bytes)
  }
}

function writeHigh(target: Uint8Array, at: number, sequence: number): void {
  const high = Math.floor(sequence / 0x1_0000_0000)
  target[at] = high >>> 24
  target[at + 1] = high >>> 16
  target[at + 2] = high >>> 8
  target[at + 3] = high
}
