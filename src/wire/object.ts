// Signed objects (MOVING §10): CBOR [payload, signature], each payload a map from small integers to fields. One table a
// payload says which field is what; a payload with a field missing, misshapen or unknown is Malformed.

import { concat, utf8 } from '../base/bytes.ts'
import { type CborValue, decodeCbor } from './cbor.ts'
import { encodeCbor } from './cbor-encoding.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'

export { type CborLimits, type CborValue, decodeCbor } from './cbor.ts'
export { encodeCbor } from './cbor-encoding.ts'

/** A public key as signed objects name it: the numbers of HOST_ID and the key without its label. */
export interface KeyTriple {
  /** `HiAlgorithm` of the registry. */
  readonly algorithm: number
  /** `EcdsaCurve` or `EddsaCurve` of the registry; 0 for a key of no curve. */
  readonly label: number
  /** The public key, not empty. */
  readonly bytes: Uint8Array
}

/** What every object is before its payload is read. MOVING §10. */
export interface SignedObject {
  /** CBOR, which the decoder of its kind reads. */
  readonly payload: Uint8Array
  /** Over `signedInput` of its kind and the payload. */
  readonly signature: Uint8Array
}

/** The ledger's word on who holds an epoch. `hit` has 16 bytes, or 32 with an association id; so everywhere below. */
export interface Receipt {
  /** The ledger's key, which has signed it. */
  readonly ledger: KeyTriple
  /** Whose epoch it is. */
  readonly hit: Uint8Array
  /** How often the identity has been started, this start included: at most 2^32 − 1, as everywhere below. */
  readonly epoch: number
  /** HIT of the host, 16 bytes. */
  readonly host: Uint8Array
  /** Of the start: 16 bytes, the hash of its instance key, as everywhere below. MOVING §1. */
  readonly incarnation: Uint8Array
  /** When the ledger said so: ms since 1970. */
  readonly timeMs: number
}

/** A target host's offer to take an identity in. */
export interface Ready {
  /** A number of the offer, of any length, that the host has drawn. */
  readonly offer: Uint8Array
  /** Whom it would take in. */
  readonly hit: Uint8Array
  /** From which epoch. */
  readonly epoch: number
  /** The host's key, which has signed it. */
  readonly host: KeyTriple
  /** HPKE's number of the KEM: 16 bits. */
  readonly kem: number
  /** The public key for this offer only, to which the capsule is sealed. */
  readonly kemKey: Uint8Array
  /** Capsule versions it can open. */
  readonly versions: readonly number[]
  /** How long a capsule may be, in bytes. */
  readonly byteLimit: number
  /** How long the offer stands. */
  readonly lifetimeSeconds: number
}

/** An owner host's leave to move. It does not expire: the ledger's compare-and-swap decides. */
export interface Grant {
  /** The host that lets go; its key has signed it. */
  readonly from: KeyTriple
  /** Who moves. */
  readonly hit: Uint8Array
  /** The epoch that ends with the move. */
  readonly epoch: number
  /** The key of the host that may claim the next one. */
  readonly to: KeyTriple
  /** SHA-256 of the sealed bytes. */
  readonly sealedHash: Uint8Array
  /** What it lets the other host do; only moves are granted so far. */
  readonly purpose: 'move' | 'replace'
}

/** What a host asks of the ledger: to claim an epoch, or to activate one. */
export interface Claim {
  /** The host's key, which has signed it. */
  readonly host: KeyTriple
  /** For whom it asks. */
  readonly hit: Uint8Array
  /** Which epoch it asks for. */
  readonly epoch: number
  /** A signed Grant. */
  readonly grant: Uint8Array | undefined
  /** To activate an epoch: that of the start; undefined in a claim. */
  readonly incarnation: Uint8Array | undefined
  /** Drawn for each claim: the same one again gets the same answer. */
  readonly nonce: Uint8Array
}

/** Where an identity is, ordered by (epoch, version). */
export interface Whereabouts {
  /** The identity's key, which has signed it. */
  readonly key: KeyTriple
  /** Who it is. */
  readonly hit: Uint8Array
  /** Of the start that is there. */
  readonly epoch: number
  /** Of the start that is there: 16 bytes. */
  readonly incarnation: Uint8Array
  /** Raised with each change within the epoch. */
  readonly version: number
  /** Where it is, best first. */
  readonly locators: readonly WhereaboutsLocator[]
  /** HITs. */
  readonly rendezvous: readonly Uint8Array[]
  /** The key of the ledger that says who holds its epochs, if it has one. */
  readonly ledger: KeyTriple | undefined
  /** How long this may be believed. */
  readonly lifetimeSeconds: number
  /** A signed Receipt. */
  readonly receipt: Uint8Array
}

