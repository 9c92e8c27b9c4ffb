// The versions of one record, a file each (MOVING §10): ledger/HIT-in-hex/version-in-16-hex-digits. Version n + 1 is made only
// where n is the newest, so there are no holes, and the newest can be found by going on from the last one seen. A newest
// version that is damaged stops everything: going back to the one before it would let an older start run again. So does one that is
// missing, where that shows: by a hole, or by what is only written once a start has been activated.

import { join } from 'node:path'
import { equalBytes } from '../base/bytes.ts'
import type { Hit } from '../crypto/hit.ts'
import type { KeyAlgorithms } from '../crypto/key-algorithm.ts'
import { isMalformed } from '../wire/malformed.ts'
import type { Folder } from './folder.ts'
import { LedgerError } from './interface.ts'
import { decodeVersion, encodeVersion, type VersionFile } from './version-file.ts'

const VERSION = /^[0-9a-f]{16}$/
/** What a start leaves beside its version, and only after that was durable: its epoch is in the name. */
const LEFT = /^(?:ended|whereabouts)-([0-9a-f]{8})(?:-[0-9a-f]{16})?$/

/** Whether a file of that name is there only if there has been a version. */
export function isOfRecord(name: string): boolean {
  return VERSION.test(name) || LEFT.test(name)
}

/** The record of one identity on the disk. */
export class Chain {
  readonly folder: Folder
  readonly #hit: Hit
  readonly #keys: KeyAlgorithms | undefined
  /** The newest version seen; undefined before the first look. */
  #seen: number | undefined
  /** What the first look found of the highest start: that start was activated by a version that is there. */
  #witness: { readonly name: string; readonly epoch: number } | undefined
  /** The version read or written last: the same bytes need not be decoded again. */
  #kept: { readonly name: string; readonly bytes: Uint8Array; readonly file: VersionFile } | undefined

  constructor(folder: Folder, hit: Hit, keys?: KeyAlgorithms) {
    this.folder = folder
    this.#hit = hit
    this.#keys = keys
  }

  /** The newest version; undefined if there is none. Rejects with LedgerError 'damaged' rather than give an older one. */
  async newest(): Promise<VersionFile | undefined> {
    let seen = this.#seen ?? (await this.#look())
    while (this.folder.has(versionName(seen + 1))) seen++
    this.#seen = seen
    const newest = seen === 0 ? undefined : this.#read(versionName(seen))
    // The names were listed before the versions were followed to their end, so of a ledger that is whole the version is found.
    const witness = this.#witness
    if (witness !== undefined && witness.epoch > (newest?.record.activated?.epoch ?? 0)) {
      throw damaged(join(this.folder.path, versionName(seen + 1)), `it is missing, and ${witness.name} came after it`)
    }
    return newest
  }

  /** Writes the next version down without its name, so that `append` only has to name it. Returns what takes it back. */
  prepare(file: VersionFile): Promise<() => void> {
    return this.folder.prepare(encodeVersion(file))
  }

  /** Makes the next version; false if somebody else was first. `named` and `meanwhile`: as `Folder.create` has them. */
  async append(file: VersionFile, named: 'now' | 'later', meanwhile?: () => void): Promise<boolean> {
    const [name, bytes] = [versionName(file.record.version), encodeVersion(file)]
    const made = await this.folder.create(name, bytes, named, meanwhile)
    if (made) this.#kept = { name, bytes, file }
    return made
  }

  /** The first look: sweeps the folder, and makes sure that no version is missing. */
  async #look(): Promise<number> {
    const names = this.folder.names()
    if (names.length > 0) await this.folder.make() // so that a later claim need not wait for it
    await this.folder.sweep(names)
    for (const name of names) {
      const epoch = Number.parseInt(LEFT.exec(name)?.[1] ?? '0', 16)
      if (epoch > (this.#witness?.epoch ?? 0)) this.#witness = { name, epoch }
    }
    const versions = new Set(names.filter((name) => VERSION.test(name)))
    for (let version = 1; versions.size > 0; version++) {
      const name = versionName(version)
      // A listing may skip files that are made while it is read, so a hole counts only if the file is not there either.
      if (!versions.delete(name) && !this.folder.has(name)) throw damaged(join(this.folder.path, name), 'it is missing')
      if (versions.size === 0) return version
    }
    return 0
  }

  #read(name: string): VersionFile {
    const path = join(this.folder.path, name)
    const bytes = this.folder.read(name)
    if (bytes === undefined) throw damaged(path, 'it is missing')
    const kept = this.#kept
    if (kept?.name === name && equalBytes(kept.bytes, bytes)) return kept.file
    const version = decodeVersion(bytes, this.#keys)
    if (isMalformed(version)) throw damaged(path, version.malformed)
    const { record } = version
    if (versionName(record.version) !== name || record.hit !== this.#hit) throw damaged(path, 'it belongs elsewhere')
    this.#kept = { name, bytes, file: version }
    return version
  }
}

function versionName(version: number): string {
  return version.toString(16).padStart(16, '0')
}

function damaged(path: string, what: string): LedgerError {
  const wayOut = 'restore the file from a copy; deleting it could let an older start run again'
  return new LedgerError('damaged', `the ledger's ${path} is damaged (${what}): ${wayOut}`)
}
