// Which of many has the earliest deadline: a binary heap that is told of changes and forgets stale entries when they
// surface. An idle association costs nothing here, and the next deadline is always on top.

export interface Dated {
  /** When it wants to be called; Infinity if never. */
  readonly due: number
}

/** Below this size nothing is worth tidying. */
const SLACK = 64

export class Agenda<T extends Dated> {
  readonly #heap: { readonly at: number; readonly item: T }[] = []
  /** The entry that counts for each item: none of a later deadline than it has. */
  readonly #noted = new Map<T, number>()
  /** The one that was noted last, and for when: mostly it is the next one, too. */
  #recent: T | undefined
  #recentAt = Infinity

  /**
   * Notes the present deadline of an item. One that has only become later, as deadlines do with every packet, costs nothing here:
   * its entry is put right when it surfaces.
   */
  note(item: T): void {
    const at = item.due
    if (item === this.#recent && at >= this.#recentAt) return
    const noted = this.#noted.get(item)
    this.#recent = item
    this.#recentAt = noted ?? Infinity
    if (noted === undefined ? at === Infinity : at >= noted) return
    this.#noted.set(item, at)
    this.#recentAt = at
    if (this.#heap.length > 2 * this.#noted.size + SLACK) this.#compact()
    else this.#push({ at, item })
  }

  forget(item: T): void {
    this.#noted.delete(item)
    this.#recent = undefined
  }

  /** The earliest deadline; Infinity if there is none. */
  get next(): number {
    this.#settle()
    return this.#heap[0]?.at ?? Infinity
  }

  /** Takes out the earliest item that is due at `now`. */
  due(now: number): T | undefined {
    this.#settle()
    const top = this.#heap[0]
    if (top === undefined || top.at > now) return undefined
    this.#pop()
    this.forget(top.item)
    return top.item
  }

  /** Deadlines that moved leave entries behind; when those are the most, the heap is made anew. */
  #compact(): void {
    this.#heap.length = 0
    for (const [item, at] of this.#noted) this.#push({ at, item })
  }

  /** Until what is on top is the deadline that its item has. */
  #settle(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const { at, item } = top
      const counts = this.#noted.get(item) === at
      if (counts && item.due === at) return
      this.#pop()
      if (!counts) continue
      this.forget(item)
      this.note(item)
    }
  }

  #push(entry: { readonly at: number; readonly item: T }): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || above.at <= entry.at) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      const smaller = (heap[right]?.at ?? Infinity) < (heap[left]?.at ?? Infinity) ? right : left
      const child = heap[smaller]
      if (child === undefined || child.at >= last.at) break
      heap[index] = child
      index = smaller
    }
    heap[index] = last
  }
}
