// Addresses and UDP ports. An address has exactly one text form here: RFC 5952, and IPv4 whenever it is IPv4-mapped,
// so that texts can be compared and used as keys.

import { assert } from './assert.ts'
import { Reader } from './bytes.ts'

/** Where a datagram goes to or comes from: an address in canonical text and a UDP port. */
export interface Locator {
  readonly address: string
  readonly port: number
}

/** The 16 bytes of an IPv4 (as ::ffff:a.b.c.d) or IPv6 text, its zone left out; undefined if it is neither. */
export function addressBytes(text: string): Uint8Array | undefined {
  const zone = text.indexOf('%')
  if (zone === 0 || zone === text.length - 1) return undefined
  const bare = zone < 0 ? text : text.slice(0, zone)
  if (bare.includes(':')) return ipv6Bytes(bare)
  const four = zone < 0 ? ipv4Bytes(bare) : undefined
  if (four === undefined) return undefined
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...four)
}

/** The canonical text of 16 address bytes. */
export function addressText(bytes: Uint8Array): string {
  const reader = new Reader(bytes)
  const words = Array.from({ length: 8 }, () => reader.u16())
  if (isMapped(bytes)) return bytes.subarray(12, 16).join('.')
  const run = longestZeroRun(words)
  const hex = words.map((word) => word.toString(16))
  if (run.length < 2) return hex.join(':')
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`
}

/** The one text form of an address: lower case, shortest, no zone, mapped IPv4 as IPv4; undefined if it is none. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = addressBytes(text)
  return bytes === undefined ? undefined : addressText(bytes)
}

/** A key for maps: equal for equal locators only. */
export function locatorKey(locator: Locator): string {
  return formatLocator(locator)
}

/** `1.2.3.4:5` or `[::1]:5`. */
export function formatLocator(locator: Locator): string {
  return locator.address.includes(':') ? `[${locator.address}]:${locator.port}` : `${locator.address}:${locator.port}`
}

/** Reads what `formatLocator` writes, in any spelling of the address; undefined if it is malformed. */
export function parseLocator(text: string): Locator | undefined {
  const match = /^(?:\[([^\][]+)\]|([^:\][]+)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [, six, four, digits] = match
  if (six !== undefined && !six.includes(':')) return undefined
  const address = canonicalAddress(six ?? four ?? '')
  const port = Number(digits)
  return address === undefined || port > 65535 ? undefined : { address, port }
}

/** Same address and same port. */
export function sameLocator(a: Locator, b: Locator): boolean {
  return a.port === b.port && a.address === b.address
}

/** The 16 bytes of a canonical address with everything behind the prefix of its family zero; all zeros if it is no address. */
export function addressPrefix(address: string, ipv4Bits: number, ipv6Bits: number): Uint8Array {
  const bytes = addressBytes(address) ?? new Uint8Array(16)
  const bits = isMapped(bytes) ? 96 + ipv4Bits : ipv6Bits
  assert(bits % 8 === 0, 'prefixes are whole bytes')
  return bytes.fill(0, bits / 8)
}

/** Whether a canonical address is this machine's own: no network carries it (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback({ address }: Locator): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** Whether a canonical address can be somebody's: neither unspecified nor multicast nor broadcast (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2, §2.7). */
export function isUnicast({ address }: Locator): boolean {
  if (address.includes(':')) return address !== '::' && !address.startsWith('ff')
  const first = Number(address.slice(0, address.indexOf('.')))
  return first > 0 && (first < 224 || first >= 240) && address !== '255.255.255.255'
}

/** The address family of a locator in canonical form. */
export function locatorFamily(locator: Locator): 4 | 6 {
  return locator.address.includes(':') ? 6 : 4
}

function ipv4Bytes(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  // Leading zeros are refused: some resolvers read them as octal.
  if (!parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined
  return parts.map(Number)
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupBytes(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? groupBytes(halves[1] ?? '', true) : []
  if (head === undefined || tail === undefined) return undefined
  const length = head.length + tail.length
  if (halves.length === 1 ? length !== 16 : length > 14) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

// The groups between colons; an IPv4 ending is allowed only where the address ends.
function groupBytes(text: string, last: boolean): readonly number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (last && index === groups.length - 1 && group.includes('.')) {
      const four = ipv4Bytes(group)
      if (four === undefined) return undefined
      bytes.push(...four)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
      const word = Number.parseInt(group, 16)
      bytes.push(word >> 8, word & 0xff)
    }
  }
  return bytes
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (let i = 0; i <= words.length; i++) {
    if (i < words.length && words[i] === 0) continue
    if (i - start > best.length) best = { start, length: i - start }
    start = i + 1
  }
  return best
}
