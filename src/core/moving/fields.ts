// Strict reading of CBOR maps with small integer keys, for the capsule and the ledger's records (MOVING §7, §10). Nothing is
// guessed and nothing is skipped: a missing, surplus or out-of-range field fails the whole. Like `Reader`, a failed read
// gives an empty value and is remembered, so that decoders stay straight lines.

import { addressBytes, addressText, type Locator } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import { HIT_BYTES, type Hit, hitText, isFlatHit } from '../../crypto/hit.ts'
import type { KeyAlgorithms } from '../../crypto/key-algorithm.ts'
import type { Start } from '../../crypto/keymat.ts'
import { KEY_ALGORITHMS, normalised, type PublicKey } from '../../crypto/public-key.ts'
import type { CborValue } from '../../wire/cbor.ts'
import type { Malformed } from '../../wire/malformed.ts'

/** Epochs are 1 … 2^32 − 1 (MOVING, Words). */
export const EPOCH_MAX = 0xffff_ffff
export const INCARNATION_BYTES = 16

/** One CBOR map: what the encoders here build. */
export type FieldMap = ReadonlyMap<number, CborValue>

/** Builds a map from the fields that are there; undefined ones are left out. */
export function fieldMap(entries: readonly (readonly [number, CborValue | undefined])[]): FieldMap {
  const map = new Map<number, CborValue>()
  for (const [key, value] of entries) if (value !== undefined) map.set(key, value)
  return map
}

/** A key as [algorithm, label, bytes] (MOVING §10). */
export function keyField(key: PublicKey): CborValue {
  return [key.algorithm, key.label, key.bytes]
}

/** A locator as [16 address bytes, port]. */
export function locatorField(locator: Locator): CborValue {
  const address = addressBytes(locator.address)
  assert(address !== undefined, `locator address ${locator.address}`)
  return [address, locator.port]
}

/** A start as [epoch, incarnation]. */
export function startField(start: Start): CborValue {
  return [start.epoch, start.incarnation]
}

/** Reads a decoded CBOR value as a map with exactly the fields that `read` asks for. `keys`: the kinds of key that may be named. */
export function readFields<T>(
  value: unknown,
  what: string,
  read: (fields: Fields) => T,
  keys: KeyAlgorithms = KEY_ALGORITHMS,
): T | Malformed {
  const faults: Faults = { first: undefined, keys }
  const result = readMap(value, what, faults, read)
  return faults.first === undefined ? result : { malformed: faults.first, at: 0 }
}

/** The fields of one map. Numbers are units of the field; lengths are bytes. */
export class Fields {
  readonly #map: ReadonlyMap<unknown, unknown>
  readonly #what: string
  readonly #faults: Faults
  #read = 0

  constructor(map: ReadonlyMap<unknown, unknown>, what: string, faults: Faults) {
    this.#map = map
    this.#what = what
    this.#faults = faults
  }

  /** True if the field is there; asking does not count as reading. */
  has(key: number): boolean {
    return this.#map.has(key)
  }

  /** A whole number min … max. */
  integer(key: number, min: number, max: number): number {
    const value = this.#take(key)
    if (inRange(value, min, max)) return value
    this.fail(key)
    return min
  }

  flag(key: number): boolean {
    const value = this.#take(key)
    if (typeof value !== 'boolean') this.fail(key)
    return value === true
  }

  /** A byte string of min … max bytes; a copy, so that it does not hold the whole input. */
  bytes(key: number, min: number, max: number = min): Uint8Array {
    const value = this.#take(key)
    if (isBytes(value, min, max)) return value.slice()
    this.fail(key)
    return new Uint8Array(min)
  }

  /** The same of secret bytes: the copy lies outside the engine's heap, and where it came from there is nothing left. */
  secret(key: number, min: number, max: number = min): Uint8Array {
    const value = this.#take(key)
    if (!isBytes(value, min, max)) {
      this.fail(key)
      return new Uint8Array(min)
    }
    const copy = new Uint8Array(new ArrayBuffer(value.length))
    copy.set(value)
    value.fill(0)
    return copy
  }

  epoch(key: number): number {
    return this.integer(key, 1, EPOCH_MAX)
  }

