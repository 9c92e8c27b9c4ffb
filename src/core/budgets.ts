// How much of what costs a signature or an answer is given away (DESIGN §5). Strangers, who have proved nothing, have a fixed
// array of token buckets of their own, indexed by a keyed hash of the address: it neither grows nor can be aimed at, and
// nobody's noise eats up what is due to others.

import type { Locator } from '../base/address.ts'
import { utf8 } from '../base/bytes.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { sha256 } from '../crypto/hash.ts'
import { TokenBucket } from './association/token-bucket.ts'
import type { Config } from './config.ts'

const STRANGER_BUCKETS = 256
const SECRET_BYTES = 16

export class Budgets {
  readonly #notifies: TokenBucket
  readonly #echoes: TokenBucket
  readonly #strangers: readonly TokenBucket[]
  readonly #secret: Uint8Array

  constructor({ notifiesPerSecond, echoRepliesPerSecond, strangerNotifiesPerSecond }: Config, entropy: Entropy) {
    this.#notifies = new TokenBucket(notifiesPerSecond, notifiesPerSecond)
    this.#echoes = new TokenBucket(echoRepliesPerSecond, echoRepliesPerSecond)
    const bucket = (): TokenBucket => new TokenBucket(strangerNotifiesPerSecond, strangerNotifiesPerSecond)
    this.#strangers = Array.from({ length: STRANGER_BUCKETS }, bucket)
    this.#secret = entropy(SECRET_BYTES)
  }

  notify(now: number): boolean {
    return this.#notifies.take(now)
  }

  echo(now: number): boolean {
    return this.#echoes.take(now)
  }

  stranger(now: number, { address }: Locator): boolean {
    return this.#strangers[sha256(this.#secret, utf8(address))[0] ?? 0]?.take(now) ?? false
  }
}
