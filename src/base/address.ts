// Addresses and UDP ports. An address has exactly one text form here: RFC 5952, and IPv4 whenever it is IPv4-mapped,
// so that texts can be compared and used as keys.

import { assert } from './assert.ts'

/** Where a datagram goes to or comes from: an address in canonical text and a UDP port. */
export interface Locator {
  /** An IPv4 or IPv6 address as text, without a zone. */
  readonly address: string
  /** The UDP port. */
  readonly port: number
}

/** Where a datagram comes from or goes to, and which of several own locators it reached or is to leave from. */
export interface Route extends Locator {
  /** Absent where there is no choice. */
  readonly at?: Locator | undefined
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
  if (isMapped(bytes)) return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`
  const run = longestZeroRun(bytes)
  if (run.length < 2) return wordsText(bytes, 0, 8)
  return `${wordsText(bytes, 0, run.start)}::${wordsText(bytes, run.start + run.length, 8)}`
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

// Every packet's sender and receiver come by here, so it reads the text in one pass.
function ipv6Bytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16)
  let at = 0
  let gap = text.startsWith('::') ? 0 : -1
  let from = gap === 0 ? 2 : 0
  while (from < text.length) {
    const colon = text.indexOf(':', from)
    const word = hexWord(text, from, colon < 0 ? text.length : colon)
    // An IPv4 ending is allowed only where the address ends.
    const group = word >= 0 ? [word >> 8, word & 0xff] : colon < 0 ? ipv4Bytes(text.slice(from)) : undefined
    if (group === undefined || at + group.length > 16) return undefined
    for (const byte of group) bytes[at++] = byte
    if (colon < 0) break
    from = colon + 1
    if (from === text.length) return undefined
    if (text[from] !== ':') continue
    if (gap >= 0) return undefined
    gap = at
    from += 1
  }
  if (gap < 0) return at === 16 ? bytes : undefined
  if (at > 14) return undefined
  const tail = 16 - (at - gap)
  bytes.copyWithin(tail, gap, at)
  return bytes.fill(0, gap, tail)
}

// One to four hexadecimal digits; -1 for anything else.
function hexWord(text: string, from: number, end: number): number {
  if (end === from || end - from > 4) return -1
  let word = 0
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at)
    const letter = (code | 0x20) - 0x61
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : letter >= 0 && letter < 6 ? letter + 10 : -1
    if (digit < 0) return -1
    word = (word << 4) | digit
  }
  return word
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

// RFC 5952 §4.1: without leading zeros.
function wordsText(bytes: Uint8Array, from: number, end: number): string {
  let text = ''
  for (let word = from; word < end; word++) {
    const [high, low] = [bytes[2 * word] ?? 0, bytes[2 * word + 1] ?? 0]
    const digits = high === 0 ? SHORT[low] : `${SHORT[high]}${LONG[low]}`
    text += word === from ? digits : `:${digits}`
  }
  return text
}

const SHORT: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16))
const LONG: readonly string[] = SHORT.map((digits) => digits.padStart(2, '0'))

function longestZeroRun(bytes: Uint8Array): { readonly start: number; readonly length: number } {
  let [best, length, start] = [0, 0, 0]
  for (let word = 0; word <= 8; word++) {
    if (word < 8 && bytes[2 * word] === 0 && bytes[2 * word + 1] === 0) continue
    if (word - start > length) [best, length] = [start, word - start]
    start = word + 1
  }
  return { start: best, length }
}
