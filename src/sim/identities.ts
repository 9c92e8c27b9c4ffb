// Identities for worlds. Making a key costs more than everything a short world does with it, so they come from a small pool that
// all seeds share: a key depends on its place in the pool alone, never on who asked first.

import { Prng } from '../base/prng.ts'
import { STANDARD } from '../crypto/algorithms.ts'
import { Identity, type IdentityAlgorithm, type WithKeys } from '../crypto/identity.ts'

export type PoolName = 'subject' | 'host' | 'ledger'

const SEEDS: Readonly<Record<PoolName, number>> = { subject: 0x1000, host: 0x2000, ledger: 0x3000 }
/** Apart for each table: an identity signs by the one that it was made with. */
const pools = new WeakMap<WithKeys, Map<string, Identity>>()

/** The identity at `index` of a pool. */
export function pooledIdentity(
  name: PoolName,
  index: number,
  algorithm: IdentityAlgorithm = 'ed25519',
  algorithms: WithKeys = STANDARD,
): Identity {
  const pool = pools.get(algorithms) ?? new Map<string, Identity>()
  pools.set(algorithms, pool)
  const key = `${name} ${index} ${algorithm}`
  let identity = pool.get(key)
  if (identity === undefined) {
    const prng = new Prng(SEEDS[name] + index)
    identity = Identity.generate((length) => prng.bytes(length), algorithm, algorithms)
    pool.set(key, identity)
  }
  return identity
}
