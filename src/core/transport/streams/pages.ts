// Bytes of a stream by their offsets, in pages: however small the pieces they come in, they take no more memory than the stretch
// they lie in, and a view of them stays good because nothing is moved.

import { assert } from '../../../base/assert.ts'

/** A page is made when its first byte is written, and dropped with its last. */
export const PAGE_BYTES = 8_192

export class Pages {
  /** None while nothing is held: most streams are idle most of the time. */
  #pages: Map<number, Uint8Array> | undefined
  /** Pages below this one are gone. */
  #lowest = 0

  /** Bytes of memory that are held. */
  get bytes(): number {
    return (this.#pages?.size ?? 0) * PAGE_BYTES
  }

  /** Keeps a copy of `bytes` from `offset` on. */
  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = offset + done
      const within = at % PAGE_BYTES
      const length = Math.min(PAGE_BYTES - within, bytes.length - done)
      this.#page(Math.floor(at / PAGE_BYTES)).set(bytes.subarray(done, done + length), within)
      done += length
    }
  }

  /** The bytes `start` … `end` − 1, all of which were written, as views: one a page. */
  views(start: number, end: number): Uint8Array[] {
    const views: Uint8Array[] = []
    for (let at = start; at < end; ) {
      const page = this.#pages?.get(Math.floor(at / PAGE_BYTES))
      assert(page !== undefined, 'bytes are read where they were written')
      const within = at % PAGE_BYTES
      const length = Math.min(PAGE_BYTES - within, end - at)
      views.push(page.subarray(within, within + length))
      at += length
    }
    return views
  }

  /** Fills `target` with the bytes from `start` on, all of which were written. */
  copy(start: number, target: Uint8Array): void {
    let done = 0
    for (const view of this.views(start, start + target.length)) {
      target.set(view, done)
      done += view.length
    }
  }

  /** Drops the pages that lie whole below `end`. */
  release(end: number): void {
    const lowest = Math.floor(end / PAGE_BYTES)
    // A stream that goes on far from its beginning, after a thaw, has few pages and a long way to the first.
    const pages = this.#pages
    if (pages === undefined) this.#lowest = lowest
    else if (lowest - this.#lowest > pages.size) {
      for (const index of pages.keys()) if (index < lowest) pages.delete(index)
      this.#lowest = lowest
    }
    for (; this.#lowest < lowest; this.#lowest++) pages?.delete(this.#lowest)
  }

  clear(): void {
    this.#pages = undefined
  }

  #page(index: number): Uint8Array {
    this.#pages ??= new Map()
    let page = this.#pages.get(index)
    if (page === undefined) {
      page = new Uint8Array(PAGE_BYTES)
      this.#pages.set(index, page)
    }
    return page
  }
}
