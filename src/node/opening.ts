// The promise that a stream is open: made for those who ask, because it is a third of the memory of a stream.

export class Opening {
  readonly opened: Promise<void>
  #settle: (error: Error | undefined) => void = () => undefined

  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error))
    })
    // It need not be handled.
    this.opened.catch(() => undefined)
  }

  /** It is open, or never will be. */
  settle(error?: Error): void {
    this.#settle(error)
  }
}
