// Parameters of the base exchange (RFC 7401 §5.2.3–§5.2.18, RFC 7402 §5.1.2). `at` is where the contents start in the
// packet, so that a Malformed names the byte. A drawing shows the contents, behind the four bytes of type and length; the
// numbers above it are offsets, a number in a box is bytes, and reserved fields are sent as zero and not looked at.

import { assert } from '../base/assert.ts'
import { concat, Reader, Writer } from '../base/bytes.ts'
import { firstSix, LIST_LIMIT, readList, writeList } from './lists.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { EddsaCurve, HiAlgorithm, Parameter } from './registry.ts'

/** RFC 7401 §5.2.3; the 64-bit counter as two halves, which MOVING §2 uses as epoch and generation. */
export interface R1Counter {
  /** The upper 32 bits. */
  readonly high: number
  /** The lower 32 bits. */
  readonly low: number
  /** The reserved word, kept because an I2 must echo it verbatim; absent when zero. */
  readonly reserved?: number
}

/** RFC 7401 §5.2.4. `lifetime` is the coded byte: 2^(lifetime − 32) seconds. */
export interface Puzzle {
  /** How many of the lowest bits of the hash have to be zero: 0 to 255. */
  readonly k: number
  /** Coded, one byte. */
  readonly lifetime: number
  /** 2 bytes. */
  readonly opaque: Uint8Array
  /** As long as the Responder's hash. */
  readonly i: Uint8Array
}

/** RFC 7401 §5.2.5. */
export interface Solution {
  /** The puzzle's K, 0 to 255. */
  readonly k: number
  /** The puzzle's opaque field: 2 bytes. */
  readonly opaque: Uint8Array
  /** The puzzle's I, as long as the Responder's hash. */
  readonly i: Uint8Array
  /** What solves it, as long as I. */
  readonly j: Uint8Array
}

/** RFC 7401 §5.2.7. */
export interface DiffieHellman {
  /** `DhGroup` of the registry: one byte. */
  readonly group: number
  /** Of the length that the group has; whether it is a point of the curve is not looked at. */
  readonly publicValue: Uint8Array
}

/**
 * RFC 7401 §5.2.9, RFC 9374 §3.4.1. `key` has no curve label: 32 bytes for Ed25519, the point as received for ECDSA,
 * the whole field (and label 0) for every other algorithm.
 */
export interface HostId {
  /** `HiAlgorithm` of the registry: two bytes. */
  readonly algorithm: number
  /** `EcdsaCurve` or `EddsaCurve` of the registry: two bytes. */
  readonly label: number
  /** The public key. */
  readonly key: Uint8Array
  /** The domain identifier, if there is one. */
  readonly domain?: Uint8Array
  /** Its type: 1 FQDN, 2 NAI. Written as 1 when absent. */
  readonly domainType?: number
}

/** RFC 7401 §5.2.14, §5.2.15. */
export interface Signature {
  /** `HiAlgorithm` of the registry: two bytes. */
  readonly algorithm: number
  /** The signature, of the length that algorithm and key give it. */
  readonly bytes: Uint8Array
}

// R1_COUNTER (129)
//  0            4            8            12
// +------------+------------+------------+
// | reserved   | high half  | low half   |
// +------------+------------+------------+
/** Writes R1_COUNTER. RFC 7401 §5.2.3. */
export function encodeR1Counter(counter: R1Counter): ParameterValue {
  const writer = new Writer()
    .u32(counter.reserved ?? 0)
    .u32(counter.high)
    .u32(counter.low)
  return { type: Parameter.R1_COUNTER, contents: writer.finish() }
}

/** Reads the contents of R1_COUNTER at byte `at` of the packet; Malformed if they are not 12 bytes. RFC 7401 §5.2.3. */
export function decodeR1Counter(contents: Uint8Array, at: number): R1Counter | Malformed {
  if (contents.length !== 12) return wrongLength('R1_COUNTER', at, Parameter.R1_COUNTER)
  const reader = new Reader(contents)
  const reserved = reader.u32()
  const counter = { high: reader.u32(), low: reader.u32() }
  return reserved === 0 ? counter : { ...counter, reserved }
}

