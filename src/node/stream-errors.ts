// Why a stream failed, as errors. Codes are our own; programs written for TCP are given the names that TCP's errors have, with our
// error as the cause.

import type { EndReason } from '../core/machine.ts'
import type { Hit } from '../crypto/hit.ts'
import { endError } from './association.ts'
import { SojournError, type SojournErrorCode } from './errors.ts'

/** Why an end abandons a stream, on the wire (docs/PROTOCOL.md, Streams). */
export const StreamCode = { NO_ERROR: 0, PORT_CLOSED: 1, REFUSED: 2, CANCELLED: 3, PROTOCOL: 4 } as const

/** The peer has broken off its half. */
export function resetError(peer: Hit, port: number, code: number): SojournError {
  if (code === StreamCode.PORT_CLOSED) {
    const message = `nobody listens on port ${port} of ${peer}: check the port, or start what should listen there`
    return new SojournError('ERR_SOJOURN_REFUSED', message)
  }
  if (code === StreamCode.REFUSED) {
    const message = `${peer} refuses our streams on port ${port}: ask its owner to allow this identity there`
    return new SojournError('ERR_SOJOURN_REFUSED', message)
  }
  const message = `${peer} has broken the stream on port ${port} off (code ${code}): connect again`
  return new SojournError('ERR_SOJOURN_RESET', message)
}

/** The peer takes nothing more of our half. */
export function stoppedError(peer: Hit, port: number, code: number): SojournError {
  if (code === StreamCode.PORT_CLOSED || code === StreamCode.REFUSED) return resetError(peer, port, code)
  const message = `${peer} reads no more of the stream on port ${port} (code ${code}): what had not arrived is lost`
  return new SojournError('ERR_SOJOURN_RESET', message)
}

/** The association is over, and the stream with it; or the stream stays behind. */
export function lostError(peer: Hit, reason: EndReason | 'shed', detail: string): SojournError {
  if (reason === 'shed') {
    const message = `more waits on the stream with ${peer} than a capsule carries, so the freeze breaks it off: write no more than is asked for`
    return new SojournError('ERR_SOJOURN_RESET', message)
  }
  if (reason === 'replaced') {
    const message = `${peer} has been started anew without its streams, and has begun a new association: connect again`
    return new SojournError('ERR_SOJOURN_RESET', message)
  }
  return endError(peer, reason, [], detail)
}

/** The application itself has destroyed the stream. */
export function destroyedError(peer: Hit): SojournError {
  return new SojournError('ERR_SOJOURN_CLOSED', `the stream with ${peer} was destroyed: connect again`)
}

/** The endpoint is gone. A frozen stream goes on where its capsule is thawed. */
export function goneError(peer: Hit, reason: string): SojournError {
  if (reason === 'frozen') {
    const message = `the endpoint is frozen: the stream with ${peer} goes on where its capsule is thawed`
    return new SojournError('ERR_SOJOURN_FROZEN', message)
  }
  if (reason === 'fenced') {
    const message = `this identity has been started elsewhere: its stream with ${peer} goes on there, if at all`
    return new SojournError('ERR_SOJOURN_FENCED', message)
  }
  return new SojournError('ERR_SOJOURN_CLOSED', `the endpoint is ${reason}: open another one to talk to ${peer}`)
}

/** An error as TCP would name it, with the original as its cause; anything but ours stays as it is. */
export function asErrno(error: Error, connecting: boolean): Error {
  if (!(error instanceof SojournError)) return error
  const code = ERRNO[error.code] ?? (connecting ? 'ECONNREFUSED' : 'ECONNRESET')
  return Object.assign(new Error(`${code}: ${error.message}`, { cause: error }), { code })
}

const ERRNO: Readonly<Partial<Record<SojournErrorCode, string>>> = {
  ERR_SOJOURN_UNREACHABLE: 'EHOSTUNREACH',
  ERR_SOJOURN_TIMEOUT: 'ETIMEDOUT',
  ERR_SOJOURN_RESET: 'ECONNRESET',
  ERR_SOJOURN_CLOSED: 'ECONNABORTED',
  ERR_SOJOURN_FROZEN: 'ECONNABORTED',
  ERR_SOJOURN_FENCED: 'ECONNABORTED',
}
