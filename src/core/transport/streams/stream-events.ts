// What the streams of an association tell the application, and how they show themselves.

/** Of one stream, events come in the order of this list. */
export type StreamEvent =
  /** The peer opened a stream: answer with `accept` or `refuse`. Nothing else is told of it before. */
  | { readonly kind: 'opened'; readonly id: number; readonly port: number; readonly sourcePort: number }
  /** The first word of the peer on a stream of ours, unless that is a refusal. */
  | { readonly kind: 'accepted'; readonly id: number }
  /** Views of memory that is not written to again. They count against the windows until `consumed`. */
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'reset'; readonly id: number; readonly code: number }
  /** The peer wants no more of this stream: what it has not acknowledged is dropped. */
  | { readonly kind: 'stopped'; readonly id: number; readonly code: number }
  /** Less than the high-water mark is buffered again, after `write` said 'high' or 'full'. */
  | { readonly kind: 'writable'; readonly id: number }
  /** Everything up to our FIN is acknowledged. */
  | { readonly kind: 'finished'; readonly id: number }
  /** Both directions are over, and the stream is forgotten. */
  | { readonly kind: 'closed'; readonly id: number }
  /** `open` said 'limit', and would not any more. */
  | { readonly kind: 'openable' }

/** One stream as `list` shows it. */
export interface StreamView {
  readonly id: number
  readonly port: number
  readonly sourcePort: number
  /** True if this end opened it. */
  readonly opener: boolean
  /** True once this end has accepted it, or, of a stream of ours, once the peer was heard on it. */
  readonly accepted: boolean
  /** Bytes unsent or unacknowledged. */
  readonly buffered: number
  /** True until `end`, `reset` or the peer's STOP_SENDING. */
  readonly writable: boolean
  /** True until the end was told, the peer's RESET_STREAM, or `stop`. */
  readonly readable: boolean
}
