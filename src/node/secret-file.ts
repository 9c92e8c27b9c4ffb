// Files with secrets (DESIGN §8): 0600 in a 0700 folder whatever the umask; written to a temporary file, synced and then
// given their name in one step, so that nobody ever sees half a file; refused on reading when others can read them too.

import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { chmod, type FileHandle, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SECRET_FILE_BYTES_MAX } from './config.ts'
import { errnoOf, messageOf, SojournError } from './errors.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
const OTHERS = 0o077
const OTHERS_WRITE = 0o022

/**
 * Makes a folder for secrets, or takes one that nobody else can write: who can write a folder can put another key in the place
 * of ours. Rejects with ERR_SOJOURN_KEY_FILE.
 */
export async function secretFolder(path: string): Promise<void> {
  let stats: Stats
  try {
    const made = await mkdir(path, { recursive: true, mode: FOLDER_MODE })
    if (made !== undefined) await chmod(path, FOLDER_MODE)
    stats = await stat(path)
  } catch (error) {
    throw failed(path, 'made', error, 'check its rights, or set SOJOURN_HOME to another folder')
  }
  if (process.platform === 'win32' || (stats.mode & OTHERS_WRITE) === 0) return
  const message = `folder ${path} can be written by others: chmod 700 ${path}, after a look at the keys in it`
  throw new SojournError('ERR_SOJOURN_KEY_FILE', message)
}

/**
 * The text of a secret file, undefined if there is none. Rejects with ERR_SOJOURN_KEY_FILE if others can read it
 * (not checked on Windows, which has no such bits), or if it is no ordinary file of a sensible size.
 */
export async function readSecret(path: string): Promise<string | undefined> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw failed(path, 'read', error)
  }
  try {
    refuseUnlessSecret(path, await file.stat())
    return await file.readFile('utf8')
  } catch (error) {
    throw error instanceof SojournError ? error : failed(path, 'read', error)
  } finally {
    await file.close()
  }
}

/** Writes a secret file that must not exist yet; false, and nothing changed, if it does. Rejects with ERR_SOJOURN_KEY_FILE. */
export async function createSecret(path: string, text: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await writeSynced(temporary, text)
    const created = await nameOnce(temporary, path)
    await syncFolder(dirname(path))
    return created
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    // The temporary file is our affair, not the user's.
    const named = errnoOf(error) ?? messageOf(error)
    throw failed(path, 'written', named, `check that the folder ${dirname(path)} exists and can be written`)
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE)
  try {
    await file.chmod(FILE_MODE)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

// A hard link is made only if the name is free; a rename would replace somebody's key.
async function nameOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST') {
      await unlink(temporary)
      return false
    }
    if (errno !== 'EPERM' && errno !== 'ENOTSUP' && errno !== 'ENOSYS') throw error
    return renameOnce(temporary, path)
  }
  await unlink(temporary)
  return true
}

// For file systems without hard links: the name is taken first, then filled by a rename.
async function renameOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', FILE_MODE)).close()
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    await unlink(temporary)
    return false
  }
  await rename(temporary, path)
  return true
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY).catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}

function refuseUnlessSecret(path: string, stats: Stats): void {
  if (!stats.isFile()) {
    throw new SojournError('ERR_SOJOURN_KEY_FILE', `key file ${path} is not an ordinary file: name one that is`)
  }
  if (process.platform !== 'win32' && (stats.mode & OTHERS) !== 0) {
    throw new SojournError('ERR_SOJOURN_KEY_FILE', `key file ${path} can be read by others: chmod 600 ${path}`)
  }
  if (stats.size > SECRET_FILE_BYTES_MAX) {
    throw new SojournError('ERR_SOJOURN_KEY_FILE', `key file ${path} is too large to be a key: name another one`)
  }
}

function failed(path: string, what: string, cause: unknown, advice = 'check the path and its rights'): SojournError {
  return new SojournError('ERR_SOJOURN_KEY_FILE', `${path} cannot be ${what} (${messageOf(cause)}): ${advice}`, {
    cause,
  })
}
