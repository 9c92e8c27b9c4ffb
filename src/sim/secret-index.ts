// Finds known secrets in any bytes: a needle is looked for by its first sixteen bytes, in a table keyed by its first four. Wherever
// it lies, one of its first eight bytes lies on a multiple of eight: only there are bytes looked at, behind a filter on two of them, so
// that a whole run can be scanned.

import { toHex } from '../base/bytes.ts'

const NEEDLE_BYTES = 16
/** Every so many bytes one pair is looked at; a needle is known by any pair that begins in as many of its first. */
const STRIDE = 8
/** Of a pair the lower thirteen bits count: a filter of all sixteen is eight times as large, and every run has one. */
const FILTER_BITS = 0x2000

interface Needle {
  readonly what: string
  readonly bytes: Uint8Array
}

export class SecretIndex {
  readonly #filter = new Uint8Array(FILTER_BITS / 8)
  readonly #needles = new Map<number, Needle[]>()
  readonly #all: Needle[] = []

  get size(): number {
    return this.#all.length
  }

  /** Secrets of fewer than 16 bytes are not looked for: they would be found by chance. */
  add(what: string, secret: Uint8Array): void {
    if (secret.length < NEEDLE_BYTES) return
    const bytes = secret.slice(0, NEEDLE_BYTES)
    const key = u32(bytes, 0)
    const list = this.#needles.get(key) ?? []
    if (list.some((needle) => sameAt(bytes, 0, needle.bytes))) return
    const needle = { what, bytes }
    list.push(needle)
    this.#needles.set(key, list)
    for (let at = 0; at < STRIDE; at++) {
      const pair = pairAt(bytes, at)
      this.#filter[pair >>> 3] = (this.#filter[pair >>> 3] ?? 0) | (1 << (pair & 7))
    }
    this.#all.push(needle)
  }

  /** What secret these bytes contain, if any. */
  find(bytes: Uint8Array): string | undefined {
    return this.#search(bytes, 1)[0]
  }

  /** Every secret that these bytes contain. */
  findAll(bytes: Uint8Array): readonly string[] {
    return this.#search(bytes, Infinity)
  }

  /** What secret this text shows in hexadecimal, base64 or base64url. */
  findInText(text: string): string | undefined {
    if (text.length < 20) return undefined
    const lower = text.toLowerCase()
    const plain = text.replaceAll('-', '+').replaceAll('_', '/')
    const shown = (bytes: Uint8Array): boolean =>
      lower.includes(toHex(bytes)) || plain.includes(base64Of(bytes.subarray(0, 15)))
    return this.#all.find(({ bytes }) => shown(bytes))?.what
  }

  // Every packet comes by here.
  #search(bytes: Uint8Array, limit: number): string[] {
    const found: string[] = []
    const filter = this.#filter
    const last = this.size === 0 ? -1 : bytes.length - NEEDLE_BYTES
    for (let mark = 0; mark < last + STRIDE; mark += STRIDE) {
      const pair = pairAt(bytes, mark)
      if (((filter[pair >>> 3] ?? 0) & (1 << (pair & 7))) === 0) continue
      for (let at = Math.max(0, mark - STRIDE + 1); at <= Math.min(mark, last); at++) {
        const needle = this.#needles.get(u32(bytes, at))?.find((one) => sameAt(bytes, at, one.bytes))
        if (needle !== undefined) found.push(needle.what)
        if (found.length >= limit) return found
      }
    }
    return found
  }
}

function pairAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)) % FILTER_BITS
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  )
}

function sameAt(bytes: Uint8Array, at: number, needle: Uint8Array): boolean {
  for (let i = 0; i < needle.length; i++) if (bytes[at + i] !== needle[i]) return false
  return true
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 of a multiple of three bytes. */
function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at + 2 < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    for (const shift of [18, 12, 6, 0]) text += BASE64[(group >>> shift) & 63]
  }
  return text
}
