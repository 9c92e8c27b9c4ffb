// Secrets must not reach a log by accident: bytes that are secret, and values that hold some, print as a name only. They are
// overwritten as soon as nobody needs them. Comparing them takes constant time.

import { timingSafeEqual } from 'node:crypto'

/** The key of the method by which Node prints a value, without importing node:util. */
export const inspectKey: unique symbol = Symbol.for('nodejs.util.inspect.custom')

const SHOWN = '[secret]'

/**
 * Secret bytes. They compute like any others, and so do their slices; what shows of them in util.inspect, as text and in JSON is
 * `[secret]`. Whoever wants to see them has to ask for them byte by byte.
 */
export class Secret extends Uint8Array {
  /**
   * So many zeros, or a view of a buffer. Always in memory outside the engine's heap: what lies inside, as short arrays do, is
   * copied whenever the collector moves it, and only the last copy can be overwritten.
   */
  constructor(source: number | ArrayBuffer, offset?: number, length?: number) {
    super(typeof source === 'number' ? new ArrayBuffer(source) : source, offset, length)
  }

  override toString(): string {
    return SHOWN
  }

  override toLocaleString(): string {
    return SHOWN
  }

  toJSON(): string {
    return SHOWN
  }

  [inspectKey](): string {
    return SHOWN
  }
}

/** A copy that does not show. */
export function secretCopy(bytes: Uint8Array): Secret {
  const copy = new Secret(bytes.length)
  copy.set(bytes)
  return copy
}

/**
 * Overwrites secrets that nobody needs any more. What the JavaScript engine or OpenSSL may have copied is theirs: OpenSSL
 * cleanses what it frees, the engine does not.
 */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}

/**
 * Makes `value` print and serialise (util.inspect, JSON) as `[label]` and nothing else. Its fields stay as they are; a
 * spread or a structured clone of it is not covered.
 */
export function redacted<T extends object>(label: string, value: T): T {
  const text = () => `[${label}]`
  Object.defineProperty(value, inspectKey, { value: text })
  Object.defineProperty(value, 'toJSON', { value: text })
  return value
}

/** Whether two byte strings are equal, in time that depends on their lengths only: for MACs, echoes and secrets. */
export function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
