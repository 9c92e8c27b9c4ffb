// What may be asked of a stream when it is opened, or of those that a listener takes.

/** How a stream treats its application. */
export interface StreamOptions {
  /** When the peer has ended its direction: true leaves ours open until we end it, false ends it too. Default true. */
  readonly allowHalfOpen?: boolean | undefined
  /** Of so many bytes, or more, that Node holds `write` says false. Default: 64 KiB; of those that wait to be read, Node's own. */
  readonly highWaterMark?: number | undefined
  /** Errors carry the codes of TCP (ECONNREFUSED, ECONNRESET …), with the SojournError as their cause. Default false. */
  readonly errno?: boolean | undefined
}
