// What one version of a record looks like as a file (MOVING §10): record, receipt, the process that runs the start, and the
// SHA-256 of all three. One encoding only, so that any changed, missing or surplus byte shows.

import { equalBytes, utf8 } from '../base/bytes.ts'
import { type FieldMap, type Fields, fieldMap, keyField, readFields } from '../core/moving/fields.ts'
import type { Activation, LedgerRecord } from '../core/moving/record.ts'
import { sha256 } from '../crypto/hash.ts'
import { hitBytes } from '../crypto/hit.ts'
import type { KeyAlgorithms } from '../crypto/key-algorithm.ts'
import { KEY_ALGORITHMS } from '../crypto/public-key.ts'
import { isMalformed, type Malformed, malformed } from '../wire/malformed.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../wire/object.ts'
import {
  NONCE_BYTES_MAX,
  RECEIPT_BYTES_MAX,
  STARTED_BYTES_MAX,
  SUCCESSORS_MAX,
  VERSION_FILE_BYTES_MAX,
} from './config.ts'
import type { Runner } from './runner.ts'

/** A record with what only a ledger on the same machine can know. */
export interface VersionFile {
  readonly record: LedgerRecord
  /** The process that runs the start activated last. */
  readonly runner: Runner | undefined
}

const LAYOUT = 1

/** The bytes of a version file. */
export function encodeVersion({ record, runner }: VersionFile): Uint8Array {
  const receipt = record.activated?.receipt ?? new Uint8Array(0)
  const parts = [writeRecord(record), receipt, runner === undefined ? null : writeRunner(runner)]
  return encodeCbor([...parts, sha256(encodeCbor(parts))])
}

/** Reads a version file; Malformed if it is not one that `encodeVersion` wrote, byte for byte, of a key of these kinds. */
export function decodeVersion(bytes: Uint8Array, keys: KeyAlgorithms = KEY_ALGORITHMS): VersionFile | Malformed {
  const value = decodeCbor(bytes, { bytes: VERSION_FILE_BYTES_MAX, depth: 6 })
  if (isMalformed(value)) return value
  if (!Array.isArray(value) || value.length !== 4) return malformed('not a version file', 0)
  const [record, receipt, runner, sum] = value as readonly CborValue[]
  if (!(sum instanceof Uint8Array) || !equalBytes(sum, sha256(encodeCbor(value.slice(0, 3))))) {
    return malformed('the checksum does not fit', 0)
  }
  if (!(receipt instanceof Uint8Array) || receipt.length > RECEIPT_BYTES_MAX) return malformed('no receipt', 0)
  const readBack = readFields(record, 'record', (fields) => readRecord(fields, receipt), keys)
  if (isMalformed(readBack)) return readBack
  if (runner === null) return { record: readBack, runner: undefined }
  const process = readFields(runner, 'runner', readRunner)
  return isMalformed(process) ? process : { record: readBack, runner: process }
}

function writeRecord(record: LedgerRecord): FieldMap {
  const { activated } = record
  return fieldMap([
    [1, LAYOUT],
    [2, hitBytes(record.hit)],
    [3, keyField(record.key)],
    [4, record.epoch],
    [5, keyField(record.holder)],
    [6, record.nonce],
    [7, activated === undefined ? undefined : writeActivation(activated)],
    [8, record.successors.map(keyField)],
    [9, record.leaseMs],
    [10, record.version],
  ])
}

function readRecord(fields: Fields, receipt: Uint8Array): LedgerRecord {
  fields.integer(1, LAYOUT, LAYOUT)
  return {
    hit: fields.hit(2),
    key: fields.key(3),
    epoch: fields.epoch(4),
    holder: fields.key(5),
    nonce: fields.bytes(6, 0, NONCE_BYTES_MAX),
    activated: fields.has(7) ? fields.nested(7, (inner) => readActivation(inner, receipt)) : undefined,
    successors: fields.keys(8, SUCCESSORS_MAX),
    leaseMs: fields.integer(9, 0, Number.MAX_SAFE_INTEGER),
    version: fields.integer(10, 1, Number.MAX_SAFE_INTEGER),
  }
}

function writeActivation(activation: Activation): FieldMap {
  return fieldMap([
    [1, activation.epoch],
    [2, keyField(activation.host)],
    [3, activation.incarnation],
    [4, activation.previous],
  ])
}

function readActivation(fields: Fields, receipt: Uint8Array): Activation {
  return {
    epoch: fields.epoch(1),
    host: fields.key(2),
    incarnation: fields.bytes(3, 16),
    previous: fields.integer(4, 0, 0xffff_ffff),
    receipt,
  }
}

function writeRunner(runner: Runner): FieldMap {
  return fieldMap([
    [1, runner.pid],
    [2, utf8(runner.started)],
  ])
}

function readRunner(fields: Fields): Runner {
  return {
    pid: fields.integer(1, 1, Number.MAX_SAFE_INTEGER),
    started: new TextDecoder().decode(fields.bytes(2, 0, STARTED_BYTES_MAX)),
  }
}
