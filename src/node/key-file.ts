// Identities on disk: PKCS #8 PEM in a secret file.

import { generateKeyPairSync } from 'node:crypto'
import { Identity, type IdentityAlgorithm, type WithKeys } from '../crypto/identity.ts'
import { algorithmsHere } from './accelerated/choice.ts'
import { systemEntropy } from './entropy.ts'
import { messageOf, SojournError } from './errors.ts'
import { createSecret, readSecret } from './secret-file.ts'

/**
 * A fresh identity from the operating system's randomness; Ed25519 unless told otherwise. RSA (2048 bits) and ECDSA P-384 need
 * `algorithms` that have them. Throws TypeError if they have not.
 */
export function createIdentity(algorithm?: IdentityAlgorithm, algorithms: WithKeys = algorithmsHere()): Identity {
  if (algorithm !== 'rsa') return Identity.generate(systemEntropy, algorithm, algorithms)
  // Primes take more than entropy: OpenSSL finds them.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return Identity.fromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), algorithms)
}

/**
 * Reads an identity, of the kinds that `algorithms` have: by default Ed25519 and ECDSA P-256. Rejects with ERR_SOJOURN_KEY_FILE:
 * missing, readable by others, or no key of such a kind.
 */
export async function readIdentity(path: string, algorithms?: WithKeys): Promise<Identity> {
  const pem = await readSecret(path)
  if (pem === undefined) {
    throw new SojournError(
      'ERR_SOJOURN_KEY_FILE',
      `there is no key file ${path}: make one with sojourn id new --out ${path}`,
    )
  }
  return identityFrom(pem, path, algorithms)
}

/** Writes an identity to a file that must not exist yet. Rejects with ERR_SOJOURN_KEY_FILE. */
export async function writeIdentity(path: string, identity: Identity): Promise<void> {
  if (await createSecret(path, identity.toPem())) return
  throw new SojournError('ERR_SOJOURN_KEY_FILE', `${path} exists already: choose another name, or remove it yourself`)
}

/** Reads an identity, or makes one if there is no such file. Of two processes that make it at once, both get the same. */
export async function readOrCreateIdentity(path: string): Promise<Identity> {
  const found = await readSecret(path)
  if (found !== undefined) return identityFrom(found, path)
  const fresh = createIdentity()
  return (await createSecret(path, fresh.toPem())) ? fresh : readIdentity(path)
}

function identityFrom(pem: string, path: string, algorithms: WithKeys = algorithmsHere()): Identity {
  try {
    return Identity.fromPem(pem, algorithms)
  } catch (error) {
    const advice = 'name a key made by sojourn id new'
    throw new SojournError('ERR_SOJOURN_KEY_FILE', `key file ${path}: ${messageOf(error)}; ${advice}`)
  }
}
