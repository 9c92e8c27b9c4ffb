// Rekeys between peers that know only the RFCs, where no packet names the keys: RFC 7402 §6.10 draws them from a new KEYMAT if either
// end has brought a Diffie–Hellman value, or goes on in the old one at the greater index of the two. Which Kij and which index
// it was, the first packet shows that they open.

import { type EspKeySet, type KeyContext, rekeyedKeys } from '../crypto/keymat.ts'
import type * as wire from '../wire.ts'
import { ALGORITHMS } from './algorithms.ts'

/** Work that a foreign file can ask for is bounded: so many places in a KEYMAT are remembered of two ends. */
export const INDEXES_MAX = 64

/** Whether an ESP_INFO names a new SPI. Equal ones are there for firewalls, a new one of 0 takes an SA back (RFC 8046 §3.2.1, RFC 7402 §5.1.1). */
export function offersSpi({ oldSpi, newSpi }: wire.ParameterValues['ESP_INFO']): boolean {
  return newSpi !== 0 && newSpi !== oldSpi
}

/** ESP keys after a rekey for every secret, at the beginning of its KEYMAT and at these places in it. */
export function* keysAfterRekeys(
  context: KeyContext,
  kijs: readonly Uint8Array[],
  indexes: ReadonlySet<number>,
): Generator<EspKeySet> {
  const suite = ALGORITHMS.espSuites.get(context.espSuite)
  if (suite === undefined) return
  // RFC 7401 §6.5: a KEYMAT has 255 blocks.
  const last = 255 * context.suite.hashBytes - 2 * (suite.encryptionBytes + suite.authenticationBytes)
  for (const kij of kijs)
    for (const index of new Set([0, ...indexes])) if (index <= last) yield rekeyedKeys(context, kij, index)
}
