import { describe, expect, it } from 'vitest'
import { KnownSignatures } from '../../src/core/moving/known-signatures.ts'
import { signedBy, signObject } from '../../src/core/moving/receipt.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeSigned } from '../../src/wire/object.ts'

const [one, other] = [createIdentity(), createIdentity()]
const message = Uint8Array.of(1, 2, 3)
const signature = one.sign(message)

describe('the signatures known to be good', () => {
  it('are known with exactly the key, the message and the signature they were kept with', () => {
    const known = new KnownSignatures()
    expect(known.has(one.publicKey, message, signature)).toBe(false)
    known.keep(one.publicKey, message, signature)
    expect(known.has(one.publicKey, message, signature)).toBe(true)
    expect(known.has(other.publicKey, message, signature)).toBe(false)
    expect(known.has(one.publicKey, Uint8Array.of(1, 2), signature)).toBe(false)
    expect(known.has(one.publicKey, message, other.sign(message))).toBe(false)
  })

  it('do not change with the bytes they were given in', () => {
    const known = new KnownSignatures()
    const [said, by] = [message.slice(), signature.slice()]
    known.keep(one.publicKey, said, by)
    said[0] = 9
    by[0] = 0
    expect(known.has(one.publicKey, message, signature)).toBe(true)
    expect(known.has(one.publicKey, said, by)).toBe(false)
  })

  it('are thirty-two at most: the oldest is forgotten first', () => {
    const known = new KnownSignatures()
    for (let n = 0; n <= 32; n++) known.keep(one.publicKey, Uint8Array.of(n), signature)
    expect(known.has(one.publicKey, Uint8Array.of(0), signature)).toBe(false)
    for (let n = 1; n <= 32; n++) expect(known.has(one.publicKey, Uint8Array.of(n), signature)).toBe(true)
  })

  it('do not make one changed bit of what was just signed or checked pass', () => {
    const object = decodeSigned(signObject('grant', message, one))
    if (isMalformed(object)) throw new Error('a signed object decodes')
    expect(signedBy('grant', object, one.publicKey)).toBe(true)
    expect(signedBy('receipt', object, one.publicKey)).toBe(false)
    for (let bit = 0; bit < 512; bit++) {
      const forged = object.signature.slice()
      forged[bit >>> 3] = (forged[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
      expect(signedBy('grant', { ...object, signature: forged }, one.publicKey)).toBe(false)
    }
  })
})
