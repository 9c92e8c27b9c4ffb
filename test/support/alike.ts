// For loops of many thousand rounds: an expectation costs more than what it looks at, so it is made only where it will fail.

import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'

/** What `expect(actual).toEqual(wanted)` says. */
export function alike(actual: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(actual, wanted)) expect(actual).toEqual(wanted)
}
