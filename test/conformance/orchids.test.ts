// RFC 7343 §2 and §5: one way from a Host Identity to its ORCHID, and another ORCHID for everything else.

import { describe, expect, it } from 'vitest'
import { hitOf } from '../../src/crypto/hit.ts'
import { flipped } from '../support/actors.ts'

const KINDS = [
  { kind: 'Ed25519', key: { algorithm: 13, label: 1, bytes: new Uint8Array(32).fill(9) } },
  { kind: 'ECDSA P-256', key: { algorithm: 7, label: 1, bytes: Uint8Array.of(4, ...new Uint8Array(64).fill(9)) } },
  { kind: 'RSA', key: { algorithm: 5, label: 0, bytes: Uint8Array.of(3, 1, 0, 1, ...new Uint8Array(256).fill(0x99)) } },
]

describe('an ORCHID', () => {
  it.each(KINDS.map(({ kind, key }) => [kind, key] as const))(
    'of an %s key is another one after a change of any bit',
    (_, key) => {
      const hits = new Set([hitOf(key)])
      // The first bytes of a point and of RSA's exponent say how the key is written.
      const first = 8 * (key.algorithm === 13 ? 0 : 4)
      for (let bit = first; bit < 8 * key.bytes.length; bit++)
        hits.add(hitOf({ ...key, bytes: flipped(key.bytes, bit) }))
      expect(hits.size).toBe(8 * key.bytes.length - first + 1)
    },
  )

  it('of one key under another curve is another one', () => {
    for (const { key } of KINDS.filter(({ kind }) => kind.startsWith('ECDSA')))
      expect(hitOf({ ...key, label: 2 })).not.toBe(hitOf(key))
  })
})
