// One folder of files that are written once and never changed. A file appears whole, synced and under its name in one step:
// link(2) of a temporary file. If the name is taken, somebody else was first; there are no locks to be left behind.
// Only syncing waits for the disk and is asynchronous; the rest takes microseconds, less than handing it to another thread.

import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { equalBytes, toHex } from '../base/bytes.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { CREATE_TRIES_MAX } from './config.ts'
import { LedgerError } from './interface.ts'
import { type Runner, runnerOf, runnerTag } from './runner.ts'

const TEMPORARY = /^\.tmp-(\d+)-([0-9a-f]{16})-[0-9a-f]+$/

/** A file without a name. */
interface Prepared {
  readonly temporary: string
  readonly bytes: Uint8Array
}

/** A folder, 0700, of files, 0600. Whatever the file system refuses comes as LedgerError 'unavailable'. */
export class Folder {
  readonly path: string
  readonly #entropy: Entropy
  readonly #runner: () => Promise<Runner>
  #made = false
  #prepared: Prepared | undefined

  constructor(path: string, entropy: Entropy, runner: () => Promise<Runner>) {
    this.path = resolve(path)
    this.#entropy = entropy
    this.#runner = runner
  }

  /** A folder in this one. */
  below(name: string): Folder {
    return new Folder(join(this.path, name), this.#entropy, this.#runner)
  }

  /** Names in the folder; none if there is no folder. */
  names(): readonly string[] {
    return this.#unless('ENOENT', () => readdirSync(this.path)) ?? []
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name))
  }

  /** The bytes of a file; undefined if there is none. */
  read(name: string): Uint8Array | undefined {
    return this.#unless('ENOENT', () => new Uint8Array(readFileSync(join(this.path, name))))
  }

  remove(name: string): void {
    this.#unless('ENOENT', () => unlinkSync(join(this.path, name)))
  }

  /**
   * Makes a file that is whole and durable once this resolves to true; false if the name is taken. With `named` 'later' its
   * name may still be lost with the machine's power, until anything else in this folder has been made durable. `meanwhile` is
   * called while the disk is waited for.
   */
  async create(
    name: string,
    bytes: Uint8Array,
    named: 'now' | 'later' = 'now',
    meanwhile?: () => void,
  ): Promise<boolean> {
    try {
      await this.#make()
      // A sweeper that could not see us (another container) may take the temporary file away: then once more.
      for (let tries = 0; tries < CREATE_TRIES_MAX; tries++) {
        const made = await this.#createOnce(name, bytes, named, tries === 0 ? meanwhile : undefined)
        if (made !== undefined) return made
      }
      throw new Error('temporary files vanish')
    } catch (error) {
      throw unavailable(this.path, error)
    }
  }

  /**
   * Makes a file that is whole and durable and has no name yet. A `create` of the same bytes gives it one, and has one disk to wait
   * for in place of two. Only the last one is kept. Returns what removes it, if it is still there.
   */
  async prepare(bytes: Uint8Array): Promise<() => void> {
    try {
      await this.#make()
      const temporary = await this.#temporary()
      const prepared = { temporary, bytes }
      try {
        await writeSynced(temporary, bytes)
      } catch (error) {
        this.#unless('ENOENT', () => unlinkSync(temporary))
        throw error
      }
      this.#unprepare(this.#prepared)
      this.#prepared = prepared
      return () => this.#unprepare(prepared)
    } catch (error) {
      throw unavailable(this.path, error)
    }
  }

  /** Makes the folder if it is not there, and its name durable. Only the first call has to. */
  async make(): Promise<void> {
    try {
      await this.#make()
    } catch (error) {
      throw unavailable(this.path, error)
    }
  }

  /** Makes names that others have linked durable too, before anything is built on them. */
  async sync(): Promise<void> {
    try {
      await syncFolder(this.path)
    } catch (error) {
      throw unavailable(this.path, error)
    }
  }

  /** Removes what processes that have died left half-made. What the living make is nobody's business. */
  async sweep(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const match = TEMPORARY.exec(name)
      if (match === null) continue
      const owner = await runnerOf(Number(match[1]))
      if (owner === undefined || runnerTag(owner) !== match[2]) this.remove(name)
    }
  }

  async #createOnce(
    name: string,
    bytes: Uint8Array,
    named: 'now' | 'later',
    meanwhile: (() => void) | undefined,
  ): Promise<boolean | undefined> {
    const prepared = this.#takePrepared(bytes)
    const temporary = prepared ?? (await this.#temporary())
    try {
      if (prepared === undefined) await writeSynced(temporary, bytes, meanwhile)
      linkSync(temporary, join(this.path, name))
      const naming = named === 'now' ? syncFolder(this.path) : undefined
      try {
        if (prepared !== undefined) meanwhile?.()
      } finally {
        await naming
      }
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    } finally {
      this.#unless('ENOENT', () => unlinkSync(temporary))
    }
  }

  async #temporary(): Promise<string> {
    const self = await this.#runner()
    return join(this.path, `.tmp-${self.pid}-${runnerTag(self)}-${toHex(this.#entropy(8))}`)
  }

  #takePrepared(bytes: Uint8Array): string | undefined {
    const prepared = this.#prepared
    if (prepared === undefined || !equalBytes(prepared.bytes, bytes)) return undefined
    this.#prepared = undefined
    return prepared.temporary
  }

  #unprepare(prepared: Prepared | undefined): void {
    if (prepared === undefined || prepared !== this.#prepared) return
    this.#prepared = undefined
    this.#unless('ENOENT', () => unlinkSync(prepared.temporary))
  }

  async #make(): Promise<void> {
    if (this.#made) return
    const first = mkdirSync(this.path, { recursive: true, mode: 0o700 })
    if (first !== undefined) chmodSync(this.path, 0o700)
    else if (process.platform !== 'win32' && (statSync(this.path).mode & 0o022) !== 0) {
      throw new LedgerError('exposed', `the ledger in ${this.path} can be written by others: chmod 700 ${this.path}`)
    }
    // Whoever made the folder may not have come to this yet.
    let parent = dirname(this.path)
    await syncFolder(parent)
    while (first !== undefined && parent.length >= first.length && parent !== dirname(parent)) {
      parent = dirname(parent)
      await syncFolder(parent)
    }
    this.#made = true
  }

  #unless<T>(code: string, action: () => T): T | undefined {
    try {
      return action()
    } catch (error) {
      if (codeOf(error) === code) return undefined
      throw unavailable(this.path, error)
    }
  }
}

const synced = promisify(fsync)

async function writeSynced(path: string, bytes: Uint8Array, meanwhile?: () => void): Promise<void> {
  const file = openSync(path, 'wx', 0o600)
  try {
    fchmodSync(file, 0o600)
    writeFileSync(file, bytes)
    const writing = synced(file)
    try {
      meanwhile?.()
    } finally {
      await writing
    }
  } finally {
    closeSync(file)
  }
}

/** A name is durable once its folder is. Windows has no such step. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    await synced(folder)
  } finally {
    closeSync(folder)
  }
}

function unavailable(path: string, error: unknown): LedgerError {
  if (error instanceof LedgerError) return error
  const code = codeOf(error)
  const what = error instanceof Error ? error.message.split('\n')[0] : String(error)
  const linkless = code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'EMLINK'
  const wayOut = linkless
    ? 'put it on a file system with hard links, or choose another ledger folder'
    : 'check that the folder can be written and has room, or choose another ledger folder'
  return new LedgerError('unavailable', `the ledger in ${path} cannot be used (${what}): ${wayOut}`, error)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
