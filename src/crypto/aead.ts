// Sealing and opening of ESP packets (RFC 4303, RFC 7402 §5.1.2), the hot path: one cipher object per packet and nothing else
// that can be kept. Suite 13: AES-128-GCM (RFC 4106), IV = the 64-bit sequence number, AAD = SPI ‖ 64-bit sequence number.
// Suite 8: AES-128-CBC with a random IV, then HMAC-SHA-256-128 over the packet and the high half of the number. Padding and
// trailer are not made here: the plaintext ends with them.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { assert } from '../base/assert.ts'
import type { Entropy } from './entropy.ts'
import type { EspKeys } from './keymat.ts'
import { ESP_AES128_CBC_HMAC_SHA256, ESP_AES128_GCM_16, espSuiteInfo } from './suites.ts'

/** Seals the packets of one outbound SA. */
export interface Sealer {
  /**
   * Seals in place. `packet` is SPI ‖ low sequence ‖ room for the IV ‖ plaintext with trailer ‖ room for the ICV.
   * `sequence` is the full number; it must be greater than at the call before: no number is ever sealed twice.
   */
  seal(packet: Uint8Array, sequence: number): void
}

/** Opens the packets of one inbound SA. */
export interface Opener {
  /** The plaintext with its trailer, in memory of its own; undefined if it is forged or too short. Never throws. */
  open(packet: Uint8Array, sequence: number): Uint8Array | undefined
}

/** Makes sealers and openers. The keys must have the lengths of the suite; they are copied. */
export interface AeadProvider {
  sealer(suite: number, keys: EspKeys, entropy: Entropy): Sealer
  opener(suite: number, keys: EspKeys): Opener
}

/** The provider of node:crypto. */
export const nodeAead: AeadProvider = Object.freeze({
  sealer(suite: number, keys: EspKeys, entropy: Entropy): Sealer {
    checkKeys(suite, keys)
    return suite === ESP_AES128_GCM_16 ? new GcmSealer(keys) : new CbcSealer(keys, entropy)
  },
  opener(suite: number, keys: EspKeys): Opener {
    checkKeys(suite, keys)
    return suite === ESP_AES128_GCM_16 ? new GcmOpener(keys) : new CbcOpener(keys)
  },
})

const HEADER_BYTES = 8
const ICV_BYTES = 16
const GCM = 'aes-128-gcm'
const GCM_START = HEADER_BYTES + 8
const CBC = 'aes-128-cbc'
const CBC_START = HEADER_BYTES + 16

class GcmSealer implements Sealer {
  readonly #key: KeyObject
  readonly #nonce: Uint8Array
  readonly #aad = new Uint8Array(12)
  #last = 0

  constructor(keys: EspKeys) {
    this.#key = createSecretKey(keys.encryption.subarray(0, 16))
    this.#nonce = nonceWithSalt(keys)
  }

