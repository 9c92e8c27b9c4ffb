// The index that scans a world for secrets: a needle is found wherever it lies, and nothing else is.

import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import { SecretIndex } from '../../src/sim/secret-index.ts'

const prng = new Prng(5)

describe('a secret', () => {
  it('is found at every offset of packets of every length', () => {
    for (let length = 16; length <= 64; length++) {
      for (let at = 0; at + 16 <= length; at++) {
        const index = new SecretIndex()
        const secret = prng.bytes(32)
        index.add('key', secret)
        const packet = prng.bytes(length)
        expect(index.find(packet)).toBeUndefined()
        packet.set(secret.subarray(0, 16), at)
        expect(index.find(packet), `at ${at} of ${length}`).toBe('key')
      }
    }
  })

  it('is found among many, and all of them where they lie side by side or over one another', () => {
    const index = new SecretIndex()
    const secrets = Array.from({ length: 300 }, () => prng.bytes(24))
    for (const [i, secret] of secrets.entries()) index.add(`key ${i}`, secret)
    const packet = new Uint8Array(900)
    for (const [place, i] of [7, 250, 3, 299].entries()) packet.set(secrets[i] ?? packet, 5 + 24 * place)
    expect(index.findAll(packet)).toEqual(['key 7', 'key 250', 'key 3', 'key 299'])
    const inside = new SecretIndex()
    inside.add('outer', packet.subarray(10, 30))
    inside.add('inner', packet.subarray(13, 33))
    expect(inside.findAll(packet)).toEqual(['outer', 'inner'])
  })

  it('is not found if a byte of its first sixteen is missing or another', () => {
    const secret = prng.bytes(16)
    const index = new SecretIndex()
    index.add('key', secret)
    for (let byte = 0; byte < 16; byte++) {
      const packet = prng.bytes(40)
      packet.set(secret, 9)
      packet[9 + byte] = (packet[9 + byte] ?? 0) ^ 1
      expect(index.find(packet)).toBeUndefined()
    }
    expect(index.find(secret.subarray(1))).toBeUndefined()
    expect(index.find(secret.subarray(0, 15))).toBeUndefined()
  })
})
