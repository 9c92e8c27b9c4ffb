// What the tests of the wire share: two HITs, and impatience with Malformed where a test expects soundness.

import { addressBytes } from '../../src/base/address.ts'
import { fromHex } from '../../src/base/bytes.ts'
import { isMalformed, type Malformed } from '../../src/wire/malformed.ts'

export const HIT_A: Uint8Array = fromHex('200100259952e1b684adea37f69be377')
export const HIT_B: Uint8Array = fromHex('20010025000000000000000000000bbb')

/** The value, which must not be Malformed. */
export function sound<T>(value: T | Malformed): T {
  if (isMalformed(value)) throw new Error(`${value.malformed} at ${value.at}, parameter ${value.parameter}`)
  return value
}

// RFC 7401 appendix C: I1 with DH_GROUP_LIST 3, 4, 8; checksum zero, as over UDP.
export const APPENDIX_C_I1 = fromHex(`
  3b050121 00000000 20010020000000000000000000000001 20010020000000000000000000000002
  01ff0003 03040800`)

/** An address as its bytes. */
export function address(text: string): Uint8Array {
  const bytes = addressBytes(text)
  if (bytes === undefined) throw new Error(text)
  return bytes
}
