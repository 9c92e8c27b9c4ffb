// The file ledger's own key (MOVING §1): drawn once, by whoever comes first, and kept where only its user can read it.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '../base/bytes.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { Identity } from '../crypto/identity.ts'
import type { Folder } from './folder.ts'
import { LedgerError } from './interface.ts'

const NAME = 'ledger.pem'

/** The key in a ledger's folder. */
export class LedgerKey {
  readonly #folder: Folder
  readonly #entropy: Entropy
  #identity: Identity | undefined

  constructor(folder: Folder, entropy: Entropy) {
    this.#folder = folder
    this.#entropy = entropy
  }

  /** The key, made if there is none; if two processes make it at once, both get the one that was first. */
  async identity(): Promise<Identity> {
    if (this.#identity !== undefined) return this.#identity
    const known = this.#folder.read(NAME)
    if (known === undefined) {
      await this.#folder.create(NAME, utf8(Identity.generate(this.#entropy).toPem()))
    }
    const bytes = known ?? this.#folder.read(NAME)
    this.#identity = this.#parse(bytes ?? new Uint8Array(0))
    return this.#identity
  }

  #parse(bytes: Uint8Array): Identity {
    const path = join(this.#folder.path, NAME)
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw new LedgerError('exposed', `the ledger's key ${path} can be read by others: chmod 600 it`)
    }
    try {
      return Identity.fromPem(new TextDecoder().decode(bytes))
    } catch {
      const wayOut = 'restore it from a copy; peers know this ledger by it'
      throw new LedgerError('damaged', `the ledger's key ${path} is damaged (no private key in PEM): ${wayOut}`)
    }
  }
}
