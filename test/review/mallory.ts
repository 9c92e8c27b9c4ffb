// A malicious peer: it has everything an honest end has (its frozen state) and says what it likes.

import type { Contents, Envelope } from '../../src/core/association/update.ts'
import { buildClose, buildUpdate } from '../../src/core/association/update.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import { hitBytes, hitOf } from '../../src/crypto/hit.ts'
import { resumptionOf, type Start } from '../../src/crypto/keymat.ts'
import { hitSuite } from '../../src/crypto/suites.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import type { Actor } from '../support/pair.ts'

export class Mallory {
  readonly #envelope: Envelope

  /** Speaks as `who`, out of its association with the first peer; `addressee` is the start it names, by default the one it knew. */
  constructor(who: Actor, epoch: number, state: FrozenState, addressee?: Start) {
    const association = state.associations[0]
    const suite = association && hitSuite(association.hitSuite)
    if (association === undefined || suite === undefined) throw new Error('no association')
    this.#envelope = {
      own: hitBytes(who.identity.hit),
      peer: hitBytes(hitOf(association.peerKey)),
      suite,
      start: who.start(epoch),
      identity: who.identity,
      addressee: addressee ?? association.peerStart,
      baseEpoch: 0,
      resumption: resumptionOf(association.secret),
      hipSend: association.hipSend,
      proveStart: false,
    }
  }

  update(parameters: readonly Contents[], signed = true): Uint8Array {
    return wrapHip(buildUpdate(this.#envelope, parameters, signed))
  }

  close(parameters: readonly Contents[]): Uint8Array {
    return wrapHip(buildClose(this.#envelope, 'CLOSE', parameters))
  }
}
