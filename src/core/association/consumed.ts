// The solutions that a Responder has accepted, kept as long as the R1 generation they answer (MOVING §2): a second I2 with the
// same (I, J) would derive the same KEYMAT and number its packets from 1 again. The newest keep their R2, because an R2 can
// be lost; an I2 gets it again only if it is the same to the last byte.

import { assert } from '../../base/assert.ts'
import { concat, equalBytes } from '../../base/bytes.ts'
import { Queue } from '../../base/queue.ts'
import { sha256 } from '../../crypto/hash.ts'

interface Answer {
  /** SHA-256 of the I2: it is five times as long. */
  readonly i2: Uint8Array
  readonly r2: Uint8Array
  sentAt: number
}

interface Pair {
  answer: Answer | undefined
}

/** The pairs of one generation. */
export type ConsumedPairs = Map<string, Pair>

/** What a repeated solution gets: `undefined` if the pair is new. */
export type Recalled = { readonly repeat: Uint8Array } | 'consumed' | undefined

/** The answers that are kept, of all generations together. */
export class AnswerCache {
  readonly #pairs: Queue<Pair>
  readonly #everyMs: number

  /** At most `max` answers, each sent at most once in `everyMs`. */
  constructor(max: number, everyMs: number) {
    this.#pairs = new Queue(max)
    this.#everyMs = everyMs
  }

  /** What to do about an I2 with this solution. */
  recall(now: number, pairs: ConsumedPairs, i: Uint8Array, j: Uint8Array, i2: Uint8Array): Recalled {
    const pair = pairs.get(pairKey(i, j))
    if (pair === undefined) return undefined
    const { answer } = pair
    if (answer === undefined || now - answer.sentAt < this.#everyMs || !equalBytes(answer.i2, sha256(i2)))
      return 'consumed'
    answer.sentAt = now
    return { repeat: answer.r2 }
  }

  /** Remembers a solution that has been accepted now, and what was answered. */
  consume(now: number, pairs: ConsumedPairs, i: Uint8Array, j: Uint8Array, i2: Uint8Array, r2: Uint8Array): void {
    const key = pairKey(i, j)
    assert(!pairs.has(key), 'a solution is accepted once')
    const pair: Pair = { answer: { i2: sha256(i2), r2, sentAt: now } }
    pairs.set(key, pair)
    if (this.#pairs.push(pair)) return
    const oldest = this.#pairs.shift()
    if (oldest !== undefined) oldest.answer = undefined
    if (!this.#pairs.push(pair)) pair.answer = undefined
  }
}

/** One character a byte: I and J have the same length within a generation, so no two pairs share a key. */
function pairKey(i: Uint8Array, j: Uint8Array): string {
  return Reflect.apply(String.fromCharCode, undefined, concat(i, j))
}
