// The file of floors (MOVING §7): what was kept comes back, and nothing else is taken for it.

import { describe, expect, it } from 'vitest'
import { concat } from '../../src/base/bytes.ts'
import { Floors } from '../../src/core/moving/floor.ts'
import { decodeFloors, encodeFloors } from '../../src/core/moving/floor-codec.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import type { PublicKey } from '../../src/crypto/identity.ts'
import { type CborValue, encodeCbor, isMalformed } from '../../src/wire.ts'
import { flipped, HOST_A, HOST_B, incarnation, LEDGER } from '../support/actors.ts'

const one = { key: HOST_A.publicKey, ledger: LEDGER.publicKey, epoch: 9, incarnation: incarnation(1) }
const two = { key: HOST_B.publicKey, ledger: undefined, epoch: 1, incarnation: incarnation(2) }
const bytes = encodeFloors([one, two])

describe('a file of floors', () => {
  it('brings back exactly what was kept, in its order', () => {
    expect(decodeFloors(bytes)).toEqual([one, two])
    expect(decodeFloors(encodeFloors([]))).toEqual([])
  })

  it('is malformed with any bit flipped, cut off anywhere, or going on', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) expect(isMalformed(decodeFloors(flipped(bytes, bit)))).toBe(true)
    for (let length = 0; length < bytes.length; length++) {
      expect(isMalformed(decodeFloors(bytes.subarray(0, length)))).toBe(true)
    }
    expect(isMalformed(decodeFloors(concat(bytes, new Uint8Array(1))))).toBe(true)
  })

  it.each<[string, CborValue]>([
    ['of another layout', file([1, 2], [2, []])],
    ['with a field too many', file([1, 1], [2, []], [3, 0])],
    ['with a floor of epoch 0', file([1, 1], [2, [floor(0, 16)]])],
    ['with an incarnation that is too short', file([1, 1], [2, [floor(1, 15)]])],
    ['with more floors than are kept', file([1, 1], [2, Array.from({ length: 65_537 }, () => 0)])],
  ])('is malformed %s, whatever its checksum', (_, body) => {
    expect(isMalformed(decodeFloors(encodeCbor([body, sha256(encodeCbor(body))])))).toBe(true)
  })

  function file(...fields: readonly (readonly [number, CborValue])[]): CborValue {
    return new Map(fields)
  }

  function floor(epoch: number, length: number): CborValue {
    const { algorithm, label, bytes: key } = HOST_A.publicKey
    return new Map<number, CborValue>([
      [1, [algorithm, label, key]],
      [3, epoch],
      [4, new Uint8Array(length)],
    ])
  }
})

describe('floors', () => {
  it('tell of what is new, higher or pinned, and of no mere contact', () => {
    const floors = new Floors(8)
    let changes = 0
    floors.onChange = () => changes++
    const raise = (epoch: number, ledger?: PublicKey): number => {
      floors.raise({ ...two, epoch, ledger, receipt: undefined })
      return changes
    }
    expect([raise(1), raise(1), raise(2), raise(1), raise(2, LEDGER.publicKey), raise(2)]).toEqual([1, 1, 2, 2, 3, 3])
  })
})