  seal(packet: Uint8Array, sequence: number): void {
    assert(sequence > this.#last, 'a sequence number was to be sealed twice')
    this.#last = sequence
    const nonce = this.#nonce
    const aad = this.#aad
    writeSequence(nonce, 4, sequence)
    writeSequence(packet, HEADER_BYTES, sequence)
    copySpi(aad, packet)
    writeSequence(aad, 4, sequence)
    const end = packet.length - ICV_BYTES
    const cipher = createCipheriv(GCM, this.#key, nonce)
    cipher.setAAD(aad)
    packet.set(cipher.update(packet.subarray(GCM_START, end)), GCM_START)
    cipher.final()
    packet.set(cipher.getAuthTag(), end)
  }
}

class GcmOpener implements Opener {
  readonly #key: KeyObject
  readonly #nonce: Uint8Array
  readonly #aad = new Uint8Array(12)

  constructor(keys: EspKeys) {
    this.#key = createSecretKey(keys.encryption.subarray(0, 16))
    this.#nonce = nonceWithSalt(keys)
  }

  open(packet: Uint8Array, sequence: number): Uint8Array | undefined {
    const end = packet.length - ICV_BYTES
    if (end < GCM_START) return undefined
    const nonce = this.#nonce
    const aad = this.#aad
    // The IV is used as read: another implementation may count it in its own way (MOVING §3).
    for (let at = 0; at < 8; at++) nonce[4 + at] = packet[HEADER_BYTES + at] ?? 0
    copySpi(aad, packet)
    writeSequence(aad, 4, sequence)
    const decipher = createDecipheriv(GCM, this.#key, nonce)
    decipher.setAAD(aad)
    decipher.setAuthTag(packet.subarray(end))
    const plaintext = decipher.update(packet.subarray(GCM_START, end))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return plaintext
  }
}

class CbcSealer implements Sealer {
  readonly #encryption: KeyObject
  readonly #authentication: KeyObject
  readonly #entropy: Entropy
  readonly #high = new Uint8Array(4)
  #last = 0

  constructor(keys: EspKeys, entropy: Entropy) {
    this.#encryption = createSecretKey(keys.encryption)
    this.#authentication = createSecretKey(keys.authentication)
    this.#entropy = entropy
  }

  seal(packet: Uint8Array, sequence: number): void {
    assert(sequence > this.#last, 'a sequence number was to be sealed twice')
    this.#last = sequence
    const end = packet.length - ICV_BYTES
    assert(end >= CBC_START && (end - CBC_START) % 16 === 0, 'the plaintext is no whole number of blocks')
    const iv = this.#entropy(16)
    const cipher = createCipheriv(CBC, this.#encryption, iv).setAutoPadding(false)
    packet.set(iv, HEADER_BYTES)
    packet.set(cipher.update(packet.subarray(CBC_START, end)), CBC_START)
    packet.set(icv(this.#authentication, packet.subarray(0, end), this.#high, sequence), end)
  }
}

class CbcOpener implements Opener {
  readonly #encryption: KeyObject
  readonly #authentication: KeyObject
  readonly #high = new Uint8Array(4)

  constructor(keys: EspKeys) {
    this.#encryption = createSecretKey(keys.encryption)
    this.#authentication = createSecretKey(keys.authentication)
  }

  open(packet: Uint8Array, sequence: number): Uint8Array | undefined {
    const end = packet.length - ICV_BYTES
    if (end < CBC_START || (end - CBC_START) % 16 !== 0) return undefined
    const expected = icv(this.#authentication, packet.subarray(0, end), this.#high, sequence)
    if (!timingSafeEqual(expected, packet.subarray(end))) return undefined
    const iv = packet.subarray(HEADER_BYTES, CBC_START)
    return createDecipheriv(CBC, this.#encryption, iv).setAutoPadding(false).update(packet.subarray(CBC_START, end))
  }
}

// RFC 4303 §2.2.1: with extended numbers the high half is authenticated after the packet, and not sent.
function icv(key: KeyObject, covered: Uint8Array, high: Uint8Array, sequence: number): Uint8Array {
  writeHigh(high, 0, sequence)
  return createHmac('sha256', key).update(covered).update(high).digest().subarray(0, ICV_BYTES)
}

function checkKeys(suite: number, keys: EspKeys): void {
  const info = espSuiteInfo(suite)
  assert(
    info !== undefined && (suite === ESP_AES128_GCM_16 || suite === ESP_AES128_CBC_HMAC_SHA256),
    'unknown ESP suite',
  )
  assert(keys.encryption.length === info.encryptionBytes, 'the ESP encryption key has a wrong length')
  assert(keys.authentication.length === info.authenticationBytes, 'the ESP authentication key has a wrong length')
}

function nonceWithSalt(keys: EspKeys): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce.set(keys.encryption.subarray(16))
  return nonce
}

function copySpi(aad: Uint8Array, packet: Uint8Array): void {
  for (let at = 0; at < 4; at++) aad[at] = packet[at] ?? 0
}

function writeSequence(target: Uint8Array, at: number, sequence: number): void {
  writeHigh(target, at, sequence)
  target[at + 4] = sequence >>> 24
  target[at + 5] = sequence >>> 16
  target[at + 6] = sequence >>> 8
  target[at + 7] = sequence
}

function writeHigh(target: Uint8Array, at: number, sequence: number): void {
  const high = Math.floor(sequence / 0x1_0000_0000)
  target[at] = high >>> 24
  target[at + 1] = high >>> 16
  target[at + 2] = high >>> 8
  target[at + 3] = high
}
