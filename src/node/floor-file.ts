// The floors that a host keeps for each identity it runs (MOVING §2, §7): SOJOURN_HOME/floors/HIT-in-hex, so that a restarted
// identity still refuses what it had refused. Only the last start of an identity runs, so a file has one writer.

import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { toHex } from '../base/bytes.ts'
import { DEFAULTS } from '../core/config.ts'
import { Floors } from '../core/moving/floor.ts'
import { decodeFloors, encodeFloors, FLOOR_FILE_BYTES_MAX, FLOORS_MAX } from '../core/moving/floor-codec.ts'
import type { FrozenFloor } from '../core/moving/frozen.ts'
import { type Hit, hitBytes } from '../crypto/hit.ts'
import type { KeyAlgorithms } from '../crypto/key-algorithm.ts'
import { FLOORS_SAVE_AFTER_MS } from './config.ts'
import type { EndpointEnd, PlaceOptions } from './endpoint.ts'
import { errnoOf, messageOf, SojournError } from './errors.ts'
import type { Host } from './host.ts'
import { plain } from './plain.ts'
import { secretFolder } from './secret-file.ts'

/** The floors of one identity, and the file that follows them. */
export class FloorFile {
  readonly floors: Floors
  readonly #path: string
  readonly #mark: string
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()

  private constructor(path: string, mark: string, max: number, kept: readonly FrozenFloor[]) {
    this.#path = path
    this.#mark = mark
    this.floors = new Floors(max)
    for (const floor of kept) this.floors.raise({ ...floor, receipt: undefined })
    this.floors.onChange = () => this.#later()
  }

  /** What earlier starts of `hit` left on this host, if anything. Rejects with ERR_SOJOURN_KEY_FILE if it is damaged. */
  static async open(host: Host, hit: Hit, { config, algorithms }: PlaceOptions): Promise<FloorFile> {
    const path = join(host.home, 'floors', toHex(hitBytes(hit)))
    const max = Math.min(config?.floorsMax ?? DEFAULTS.floorsMax, FLOORS_MAX)
    const mark = markOf(path)
    return new FloorFile(path, mark, max, readFloors(path, algorithms?.keys))
  }

  /** Whether the file is still the one that was read: each change is another file. */
  get current(): boolean {
    return markOf(this.#path) === this.#mark
  }

  /** Writes what is new, unless a newer start does so by now. Never rejects. */
  close(reason: EndpointEnd['reason']): Promise<void> {
    this.floors.onChange = () => undefined
    if (reason === 'fenced') clearTimeout(this.#timer)
    else if (this.#timer !== undefined) this.#save()
    return this.#saving
  }

  #later(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#save(), Math.max(FLOORS_SAVE_AFTER_MS, this.floors.size))
    this.#timer.unref()
  }

  #save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const bytes = encodeFloors(this.floors.all())
    this.#saving = this.#saving
      .then(() => replaceFile(this.#path, bytes))
      // The process goes on without: it only knows less of its peers when it is started again.
      .catch((error) => process.emitWarning(`${this.#path} cannot be written (${messageOf(error)})`, 'SojournWarning'))
  }
}

function markOf(path: string): string {
  const { ino, size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { ino: 0, size: 0, mtimeMs: 0 }
  return `${ino} ${size} ${mtimeMs}`
}

/** In one go: a process that thaws stands still, and each step handed to another thread would cost more than it takes. */
function readFloors(path: string, keys: KeyAlgorithms | undefined): readonly FrozenFloor[] {
  let why: string
  try {
    const bytes = readSmall(path)
    const floors = bytes === undefined ? { malformed: 'not a file of a sensible size' } : decodeFloors(bytes, keys)
    if (!('malformed' in floors)) return floors
    why = floors.malformed
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    why = messageOf(error)
  }
  const advice = 'restore it, or remove it and lose what is known of the peers’ starts'
  const what = `is damaged, or names keys of a kind this endpoint has not (${why})`
  throw new SojournError('ERR_SOJOURN_KEY_FILE', `file of floors ${path} ${what}: ${advice}`)
}

function readSmall(path: string): Uint8Array | undefined {
  const file = openSync(path, constants.O_RDONLY)
  try {
    const stats = fstatSync(file)
    return stats.isFile() && stats.size <= FLOOR_FILE_BYTES_MAX ? plain(readFileSync(file)) : undefined
  } finally {
    closeSync(file)
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await secretFolder(dirname(path))
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.chmod(0o600)
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  const folder = await open(dirname(path), constants.O_RDONLY).catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}
