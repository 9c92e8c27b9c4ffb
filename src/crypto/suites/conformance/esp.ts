// ESP suites that are there only to conform (RFC 7402 §5.1.2): 7 hides nothing, 1 rests on SHA-1. Offered only by who lists them.

import { createSecretKey, timingSafeEqual } from 'node:crypto'
import { assert } from '../../../base/assert.ts'
import type { EspSuite, Opener, Sealer } from '../../aead.ts'
import { cbcSuite } from '../../esp-cbc.ts'
import { ESP_HEADER_BYTES, HmacIcv } from '../../esp-number.ts'
import type { EspKeys } from '../../keymat.ts'

const ICV_BYTES = 16

/** Suite 7: RFC 2410 with HMAC-SHA-256-128 (RFC 4868 §2.3). No IV; authenticated and in the clear. */
export const NULL_HMAC_SHA256: EspSuite = Object.freeze({
  id: 7,
  name: 'NULL with HMAC-SHA-256',
  encryptionBytes: 0,
  authenticationBytes: 32,
  ivBytes: 0,
  // RFC 2410 §2.2 has blocks of one byte; the trailer ends on four (RFC 4303 §2.4).
  blockBytes: 4,
  icvBytes: ICV_BYTES,
  sealer: (keys: EspKeys) => new NullSealer(keys),
  opener: (keys: EspKeys) => new NullOpener(keys),
})

/** Suite 1: AES-128-CBC with HMAC-SHA1-96 (RFC 2404 §2). */
export const AES128_CBC_HMAC_SHA1: EspSuite = cbcSuite(1, 'AES-128-CBC with HMAC-SHA1', {
  cipher: 'aes-128-cbc',
  hash: 'sha1',
  authenticationBytes: 20,
  icvBytes: 12,
})

class NullSealer implements Sealer {
  readonly #icv: HmacIcv
  #last = 0

  constructor(keys: EspKeys) {
    this.#icv = new HmacIcv('sha256', createSecretKey(keys.authentication), ICV_BYTES)
  }

  seal(packet: Uint8Array, sequence: number): void {
    assert(sequence > this.#last, 'a sequence number was to be sealed twice')
    this.#last = sequence
    const end = packet.length - ICV_BYTES
    packet.set(this.#icv.of(packet.subarray(0, end), sequence), end)
  }
}

class NullOpener implements Opener {
  readonly #icv: HmacIcv

  constructor(keys: EspKeys) {
    this.#icv = new HmacIcv('sha256', createSecretKey(keys.authentication), ICV_BYTES)
  }

  open(packet: Uint8Array, sequence: number): Uint8Array | undefined {
    const end = packet.length - ICV_BYTES
    if (end < ESP_HEADER_BYTES) return undefined
    const expected = this.#icv.of(packet.subarray(0, end), sequence)
    return timingSafeEqual(expected, packet.subarray(end))
      ? Uint8Array.from(packet.subarray(ESP_HEADER_BYTES, end))
      : undefined
  }
}
