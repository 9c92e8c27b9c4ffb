// Lists of peers as users write them: HITs in any spelling, public keys, or their SPKI PEM text.

import type { AccessRules, PeerName } from '../core/access.ts'
import { STANDARD } from '../crypto/algorithms.ts'
import type { PublicKey, WithKeys } from '../crypto/identity.ts'
import { publicKeyFrom, publicKeyFromPem } from '../crypto/public-key.ts'
import { messageOf, SojournError } from './errors.ts'
import { parsePeer } from './peer.ts'

/** A peer by its HIT, with or without its places, by its public key, or by that key as SPKI PEM (`identity.publicPem()`). */
export type PeerNameLike = string | PublicKey

/** Who may do something. What is denied is denied even if it is allowed too. */
export interface Access {
  /** These peers and nobody else. Default: everybody. */
  readonly allow?: readonly PeerNameLike[] | undefined
  /** These peers never. Default: nobody. */
  readonly deny?: readonly PeerNameLike[] | undefined
}

/** The rules of lists. Throws ERR_SOJOURN_ARGUMENT if something in them is no peer. */
export function accessRules({ allow, deny }: Access, algorithms: WithKeys = STANDARD): AccessRules {
  return { allow: names('allow', allow, algorithms), deny: names('deny', deny, algorithms) }
}

function names(list: string, entries: unknown, algorithms: WithKeys): readonly PeerName[] | undefined {
  if (entries === undefined) return undefined
  if (!Array.isArray(entries)) throw wrong(`${list} is ${typeof entries}, not a list of peers`)
  return entries.map((entry: unknown, index) => {
    const name = typeof entry === 'string' ? nameOf(entry, `${list}[${index}]`, algorithms) : keyOf(entry, algorithms)
    if (name === undefined) throw wrong(`${list}[${index}] names no peer`)
    return name
  })
}

function nameOf(text: string, place: string, { keys }: WithKeys): PeerName | undefined {
  try {
    return text.includes('-----BEGIN') ? publicKeyFromPem(text, keys) : parsePeer(text).hit
  } catch (error) {
    throw wrong(`${place}: ${messageOf(error)}`)
  }
}

function keyOf(entry: unknown, { keys }: WithKeys): PublicKey | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { algorithm, label, bytes } = entry as Partial<PublicKey>
  if (typeof algorithm !== 'number' || typeof label !== 'number' || !(bytes instanceof Uint8Array)) return undefined
  return publicKeyFrom(algorithm, label, bytes, keys)
}

function wrong(why: string): SojournError {
  return new SojournError('ERR_SOJOURN_ARGUMENT', `${why}: give a HIT, a public key, or its SPKI PEM text`)
}
