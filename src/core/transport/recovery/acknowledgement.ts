// What an ACK frame says once it is off the wire (RFC 9000 §19.3): of one SA, which packets have come, and how long the word
// of the newest of them was held back.

/** The numbers from `smallest` to `largest`, both included. */
export interface AckRange {
  readonly smallest: number
  readonly largest: number
}

export interface Acknowledgement {
  /** The SPI of the SA whose packets these are: a packet is named by SPI and number. */
  readonly space: number
  /** Highest first, disjoint, never empty. */
  readonly ranges: readonly AckRange[]
  readonly delayMs: number
}