/** An address of 16 bytes and a UDP port. */
export interface WhereaboutsLocator {
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array
  /** Of UDP. */
  readonly port: number
}

/** Writes the pair. MOVING §10. */
export function encodeSigned(object: SignedObject): Uint8Array {
  return encodeCbor([object.payload, object.signature])
}

/** Reads the pair; whether the signature is right is for whoever has the key. Malformed if it is no pair of byte strings. */
export function decodeSigned(bytes: Uint8Array): SignedObject | Malformed {
  const value = decodeCbor(bytes)
  if (isMalformed(value)) return value
  if (!Array.isArray(value) || value.length !== 2) return malformed('not a pair of payload and signature', 0)
  const [payload, signature] = value
  if (!(payload instanceof Uint8Array && signature instanceof Uint8Array)) {
    return malformed('payload and signature are byte strings', 0)
  }
  return { payload, signature }
}

/** The bytes that are signed: "sojourn NAME 1", a zero byte, the payload. The name keeps kinds of signatures apart. */
export function signedInput(name: string, payload: Uint8Array): Uint8Array {
  return concat(utf8(`sojourn ${name} 1\0`), payload)
}

/** The payload of a Receipt. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return RECEIPT.encode(receipt)
}

/**
 * Reads the payload of a Receipt; Malformed, which names the field, if one is missing, misshapen or too many. So the others
 * below.
 */
export function decodeReceipt(payload: Uint8Array): Receipt | Malformed {
  return RECEIPT.decode(payload)
}

/** The payload of a Ready. */
export function encodeReady(ready: Ready): Uint8Array {
  return READY.encode(ready)
}

/** Reads the payload of a Ready. */
export function decodeReady(payload: Uint8Array): Ready | Malformed {
  return READY.decode(payload)
}

/** The payload of a Grant. */
export function encodeGrant(grant: Grant): Uint8Array {
  return GRANT.encode(grant)
}

/** Reads the payload of a Grant. */
export function decodeGrant(payload: Uint8Array): Grant | Malformed {
  return GRANT.decode(payload)
}

/** The payload of a claim and of an activate; the name it is signed under tells them apart. */
export function encodeClaim(claim: Claim): Uint8Array {
  return CLAIM.encode(claim)
}

/** Reads the payload of a claim or an activate. */
export function decodeClaim(payload: Uint8Array): Claim | Malformed {
  return CLAIM.decode(payload)
}

/** The payload of Whereabouts. */
export function encodeWhereabouts(whereabouts: Whereabouts): Uint8Array {
  return WHEREABOUTS.encode(whereabouts)
}

/** Reads the payload of Whereabouts. */
export function decodeWhereabouts(payload: Uint8Array): Whereabouts | Malformed {
  return WHEREABOUTS.decode(payload)
}

// How one field stands in CBOR. `read` gives WRONG for a value of another shape.
interface Shape<T> {
  readonly write: (value: T) => CborValue
  readonly read: (value: CborValue) => T | typeof WRONG
}

const WRONG: unique symbol = Symbol('wrong')

const KEY: Shape<KeyTriple> = {
  write: (key) => [key.algorithm, key.label, key.bytes],
  read: (value) => {
    if (!Array.isArray(value) || value.length !== 3) return WRONG
    const [algorithm, label, bytes] = value
    if (!isNumber(algorithm, 0xffff) || !isNumber(label, 0xffff)) return WRONG
    return bytes instanceof Uint8Array && bytes.length > 0 ? { algorithm, label, bytes } : WRONG
  },
}
const LOCATOR: Shape<WhereaboutsLocator> = {
  write: (locator) => [locator.address, locator.port],
  read: (value) => {
    if (!Array.isArray(value) || value.length !== 2) return WRONG
    const [address, port] = value
    return address instanceof Uint8Array && address.length === 16 && isNumber(port, 0xffff) ? { address, port } : WRONG
  },
}
const PURPOSE: Shape<'move' | 'replace'> = {
  write: (purpose) => purpose,
  read: (value) => (value === 'move' || value === 'replace' ? value : WRONG),
}
const BYTES = bytesOf()
const HIT = bytesOf(16)
const SUBJECT = bytesOf(16, 32)
const INCARNATION = bytesOf(16)
const HASH = bytesOf(32)
const EPOCH = numberUpTo(0xffffffff)
const NUMBER = numberUpTo(Number.MAX_SAFE_INTEGER)
const U16 = numberUpTo(0xffff)

