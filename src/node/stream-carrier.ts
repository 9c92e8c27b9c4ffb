// What a stream asks of the endpoint that it belongs to.

import type { Hit } from '../crypto/hit.ts'
import type { Written } from './outgoing.ts'
import type { SojournStream } from './stream.ts'

/** What a stream needs of its endpoint. */
export interface StreamCarrier {
  readonly hit: Hit
  /** Unless it says 'taken', 'stream-writable' follows. The bytes are copied. */
  write(stream: SojournStream, bytes: Uint8Array): Written
  end(stream: SojournStream): void
  reset(stream: SojournStream, code: number): void
  stop(stream: SojournStream, code: number): void
  consumed(stream: SojournStream, bytes: number): void
  /** The application waits for so many bytes at once. */
  want(stream: SojournStream, bytes: number): void
  /** It is destroyed; the engine may still have something of it to send. */
  left(stream: SojournStream): void
  /** Keeps the process alive as long as this stream is open, or no longer. */
  hold(stream: SojournStream, held: boolean): void
}
