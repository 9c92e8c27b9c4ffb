// AES-GCM for ESP (RFC 4106): nonce = salt ‖ IV, IV = the 64-bit sequence number (MOVING §3), AAD = SPI ‖ 64-bit sequence number.
// The key is 128 bits long in both suites (docs/PROTOCOL.md, rulings); they differ in how much of the tag is sent.

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { litter } from '../base/litter.ts'
import type { EspSuite, Opener, Sealer } from './aead.ts'
import { copySpi, ESP_HEADER_BYTES, writeSequence } from './esp-number.ts'
import type { EspKeys } from './keymat.ts'
import { WarmKey } from './warm-key.ts'

/** An AES-128-GCM suite with an ICV of `icvBytes`. */
export function gcmSuite(id: number, name: string, icvBytes: 8 | 16): EspSuite {
  return Object.freeze({
    id,
    name,
    encryptionBytes: KEY_BYTES + SALT_BYTES,
    authenticationBytes: 0,
    ivBytes: IV_BYTES,
    blockBytes: 4,
    icvBytes,
    sealer: (keys: EspKeys) => new GcmSealer(keys, icvBytes),
    opener: (keys: EspKeys) => new GcmOpener(keys, icvBytes),
  })
}

const GCM = 'aes-128-gcm'
const KEY_BYTES = 16
const SALT_BYTES = 4
const IV_BYTES = 8
const START = ESP_HEADER_BYTES + IV_BYTES

class GcmSealer implements Sealer {
  readonly #key: KeyObject
  readonly #salt: number
  readonly #icvBytes: number
  readonly #options: TagOptions
  #last = 0

  constructor(keys: EspKeys, icvBytes: number) {
    this.#key = createSecretKey(keys.encryption.subarray(0, KEY_BYTES))
    this.#salt = saltOf(keys)
    this.#icvBytes = icvBytes
    this.#options = tagOptions(icvBytes)
  }

  seal(packet: Uint8Array, sequence: number): void {
    assert(sequence > this.#last, 'a sequence number was to be sealed twice')
    this.#last = sequence
    writeSalt(this.#salt)
    writeSequence(nonce, SALT_BYTES, sequence)
    writeSequence(packet, ESP_HEADER_BYTES, sequence)
    copySpi(aad, packet)
    writeSequence(aad, 4, sequence)
    const end = packet.length - this.#icvBytes
    const cipher = createCipheriv(GCM, this.#key, nonce, this.#options)
    cipher.setAAD(aad)
    packet.set(cipher.update(packet.subarray(START, end)), START)
    litter(end - START)
    cipher.final()
    packet.set(cipher.getAuthTag(), end)
  }

  /** The key goes with this object. */
  forget(): void {
    this.#last = Infinity
  }
}

class GcmOpener implements Opener {
  readonly #key: WarmKey
  readonly #salt: number
  readonly #icvBytes: number
  readonly #options: TagOptions

  constructor(keys: EspKeys, icvBytes: number) {
    this.#key = new WarmKey(keys.encryption.subarray(0, KEY_BYTES))
    this.#salt = saltOf(keys)
    this.#icvBytes = icvBytes
    this.#options = tagOptions(icvBytes)
  }

  open(packet: Uint8Array, sequence: number): Uint8Array | undefined {
    const end = packet.length - this.#icvBytes
    if (end < START) return undefined
    writeSalt(this.#salt)
    // The IV is used as read: another implementation may count it in its own way (MOVING §3).
    for (let at = 0; at < IV_BYTES; at++) nonce[SALT_BYTES + at] = packet[ESP_HEADER_BYTES + at] ?? 0
    copySpi(aad, packet)
    writeSequence(aad, 4, sequence)
    const decipher = createDecipheriv(GCM, this.#key.object, nonce, this.#options)
    decipher.setAAD(aad)
    decipher.setAuthTag(packet.subarray(end))
    const plaintext = decipher.update(packet.subarray(START, end))
    litter(end - START)
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return plaintext
  }
}

/** node:crypto wants to be told of a tag shorter than 16 bytes; telling it of that length costs a twentieth of a packet. */
type TagOptions = { readonly authTagLength: number } | undefined

function tagOptions(icvBytes: number): TagOptions {
  return icvBytes === 16 ? undefined : { authTagLength: icvBytes }
}

function saltOf({ encryption }: EspKeys): number {
  return new DataView(encryption.buffer, encryption.byteOffset + KEY_BYTES, SALT_BYTES).getInt32(0)
}

// Of whatever is being sealed or opened, for all SAs: four small arrays each would be as much memory as all their keys.
const nonce = new Uint8Array(SALT_BYTES + IV_BYTES)
const aad = new Uint8Array(12)

function writeSalt(salt: number): void {
  for (let at = 0; at < SALT_BYTES; at++) nonce[at] = salt >>> (24 - 8 * at)
}
