// Identities on disk: PKCS #8 PEM in a secret file.

import { Identity, type IdentityAlgorithm } from '../crypto/identity.ts'
import { systemEntropy } from './entropy.ts'
import { messageOf, SojournError } from './errors.ts'
import { createSecret, readSecret } from './secret-file.ts'

/** A fresh identity from the operating system's randomness; Ed25519 unless told otherwise. */
export function createIdentity(algorithm?: IdentityAlgorithm): Identity {
  return Identity.generate(systemEntropy, algorithm)
}

/** Reads an identity. Rejects with ERR_SOJOURN_KEY_FILE: missing, readable by others, or no key of a supported kind. */
export async function readIdentity(path: string): Promise<Identity> {
  const pem = await readSecret(path)
  if (pem === undefined) {
    throw new SojournError(
      'ERR_SOJOURN_KEY_FILE',
      `there is no key file ${path}: make one with sojourn id new --out ${path}`,
    )
  }
  return identityFrom(pem, path)
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

function identityFrom(pem: string, path: string): Identity {
  try {
    return Identity.fromPem(pem)
  } catch (error) {
    const advice = 'name a key made by sojourn id new'
    throw new SojournError('ERR_SOJOURN_KEY_FILE', `key file ${path}: ${messageOf(error)}; ${advice}`)
  }
}
