// What an endpoint had open when it was frozen, given back to the application: bound as it was, with what had not been read.

import { type FrozenState, untoldOf } from '../core/moving/frozen.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Carrier } from './carrier.ts'
import { DatagramSocket } from './datagram-socket.ts'
import { Listener } from './listener.ts'
import type { SojournStream } from './stream.ts'

/** What a thawed endpoint had open. */
export interface Resumed {
  /** By port. */
  readonly sockets: ReadonlyMap<number, DatagramSocket>
  /** By peer and id, but for those that nobody had taken yet. What was unread is read first; the event 'connect' has been. */
  readonly streams: ReadonlyMap<Hit, ReadonlyMap<number, SojournStream>>
  /**
   * By port, open to everybody until `setAccess`; `endpoint.listen` on a port of them takes the listener over. Streams that nobody
   * had taken yet come to them, as new ones do.
   */
  readonly listeners: ReadonlyMap<number, Listener>
}

/** Takes up what `frozen` says and the thawed engine brings. */
export function resumed(carrier: Carrier, frozen: FrozenState | undefined): Resumed {
  const sockets = new Map(
    frozen?.sockets.map(({ port, unread }) => [port, DatagramSocket.thawed(carrier, port, unread)]),
  )
  const listeners = new Map(frozen?.listeners.map((port) => [port, Listener.thawed(carrier.streams, port)]))
  carrier.adopt(untoldOf(frozen))
  return { sockets, streams: carrier.streams.all(), listeners }
}
