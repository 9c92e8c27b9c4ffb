// The keys that SOJOURN_KEYLOG wrote, a line each: `KIJ <hit> <hit> <hex>` and `ESP <spi hex> <suite> <key hex> <key hex or ->`.
// Blank lines, comments (#) and lines that begin with another word are passed over.

import { fromHex } from '../base/bytes.ts'
import { type Hit, parseHit } from '../crypto/hit.ts'

/** The shared secret of one Diffie–Hellman exchange between two identities. */
export interface LoggedKij {
  readonly pair: readonly [Hit, Hit]
  readonly kij: Uint8Array
}

/** The keys of what is sent to one SPI. */
export interface LoggedEsp {
  readonly spi: number
  readonly suite: number
  readonly encryption: Uint8Array
  readonly authentication: Uint8Array
}

export interface KeyLog {
  readonly kijs: readonly LoggedKij[]
  readonly esp: readonly LoggedEsp[]
}

/** A log with nothing in it. */
export const NO_KEYS: KeyLog = { kijs: [], esp: [] }

/**
 * Reads a key log; `fault` says which line is wrong, and how. Lines that begin with other words are passed over beside those that do not,
 * and where there are only such, it is another file.
 */
export function readKeyLog(text: string): KeyLog | { readonly fault: string } {
  const kijs: LoggedKij[] = []
  const esp: LoggedEsp[] = []
  let strange: { readonly fault: string } | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/)
    const fault = (expected: string) => ({ fault: `line ${index + 1} is not "${expected}"` })
    if (words[0] === 'KIJ') {
      const entry = kijOf(words)
      if (entry === undefined) return fault('KIJ <hit> <hit> <hex>')
      kijs.push(entry)
    } else if (words[0] === 'ESP') {
      const entry = espOf(words)
      if (entry === undefined) return fault('ESP <spi hex> <suite> <encryption key hex> <authentication key hex or ->')
      esp.push(entry)
    } else if (words[0] !== '') strange ??= { fault: `line ${index + 1} begins with neither KIJ nor ESP` }
  }
  return kijs.length + esp.length === 0 && strange !== undefined ? strange : { kijs, esp }
}

function kijOf([, first = '', second = '', hex = '', ...more]: readonly string[]): LoggedKij | undefined {
  const [a, b, kij] = [parseHit(first), parseHit(second), bytesOf(hex)]
  if (a === undefined || b === undefined || kij === undefined || kij.length === 0 || more.length > 0) return undefined
  return { pair: [a, b], kij }
}

function espOf([, spi = '', suite = '', first = '', second = '', ...more]: readonly string[]): LoggedEsp | undefined {
  const encryption = bytesOf(first === '-' ? '' : first)
  const authentication = bytesOf(second === '-' ? '' : second)
  if (!/^(?:0x)?[0-9a-f]{1,8}$/i.test(spi) || !/^\d{1,5}$/.test(suite) || more.length > 0) return undefined
  if (encryption === undefined || authentication === undefined || second === '') return undefined
  return { spi: Number.parseInt(spi, 16), suite: Number(suite), encryption, authentication }
}

function bytesOf(hex: string): Uint8Array | undefined {
  return /^(?:[0-9a-f]{2})*$/i.test(hex) ? fromHex(hex) : undefined
}
