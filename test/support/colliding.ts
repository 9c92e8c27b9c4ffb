// HITs of 12 bits instead of 96, so that two keys with one HIT can be found: for tests that replace src/crypto/hit.ts by this.
// Prefix and suite stay; of the hash the first 12 bits.

import type * as hits from '../../src/crypto/hit.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { seeded } from './actors.ts'

type Module = typeof hits

const HASH_OFFSET = 4
const KEYS_MAX = 2_000

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

/** Two keys with one HIT, found by trying: the same in every run. */
export function collidingIdentities(first = 1): readonly [Identity, Identity] {
  const known = new Map<string, Identity>()
  for (let seed = first; seed < first + KEYS_MAX; seed++) {
    const identity = Identity.generate(seeded(seed))
    const other = known.get(identity.hit)
    if (other !== undefined) return [other, identity]
    known.set(identity.hit, identity)
  }
  throw new Error('no two of so many keys have one HIT: it is not cut')
}
