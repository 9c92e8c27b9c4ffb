// What `connect` takes, and what it does with it before there is a stream: the port is looked at, a signal is heeded.

import { addAbortSignal } from 'node:stream'
import type { Hit } from '../crypto/hit.ts'
import { SojournError } from './errors.ts'
import type { SojournStream } from './stream.ts'
import type { StreamOptions } from './stream-options.ts'
import type { Streams } from './streams.ts'

export interface ConnectOptions extends StreamOptions {
  /** Aborting destroys the stream with an AbortError, whenever that is. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the association, if there is none yet. Default 5000. */
  readonly timeoutMs?: number | undefined
}

/** A stream to `port` of `peer` when `associated` resolves, or now. Throws ERR_SOJOURN_ARGUMENT or CLOSED. */
export function connected(
  streams: Streams,
  peer: Hit,
  port: number,
  options: ConnectOptions,
  associated: (() => Promise<unknown>) | undefined,
): SojournStream {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    const message = `port ${port} is not between 1 and 65535: give the one where ${peer} listens`
    throw new SojournError('ERR_SOJOURN_ARGUMENT', message)
  }
  const { signal } = options
  const stream = streams.connect(peer, port, options, associated?.())
  return signal === undefined ? stream : addAbortSignal(signal, stream)
}
