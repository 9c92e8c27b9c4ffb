// Bytes of a stream by their offsets, in pages: however small the pieces they come in, they take no more memory than the stretch
// they lie in, and a view of them stays good because nothing is moved.

import { assert } from '../../../base/assert.ts'

/** A page is made when its first byte is written, and dropped with its last. */
export const PAGE_BYTES = 8_192

/** With its buffer at hand: views are cut of that in half the time. */
interface Page {
  readonly buffer: ArrayBuffer
  readonly bytes: Uint8Array
}

/** Pages that nobody has seen from outside, to be used again: making one costs more than filling it. */
const spare: Page[] = []
const SPARE_PAGES_MAX = 1_280

/** What is no longer and comes when nothing is held, such as a question or its answer: a page is large for it. */
const FEW_BYTES_MAX = 1_024

export class Pages {
  /** Nobody is given views of these pages, so that they can be used again. */
  readonly #recycled: boolean
  /** In order, with holes where nothing was written. None while nothing is held: most streams are idle most of the time. */
  #pages: (Page | undefined)[] | undefined
  /** The index of the first of them, and how many from there on are gone. */
  #first = 0
  #gone = 0
  /** All there is, as long as that is little, and no page; and where it begins. */
  #few: Uint8Array | undefined
  #fewAt = 0

  constructor(recycled: boolean) {
    this.#recycled = recycled
  }

  /** Bytes of memory that are held. */
  get bytes(): number {
    return this.#few?.length ?? (this.#pages ?? []).filter((page) => page !== undefined).length * PAGE_BYTES
  }

  /** Keeps a copy of `bytes` from `offset` on. */
  write(offset: number, bytes: Uint8Array): void {
    if (this.#few !== undefined) this.#spread(this.#few)
    else if (this.#pages === undefined && bytes.length <= FEW_BYTES_MAX) {
      this.#few = new Uint8Array(bytes)
      this.#fewAt = offset
      return
    }
    // Asked once: of any kind of bytes each of these is a call.
    const { buffer, byteOffset, length } = bytes
    for (let done = 0; done < length; ) {
      const at = offset + done
      const within = at % PAGE_BYTES
      const part = Math.min(PAGE_BYTES - within, length - done)
      // A Buffer cuts itself in pieces at thrice the price.
      const piece = part === length ? bytes : new Uint8Array(buffer, byteOffset + done, part)
      this.#page(Math.floor(at / PAGE_BYTES)).bytes.set(piece, within)
      done += part
    }
  }

  /** The bytes `start` … `end` − 1, all of which were written, as views: one a page. */
  views(start: number, end: number): Uint8Array[] {
    if (this.#few !== undefined) return start < end ? [this.#ofFew(this.#few, start, end)] : []
    const views: Uint8Array[] = []
    for (let at = start; at < end; ) {
      const page = this.#at(at)
      const within = at % PAGE_BYTES
      const length = Math.min(PAGE_BYTES - within, end - at)
      views.push(new Uint8Array(page.buffer, within, length))
      at += length
    }
    return views
  }

  /** Puts the bytes `start` … `start` + `length` − 1, all of which were written, into `target` from `to` on. */
  copy(start: number, target: Uint8Array, to = 0, length = target.length): void {
    if (this.#few !== undefined) return target.set(this.#ofFew(this.#few, start, start + length), to)
    for (let done = 0; done < length; ) {
      const page = this.#at(start + done)
      const within = (start + done) % PAGE_BYTES
      const part = Math.min(PAGE_BYTES - within, length - done)
      target.set(part === PAGE_BYTES ? page.bytes : new Uint8Array(page.buffer, within, part), to + done)
      done += part
    }
  }

  /** Drops the pages that lie whole below `end`. */
  release(end: number): void {
    if (this.#few !== undefined && this.#fewAt + this.#few.length <= end) this.#few = undefined
    const pages = this.#pages
    if (pages === undefined) return
    const below = Math.min(Math.floor(end / PAGE_BYTES) - this.#first, pages.length)
    for (; this.#gone < below; this.#gone++) {
      this.#drop(pages[this.#gone])
      pages[this.#gone] = undefined
    }
    if (2 * this.#gone < pages.length) return
    this.#pages = this.#gone < pages.length ? pages.slice(this.#gone) : undefined
    this.#first += this.#gone
    this.#gone = 0
  }

  clear(): void {
    this.#few = undefined
    if (this.#pages === undefined) return
    for (const page of this.#pages) this.#drop(page)
    this.#pages = undefined
    this.#gone = 0
  }

  /** More has come: into pages with it. Views of it that were given out stay as they are. */
  #spread(few: Uint8Array): void {
    this.#few = undefined
    this.#pages = []
    this.write(this.#fewAt, few)
  }

  #ofFew(few: Uint8Array, start: number, end: number): Uint8Array {
    assert(start >= this.#fewAt && end <= this.#fewAt + few.length, 'bytes are read where they were written')
    return few.subarray(start - this.#fewAt, end - this.#fewAt)
  }

  #drop(page: Page | undefined): void {
    if (this.#recycled && page !== undefined && spare.length < SPARE_PAGES_MAX) spare.push(page)
  }

  #at(offset: number): Page {
    const page = this.#pages?.[Math.floor(offset / PAGE_BYTES) - this.#first]
    assert(page !== undefined, 'bytes are read where they were written')
    return page
  }

  #page(index: number): Page {
    this.#pages ??= []
    const pages = this.#pages
    if (pages.length === 0) this.#first = index
    // What fills a gap before all that has come.
    for (; index < this.#first; this.#first--) pages.unshift(undefined)
    const at = index - this.#first
    while (pages.length <= at) pages.push(undefined)
    const page = pages[at] ?? (this.#recycled ? spare.pop() : undefined) ?? freshPage()
    pages[at] = page
    return page
  }
}

function freshPage(): Page {
  const buffer = new ArrayBuffer(PAGE_BYTES)
  return { buffer, bytes: new Uint8Array(buffer) }
}
