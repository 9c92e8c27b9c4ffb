// Floors as bytes: in a capsule, and as the file that a host keeps for each of its identities (MOVING §7). The file is
// [floors, SHA-256 of them]: any changed, missing or surplus byte shows.

import { equalBytes } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { KeyAlgorithms } from '../../crypto/key-algorithm.ts'
import { isMalformed, type Malformed, malformed } from '../../wire/malformed.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../../wire/object.ts'
import { EPOCH_MAX, type FieldMap, type Fields, fieldMap, INCARNATION_BYTES, keyField, readFields } from './fields.ts'
import type { FrozenFloor } from './frozen.ts'

/** Largest count, in a capsule and in a file (MOVING §2). */
export const FLOORS_MAX = 65_536
/** A floor has two keys of at most 400 bytes, an epoch and an incarnation. */
const FLOOR_BYTES_MAX = 1_024
/** No file of floors is larger. */
export const FLOOR_FILE_BYTES_MAX: number = FLOORS_MAX * FLOOR_BYTES_MAX

const LAYOUT = 1

export function writeFloor(floor: FrozenFloor): FieldMap {
  return fieldMap([
    [1, keyField(floor.key)],
    [2, floor.ledger === undefined ? undefined : keyField(floor.ledger)],
    [3, floor.epoch],
    [4, floor.incarnation],
  ])
}

export function readFloor(fields: Fields): FrozenFloor {
  const floor = {
    key: fields.key(1),
    ledger: fields.has(2) ? fields.key(2) : undefined,
    epoch: fields.integer(3, 0, EPOCH_MAX),
    incarnation: fields.bytes(4, INCARNATION_BYTES),
  }
  // Who has shown no start has no incarnation, and nobody has vouched for it.
  const { epoch, incarnation, ledger } = floor
  if (epoch === 0 && (ledger !== undefined || incarnation.some((byte) => byte !== 0))) fields.fail(3)
  return floor
}

/** The bytes of a file of floors, least recently contacted first. */
export function encodeFloors(floors: Iterable<FrozenFloor>): Uint8Array {
  const body = fieldMap([
    [1, LAYOUT],
    [2, Array.from(floors, writeFloor)],
  ])
  return encodeCbor([body, sha256(encodeCbor(body))])
}

/** Reads a file of floors; Malformed if it is not, byte for byte, one that `encodeFloors` wrote, or names another kind of key. */
export function decodeFloors(bytes: Uint8Array, keys?: KeyAlgorithms): readonly FrozenFloor[] | Malformed {
  const value = decodeCbor(bytes, { bytes: FLOOR_FILE_BYTES_MAX, depth: 6 })
  if (isMalformed(value)) return value
  if (!Array.isArray(value) || value.length !== 2) return malformed('not a file of floors', 0)
  const [body = null, sum]: readonly CborValue[] = value
  if (!(sum instanceof Uint8Array) || !equalBytes(sum, sha256(encodeCbor(body)))) {
    return malformed('the checksum does not fit', 0)
  }
  const read = (fields: Fields): readonly FrozenFloor[] => {
    fields.integer(1, LAYOUT, LAYOUT)
    return fields.list(2, FLOORS_MAX, readFloor)
  }
  return readFields(body, 'floors', read, keys)
}
