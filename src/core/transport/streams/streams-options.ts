// What the streams of one association are made with, and how a write to one of them ends.

import type { StreamConfig } from '../config.ts'
import type { StreamBudget } from './budget.ts'

export interface StreamsOptions {
  readonly config: StreamConfig
  /** True of the end with the numerically greater HIT: bit 0 of the ids it gives out is 0. */
  readonly even: boolean
  /** That of the identity; one of its own by default. */
  readonly budget?: StreamBudget
}

/** What became of written bytes: taken; taken, but wait for 'writable'; not taken, wait likewise; never to be sent. */
export type Written = 'taken' | 'high' | 'full' | 'over'