// PUZZLE (257)                               n: bytes of RHASH
//  0     1          2          4
// +-----+----------+----------+------------+
// | K   | lifetime | opaque 2 | I n        |
// +-----+----------+----------+------------+
/** Writes PUZZLE. RFC 7401 §5.2.4. */
export function encodePuzzle(puzzle: Puzzle): ParameterValue {
  assert(puzzle.opaque.length === 2, 'the opaque field has 2 bytes')
  const writer = new Writer().u8(puzzle.k).u8(puzzle.lifetime).bytes(puzzle.opaque).bytes(puzzle.i)
  return { type: Parameter.PUZZLE, contents: writer.finish() }
}

/**
 * Reads the contents of PUZZLE at byte `at` of the packet; Malformed without an I. Whether I has the length of the hash is
 * for the caller to say. RFC 7401 §5.2.4.
 */
export function decodePuzzle(contents: Uint8Array, at: number): Puzzle | Malformed {
  if (contents.length < 5) return wrongLength('PUZZLE', at, Parameter.PUZZLE)
  const reader = new Reader(contents)
  return { k: reader.u8(), lifetime: reader.u8(), opaque: reader.bytes(2), i: reader.bytes(reader.remaining) }
}

// SOLUTION (321)
//  0     1          2          4            4 + n
// +-----+----------+----------+------------+------------+
// | K   | reserved | opaque 2 | I n        | J n        |
// +-----+----------+----------+------------+------------+
/** Writes SOLUTION. I and J of different lengths are our bug (InvariantError). RFC 7401 §5.2.5. */
export function encodeSolution(solution: Solution): ParameterValue {
  assert(solution.opaque.length === 2, 'the opaque field has 2 bytes')
  assert(solution.i.length === solution.j.length, 'I and J have the same length')
  const writer = new Writer().u8(solution.k).u8(0).bytes(solution.opaque).bytes(solution.i).bytes(solution.j)
  return { type: Parameter.SOLUTION, contents: writer.finish() }
}

/**
 * Reads the contents of SOLUTION at byte `at` of the packet; Malformed if I and J cannot be of one length, or are empty. RFC
 * 7401 §5.2.5.
 */
export function decodeSolution(contents: Uint8Array, at: number): Solution | Malformed {
  const half = (contents.length - 4) / 2
  if (half < 1 || !Number.isInteger(half)) return wrongLength('SOLUTION', at, Parameter.SOLUTION)
  const reader = new Reader(contents)
  const k = reader.u8()
  reader.skip(1)
  return { k, opaque: reader.bytes(2), i: reader.bytes(half), j: reader.bytes(half) }
}

// DH_GROUP_LIST (511)
//  0         1
// +---------+---------+
// | group 1 | group 1 | ...  preferred first
// +---------+---------+
/** Writes DH_GROUP_LIST: `DhGroup` of the registry, best first. RFC 7401 §5.2.6. */
export function encodeDhGroupList(groups: readonly number[]): ParameterValue {
  return { type: Parameter.DH_GROUP_LIST, contents: writeList(groups, 1) }
}

/** Reads the contents of DH_GROUP_LIST at byte `at` of the packet; an empty list is Malformed. RFC 7401 §5.2.6. */
export function decodeDhGroupList(contents: Uint8Array, at: number): number[] | Malformed {
  return readList(contents, at, 1, Parameter.DH_GROUP_LIST)
}

// DIFFIE_HELLMAN (513)
//  0         1          3
// +---------+----------+-----------------------+
// | group 1 | length 2 | public value (length) |
// +---------+----------+-----------------------+
/** Writes DIFFIE_HELLMAN with one public value. RFC 7401 §5.2.7. */
export function encodeDiffieHellman(dh: DiffieHellman): ParameterValue {
  const writer = new Writer(3 + dh.publicValue.length).u8(dh.group).u16(dh.publicValue.length).bytes(dh.publicValue)
  return { type: Parameter.DIFFIE_HELLMAN, contents: writer.finish() }
}

