// What the demo's parent and its child processes say to each other, over the channel that node:child_process gives them. A
// capsule crosses it as plain bytes; no socket ever does.

import type { Locator } from '../../base/address.ts'
import type { Hit } from '../../crypto/hit.ts'

/** Who a child process plays. */
export type Role = 'service' | 'peer'

/** From the parent. Each is answered by `done` or `failed` with the same number. */
export type Request =
  | { readonly type: 'begin'; readonly bind: Locator; readonly talkTo: string | undefined }
  | { readonly type: 'offer'; readonly hit: Hit }
  | { readonly type: 'freeze'; readonly to: Uint8Array }
  | { readonly type: 'thaw'; readonly capsule: Uint8Array; readonly bind: Locator }
  /** Send no new datagrams, wait for the answers still out, and count. */
  | { readonly type: 'finish' }

/** What `begin` and `thaw` answer. */
export interface Standing {
  readonly hit: Hit
  readonly locator: Locator
  /** As others write it. */
  readonly peer: string
  readonly epoch: number
}

/** What both roles count: one sealed datagram handed over twice. */
export interface Counts {
  readonly duplicated: number
}

/** What the peer counts. */
export interface PeerCounts extends Counts {
  readonly sent: number
  readonly answered: number
  readonly repeated: number
  readonly reordered: number
  readonly baseExchanges: number
}

/** From a child, unasked. */
export type News =
  /** Ten times a second, from the peer. */
  | { readonly type: 'progress'; readonly sent: number; readonly answered: number }
  /** The first answer after a move, at the peer; `epoch` is the service's. */
  | {
      readonly type: 'back'
      readonly epoch: number
      readonly blackoutMs: number
      readonly locator: Locator | undefined
    }
  | { readonly type: 'trouble'; readonly text: string }

export type FromParent = Request & { readonly number: number }

export type FromChild =
  | News
  | { readonly type: 'done'; readonly number: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly number: number; readonly message: string }
