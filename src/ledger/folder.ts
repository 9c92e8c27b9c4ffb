// One folder of files that are written once and never changed. A file appears whole, synced and under its name in one step:
// link(2) of a temporary file. If the name is taken, somebody else was first; there are no locks to be left behind.
// Temporary files of processes that have died are swept; those of the living are nobody's business.

import { chmod, link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { toHex } from '../base/bytes.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { LedgerError } from './interface.ts'
import { type Runner, runnerOf, runnerTag } from './runner.ts'

const TEMPORARY = /^\.tmp-(\d+)-([0-9a-f]{16})-[0-9a-f]+$/

/** A folder, 0700, of files, 0600. All methods reject with LedgerError 'unavailable' if the file system does. */
export class Folder {
  readonly path: string
  readonly #entropy: Entropy
  readonly #runner: () => Promise<Runner>
  #made = false

  constructor(path: string, entropy: Entropy, runner: () => Promise<Runner>) {
    this.path = resolve(path)
    this.#entropy = entropy
    this.#runner = runner
  }

  /** Names in the folder; none if there is no folder. */
  async names(): Promise<readonly string[]> {
    return this.#guard(async () => {
      try {
        return await readdir(this.path)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return []
        throw error
      }
    })
  }

  /** The bytes of a file; undefined if there is none. */
  async read(name: string): Promise<Uint8Array | undefined> {
    return this.#guard(async () => {
      try {
        return new Uint8Array(await readFile(join(this.path, name)))
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined
        throw error
      }
    })
  }

  /** Makes a file that is whole and durable once this resolves to true; false if the name is taken. */
  async create(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#guard(async () => {
      await this.#make()
      // A sweeper that could not see us (another container) may take the temporary file away: then once more.
      for (let tries = 0; tries < 3; tries++) {
        const made = await this.#createOnce(name, bytes)
        if (made !== undefined) return made
      }
      throw new Error('temporary files vanish')
    })
  }

  /** Makes names that were linked by others durable too, before anything is built on them. */
  async sync(): Promise<void> {
    await this.#guard(() => syncFolder(this.path))
  }

  async remove(name: string): Promise<void> {
    await this.#guard(async () => {
      try {
        await unlink(join(this.path, name))
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error
      }
    })
  }

  /** Removes what processes that have died left half-made. */
  async sweep(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const match = TEMPORARY.exec(name)
      if (match === null) continue
      const owner = await runnerOf(Number(match[1]))
      if (owner === undefined || runnerTag(owner) !== match[2]) await this.remove(name)
    }
  }

  async #createOnce(name: string, bytes: Uint8Array): Promise<boolean | undefined> {
    const self = await this.#runner()
    const temporary = join(this.path, `.tmp-${self.pid}-${runnerTag(self)}-${toHex(this.#entropy(8))}`)
    try {
      await writeSynced(temporary, bytes)
      await link(temporary, join(this.path, name))
      await syncFolder(this.path)
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    } finally {
      await unlink(temporary).catch(() => undefined)
    }
  }

  async #make(): Promise<void> {
    if (this.#made) return
    const first = await mkdir(this.path, { recursive: true, mode: 0o700 })
    if (first !== undefined) await chmod(this.path, 0o700)
    // Whoever made the folder may not have come to this yet.
    let parent = dirname(this.path)
    await syncFolder(parent)
    while (first !== undefined && parent.length >= first.length && parent !== dirname(parent)) {
      parent = dirname(parent)
      await syncFolder(parent)
    }
    this.#made = true
  }

  async #guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      if (error instanceof LedgerError) throw error
      throw unavailable(this.path, error)
    }
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A name is durable once its folder is. Windows has no such step. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function unavailable(path: string, error: unknown): LedgerError {
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