  hit(key: number): Hit {
    const bytes = this.bytes(key, HIT_BYTES)
    if (!isFlatHit(bytes)) this.fail(key)
    return hitText(bytes)
  }

  key(key: number): PublicKey {
    const found = readKey(this.#take(key), this.#faults.keys)
    if (found === undefined) this.fail(key)
    return found ?? { algorithm: 0, label: 0, bytes: new Uint8Array(0) }
  }

  locator(key: number): Locator {
    const [address, port, ...rest] = asArray(this.#take(key))
    if (isBytes(address, 16, 16) && inRange(port, 0, 0xffff) && rest.length === 0) {
      return { address: addressText(address), port }
    }
    this.fail(key)
    return { address: '::', port: 0 }
  }

  /** [epoch, incarnation]; epoch 0 stands for unknown only where `min` allows it. */
  start(key: number, min: 0 | 1): Start {
    const [epoch, incarnation, ...rest] = asArray(this.#take(key))
    if (inRange(epoch, min, EPOCH_MAX) && isBytes(incarnation, INCARNATION_BYTES) && rest.length === 0) {
      return { epoch, incarnation: incarnation.slice() }
    }
    this.fail(key)
    return { epoch: 1, incarnation: new Uint8Array(INCARNATION_BYTES) }
  }

  /** A map inside this one. */
  nested<T>(key: number, read: (fields: Fields) => T): T {
    return readMap(this.#take(key), `${this.#what}.${key}`, this.#faults, read)
  }

  /** A list of at most `max` maps. */
  list<T>(key: number, max: number, read: (fields: Fields) => T): T[] {
    const value = this.#take(key)
    if (!Array.isArray(value) || value.length > max) {
      this.fail(key)
      return []
    }
    return value.map((item) => readMap(item, `${this.#what}.${key}`, this.#faults, read))
  }

  /** A list of at most `max` keys. */
  keys(key: number, max: number): PublicKey[] {
    const value = this.#take(key)
    const items = Array.isArray(value) && value.length <= max ? value : [undefined]
    const found = items.map((item) => readKey(item, this.#faults.keys)).filter((item) => item !== undefined)
    if (found.length !== items.length) this.fail(key)
    return found
  }

  /** A list of at most `count` whole numbers up to `max`. */
  integers(key: number, count: number, max: number): number[] {
    const value = this.#take(key)
    if (Array.isArray(value) && value.length <= count && value.every((item) => inRange(item, 0, max)))
      return value.slice()
    this.fail(key)
    return []
  }

  /** Marks a field as wrong for a reason of the caller's: two fields that do not fit each other. */
  fail(key: number): void {
    this.#faults.first ??= `${this.#what}.${key}`
  }

  /** Fails if the map has a field that nobody read. */
  end(): void {
    if (this.#read !== this.#map.size) this.#faults.first ??= `${this.#what}: unknown field`
  }

  #take(key: number): unknown {
    if (this.#map.has(key)) this.#read++
    return this.#map.get(key)
  }
}

/** What all maps of one value share: the first thing that is wrong, and the kinds of key there are. */
interface Faults {
  first: string | undefined
  readonly keys: KeyAlgorithms
}

/** The longest key that any kind takes: RSA of 3072 bits with its exponent (MOVING §2). */
const KEY_BYTES_MAX = 400

function readMap<T>(value: unknown, what: string, faults: Faults, read: (fields: Fields) => T): T {
  const isMap = value instanceof Map
  if (!isMap) faults.first ??= `${what}: not a map`
  const fields = new Fields(isMap ? value : new Map(), what, faults)
  const result = read(fields)
  fields.end()
  return result
}

function readKey(value: unknown, keys: KeyAlgorithms): PublicKey | undefined {
  const [algorithm, label, bytes, ...rest] = asArray(value)
  if (!inRange(algorithm, 0, 0xffff) || !inRange(label, 0, 0xffff) || rest.length > 0) return undefined
  return isBytes(bytes, 1, KEY_BYTES_MAX) ? normalised({ algorithm, label, bytes: bytes.slice() }, keys) : undefined
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function inRange(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

function isBytes(value: unknown, min: number, max: number = min): value is Uint8Array {
  return value instanceof Uint8Array && value.length >= min && value.length <= max
}
