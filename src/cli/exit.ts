// Exit codes (DESIGN §8), by who is at fault.

import { SojournError, type SojournErrorCode } from '../node/errors.ts'

export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, refused: 4, fenced: 5 } as const

/** The exit code for anything thrown. */
export function exitCodeOf(error: unknown): number {
  return error instanceof SojournError ? CODES[error.code] : EXIT.failed
}

const CODES: Readonly<Record<SojournErrorCode, number>> = {
  ERR_SOJOURN_UNREACHABLE: EXIT.unreachable,
  ERR_SOJOURN_TIMEOUT: EXIT.unreachable,
  ERR_SOJOURN_REFUSED: EXIT.refused,
  ERR_SOJOURN_RESET: EXIT.refused,
  ERR_SOJOURN_INCOMPATIBLE: EXIT.refused,
  ERR_SOJOURN_IMPOSTER: EXIT.refused,
  ERR_SOJOURN_FENCED: EXIT.fenced,
  ERR_SOJOURN_ARGUMENT: EXIT.usage,
  ERR_SOJOURN_LEDGER: EXIT.failed,
  ERR_SOJOURN_CAPSULE: EXIT.failed,
  ERR_SOJOURN_CLOSED: EXIT.failed,
  ERR_SOJOURN_FROZEN: EXIT.failed,
  ERR_SOJOURN_ADDRESS: EXIT.failed,
  ERR_SOJOURN_KEY_FILE: EXIT.failed,
  ERR_SOJOURN_CAPTURE: EXIT.failed,
  ERR_SOJOURN_QUEUE_FULL: EXIT.failed,
  ERR_SOJOURN_TOO_LONG: EXIT.failed,
}
