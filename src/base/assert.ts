// Our own mistakes. A peer's bad input is a value (`Malformed`); only a bug of ours ends here.

/** A broken promise inside this code: never caused by a peer, a file or a user. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws InvariantError with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}

/** Ends a switch that has handled every variant; the compiler proves that it cannot be reached. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`)
}
