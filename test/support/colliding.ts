// Two keys with one HIT, for tests whose HITs are cut (short-hits.ts).

import { Identity, type IdentityAlgorithm } from '../../src/crypto/identity.ts'
import { seeded } from './actors.ts'

const KEYS_MAX = 2_000

/** Two keys with one HIT, found by trying: the same in every run. */
export function collidingIdentities(first = 1, algorithm?: IdentityAlgorithm): readonly [Identity, Identity] {
  const known = new Map<string, Identity>()
  for (let seed = first; seed < first + KEYS_MAX; seed++) {
    const identity = Identity.generate(seeded(seed), algorithm)
    const other = known.get(identity.hit)
    if (other !== undefined) return [other, identity]
    known.set(identity.hit, identity)
  }
  throw new Error('no two of so many keys have one HIT: it is not cut')
}
