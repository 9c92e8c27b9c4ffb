// How people write a peer: `HIT@ADDR:PORT`, `HIT@[v6]:PORT`, more locators after commas, or a HIT alone. The HIT says who,
// the locators only where to look first.

import { canonicalAddress, formatLocator, type Locator, parseLocator } from '../base/address.ts'
import { type Hit, parseHit } from '../crypto/hit.ts'
import { SojournError } from './errors.ts'

/** Who to talk to, and where to look first. */
export interface Peer {
  /** Its name. */
  readonly hit: Hit
  /** Where it may be, the best first. */
  readonly locators: readonly Locator[]
}

/** Anything that names a peer in a call: text, a HIT, or a HIT with locators. */
export type PeerLike = string | { readonly hit: Hit; readonly locators?: readonly Locator[] }

/** Reads what `formatPeer` writes. Throws ERR_SOJOURN_ARGUMENT with the part that is wrong. */
export function parsePeer(text: string): Peer {
  const at = text.indexOf('@')
  const name = at < 0 ? text : text.slice(0, at)
  const hit = parseHit(name)
  if (hit === undefined) throw wrong(text, `${JSON.stringify(name)} is not a HIT`)
  if (at < 0) return { hit, locators: [] }
  const locators = text
    .slice(at + 1)
    .split(',')
    .map((part) => {
      const locator = parseLocator(part)
      if (locator === undefined || locator.port === 0) throw wrong(text, `${JSON.stringify(part)} is not ADDR:PORT`)
      return locator
    })
  return { hit, locators }
}

/** `HIT@ADDR:PORT[,ADDR:PORT…]`, or the HIT alone if no locator is known. */
export function formatPeer(peer: Peer): string {
  return peer.locators.length === 0 ? peer.hit : `${peer.hit}@${peer.locators.map(formatLocator).join(',')}`
}

/** A peer from any of its forms. Throws ERR_SOJOURN_ARGUMENT. */
export function peerOf(like: PeerLike): Peer {
  if (typeof like === 'string') return parsePeer(like)
  const { hit: name, locators = [] } = (like ?? {}) as { readonly hit?: unknown; readonly locators?: unknown }
  const hit = typeof name === 'string' ? parseHit(name) : undefined
  if (hit === undefined) throw wrong(String(name), 'it is not a HIT')
  if (!Array.isArray(locators)) throw wrong(hit, 'its locators are no list')
  return { hit, locators: locators.map((locator: unknown) => checkedLocator(hit, locator)) }
}

function checkedLocator(hit: Hit, locator: unknown): Locator {
  const { address, port } = (locator ?? {}) as { readonly address?: unknown; readonly port?: unknown }
  const canonical = typeof address === 'string' ? canonicalAddress(address) : undefined
  const sound = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536
  if (canonical === undefined || !sound) throw wrong(hit, `${JSON.stringify(locator)} is not { address, port }`)
  return { address: canonical, port }
}

function wrong(text: string, why: string): SojournError {
  return new SojournError(
    'ERR_SOJOURN_ARGUMENT',
    `peer ${JSON.stringify(text)}: ${why}; write HIT@ADDR:PORT or HIT@[IPV6]:PORT`,
  )
}
