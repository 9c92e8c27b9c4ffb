// The table of algorithms: every kind of key, group, cipher and suite that there is for an endpoint. It is a value that is handed in
// and never changed, so that two endpoints of one process may have different ones and the simulator its own. What is only
// there to conform (RSA, P-384 identities, MODP-1536, NULL and SHA-1) is in suites/conformance and imported by nobody
// here (DESIGN §4).

import { ESP_SUITES, type EspSuites } from './aead.ts'
import { DH_GROUPS, type DhGroups } from './dh.ts'
import { HIP_CIPHERS, type HipCiphers } from './envelope.ts'
import type { KeyAlgorithms } from './key-algorithm.ts'
import { KEY_ALGORITHMS } from './public-key.ts'
import { HIT_SUITES, type HitSuites } from './suites.ts'

/** What an endpoint can do. What it offers and accepts of it is chosen beside it. */
export interface Algorithms {
  /** Kinds of Host Identity, best first. Their HIT suites, in this order, are the HIT_SUITE_LIST (RFC 7401 §5.2.10). */
  readonly keys: KeyAlgorithms
  /** What the HIT suites compute (RFC 7401 §5.2.10); whose HITs are taken is what `keys` say. */
  readonly hitSuites: HitSuites
  /** RFC 7401 §5.2.7. */
  readonly dhGroups: DhGroups
  /** RFC 7401 §5.2.8. */
  readonly ciphers: HipCiphers
  /** RFC 7402 §5.1.2. */
  readonly espSuites: EspSuites
}

/** Ed25519 and ECDSA P-256; groups 7, 8 and 4; AES-128-CBC and AES-256-CBC; ESP suites 13, 12, 9 and 8. */
export const STANDARD: Algorithms = Object.freeze({
  keys: KEY_ALGORITHMS,
  hitSuites: HIT_SUITES,
  dhGroups: DH_GROUPS,
  ciphers: HIP_CIPHERS,
  espSuites: ESP_SUITES,
})

/** The HIT suites of the keys in a table, best first, each once. */
export function hitSuitesOf({ keys }: Pick<Algorithms, 'keys'>): readonly number[] {
  return [...new Set(keys.map(({ hitSuite }) => hitSuite))]
}
