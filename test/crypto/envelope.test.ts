// ENCRYPTED: AES-CBC of RFC 3602, with PKCS padding.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { decryptParameter, encryptParameter } from '../../src/crypto/envelope.ts'

const KEY = fromHex('06a9214036b8a15b512e03d534120006')
const IV = fromHex('3dafba429d9eb430b422da802c9fac41')

describe('an encrypted parameter', () => {
  it('begins as the first case of RFC 3602 §4 does, and adds a block of padding', () => {
    const ciphertext = encryptParameter(2, KEY, utf8('Single block msg'), IV)
    expect(toHex(ciphertext.subarray(0, 16))).toBe('e353779c1079aeb82708942dbe77181a')
    expect(ciphertext.length).toBe(32)
  })

  it('opens to what went in, under both ciphers', () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 4), fc.uint8Array({ maxLength: 200 }), (cipher, plaintext) => {
        const key = new Uint8Array(cipher === 2 ? 16 : 32).fill(cipher)
        const sealed = concat(IV, encryptParameter(cipher, key, plaintext, IV))
        expect(decryptParameter(cipher, key, sealed)).toEqual(plaintext)
      }),
    )
  })

  it('that was cut or has wrong padding is refused, never thrown at', () => {
    const sealed = concat(IV, encryptParameter(2, KEY, utf8('Single block msg'), IV))
    for (let length = 0; length < sealed.length; length++) {
      if (length === 32) continue // one block less: whether that opens is chance, and HIP_MAC's to judge
      expect(decryptParameter(2, KEY, sealed.subarray(0, length))).toBeUndefined()
    }
    const wrong = sealed.slice()
    wrong[31] = (wrong[31] ?? 0) ^ 0x55
    expect(decryptParameter(2, KEY, wrong)).toBeUndefined()
  })

  it('under a cipher that is not offered is our own mistake', () => {
    expect(() => encryptParameter(1, KEY, IV, IV)).toThrow(/HIP cipher/)
  })
})