/**
 * Reads the contents of DIFFIE_HELLMAN at byte `at` of the packet; Malformed if its length is not that of one public value.
 * RFC 7401 §5.2.7.
 */
export function decodeDiffieHellman(contents: Uint8Array, at: number): DiffieHellman | Malformed {
  const reader = new Reader(contents)
  const group = reader.u8()
  const publicValue = reader.bytes(reader.u16())
  if (reader.failed || reader.remaining > 0 || publicValue.length === 0) {
    return wrongLength('DIFFIE_HELLMAN', at, Parameter.DIFFIE_HELLMAN)
  }
  return { group, publicValue }
}

// HIP_CIPHER (579)
//  0          2
// +----------+----------+
// | cipher 2 | cipher 2 | ...  six at most
// +----------+----------+
/** Writes HIP_CIPHER: `HipCipher` of the registry, best first. More than six are our bug (InvariantError). RFC 7401 §5.2.8. */
export function encodeHipCipher(ciphers: readonly number[]): ParameterValue {
  assert(ciphers.length <= LIST_LIMIT, 'HIP_CIPHER lists at most six')
  return { type: Parameter.HIP_CIPHER, contents: writeList(ciphers, 2) }
}

/**
 * Reads the contents of HIP_CIPHER at byte `at` of the packet; an empty list is Malformed, and of a long one the first six
 * count. RFC 7401 §5.2.8.
 */
export function decodeHipCipher(contents: Uint8Array, at: number): number[] | Malformed {
  return firstSix(readList(contents, at, 2, Parameter.HIP_CIPHER))
}

/** HIP_CIPHER of an I2, which names the one chosen. RFC 7401 §5.2.8. */
export function decodeChosenCipher(contents: Uint8Array, at: number): number | Malformed {
  if (contents.length !== 2) return wrongLength('HIP_CIPHER of an I2', at, Parameter.HIP_CIPHER)
  return new Reader(contents).u16()
}

// HOST_ID (705)                  the Host Identity field begins with a curve label if it is one of a curve
//  0             2                   4             6
// +-------------+-------------------+-------------+----------------------+----------------------+
// | HI length 2 | DI type, length 2 | algorithm 2 | Host Identity        | domain identifier    |
// +-------------+-------------------+-------------+----------------------+----------------------+
//                 4 and 12 bits
/** Writes HOST_ID. A domain identifier of 4096 bytes or more is our bug (InvariantError). RFC 7401 §5.2.9, RFC 9374 §3.4.1. */
export function encodeHostId(hostId: HostId): ParameterValue {
  const field = concat(labelField(hostId), hostId.key)
  const domain = hostId.domain ?? new Uint8Array(0)
  const domainType = hostId.domain === undefined ? 0 : (hostId.domainType ?? 1)
  assert(domain.length < 0x1000 && domainType < 16, 'a domain identifier is shorter than 4096 bytes')
  const writer = new Writer()
    .u16(field.length)
    .u16((domainType << 12) | domain.length)
    .u16(hostId.algorithm)
  return { type: Parameter.HOST_ID, contents: writer.bytes(field).bytes(domain).finish() }
}

/**
 * Reads the contents of HOST_ID at byte `at` of the packet; Malformed if its lengths do not fit, the key is missing, or an
 * Ed25519 key has not 32 bytes. RFC 7401 §5.2.9.
 */
