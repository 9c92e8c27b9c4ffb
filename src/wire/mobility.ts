// LOCATOR_SET (RFC 8046 §4), with the transport-address locators of RFC 9028 §5.7, which carry a port.

import { assert } from '../base/assert.ts'
import { Reader, Writer } from '../base/bytes.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

/** One locator. Addresses have 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export interface LocatorEntry {
  /** 0 signalling and data, 1 signalling, 2 data. */
  readonly trafficType: 0 | 1 | 2
  /** 0 address; 1 SPI and address; 2 transport address: the fields below from `spi` on. */
  readonly locatorType: number
  /** Whether the sender would rather be reached here: the P bit. RFC 8046 §4.1. */
  readonly preferred: boolean
  /** Never 0; 0xffffffff is without end. */
  readonly lifetimeSeconds: number
  /** The sender's inbound SPI here: of types 1 and 2. */
  readonly spi?: number
  /** 16 bytes. */
  readonly address: Uint8Array
  /** Of UDP: of type 2, as are the fields below. */
  readonly port?: number
  /** 17: UDP. */
  readonly protocol?: number
  /** 0 host, 1 server-reflexive, 2 peer-reflexive, 3 relayed. */
  readonly kind?: number
  /** Of the candidate: 32 bits, more is better. */
  readonly priority?: number
}

/** A locator of a type or for traffic that is not known here: a host passes over it, a tool may show it. */
export interface OtherLocator {
  /** One byte as it came. */
  readonly trafficType: number
  /** One byte as it came. */
  readonly locatorType: number
  /** The P bit. RFC 8046 §4.1. */
  readonly preferred: boolean
  /** Never 0; 0xffffffff is without end. */
  readonly lifetimeSeconds: number
  /** The locator itself, a whole number of 4-byte words; absent from the entries that are known. */
  readonly locator: Uint8Array
}

// Lengths of the locator itself in 4-byte words, by type.
const WORDS: readonly number[] = [4, 5, 7]
const TRAFFIC_TYPES = [0, 1, 2] as const

// LOCATOR_SET (193)                any number of
//  0              1              2              3               4                8
// +--------------+--------------+--------------+---------------+----------------+---------+
// | traffic 1    | type 1       | words 1      | 7 bits, P bit | lifetime 4     | locator |
// +--------------+--------------+--------------+---------------+----------------+---------+
//   the locator, by its type:
//   0: address 16     1: SPI 4, address 16     2: port 2, protocol 1, kind 1, priority 4, SPI 4, address 16
/** Writes LOCATOR_SET. A locator of an unknown type or without 16 bytes of address is our bug (InvariantError). RFC 8046 §4. */
export function encodeLocatorSet(entries: readonly LocatorEntry[]): ParameterValue {
  return encodeLocators(entries)
}

/** A set that may hold locators of other types, as `decodeLocators` gives them. */
export function encodeLocators(entries: readonly (LocatorEntry | OtherLocator)[]): ParameterValue {
  const writer = new Writer()
  for (const entry of entries) {
    const locator = 'locator' in entry ? entry.locator : locatorBytes(entry)
    assert(locator.length % 4 === 0, 'a locator is a whole number of words')
    writer.u8(entry.trafficType).u8(entry.locatorType)
    writer.u8(locator.length / 4).u8(entry.preferred ? 1 : 0)
    writer.u32(entry.lifetimeSeconds).bytes(locator)
  }
  return { type: Parameter.LOCATOR_SET, contents: writer.finish() }
}

/** The locators of a known type and traffic type, in order; others are skipped. An empty set is lawful. */
export function decodeLocatorSet(contents: Uint8Array, at: number): LocatorEntry[] | Malformed {
  const entries = decodeLocators(contents, at)
  return Array.isArray(entries) ? entries.filter(isKnown) : entries
}

/** All locators, in order. */
export function decodeLocators(contents: Uint8Array, at: number): (LocatorEntry | OtherLocator)[] | Malformed {
  const entries: (LocatorEntry | OtherLocator)[] = []
  const reader = new Reader(contents)
  while (reader.remaining > 0) {
    const entry = readLocator(reader, at)
    if (isMalformed(entry)) return entry
    entries.push(entry)
  }
  return entries
}

function isKnown(entry: LocatorEntry | OtherLocator): entry is LocatorEntry {
  return 'address' in entry
}

function locatorBytes(entry: LocatorEntry): Uint8Array {
  assert(WORDS[entry.locatorType] !== undefined, 'a locator has a known type')
  assert(entry.address.length === 16, 'a locator has 16 address bytes')
  const writer = new Writer()
  if (entry.locatorType === 2) {
    writer
      .u16(entry.port ?? 0)
      .u8(entry.protocol ?? 17)
      .u8(entry.kind ?? 0)
      .u32(entry.priority ?? 0)
  }
  if (entry.locatorType !== 0) writer.u32(entry.spi ?? 0)
  return writer.bytes(entry.address).finish()
}

function readLocator(reader: Reader, at: number): LocatorEntry | OtherLocator | Malformed {
  const start = at + reader.offset
  const traffic = reader.u8()
  const locatorType = reader.u8()
  const words = reader.u8()
  const preferred = (reader.u8() & 1) === 1
  const lifetimeSeconds = reader.u32()
  const bytes = reader.bytes(words * 4)
  if (reader.failed) return malformed('locator runs past the end', start, Parameter.LOCATOR_SET)
  if (lifetimeSeconds === 0) return malformed('locator without lifetime', start + 4, Parameter.LOCATOR_SET)
  const expected = WORDS[locatorType]
  if (expected !== undefined && words !== expected) {
    return malformed('wrong length of a locator', start + 2, Parameter.LOCATOR_SET)
  }
  const trafficType = TRAFFIC_TYPES[traffic]
  if (expected === undefined || trafficType === undefined) {
    return { trafficType: traffic, locatorType, preferred, lifetimeSeconds, locator: bytes }
  }
  const locator = new Reader(bytes)
  const common = { trafficType, locatorType, preferred, lifetimeSeconds }
  if (locatorType === 0) return { ...common, address: locator.bytes(16) }
  if (locatorType === 1) return { ...common, spi: locator.u32(), address: locator.bytes(16) }
  const transport = { port: locator.u16(), protocol: locator.u8(), kind: locator.u8(), priority: locator.u32() }
  return { ...common, ...transport, spi: locator.u32(), address: locator.bytes(16) }
}
