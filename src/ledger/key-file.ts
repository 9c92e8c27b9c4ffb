// The file ledger's own key (MOVING §1): drawn once, by whoever comes first, and kept where only its user can read it. Peers have pinned
// it, and take no start that another one signs: so where there are records but no key, none is drawn.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '../base/bytes.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { Identity } from '../crypto/identity.ts'
import { isOfRecord } from './chain.ts'
import type { Folder } from './folder.ts'
import { LedgerError } from './interface.ts'

const NAME = 'ledger.pem'
/** The folder of an identity: its HIT. */
const RECORD = /^[0-9a-f]{32}$/

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
    let known = this.#folder.read(NAME)
    if (known === undefined) {
      const record = this.#anyRecord()
      // Whoever wrote the record had the key before: it may have been made since it was looked for.
      if (record !== undefined) known = this.#folder.read(NAME) ?? this.#missing(record)
    }
    if (known === undefined) {
      await this.#folder.create(NAME, utf8(Identity.generate(this.#entropy).toPem()))
    }
    const bytes = known ?? this.#folder.read(NAME)
    this.#identity = this.#parse(bytes ?? new Uint8Array(0))
    return this.#identity
  }

  /** The path of a record, if there is one. */
  #anyRecord(): string | undefined {
    for (const name of this.#folder.names()) {
      if (!RECORD.test(name)) continue
      const record = this.#folder.below(name)
      if (record.names().some(isOfRecord)) return record.path
    }
    return undefined
  }

  #missing(record: string): never {
    const path = join(this.#folder.path, NAME)
    const wayOut = 'restore it from a copy; peers know this ledger by it, and would refuse what another one signs'
    throw new LedgerError('damaged', `the ledger's key ${path} is missing, and there is ${record}: ${wayOut}`)
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
