// All that a former host has: a frozen state with the HIP keys and S of its time, the identity key, and whatever is on the wire.

import type { OwnStart } from '../../src/core/association/context.ts'
import { buildClose, buildUpdate, type Contents, type Envelope } from '../../src/core/association/update.ts'
import type { FrozenAssociation, FrozenState } from '../../src/core/moving/frozen.ts'
import { type Hit, hitBytes, hitOf } from '../../src/crypto/hit.ts'
import { resumptionOf, type Start } from '../../src/crypto/keymat.ts'
import { hitSuite } from '../../src/crypto/suites.ts'
import type { Actor } from './pair.ts'

/** The one association of a frozen state with this peer. */
export function associationIn(state: FrozenState, peer: Hit): FrozenAssociation {
  const found = state.associations.find(({ peerKey }) => hitOf(peerKey) === peer)
  if (found === undefined) throw new Error('no such association in this state')
  return found
}

/** Envelopes that whoever has a frozen state and the identity key can fill: it claims to be `start`. */
export function forgedEnvelope(who: Actor, state: FrozenState, peer: Hit, start: OwnStart, addressee: Start): Envelope {
  const association = associationIn(state, peer)
  const suite = hitSuite(association.hitSuite)
  if (suite === undefined) throw new Error('no such suite')
  return {
    own: hitBytes(who.identity.hit),
    peer: hitBytes(peer),
    suite,
    start,
    identity: who.identity,
    addressee,
    baseEpoch: state.epoch,
    resumption: resumptionOf(association.secret),
    hipSend: association.hipSend,
    proveStart: false,
  }
}

/** A signed UPDATE or CLOSE in a UDP payload. */
export function forgedUpdate(envelope: Envelope, parameters: readonly Contents[], signed = true): Uint8Array {
  return marked(buildUpdate(envelope, parameters, signed))
}

export function forgedClose(envelope: Envelope, parameters: readonly Contents[]): Uint8Array {
  return marked(buildClose(envelope, 'CLOSE', parameters))
}

/** A HIP packet as UDP payload. */
export function marked(packet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + packet.length)
  bytes.set(packet, 4)
  return bytes
}
