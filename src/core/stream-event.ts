// What a machine tells its owner of streams. Every event names the peer and the stream; ids are those of the wire (docs/PROTOCOL.md,
// Streams) and hold across moves of either end.

import type { Hit } from '../crypto/hit.ts'
import type { EndReason } from './machine.ts'

interface OfStream {
  readonly peer: Hit
  readonly id: number
}

export type StreamEvent =
  /** The peer has opened a stream to a port where somebody listens. */
  | (OfStream & { readonly type: 'stream'; readonly port: number; readonly sourcePort: number })
  /** The peer has said something on a stream that we opened: it is there, and has not refused. */
  | (OfStream & { readonly type: 'stream-accepted' })
  /** The next bytes, in order. They stay in the engine, and in a capsule, until `Engine.consumed` says that they are read. */
  | (OfStream & { readonly type: 'stream-data'; readonly bytes: Uint8Array })
  /** The peer has ended its half, and everything before that has been told. */
  | (OfStream & { readonly type: 'stream-end' })
  /** The peer has broken off its half: what has not been told never will be. Codes are those of `StreamCode`. */
  | (OfStream & { readonly type: 'stream-reset'; readonly code: number })
  /** The peer does not want any more of our half, which has been broken off in answer. */
  | (OfStream & { readonly type: 'stream-stopped'; readonly code: number })
  /** `Engine.writeStream` has said false, and there is room again. */
  | (OfStream & { readonly type: 'stream-writable' })
  /** All that we wrote, and the end of it, has been acknowledged. */
  | (OfStream & { readonly type: 'stream-finished' })
  /** Both halves are over: the stream is forgotten, and its id will not come again. */
  | (OfStream & { readonly type: 'stream-closed' })
  /** The association is over, and the stream with it; `ended` follows. 'shed': it alone, for it was too large to move. */
  | (OfStream & { readonly type: 'stream-lost'; readonly reason: EndReason | 'shed'; readonly detail: string })
