// Secrets must not reach a log by accident: values that hold keys print as a name only. Comparing them takes constant time.

import { timingSafeEqual } from 'node:crypto'

/** The key of the method by which Node prints a value, without importing node:util. */
export const inspectKey: unique symbol = Symbol.for('nodejs.util.inspect.custom')

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
