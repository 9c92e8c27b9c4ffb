// ESP of every suite that tools open: against packets that others made, against our own sealers, and against packets put
// together by hand with 32-bit and 64-bit numbers.

import { createCipheriv, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { nodeAead } from '../../src/crypto/aead.ts'
import { espSuiteInfo } from '../../src/crypto/suites.ts'
import { type AnyEspKeys, canOpenEsp, openAnyEsp } from '../../src/inspect/open-esp.ts'

const NONE = new Uint8Array(0)
const header = fromHex('01020304 00000001')
const plaintext = fromHex('68656c6c6f 0102 0304 05060708 02 11')
const fill = (byte: number, length: number) => new Uint8Array(length).fill(byte)
const word = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)

describe('a packet of suite 13', () => {
  it('that was worked out elsewhere opens: key 01 × 16, salt cafebabe, IV 1, "hello", next header 17', () => {
    const keys = { suite: 13, encryption: concat(fill(1, 16), fromHex('cafebabe')), authentication: NONE }
    const packet = fromHex('0102030400000001000000000000000161ce9b41156e4838d8958c0d7a78e47604029edab7a27e38')
    expect(toHex(openAnyEsp(keys, packet, 0) ?? NONE)).toBe(`68656c6c6f${'01'}0111`)
    expect(openAnyEsp(keys, packet, 1)).toBeUndefined()
    expect(openAnyEsp(keys, packet, undefined)).toBeUndefined()
  })
})

describe.each([13, 8])('a packet that our own sealer made, suite %i', (suite) => {
  it('opens with its upper half and no other', () => {
    const info = espSuiteInfo(suite)
    if (info === undefined) throw new Error('no suite')
    const encryption = fill(3, info.encryptionBytes)
    const authentication = fill(4, info.authenticationBytes)
    const sealer = nodeAead.sealer(suite, { encryption, authentication }, (length) => fill(5, length))
    const inner = fill(6, 32)
    const packet = concat(header, new Uint8Array(info.ivBytes), inner, new Uint8Array(info.icvBytes))
    sealer.seal(packet, 3 * 2 ** 32 + 1)
    const keys = { suite, encryption, authentication }
    expect(openAnyEsp(keys, packet, 3)).toEqual(inner)
    for (const high of [0, 2, undefined]) expect(openAnyEsp(keys, packet, high)).toBeUndefined()
    for (let at = 0; at < packet.length; at++) {
      const copy = packet.slice()
      copy[at] = (copy[at] ?? 0) ^ 1
      expect(openAnyEsp(keys, copy, 3), `byte ${at}`).toBeUndefined()
    }
  })
})

/** RFC 4303 §2 by hand: HMAC suites of RFC 7402. */
function withHmac(suite: number, keyBytes: number, mac: string, icvBytes: number, high: number | undefined) {
  const keys = { suite, encryption: fill(7, keyBytes), authentication: fill(8, mac === 'sha1' ? 20 : 32) }
  const iv = keyBytes === 0 ? NONE : fill(9, 16)
  const cipher = keyBytes === 0 ? undefined : createCipheriv(`aes-${keyBytes * 8}-cbc`, keys.encryption, iv)
  const sealed = cipher === undefined ? plaintext : concat(cipher.setAutoPadding(false).update(fill(1, 32)))
  const packet = concat(header, iv, sealed)
  const icv = createHmac(mac, keys.authentication).update(packet)
  if (high !== undefined) icv.update(word(high))
  return {
    keys,
    packet: concat(packet, icv.digest().subarray(0, icvBytes)),
    inner: keyBytes === 0 ? plaintext : fill(1, 32),
  }
}

/** RFC 4106 and RFC 4309 by hand. */
function withAead(suite: number, name: 'gcm' | 'ccm', icvBytes: number, high: number | undefined) {
  const salt = fill(2, name === 'gcm' ? 4 : 3)
  const key = fill(7, 16)
  const iv = fill(9, 8)
  const aad = high === undefined ? header : concat(header.subarray(0, 4), word(high), header.subarray(4))
  const options = { authTagLength: icvBytes }
  const nonce = concat(salt, iv)
  const cipher =
    name === 'gcm'
      ? createCipheriv('aes-128-gcm', key, nonce, options).setAAD(aad)
      : createCipheriv('aes-128-ccm', key, nonce, options).setAAD(aad, { plaintextLength: plaintext.length })
  const sealed = concat(cipher.update(plaintext), cipher.final())
  const keys = { suite, encryption: concat(key, salt), authentication: NONE }
  return { keys, packet: concat(header, iv, sealed, cipher.getAuthTag()), inner: plaintext }
}

const highs = [undefined, 0, 5] as const
const made = highs.flatMap((high) => [
  { suite: 1, high, ...withHmac(1, 16, 'sha1', 12, high) },
  { suite: 7, high, ...withHmac(7, 0, 'sha256', 16, high) },
  { suite: 8, high, ...withHmac(8, 16, 'sha256', 16, high) },
  { suite: 9, high, ...withHmac(9, 32, 'sha256', 16, high) },
  { suite: 10, high, ...withAead(10, 'ccm', 8, high) },
  { suite: 11, high, ...withAead(11, 'ccm', 16, high) },
  { suite: 12, high, ...withAead(12, 'gcm', 8, high) },
  { suite: 13, high, ...withAead(13, 'gcm', 16, high) },
])

describe.each(made)('suite $suite, upper half $high', ({ keys, packet, inner, high }) => {
  it('opens as it was made, and under nothing else', () => {
    expect(canOpenEsp(keys)).toBe(true)
    expect(openAnyEsp(keys, packet, high)).toEqual(inner)
    expect(openAnyEsp(keys, packet, high === undefined ? 0 : undefined)).toBeUndefined()
    const other: AnyEspKeys = {
      ...keys,
      encryption: keys.encryption.map((byte) => byte ^ (keys.authentication.length > 0 ? 0 : 1)),
      authentication: keys.authentication.map((byte) => byte ^ 1),
    }
    expect(openAnyEsp(other, packet, high)).toBeUndefined()
  })

  it('cut off at any byte does not open, and does not throw', () => {
    for (let length = 0; length < packet.length; length++) {
      expect(openAnyEsp(keys, packet.subarray(0, length), high)).toBeUndefined()
    }
  })
})

describe('keys that fit no suite', () => {
  it.each([
    { suite: 13, encryption: fill(1, 16), authentication: NONE },
    { suite: 13, encryption: fill(1, 20), authentication: fill(1, 32) },
    { suite: 8, encryption: fill(1, 16), authentication: NONE },
    { suite: 7, encryption: fill(1, 16), authentication: fill(1, 32) },
    { suite: 15, encryption: fill(1, 20), authentication: NONE },
  ])('are not used: $suite', (keys) => {
    expect(canOpenEsp(keys)).toBe(false)
    expect(openAnyEsp(keys, fill(1, 64), 0)).toBeUndefined()
  })
})
