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
  readonly preferred: boolean
  /** Never 0; 0xffffffff is without end. */
  readonly lifetimeSeconds: number
  readonly spi?: number
  readonly address: Uint8Array
  readonly port?: number
  /** 17: UDP. */
  readonly protocol?: number
  /** 0 host, 1 server-reflexive, 2 peer-reflexive, 3 relayed. */
  readonly kind?: number
  readonly priority?: number
}

// Lengths of the locator itself in 4-byte words, by type.
const WORDS: readonly number[] = [4, 5, 7]
const TRAFFIC_TYPES = [0, 1, 2] as const

export function encodeLocatorSet(entries: readonly LocatorEntry[]): ParameterValue {
  const writer = new Writer()
  for (const entry of entries) {
    const words = WORDS[entry.locatorType]
    assert(words !== undefined && entry.address.length === 16, 'a locator has a known type and 16 address bytes')
    writer
      .u8(entry.trafficType)
      .u8(entry.locatorType)
      .u8(words)
      .u8(entry.preferred ? 1 : 0)
      .u32(entry.lifetimeSeconds)
    if (entry.locatorType === 2) {
      writer
        .u16(entry.port ?? 0)
        .u8(entry.protocol ?? 17)
        .u8(entry.kind ?? 0)
        .u32(entry.priority ?? 0)
    }
    if (entry.locatorType !== 0) writer.u32(entry.spi ?? 0)
    writer.bytes(entry.address)
  }
  return { type: Parameter.LOCATOR_SET, contents: writer.finish() }
}

/** The locators of a known type and traffic type, in order; others are skipped. An empty set is lawful. */
export function decodeLocatorSet(contents: Uint8Array, at: number): LocatorEntry[] | Malformed {
  const entries: LocatorEntry[] = []
  const reader = new Reader(contents)
  while (reader.remaining > 0) {
    const entry = readLocator(reader, at)
    if (isMalformed(entry)) return entry
    if (entry !== undefined) entries.push(entry)
  }
  return entries
}

function readLocator(reader: Reader, at: number): LocatorEntry | undefined | Malformed {
  const start = at + reader.offset
  const trafficType = TRAFFIC_TYPES[reader.u8()]
  const locatorType = reader.u8()
  const words = reader.u8()
  const preferred = (reader.u8() & 1) === 1
  const lifetimeSeconds = reader.u32()
  const locator = new Reader(reader.bytes(words * 4))
  if (reader.failed) return malformed('locator runs past the end', start, Parameter.LOCATOR_SET)
  if (lifetimeSeconds === 0) return malformed('locator without lifetime', start + 4, Parameter.LOCATOR_SET)
  const expected = WORDS[locatorType]
  if (expected === undefined) return undefined
  if (words !== expected) return malformed('wrong length of a locator', start + 2, Parameter.LOCATOR_SET)
  if (trafficType === undefined) return undefined
  const common = { trafficType, locatorType, preferred, lifetimeSeconds }
  if (locatorType === 0) return { ...common, address: locator.bytes(16) }
  if (locatorType === 1) return { ...common, spi: locator.u32(), address: locator.bytes(16) }
  const transport = { port: locator.u16(), protocol: locator.u8(), kind: locator.u8(), priority: locator.u32() }
  return { ...common, ...transport, spi: locator.u32(), address: locator.bytes(16) }
}
