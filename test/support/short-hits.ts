// HITs of 12 bits instead of 96, so that two keys with one HIT can be found: for tests that replace src/crypto/hit.ts by this.
// Prefix and suite stay; of the hash the first 12 bits. Nothing is imported here that itself imports what is replaced.

import type * as hits from '../../src/crypto/hit.ts'

type Module = typeof hits

const HASH_OFFSET = 4

/** The module with its hashes cut. */
export function cutTo12Bits(real: Module): Module {
  const cut = (hit: hits.Hit): hits.Hit => {
    const bytes = real.hitBytes(hit)
    bytes[HASH_OFFSET + 1] = (bytes[HASH_OFFSET + 1] ?? 0) & 0xf0
    bytes.fill(0, HASH_OFFSET + 2)
    return real.hitText(bytes)
  }
  const hitOf: Module['hitOf'] = (key) => cut(real.hitOf(key))
  const isHitOf: Module['isHitOf'] = (hit, key) =>
    [real.SUITE_EDDSA_CSHAKE128, real.SUITE_ECDSA_SHA384].includes(real.hitSuiteOf(hit)) && hitOf(key) === hit
  return { ...real, hitOf, isHitOf }
}
