// The file of floors (MOVING §7): what was kept comes back, and nothing else is taken for it.

import { describe, expect, it } from 'vitest'
import { concat } from '../../src/base/bytes.ts'
import { keyField } from '../../src/core/moving/fields.ts'
import { Floors } from '../../src/core/moving/floor.ts'
import { decodeFloors, encodeFloors } from '../../src/core/moving/floor-codec.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import type { PublicKey } from '../../src/crypto/identity.ts'
import type { Start } from '../../src/crypto/keymat.ts'
import { type CborValue, encodeCbor, isMalformed } from '../../src/wire.ts'
import { flipped, HOST_A, HOST_B, identity, incarnation, LEDGER } from '../support/actors.ts'

const one = { key: HOST_A.publicKey, ledger: LEDGER.publicKey, epoch: 9, incarnation: incarnation(1) }
const two = { key: HOST_B.publicKey, ledger: undefined, epoch: 1, incarnation: incarnation(2) }
const plain = { key: identity(3).publicKey, ledger: undefined, epoch: 0, incarnation: new Uint8Array(16) }
const bytes = encodeFloors([plain, one, two])

describe('a file of floors', () => {
  it('brings back exactly what was kept, in its order', () => {
    expect(decodeFloors(bytes)).toEqual([plain, one, two])
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
    ['with an epoch below 0', file([1, 1], [2, [floor(-1, 16)]])],
    ['with an incarnation of epoch 0', file([1, 1], [2, [floor(0, 16, [4, incarnation(1)])]])],
    ['with a ledger of epoch 0', file([1, 1], [2, [floor(0, 16, [2, keyField(LEDGER.publicKey)])]])],
    ['with an incarnation that is too short', file([1, 1], [2, [floor(1, 15)]])],
    ['with more floors than are kept', file([1, 1], [2, Array.from({ length: 65_537 }, () => 0)])],
  ])('is malformed %s, whatever its checksum', (_, body) => {
    expect(isMalformed(decodeFloors(encodeCbor([body, sha256(encodeCbor(body))])))).toBe(true)
  })

  function file(...fields: readonly (readonly [number, CborValue])[]): CborValue {
    return new Map(fields)
  }

  function floor(epoch: number, length: number, ...more: readonly (readonly [number, CborValue])[]): CborValue {
    const { algorithm, label, bytes: key } = HOST_A.publicKey
    return new Map<number, CborValue>([[1, [algorithm, label, key]], [3, epoch], [4, new Uint8Array(length)], ...more])
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

  it('of epoch 0 never lower one, and any epoch of that key raises them', () => {
    const floors = new Floors(8)
    const raise = (epoch: number) => floors.raise({ ...two, epoch, receipt: undefined })
    const judged = (start: Start | undefined) => floors.judge({ key: two.key, start, receipt: undefined })
    raise(0)
    expect([judged(undefined), judged({ epoch: 1, incarnation: incarnation(3) })]).toEqual(['accepted', 'accepted'])
    raise(1)
    raise(0)
    expect([...floors.all()]).toMatchObject([{ epoch: 1 }])
    expect(judged(undefined)).toBe('without-epoch')
  })

  it('of epoch 0 make way first: keys that cost nothing push out none that has shown an epoch', () => {
    const floors = new Floors(3)
    const keys = Array.from({ length: 12 }, (_, seed) => identity(seed + 20).publicKey)
    const kept = () => [...floors.all()].map(({ key, epoch }) => [keys.indexOf(key), epoch])
    const raise = (of: number, epoch: number) => {
      const key = keys[of]
      if (key !== undefined) floors.raise({ ...two, key, epoch, receipt: undefined })
    }
    for (let of = 0; of < 5; of++) raise(of, 0)
    expect(kept()).toEqual([
      [2, 0],
      [3, 0],
      [4, 0],
    ])
    raise(5, 1)
    raise(2, 7)
    for (let of = 6; of < 9; of++) raise(of, 0)
    expect(kept()).toEqual([
      [8, 0],
      [5, 1],
      [2, 7],
    ])
    raise(9, 1)
    raise(10, 0)
    raise(11, 1)
    expect(kept()).toEqual([
      [2, 7],
      [9, 1],
      [11, 1],
    ])
  })
})
