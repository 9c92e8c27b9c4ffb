// What the tests of the wire share: two HITs, and impatience with Malformed where a test expects soundness.

import { fromHex } from '../../src/base/bytes.ts'
import { isMalformed, type Malformed } from '../../src/wire/malformed.ts'

export const HIT_A: Uint8Array = fromHex('200100259952e1b684adea37f69be377')
export const HIT_B: Uint8Array = fromHex('20010025000000000000000000000bbb')

/** The value, which must not be Malformed. */
export function sound<T>(value: T | Malformed): T {
  if (isMalformed(value)) throw new Error(`${value.malformed} at ${value.at}, parameter ${value.parameter}`)
  return value
}
