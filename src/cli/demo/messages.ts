// What the demo's parent and its child processes say to each other, over the channel that node:child_process gives them. A
// capsule crosses it as plain bytes; no socket ever does.

import type { Locator } from '../../base/address.ts'
import type { Hit } from '../../crypto/hit.ts'

/** Who a child process plays: the first act has a service and its peer, the second a web server and two of its clients. */
export const ROLES = ['service', 'peer', 'server', 'client', 'browser'] as const
export type Role = (typeof ROLES)[number]

/** From the parent. Each is answered by `done` or `failed` with the same number. */
export type Request =
  | {
      readonly type: 'begin'
      readonly bind: Locator
      /** Whom it talks to: for those who begin a conversation. */
      readonly talkTo?: string
      /** What it downloads. */
      readonly paths?: readonly string[]
      /** Where it saves that. */
      readonly folder?: string
    }
  | { readonly type: 'offer'; readonly hit: Hit }
  | { readonly type: 'freeze'; readonly to: Uint8Array }
  | { readonly type: 'thaw'; readonly capsule: Uint8Array; readonly bind: Locator }
  /** Begin nothing new, wait for what is still out, and count. */
  | { readonly type: 'finish' }

export type Begin = Extract<Request, { type: 'begin' }>

/** What `begin` and `thaw` answer. */
export interface Standing {
  readonly hit: Hit
  readonly locator: Locator
  /** As others write it. */
  readonly peer: string
  readonly epoch: number
}

/** What service and peer count: one sealed datagram handed over twice. */
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

/** What client and browser have got. */
export interface Downloaded {
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[]
  /** From the first request to the last byte, the moves included. */
  readonly seconds: number
  readonly baseExchanges: number
}

/** From a child, unasked. */
export type News =
  /** Ten times a second, from the peer. */
  | { readonly type: 'progress'; readonly sent: number; readonly answered: number }
  /** From client and browser, whenever another hundredth is there. */
  | { readonly type: 'downloaded'; readonly bytes: number; readonly of: number }
  /** The first answer after a move, at the end that heard it; `epoch` is the other one's. */
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
