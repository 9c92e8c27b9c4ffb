// Named moments at which a machine wants to be called: at most one per name. It knows no clock; it is told `now`.

/** A handful of named deadlines in the caller's milliseconds. */
export class Deadlines<Name extends string> {
  readonly #moments = new Map<Name, number>()
  #next = Number.POSITIVE_INFINITY

  /** Sets or moves a deadline; Infinity stops it. */
  set(name: Name, at: number): void {
    const before = this.at(name)
    if (at === before) return
    if (at === Number.POSITIVE_INFINITY) return this.stop(name)
    this.#moments.set(name, at)
    if (at < this.#next) this.#next = at
    else if (before === this.#next) this.#recompute()
  }

  stop(name: Name): void {
    const before = this.at(name)
    if (this.#moments.delete(name) && before === this.#next) this.#recompute()
  }

  /** When it is due; Infinity if it is not set. */
  at(name: Name): number {
    return this.#moments.get(name) ?? Number.POSITIVE_INFINITY
  }

  /** The earliest of all; Infinity if none is set. */
  get next(): number {
    return this.#next
  }

  /** How many are set. */
  get armed(): number {
    return this.#moments.size
  }

  /** Takes away the earliest that is due at `now` (of equals the one that has been set for longer) and names it; undefined if none is. */
  due(now: number): Name | undefined {
    if (this.#next > now) return undefined
    for (const [name, at] of this.#moments) {
      if (at !== this.#next) continue
      this.stop(name)
      return name
    }
    return undefined
  }

  #recompute(): void {
    this.#next = Number.POSITIVE_INFINITY
    for (const at of this.#moments.values()) if (at < this.#next) this.#next = at
  }
}
