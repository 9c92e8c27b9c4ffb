// How much one key may seal, of all suites in one place (DESIGN §5). AES has blocks of 128 bits, whatever its mode: after 2^36 bytes
// two blocks of ciphertext are equal with a chance of 2^-65 (CBC), and the bound of GCM is as far away (SP 800-38D, RFC 9001 §6.6).
// NULL encrypts nothing and wears its MAC out by packets alone. An 8-byte tag is guessed 2^64 times sooner than one of 16 bytes: its
// keys are changed 2^8 times as often.

import { EspSuite } from '../../wire/registry.ts'
import type { Config } from '../config.ts'
import type { OutboundSa } from './outbound.ts'

/** The part of the limits in `Config` that a suite gets; 1 for all that are not here. */
const PORTIONS: ReadonlyMap<number, { readonly packets: number; readonly bytes: number }> = new Map([
  [EspSuite.AES_GCM_8, { packets: 2 ** -8, bytes: 2 ** -8 }],
  [EspSuite.NULL_HMAC_SHA256, { packets: 1, bytes: Infinity }],
])

const WHOLE = { packets: 1, bytes: 1 }

type Sealed = Pick<OutboundSa, 'suite' | 'sequence' | 'bytes'>
type Limits = Pick<Config, 'rekeyPackets' | 'rekeyBytes' | 'sealedPacketsMax' | 'sealedBytesMax'>

function portionOf({ suite }: Sealed): { readonly packets: number; readonly bytes: number } {
  return PORTIONS.get(suite) ?? WHOLE
}

/** It is time for other keys. */
export function isWorn(sa: Sealed, { rekeyPackets, rekeyBytes }: Limits): boolean {
  const { packets, bytes } = portionOf(sa)
  return sa.sequence >= rekeyPackets * packets || sa.bytes >= rekeyBytes * bytes
}

/** The last packet sealed, of `size` bytes, is the one with which it became time. */
export function turnsWorn(sa: Sealed, size: number, limits: Limits): boolean {
  if (!isWorn(sa, limits)) return false
  return !isWorn({ suite: sa.suite, sequence: sa.sequence - 1, bytes: sa.bytes - size }, limits)
}

/** Nobody has come to a rekey: not one packet more. */
export function mayNotSeal(sa: Sealed, size: number, { sealedPacketsMax, sealedBytesMax }: Limits): boolean {
  const { packets, bytes } = portionOf(sa)
  return sa.sequence >= sealedPacketsMax * packets || sa.bytes + size > sealedBytesMax * bytes
}
