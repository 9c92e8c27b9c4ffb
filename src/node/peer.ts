// How people write a peer: `HIT@ADDR:PORT`, `HIT@[v6]:PORT`, more locators after commas, or a HIT alone. The HIT says who,
// the locators only where to look first.

import { formatLocator, type Locator, parseLocator } from '../base/address.ts'
import { type Hit, parseHit } from '../crypto/hit.ts'
import { SojournError } from './errors.ts'

/** Who to talk to, and where to look first. */
export interface Peer {
  readonly hit: Hit
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
  return { hit: like.hit, locators: like.locators ?? [] }
}

function wrong(text: string, why: string): SojournError {
  return new SojournError(
    'ERR_SOJOURN_ARGUMENT',
    `peer ${JSON.stringify(text)}: ${why}; write HIT@ADDR:PORT or HIT@[IPV6]:PORT`,
  )
}
