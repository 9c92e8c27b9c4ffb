// What is kept so as not to be made again, with limits that stand beside it: the same things are pushed into an array that has none.

import { createSecretKey } from 'node:crypto'
import { addressText } from '../../src/base/address.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import { KnownSignatures } from '../../src/core/moving/known-signatures.ts'
import { Outlet } from '../../src/core/outlet.ts'
import { packetLeft, packetMemory } from '../../src/core/sa/packet-memory.ts'
import { PAGE_BYTES, Pages } from '../../src/core/transport/streams/pages.ts'
import { ED25519 } from '../../src/crypto/ed25519.ts'
import { hitText } from '../../src/crypto/hit.ts'
import { verify } from '../../src/crypto/identity.ts'
import { KmacKey } from '../../src/crypto/kmac.ts'
import { hitSuite } from '../../src/crypto/suites.ts'
import { WARM_KEYS_MAX, WarmKey } from '../../src/crypto/warm-key.ts'
import type { IpPacket } from '../../src/inspect/carried.ts'
import { Fragments } from '../../src/inspect/fragments.ts'
import { identity } from './actors.ts'
import type { Places, Push } from './hoards.ts'

/** Keeps whatever is made. */
function keeping(make: (n: number) => unknown): Push {
  const kept: unknown[] = []
  return (n) => kept.push(make(n))
}

const numbered = (length: number, n: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setUint32(length - 4, n)
  return bytes
}

/** Half of the pushes take something, and the other half give it back. */
function returned<T>(pushes: number, take: () => T, back: (taken: T) => void): Push {
  const taken: T[] = []
  return (n) => {
    if (n < pushes / 2) return taken.push(take())
    const last = taken.pop()
    return last !== undefined && back(last)
  }
}

const SIGNATURE = new Uint8Array(64)
const PIECE_BYTES = 65_536
const KMAC = hitSuite(5)

/** By file and name of the limit. */
export const CACHE_HOARDS: Readonly<Record<string, () => Places>> = {
  'core/moving/known-signatures.ts: KNOWN_MAX': () => {
    const known = new KnownSignatures()
    const { publicKey } = identity(1)
    return {
      pushes: 500,
      held: (n) => known.keep(publicKey, numbered(1_000, n), SIGNATURE),
      free: keeping((n) => [numbered(1_000, n), SIGNATURE.slice()]),
    }
  },
  'core/outlet.ts: EVENTS_PER_ASSOCIATION': () => {
    const peer = identity(1).hit
    const telling = (associationsMax: number): Push => {
      const outlet = new Outlet({ ...DEFAULTS, associationsMax, eventsMax: 0 })
      return (n) => outlet.tell({ type: 'ended', peer, reason: 'closed', tried: [], detail: `the ${n}th` })
    }
    return { pushes: 3_000, held: telling(1), free: telling(1e6) }
  },
  'core/sa/packet-memory.ts: SPARE_PIECES_MAX': () => ({
    pushes: 800,
    held: returned(800, () => packetMemory(PIECE_BYTES), packetLeft),
    free: keeping(() => new Uint8Array(PIECE_BYTES / 2)),
  }),
  'core/transport/streams/pages.ts: SPARE_PAGES_MAX': () => {
    const page = new Uint8Array(PAGE_BYTES)
    const written = (): Pages => {
      const pages = new Pages(true)
      pages.write(0, page)
      return pages
    }
    return {
      pushes: 14_000,
      held: returned(14_000, written, (pages) => pages.clear()),
      free: keeping(() => new Uint8Array(PAGE_BYTES / 2)),
    }
  },
  'inspect/fragments.ts: KEPT_MAX': () => {
    const fragments = new Fragments()
    const first = (n: number): IpPacket => ({
      source: numbered(4, 1),
      destination: numbered(4, 2),
      protocol: 139,
      payload: new Uint8Array(PAGE_BYTES),
      missing: 0,
      fragment: { id: n, offset: 0, more: true },
    })
    return { pushes: 1_500, held: (n) => fragments.add(first(n)), free: keeping(first) }
  },
  'crypto/hit.ts: TEXTS_MAX': () => {
    const name = (n: number): Uint8Array => numbered(16, n)
    return { pushes: 2_000, held: (n) => hitText(name(n)), free: keeping((n) => [name(n), addressText(name(n))]) }
  },
  'crypto/public-key.ts: READY_LIMIT': () => {
    const keys = Array.from({ length: 801 }, (_, n) => identity(1_000 + n).publicKey)
    const verifies: Push = (n) => keys[n] && verify(keys[n], SIGNATURE, SIGNATURE)
    // What a full cache lets go makes room for what comes.
    for (let n = 0; n < 256; n++) verifies(n)
    return { pushes: 800, held: verifies, free: keeping((n) => keys[n] && ED25519.verifier(keys[n].bytes)) }
  },
  'crypto/suites.ts: KEYED_LIMIT': () => {
    const keys = Array.from({ length: 601 }, (_, n) => numbered(32, n))
    const macs: Push = (n) => KMAC?.mac(keys[n] ?? SIGNATURE, SIGNATURE)
    for (let n = 0; n < 256; n++) macs(n)
    return {
      pushes: 600,
      held: macs,
      free: keeping((n) => [keys[n]?.slice(), new KmacKey(keys[n] ?? SIGNATURE)]),
    }
  },
  'crypto/warm-key.ts: WARM_KEYS_MAX': () => {
    const keys = Array.from({ length: WARM_KEYS_MAX + 3_001 }, (_, n) => new WarmKey(numbered(16, n)))
    const warm: Push = (n) => keys[n]?.object
    for (let n = 0; n < WARM_KEYS_MAX; n++) warm(n)
    return {
      pushes: 3_000,
      held: (n) => warm(WARM_KEYS_MAX + n),
      free: keeping((n) => createSecretKey(numbered(16, n))),
    }
  },
}
