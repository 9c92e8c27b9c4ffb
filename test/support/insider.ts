// Bob as nobody lives at his address any more: whoever has his state says what a test wants said, under his keys and in his name.

import type { Contents, Envelope } from '../../src/core/association/update.ts'
import { buildClose, buildNotify, buildUpdate, epochOf } from '../../src/core/association/update.ts'
import { type Cast, forgedEnvelope, freeze, marked } from './stage.ts'

export interface Insider {
  readonly envelope: Envelope
  /** Gives Alice a datagram from Bob's place, and returns what she sends at that moment. */
  tell(datagram: Uint8Array): readonly Uint8Array[]
  /** An UPDATE of Bob's running start, in a UDP payload. */
  update(parameters: readonly Contents[], signed?: boolean): Uint8Array
  closeAck(parameters: readonly Contents[], envelope?: Envelope): Uint8Array
  notify(notification: { readonly type: number; readonly data: Uint8Array }): Uint8Array
}

/** Takes Bob off the wire. His start goes on in these packets: it is the one that Alice is bound to. */
export function insider(cast: Cast): Insider {
  const { wire, a, b, alice, bob } = cast
  const state = freeze(cast, b)
  const envelope = forgedEnvelope(bob, state, a.engine.hit, bob.start(1), alice.start(1))
  return {
    envelope,
    tell: (bytes) => {
      const since = wire.sent.length
      wire.inject({ from: b.at, to: a.at, bytes })
      return wire.sent.slice(since).map((flying) => flying.bytes)
    },
    update: (parameters, signed = true) => marked(buildUpdate(envelope, parameters, signed)),
    closeAck: (parameters, as = envelope) => marked(buildClose(as, 'CLOSE_ACK', parameters)),
    notify: (notification) => {
      const { own, peer, identity, start, addressee } = envelope
      const epoch = epochOf(start, addressee, 0, new Uint8Array(8), false)
      return marked(buildNotify({ hitBytes: own, identity }, peer, epoch, notification))
    },
  }
}