const RECEIPT = payloadOf<Receipt>({
  ledger: [1, KEY],
  hit: [2, SUBJECT],
  epoch: [3, EPOCH],
  host: [4, HIT],
  incarnation: [5, INCARNATION],
  timeMs: [6, NUMBER],
})
const READY = payloadOf<Ready>({
  offer: [1, BYTES],
  hit: [2, SUBJECT],
  epoch: [3, EPOCH],
  host: [4, KEY],
  kem: [5, U16],
  kemKey: [6, BYTES],
  versions: [7, listOf(NUMBER)],
  byteLimit: [8, NUMBER],
  lifetimeSeconds: [9, NUMBER],
})
const GRANT = payloadOf<Grant>({
  from: [1, KEY],
  hit: [2, SUBJECT],
  epoch: [3, EPOCH],
  to: [4, KEY],
  sealedHash: [5, HASH],
  purpose: [6, PURPOSE],
})
const CLAIM = payloadOf<Claim>({
  host: [1, KEY],
  hit: [2, SUBJECT],
  epoch: [3, EPOCH],
  grant: [4, orNull(BYTES)],
  incarnation: [5, orNull(INCARNATION)],
  nonce: [6, BYTES],
})
const WHEREABOUTS = payloadOf<Whereabouts>({
  key: [1, KEY],
  hit: [2, SUBJECT],
  epoch: [3, EPOCH],
  incarnation: [4, INCARNATION],
  version: [5, NUMBER],
  locators: [6, listOf(LOCATOR)],
  rendezvous: [7, listOf(HIT)],
  ledger: [8, orNull(KEY)],
  lifetimeSeconds: [9, NUMBER],
  receipt: [10, BYTES],
})

function isNumber(value: CborValue | undefined, highest: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= highest
}

function numberUpTo(highest: number): Shape<number> {
  return { write: (value) => value, read: (value) => (isNumber(value, highest) ? value : WRONG) }
}

// Any length if none is given.
function bytesOf(...lengths: readonly number[]): Shape<Uint8Array> {
  const fits = (length: number) => lengths.length === 0 || lengths.includes(length)
  return {
    write: (value) => value,
    read: (value) => (value instanceof Uint8Array && fits(value.length) ? value : WRONG),
  }
}

function orNull<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    write: (value) => (value === undefined ? null : shape.write(value)),
    read: (value) => (value === null ? undefined : shape.read(value)),
  }
}

function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return {
    write: (items) => items.map(shape.write),
    read: (value) => {
      if (!Array.isArray(value)) return WRONG
      const items: T[] = []
      for (const entry of value) {
        const item = shape.read(entry)
        if (item === WRONG) return WRONG
        items.push(item)
      }
      return items
    },
  }
}

type Table<T> = { readonly [K in keyof T]-?: readonly [field: number, shape: Shape<T[K]>] }

function payloadOf<T extends object>(table: Table<T>) {
  const names = Object.keys(table) as (keyof T & string)[]
  function encode(value: T): Uint8Array {
    return encodeCbor(new Map(names.map((name) => [table[name][0], table[name][1].write(value[name])])))
  }
  function decode(bytes: Uint8Array): T | Malformed {
    const map = decodeCbor(bytes)
    if (isMalformed(map)) return map
    if (!(map instanceof Map)) return malformed('not a map', 0)
    const value: Partial<T> = {}
    for (const name of names) {
      const [field, shape] = table[name]
      const entry: CborValue | undefined = map.get(field)
      const read = entry === undefined ? WRONG : shape.read(entry)
      if (read === WRONG) return malformed(`${name} is ${entry === undefined ? 'missing' : 'misshapen'}`, 0, field)
      value[name] = read
    }
    return map.size === names.length ? (value as T) : malformed('a field too many', 0)
  }
  return { encode, decode }
}
