// Key files of every kind. What is only there to conform is loaded when a key of such a kind is made or read, and not before
// (DESIGN §4).

import { type Algorithms, STANDARD } from '../crypto/algorithms.ts'
import type { Identity, IdentityAlgorithm } from '../crypto/identity.ts'
import { readIdentity } from '../node/key-file.ts'

/** An identity, and the table of algorithms that an endpoint of it needs. */
export interface Key {
  readonly identity: Identity
  readonly algorithms: Algorithms
}

/** The smallest table that has this kind of key. */
export async function algorithmsFor(kind: IdentityAlgorithm): Promise<Algorithms> {
  return STANDARD.keys.some(({ name }) => name === kind) ? STANDARD : everything()
}

/** Reads a key file of any kind. Rejects with ERR_SOJOURN_KEY_FILE. */
export async function readKey(file: string): Promise<Key> {
  try {
    return { identity: await readIdentity(file), algorithms: STANDARD }
  } catch {
    // Whatever is wrong is still wrong with every kind of key at hand, and is told then.
    const algorithms = await everything()
    return { identity: await readIdentity(file, algorithms), algorithms }
  }
}

async function everything(): Promise<Algorithms> {
  return (await import('../crypto/suites/conformance/algorithms.ts')).conformance
}
