// How much of what costs a signature or an answer is given away (DESIGN §5). Strangers, who have proved nothing, have a budget each,
// so that nobody's noise eats up what is due to others. It counts by host, not by network: a stranger's address may be invented,
// so that a neighbour's word would be as easy to silence as its own. What all of them can have is the number of buckets.

import type { Locator } from '../base/address.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { TokenBucket } from './association/token-bucket.ts'
import type { Config } from './config.ts'
import { HOST, PrefixBuckets } from './prefix-buckets.ts'

export class Budgets {
  readonly #notifies: TokenBucket
  readonly #echoes: TokenBucket
  readonly #strangers: PrefixBuckets

  constructor(config: Config, entropy: Entropy) {
    const { notifiesPerSecond, echoRepliesPerSecond } = config
    const { strangerSlots: slots, strangerNotifiesPerSecond: perSecond } = config
    this.#notifies = new TokenBucket(notifiesPerSecond, notifiesPerSecond)
    this.#echoes = new TokenBucket(echoRepliesPerSecond, echoRepliesPerSecond)
    this.#strangers = new PrefixBuckets({ unit: HOST, slots, perSecond, burst: perSecond }, entropy)
  }

  notify(now: number): boolean {
    return this.#notifies.take(now)
  }

  echo(now: number): boolean {
    return this.#echoes.take(now)
  }

  /** Bytes of what is kept about strangers, however many there are. */
  get prefixBytes(): number {
    return this.#strangers.bytes
  }

  stranger(now: number, source: Locator): boolean {
    return this.#strangers.take(now, source)
  }
}
