// ESP as a stranger would write it: suite 8 with 64-bit numbers (RFC 4303, RFC 3602, RFC 4868, RFC 7402 §5.1.2).

import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { concat, equalBytes } from '../../src/base/bytes.ts'

export interface EspKeys {
  readonly encryption: Uint8Array
  readonly authentication: Uint8Array
}

/** Keys of both directions. */
export interface Directions {
  readonly send: EspKeys
  readonly receive: EspKeys
}

/** An SA that leaves. */
export interface Outbound {
  readonly spi: number
  readonly keys: EspKeys
  sequence: number
}

/** Four keys: AES-128-CBC and HMAC-SHA-256, each direction its own. */
export const ESP_BYTES = 2 * 48

const ICV_BYTES = 16
const UDP = 17

/** RFC 7402 §7: SA-gl encryption and authentication, SA-lg the same; `greater`: our HIT is. */
export function drawEsp(keymat: Uint8Array, greater: boolean): Directions {
  const gl = { encryption: keymat.slice(0, 16), authentication: keymat.slice(16, 48) }
  const lg = { encryption: keymat.slice(48, 64), authentication: keymat.slice(64, 96) }
  return greater ? { send: gl, receive: lg } : { send: lg, receive: gl }
}

/** One packet around an inner UDP datagram. */
export function seal(keys: EspKeys, spi: number, sequence: number, payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(spi)
  header.writeUInt32BE(sequence, 4)
  const padding = (16 - ((payload.length + 2) % 16)) % 16
  const trailer = Buffer.from([...Array.from({ length: padding }, (_, at) => at + 1), padding, UDP])
  const iv = Buffer.alloc(16, sequence)
  iv.writeUInt32BE(sequence)
  const cipher = createCipheriv('aes-128-cbc', keys.encryption, iv).setAutoPadding(false)
  const packet = concat(header, iv, cipher.update(concat(payload, trailer)), cipher.final())
  return concat(packet, icv(keys, packet))
}

/** What is in a packet; undefined if its ICV is wrong. */
export function open(
  keys: EspKeys,
  packet: Uint8Array,
): { readonly payload: Uint8Array; readonly nextHeader: number } | undefined {
  const body = packet.subarray(0, -ICV_BYTES)
  if (!equalBytes(icv(keys, body), packet.subarray(-ICV_BYTES))) return undefined
  const decipher = createDecipheriv('aes-128-cbc', keys.encryption, body.subarray(8, 24)).setAutoPadding(false)
  const plain = concat(decipher.update(body.subarray(24)), decipher.final())
  const padding = plain[plain.length - 2] ?? 0
  return { payload: plain.subarray(0, plain.length - 2 - padding), nextHeader: plain[plain.length - 1] ?? 0 }
}

/** Over the packet and the upper half of its number, which is zero here (RFC 4303 §2.2.1). */
function icv(keys: EspKeys, packet: Uint8Array): Uint8Array {
  const mac = createHmac('sha256', keys.authentication)
  return mac.update(packet).update(new Uint8Array(4)).digest().subarray(0, ICV_BYTES)
}
