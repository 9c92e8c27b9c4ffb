// Ed25519 keys: node:crypto derives them because it is faster, and noble stands in; whoever does, the key is the same (RFC 8032 §5.1.5).

import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { derivedByNoble, ED25519, keyPairByNode } from '../../src/crypto/ed25519.ts'

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('an Ed25519 key', () => {
  it('is derived by node:crypto here, and is that of RFC 8032 §7.1', () => {
    const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
    const known = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
    for (const key of [keyPairByNode(seed)?.publicBytes, derivedByNoble(seed)]) expect(key && toHex(key)).toBe(known)
  })

  it('is the same by node:crypto and by noble, and so are its signatures', () => {
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 64 }), (seed, message) => {
        const publicBytes = derivedByNoble(seed)
        const pair = keyPairByNode(seed)
        expect(pair?.publicBytes).toEqual(publicBytes)
        for (const key of [pair?.privateKey, ED25519.privateKey(seed, publicBytes)]) {
          const signature = key && ED25519.sign(seed, () => key, message)
          expect(signature && toHex(signature)).toBe(toHex(ed25519.sign(message, seed)))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('is not derived from a seed of another length', () => {
    expect(keyPairByNode(utf8('short'))).toBeUndefined()
    expect(() => derivedByNoble(utf8('short'))).toThrow()
  })
})
