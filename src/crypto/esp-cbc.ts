// AES-CBC with HMAC for ESP (RFC 3602, RFC 4868): a random IV, then an HMAC over packet and high half of the number. Encrypted first
// and authenticated afterwards, so that nothing is decrypted that is not authentic. Padding and trailer are not made here.

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { assert } from '../base/assert.ts'
import type { EspSuite, Opener, Sealer } from './aead.ts'
import type { Entropy } from './entropy.ts'
import { ESP_HEADER_BYTES, HmacIcv } from './esp-number.ts'
import type { EspKeys } from './keymat.ts'

/** What tells the CBC suites apart; lengths in bytes. */
export interface CbcParts {
  readonly cipher: 'aes-128-cbc' | 'aes-256-cbc'
  readonly hash: 'sha256' | 'sha1'
  readonly authenticationBytes: number
  readonly icvBytes: number
}

/** A suite of AES-CBC and HMAC. */
export function cbcSuite(id: number, name: string, parts: CbcParts): EspSuite {
  return Object.freeze({
    id,
    name,
    encryptionBytes: parts.cipher === 'aes-128-cbc' ? 16 : 32,
    authenticationBytes: parts.authenticationBytes,
    ivBytes: IV_BYTES,
    blockBytes: BLOCK_BYTES,
    icvBytes: parts.icvBytes,
    sealer: (keys: EspKeys, entropy: Entropy) => new CbcSealer(parts, keys, entropy),
    opener: (keys: EspKeys) => new CbcOpener(parts, keys),
  })
}

const IV_BYTES = 16
const BLOCK_BYTES = 16
const START = ESP_HEADER_BYTES + IV_BYTES

class CbcSealer implements Sealer {
  readonly #cipher: CbcParts['cipher']
  readonly #key: KeyObject
  readonly #icv: HmacIcv
  readonly #entropy: Entropy
  #last = 0

  constructor({ cipher, hash, icvBytes }: CbcParts, keys: EspKeys, entropy: Entropy) {
    this.#cipher = cipher
    this.#key = createSecretKey(keys.encryption)
    this.#icv = new HmacIcv(hash, createSecretKey(keys.authentication), icvBytes)
    this.#entropy = entropy
  }

  seal(packet: Uint8Array, sequence: number): void {
    assert(sequence > this.#last, 'a sequence number was to be sealed twice')
    this.#last = sequence
    const end = packet.length - this.#icv.bytes
    assert(end >= START && (end - START) % BLOCK_BYTES === 0, 'the plaintext is no whole number of blocks')
    const iv = this.#entropy(IV_BYTES)
    const cipher = createCipheriv(this.#cipher, this.#key, iv).setAutoPadding(false)
    packet.set(iv, ESP_HEADER_BYTES)
    packet.set(cipher.update(packet.subarray(START, end)), START)
    packet.set(this.#icv.of(packet.subarray(0, end), sequence), end)
  }
}

class CbcOpener implements Opener {
  readonly #cipher: CbcParts['cipher']
  readonly #key: KeyObject
  readonly #icv: HmacIcv

  constructor({ cipher, hash, icvBytes }: CbcParts, keys: EspKeys) {
    this.#cipher = cipher
    this.#key = createSecretKey(keys.encryption)
    this.#icv = new HmacIcv(hash, createSecretKey(keys.authentication), icvBytes)
  }

  open(packet: Uint8Array, sequence: number): Uint8Array | undefined {
    const end = packet.length - this.#icv.bytes
    if (end < START || (end - START) % BLOCK_BYTES !== 0) return undefined
    const expected = this.#icv.of(packet.subarray(0, end), sequence)
    if (!timingSafeEqual(expected, packet.subarray(end))) return undefined
    const iv = packet.subarray(ESP_HEADER_BYTES, START)
    return createDecipheriv(this.#cipher, this.#key, iv).setAutoPadding(false).update(packet.subarray(START, end))
  }
}
