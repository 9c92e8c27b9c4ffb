// The one error class that users see (DESIGN §8). A code says who is at fault; the message is one line: what went wrong,
// where, and the way out. Peers' bad input never becomes an error: it is dropped and counted below this layer.

/** Stable codes, named by who is at fault. */
export type SojournErrorCode =
  // The network.
  | 'ERR_SOJOURN_UNREACHABLE' // no locator answered
  | 'ERR_SOJOURN_TIMEOUT' // it answered once, then stopped
  // The peer, lawfully.
  | 'ERR_SOJOURN_REFUSED' // policy, a signed refusal, a closed port, a reset of the association
  | 'ERR_SOJOURN_RESET' // it has broken a stream off
  | 'ERR_SOJOURN_INCOMPATIBLE' // no common suite, group or cipher
  // The peer, or somebody in its place, unlawfully.
  | 'ERR_SOJOURN_IMPOSTER' // another identity answers at the address
  // The identity lives elsewhere, or the record of where it lives is unusable.
  | 'ERR_SOJOURN_FENCED' // a newer start of this identity exists
  | 'ERR_SOJOURN_LEDGER' // the ledger is damaged, silent, or does not let this host start the identity
  | 'ERR_SOJOURN_CAPSULE' // foreign, edited, truncated, older or used
  // The caller.
  | 'ERR_SOJOURN_CLOSED' // used after close, destroy or freeze
  | 'ERR_SOJOURN_FROZEN' // a stream that goes on where its capsule is thawed
  | 'ERR_SOJOURN_ARGUMENT' // a value of the wrong kind
  | 'ERR_SOJOURN_ADDRESS' // a local address or port that cannot be had
  | 'ERR_SOJOURN_KEY_FILE' // a file of keys or floors that is missing, wrong, or readable by others
  | 'ERR_SOJOURN_CAPTURE' // a capture or key log, to be inspected, that cannot be read
  | 'ERR_SOJOURN_QUEUE_FULL' // more datagrams waiting than the limit allows
  | 'ERR_SOJOURN_TOO_LONG' // a datagram longer than one packet can carry

/** What every failing call of this package throws or rejects with. Match on `code`, never on the message. */
export class SojournError extends Error {
  /** For logs. */
  override readonly name = 'SojournError'
  /** What to decide by; it stays what it is over releases. */
  readonly code: SojournErrorCode

  /** `message` is one line: what, where, way out. */
  constructor(code: SojournErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(oneLine(message), options)
    this.code = code
  }
}

/** The message of anything thrown, in one line, so that it can be part of another line. */
export function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error))
}

/** The errno name of a failed system call, such as `EADDRINUSE`; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').trim()
}
