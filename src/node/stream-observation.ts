// What diagnostics channels tell of streams (docs/API.md, Diagnostics channels). There may be thousands a second: nothing is put
// into words unless somebody listens.

import type { StreamEvent } from '../core/stream-event.ts'
import { type Happening, isObserved, observe } from './observe.ts'
import type { SojournStream } from './stream.ts'

/** An event of the engine has reached this stream. */
export function tellOf(stream: SojournStream, event: StreamEvent): void {
  switch (event.type) {
    case 'stream-accepted':
      return tellOpen(stream, true)
    case 'stream-reset':
      return tellReset(stream, 'peer', event.code)
    case 'stream-closed':
      return tellClose(stream, undefined)
    case 'stream-lost':
      return tellClose(stream, event.reason)
    default:
      return
  }
}

/** `opener`: this end has opened it. */
export function tellOpen(stream: SojournStream, opener: boolean): void {
  tell('stream:open', stream, () => ({ opener }))
}

/** `by`: whose half is broken off. */
export function tellReset(stream: SojournStream, by: 'us' | 'peer', code: number): void {
  tell('stream:reset', stream, () => ({ by, code }))
}

function tellClose(stream: SojournStream, lost: string | undefined): void {
  tell('stream:close', stream, () => ({ bytesRead: stream.bytesRead, bytesWritten: stream.bytesWritten, lost }))
}

function tell(what: Happening, stream: SojournStream, more: () => Readonly<Record<string, unknown>>): void {
  if (!isObserved(what)) return
  const { localAddress: hit, remoteAddress: peer, id, localPort, remotePort } = stream
  observe(what, { hit, peer, id, localPort, remotePort, ...more() })
}