export function decodeHostId(contents: Uint8Array, at: number): HostId | Malformed {
  const reader = new Reader(contents)
  const fieldLength = reader.u16()
  const domainField = reader.u16()
  const algorithm = reader.u16()
  const field = new Reader(reader.bytes(fieldLength))
  const domain = reader.bytes(domainField & 0xfff)
  const domainType = domainField >> 12
  if (reader.failed || reader.remaining > 0) return wrongLength('HOST_ID', at, Parameter.HOST_ID)
  if (domainType === 0 && domain.length > 0)
    return malformed('domain identifier without type', at + 2, Parameter.HOST_ID)
  const labelled = hasLabel(algorithm)
  const label = labelled ? field.u16() : 0
  const unused = algorithm === HiAlgorithm.EDDSA ? field.u16() : 0
  const key = field.bytes(field.remaining)
  if (field.failed || key.length === 0) return malformed('Host Identity too short', at + 6, Parameter.HOST_ID)
  if (unused !== 0) return malformed('Host Identity: the word after the label is not zero', at + 8, Parameter.HOST_ID)
  if (algorithm === HiAlgorithm.EDDSA && label === EddsaCurve.ED25519 && key.length !== 32) {
    return malformed('an Ed25519 key has 32 bytes', at + 10, Parameter.HOST_ID)
  }
  return domainType === 0 ? { algorithm, label, key } : { algorithm, label, key, domain, domainType }
}

// HIT_SUITE_LIST (715)
//  0          1
// +----------+----------+
// | id · 16  | id · 16  | ...
// +----------+----------+
/** Writes HIT_SUITE_LIST: `HitSuite` of the registry, 0 to 15, best first. RFC 7401 §5.2.10. */
export function encodeHitSuiteList(suites: readonly number[]): ParameterValue {
  const coded = suites.map((suite) => suite << 4)
  return { type: Parameter.HIT_SUITE_LIST, contents: writeList(coded, 1) }
}

/** Suite ids; on the wire each stands in the upper half of its byte. RFC 7401 §5.2.10. */
export function decodeHitSuiteList(contents: Uint8Array, at: number): number[] | Malformed {
  const wrong = contents.findIndex((byte) => (byte & 0xf) !== 0)
  if (wrong >= 0) return malformed('HIT suite with its lower half set', at + wrong, Parameter.HIT_SUITE_LIST)
  const coded = readList(contents, at, 1, Parameter.HIT_SUITE_LIST)
  return Array.isArray(coded) ? coded.map((byte) => byte >> 4) : coded
}

// TRANSPORT_FORMAT_LIST (2049)
//  0          2
// +----------+----------+
// | format 2 | format 2 | ...  preferred first
// +----------+----------+
/** Writes TRANSPORT_FORMAT_LIST: `TransportFormat` of the registry, best first. RFC 7401 §5.2.11. */
export function encodeTransportFormatList(formats: readonly number[]): ParameterValue {
  return { type: Parameter.TRANSPORT_FORMAT_LIST, contents: writeList(formats, 2) }
}

/** Reads the contents of TRANSPORT_FORMAT_LIST at byte `at` of the packet; an empty list is Malformed. RFC 7401 §5.2.11. */
export function decodeTransportFormatList(contents: Uint8Array, at: number): number[] | Malformed {
  return readList(contents, at, 2, Parameter.TRANSPORT_FORMAT_LIST)
}

// ESP_TRANSFORM (4095)
//  0            2          4
// +------------+----------+----------+
// | reserved 2 | suite 2  | suite 2  | ...  six at most
// +------------+----------+----------+
/** Writes ESP_TRANSFORM: `EspSuite` of the registry, best first. More than six are our bug (InvariantError). RFC 7402 §5.1.2. */
export function encodeEspTransform(suites: readonly number[]): ParameterValue {
  assert(suites.length <= LIST_LIMIT, 'ESP_TRANSFORM lists at most six')
  return { type: Parameter.ESP_TRANSFORM, contents: concat(new Uint8Array(2), writeList(suites, 2)) }
}

/**
 * Reads the contents of ESP_TRANSFORM at byte `at` of the packet; an empty list is Malformed, and of a long one the first six
 * count. RFC 7402 §5.1.2.
 */
export function decodeEspTransform(contents: Uint8Array, at: number): number[] | Malformed {
  if (contents.length < 4) return wrongLength('ESP_TRANSFORM', at, Parameter.ESP_TRANSFORM)
  return firstSix(readList(contents.subarray(2), at + 2, 2, Parameter.ESP_TRANSFORM))
}

