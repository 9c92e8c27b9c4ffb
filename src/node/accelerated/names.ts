// Addresses as the kernel has them (struct sockaddr_in, sockaddr_in6) and as everybody else here has them: canonical texts. Both ways
// are remembered, so that a packet costs neither text nor object.

import { addressBytes, addressText, type Locator, type Route } from '../../base/address.ts'
import type { Pinned } from './memory.ts'
import { AF_INET, AF_INET6, NAME_BYTES, NAME4_BYTES } from './system-calls.ts'

/** So many are remembered of each way. */
export const NAMES_MAX = 4_096

interface Source {
  readonly words: readonly number[]
  readonly route: Route
}

const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

/** The names that one socket meets. */
export class Names {
  readonly #six: boolean
  readonly #words: number
  readonly #at: Locator | undefined
  readonly #sources = new Map<number, Source[]>()
  #sourceCount = 0
  #last: Source | undefined
  readonly #targets = new Map<string, Uint8Array | undefined>()
  /** Of link-local addresses: on which link. */
  readonly #scopes = new Map<string, number>()

  /** `at` is where whatever comes has arrived, if that is to be said. */
  constructor(six: boolean, at: Locator | undefined) {
    this.#six = six
    this.#words = (six ? NAME_BYTES : NAME4_BYTES) / 4
    this.#at = at
  }

  /** Who is named there: one object however often it sends. */
  read({ view }: Pinned, at: number): Route {
    const last = this.#last
    if (last !== undefined && isSame(view, at, last.words)) return last.route
    let hash = 0
    for (let word = 0; word < this.#words; word++) hash = (hash * 31 + view.getUint32(at + 4 * word, true)) | 0
    const known = this.#sources.get(hash)?.find(({ words }) => isSame(view, at, words)) ?? this.#learn(view, at, hash)
    this.#last = known
    return known.route
  }

  /** Writes where to send; false if this socket cannot reach it. */
  write(to: Locator, { bytes, view }: Pinned, at: number): boolean {
    const known = this.#targets.get(to.address)
    const address = known ?? (this.#targets.has(to.address) ? undefined : this.#target(to.address))
    if (address === undefined) return false
    view.setUint16(at + 2, to.port)
    if (this.#six) {
      view.setUint16(at, AF_INET6, true)
      view.setUint32(at + 4, 0)
      bytes.set(address, at + 8)
      view.setUint32(at + 24, this.#scopes.get(to.address) ?? 0, true)
    } else {
      view.setUint16(at, AF_INET, true)
      bytes.set(address, at + 4)
    }
    return true
  }

  /** The link of a link-local address. */
  setScope(address: string, scope: number): void {
    if (this.#scopes.size >= NAMES_MAX) this.#scopes.clear()
    this.#scopes.set(address, scope)
  }

  /** How long the names of this socket are. */
  get bytes(): number {
    return this.#six ? NAME_BYTES : NAME4_BYTES
  }

  #learn(view: DataView, at: number, hash: number): Source {
    if (this.#sourceCount >= NAMES_MAX) {
      this.#sources.clear()
      this.#sourceCount = 0
    }
    const words = Array.from({ length: this.#words }, (_, word) => view.getUint32(at + 4 * word, true))
    const { address, port } = readName(view, at)
    const scope = this.#six ? view.getUint32(at + 24, true) : 0
    if (scope !== 0) this.setScope(address, scope)
    const route: Route = this.#at === undefined ? { address, port } : { address, port, at: this.#at }
    const source = { words, route }
    const others = this.#sources.get(hash)
    if (others === undefined) this.#sources.set(hash, [source])
    else others.push(source)
    this.#sourceCount++
    return source
  }

  #target(text: string): Uint8Array | undefined {
    const bytes = addressBytes(text)
    const four =
      bytes?.subarray(0, 12).every((byte, at) => byte === MAPPED[at]) === true ? bytes.subarray(12) : undefined
    const address = this.#six ? bytes : four
    if (this.#targets.size >= NAMES_MAX) this.#targets.clear()
    this.#targets.set(text, address)
    return address
  }
}

/** The address and port that are written there. */
export function readName(view: DataView, at: number): Locator {
  const bytes = new Uint8Array(16)
  if (view.getUint16(at, true) === AF_INET) {
    bytes.set(MAPPED)
    for (let byte = 0; byte < 4; byte++) bytes[12 + byte] = view.getUint8(at + 4 + byte)
  } else {
    for (let byte = 0; byte < 16; byte++) bytes[byte] = view.getUint8(at + 8 + byte)
  }
  return { address: addressText(bytes), port: view.getUint16(at + 2) }
}

function isSame(view: DataView, at: number, words: readonly number[]): boolean {
  for (let word = 0; word < words.length; word++) if (view.getUint32(at + 4 * word, true) !== words[word]) return false
  return true
}
