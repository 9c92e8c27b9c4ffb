// Packets and texts by number, so that states of an exploration are short: equal bytes on the same way are one letter, equal
// texts one shape, and what was drawn at random is one token.

import type { Locator } from '../../src/base/address.ts'
import { hipOf } from '../../src/wire/datagram.ts'
import { type Sealed, type Side, sealedOf, sideAt } from './cast.ts'
import { textOf } from './crypto-cache.ts'
import { shapeOfPacket } from './describe.ts'

/** A packet on its way, as often as it may be under way at once. */
export interface Letter {
  readonly id: number
  readonly bytes: Uint8Array
  readonly from: Locator
  readonly to: Locator
  readonly toSide: Side
  readonly by: Side
  readonly epoch: number
  readonly sealed: Sealed | undefined
  readonly shape: number
  readonly tokens: readonly number[]
  /** For a reader. */
  readonly text: string
}

class Numbered<T> {
  readonly #ids = new Map<T, number>()
  readonly #items: T[] = []

  of(item: T): number {
    let id = this.#ids.get(item)
    if (id === undefined) {
      id = this.#items.length
      this.#ids.set(item, id)
      this.#items.push(item)
    }
    return id
  }

  at(id: number): T | undefined {
    return this.#items[id]
  }

  get size(): number {
    return this.#items.length
  }
}

export const shapes = new Numbered<string>()
export const tokens = new Numbered<string | number>()

const letters = new Map<string, Letter>()

/** The letter of these bytes; undefined if they go to nobody. */
export function letterOf(bytes: Uint8Array, from: Locator, to: Locator, by: Side, epoch: number): Letter | undefined {
  const toSide = sideAt(to)
  if (toSide === undefined) return undefined
  const head = `${by}${epoch} ${from.address}>${to.address}`
  const key = `${head} ${textOf(bytes)}`
  const known = letters.get(key)
  if (known !== undefined) return known
  const sealed = sealedOf(bytes)
  const { plain, tokens: drawn } =
    sealed === undefined
      ? shapeOfPacket(hipOf(bytes))
      : { plain: `ESP ${sealed.label} ${sealed.sequence}`, tokens: [sealed.spi, sealed.key] }
  const text = `${head} ${plain}`
  const letter: Letter = {
    id: letters.size,
    bytes,
    from,
    to,
    toSide,
    by,
    epoch,
    sealed,
    shape: shapes.of(text),
    tokens: drawn.map((token) => tokens.of(token)),
    text: text.replaceAll(/[^ -~]/g, '.'),
  }
  letters.set(key, letter)
  return letter
}