/** ESP_TRANSFORM of an I2, which names the one chosen. RFC 7402 §5.1.2. */
export function decodeChosenEspTransform(contents: Uint8Array, at: number): number[] | Malformed {
  if (contents.length !== 4) return wrongLength('ESP_TRANSFORM of an I2', at, Parameter.ESP_TRANSFORM)
  return decodeEspTransform(contents, at)
}

// ENCRYPTED (641)                    no IV under the NULL cipher
//  0            4
// +------------+---------+-------------------------------+
// | reserved 4 | IV 16   | parameters, padded, encrypted |
// +------------+---------+-------------------------------+
/** `content` is what follows the reserved word: for AES-CBC the IV and the ciphertext. RFC 7401 §5.2.18. */
export function encodeEncrypted(content: Uint8Array): ParameterValue {
  return { type: Parameter.ENCRYPTED, contents: concat(new Uint8Array(4), content) }
}

/**
 * What stands behind the reserved word in the contents of ENCRYPTED at byte `at` of the packet: a view. Malformed if nothing
 * does. RFC 7401 §5.2.18.
 */
export function decodeEncrypted(contents: Uint8Array, at: number): Uint8Array | Malformed {
  return contents.length < 5 ? wrongLength('ENCRYPTED', at, Parameter.ENCRYPTED) : contents.subarray(4)
}

// HIP_MAC (61505), HIP_MAC_2 (61569)
//  0
// +-------------------------+
// | MAC, as long as RHASH   |
// +-------------------------+
/** Writes HIP_MAC (61505) or HIP_MAC_2 (61569). RFC 7401 §5.2.12, §5.2.13. */
export function encodeMac(type: 61505 | 61569, mac: Uint8Array): ParameterValue {
  return { type, contents: mac }
}

/** Contents of HIP_MAC or HIP_MAC_2: the whole, untruncated MAC. RFC 7401 §5.2.12, §5.2.13. */
export function decodeMac(contents: Uint8Array, at: number): Uint8Array | Malformed {
  return contents.length === 0 ? wrongLength('HIP_MAC', at, Parameter.HIP_MAC) : contents
}

// HIP_SIGNATURE_2 (61633), HIP_SIGNATURE (61697)
//  0             2
// +-------------+-----------+
// | algorithm 2 | signature |
// +-------------+-----------+
/** Writes HIP_SIGNATURE_2 (61633) or HIP_SIGNATURE (61697). RFC 7401 §5.2.14, §5.2.15. */
export function encodeSignature(type: 61633 | 61697, signature: Signature): ParameterValue {
  const writer = new Writer(2 + signature.bytes.length)
  return { type, contents: writer.u16(signature.algorithm).bytes(signature.bytes).finish() }
}

/** Reads the contents of either signature at byte `at` of the packet; Malformed if it is empty. RFC 7401 §5.2.14, §5.2.15. */
export function decodeSignature(contents: Uint8Array, at: number): Signature | Malformed {
  if (contents.length < 3) return wrongLength('HIP_SIGNATURE', at, Parameter.HIP_SIGNATURE)
  const reader = new Reader(contents)
  return { algorithm: reader.u16(), bytes: reader.bytes(reader.remaining) }
}

function hasLabel(algorithm: number): boolean {
  return algorithm === HiAlgorithm.EDDSA || algorithm === HiAlgorithm.ECDSA || algorithm === HiAlgorithm.ECDSA_LOW
}

// What stands before the key: a curve label, and for EdDSA a zero word (RFC 9374 §3.4.1.1).
function labelField(hostId: HostId): Uint8Array {
  if (!hasLabel(hostId.algorithm)) return new Uint8Array(0)
  const writer = new Writer().u16(hostId.label)
  return (hostId.algorithm === HiAlgorithm.EDDSA ? writer.u16(0) : writer).finish()
}

function wrongLength(name: string, at: number, type: number): Malformed {
  return malformed(`wrong length of ${name}`, at, type)
}
