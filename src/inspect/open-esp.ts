// Opening one ESP packet of any suite of RFC 7402 §5.1.2 that encrypts or has an HMAC, with 64-bit or 32-bit sequence numbers:
// for tools that look at captures. Nothing is kept between packets; the data path has aead.ts.

import { createDecipheriv, createHmac } from 'node:crypto'
import { plain } from '../crypto/buffer.ts'
import { sameSecret } from '../crypto/secret.ts'

interface Sealing {
  readonly cipher: 'cbc' | 'gcm' | 'ccm' | 'null'
  readonly ivBytes: number
  readonly saltBytes: number
  readonly icvBytes: number
  readonly mac?: 'sha1' | 'sha256'
}

const HEADER_BYTES = 8
const AES_KEY_BYTES: ReadonlySet<number> = new Set([16, 24, 32])

// RFC 3602, RFC 4106, RFC 4309, RFC 2404 and RFC 4868, as RFC 7402 §5.1.2 numbers them.
const SUITES: ReadonlyMap<number, Sealing> = new Map<number, Sealing>([
  [1, { cipher: 'cbc', ivBytes: 16, saltBytes: 0, icvBytes: 12, mac: 'sha1' }],
  [7, { cipher: 'null', ivBytes: 0, saltBytes: 0, icvBytes: 16, mac: 'sha256' }],
  [8, { cipher: 'cbc', ivBytes: 16, saltBytes: 0, icvBytes: 16, mac: 'sha256' }],
  [9, { cipher: 'cbc', ivBytes: 16, saltBytes: 0, icvBytes: 16, mac: 'sha256' }],
  [10, { cipher: 'ccm', ivBytes: 8, saltBytes: 3, icvBytes: 8 }],
  [11, { cipher: 'ccm', ivBytes: 8, saltBytes: 3, icvBytes: 16 }],
  [12, { cipher: 'gcm', ivBytes: 8, saltBytes: 4, icvBytes: 8 }],
  [13, { cipher: 'gcm', ivBytes: 8, saltBytes: 4, icvBytes: 16 }],
])

/** Keys as a key log has them; the encryption key of an AEAD ends with its salt. */
export interface AnyEspKeys {
  readonly suite: number
  readonly encryption: Uint8Array
  readonly authentication: Uint8Array
}

/** Whether packets of that suite can be opened with keys of these lengths. */
export function canOpenEsp({ suite, encryption, authentication }: AnyEspKeys): boolean {
  const sealing = SUITES.get(suite)
  if (sealing === undefined) return false
  if ((sealing.mac === undefined) !== (authentication.length === 0)) return false
  const keyBytes = encryption.length - sealing.saltBytes
  return sealing.cipher === 'null' ? keyBytes === 0 : AES_KEY_BYTES.has(keyBytes)
}

/**
 * The plaintext with its trailer, if the packet is authentic under these keys. `high` is the upper half of its sequence
 * number, undefined for a security association with 32-bit numbers (RFC 4303 §2.2.1). Undefined for anything else.
 */
export function openAnyEsp(keys: AnyEspKeys, packet: Uint8Array, high: number | undefined): Uint8Array | undefined {
  const sealing = SUITES.get(keys.suite)
  if (sealing === undefined || !canOpenEsp(keys)) return undefined
  const end = packet.length - sealing.icvBytes
  if (end < HEADER_BYTES + sealing.ivBytes) return undefined
  return sealing.mac === undefined
    ? openAead(sealing, keys.encryption, packet, end, high)
    : openWithHmac(sealing, sealing.mac, keys, packet, end, high)
}

function openWithHmac(
  sealing: Sealing,
  mac: 'sha1' | 'sha256',
  keys: AnyEspKeys,
  packet: Uint8Array,
  end: number,
  high: number | undefined,
): Uint8Array | undefined {
  const state = createHmac(mac, keys.authentication).update(packet.subarray(0, end))
  if (high !== undefined) state.update(word(high))
  if (!sameSecret(plain(state.digest()).subarray(0, sealing.icvBytes), packet.subarray(end))) return undefined
  const start = HEADER_BYTES + sealing.ivBytes
  if (sealing.cipher === 'null') return packet.subarray(start, end)
  if ((end - start) % 16 !== 0) return undefined
  const name = `aes-${keys.encryption.length * 8}-cbc`
  const cipher = createDecipheriv(name, keys.encryption, packet.subarray(HEADER_BYTES, start)).setAutoPadding(false)
  return plain(cipher.update(packet.subarray(start, end)))
}

function openAead(
  sealing: Sealing,
  encryption: Uint8Array,
  packet: Uint8Array,
  end: number,
  high: number | undefined,
): Uint8Array | undefined {
  const keyBytes = encryption.length - sealing.saltBytes
  const start = HEADER_BYTES + sealing.ivBytes
  const nonce = new Uint8Array(sealing.saltBytes + sealing.ivBytes)
  nonce.set(encryption.subarray(keyBytes))
  nonce.set(packet.subarray(HEADER_BYTES, start), sealing.saltBytes)
  const key = encryption.subarray(0, keyBytes)
  const aad = additional(packet, high)
  const ciphertext = packet.subarray(start, end)
  const authTagLength = sealing.icvBytes
  try {
    if (sealing.cipher === 'ccm') {
      const cipher = createDecipheriv(ccmName(keyBytes), key, nonce, { authTagLength })
      cipher.setAuthTag(packet.subarray(end)).setAAD(aad, { plaintextLength: ciphertext.length })
      const plaintext = plain(cipher.update(ciphertext))
      cipher.final()
      return plaintext
    }
    const cipher = createDecipheriv(gcmName(keyBytes), key, nonce, { authTagLength })
    cipher.setAuthTag(packet.subarray(end)).setAAD(aad)
    const plaintext = plain(cipher.update(ciphertext))
    cipher.final()
    return plaintext
  } catch {
    return undefined // not authentic
  }
}

// SPI and sequence number, the upper half between them if there is one: RFC 4106 §5.
function additional(packet: Uint8Array, high: number | undefined): Uint8Array {
  if (high === undefined) return packet.subarray(0, HEADER_BYTES)
  const aad = new Uint8Array(12)
  aad.set(packet.subarray(0, 4))
  aad.set(word(high), 4)
  aad.set(packet.subarray(4, HEADER_BYTES), 8)
  return aad
}

function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function ccmName(keyBytes: number): 'aes-128-ccm' | 'aes-192-ccm' | 'aes-256-ccm' {
  return keyBytes === 16 ? 'aes-128-ccm' : keyBytes === 24 ? 'aes-192-ccm' : 'aes-256-ccm'
}

function gcmName(keyBytes: number): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  return keyBytes === 16 ? 'aes-128-gcm' : keyBytes === 24 ? 'aes-192-gcm' : 'aes-256-gcm'
}
