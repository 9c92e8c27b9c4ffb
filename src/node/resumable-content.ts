// What a resumable server serves: bytes of a path from any offset on, and how to tell that they are still the same. A folder of files
// is such a source.

import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { OutgoingHttpHeaders } from 'node:http'
import { join, sep } from 'node:path'
import { Readable } from 'node:stream'

/** What is behind a path. */
export interface Content {
  /** Bytes of the whole, wherever `body` begins. */
  readonly size: number
  /** The bytes from the offset that was asked for. More than are wanted is no error; fewer break the response off. */
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Tells one content of this path from another one. A response goes on only with the version that it began with. */
  readonly version?: string | undefined
  /** Sent along with those that the server makes. */
  readonly headers?: OutgoingHttpHeaders | undefined
}

/** Opens what is behind a path of a URL (as it was written, without the query), from byte `offset` on; undefined if nothing is there. */
export type Open = (path: string, offset: number) => Promise<Content | undefined> | Content | undefined

/** A folder whose files are served, or a function that opens what is to be served. */
export type Source = { readonly root: string } | { readonly open: Open }

/** The function behind a source. */
export function openOf(source: Source): Open {
  if ('open' in source) return source.open
  return (path, offset) => openFile(source.root, path, offset)
}

/** Nobody wants it after all. */
export function discard({ body }: Content): void {
  if (body instanceof Readable) body.destroy()
  else if (Symbol.asyncIterator in body) void body[Symbol.asyncIterator]().return?.()
}

// The time of the last change goes along as version: on the next machine it is the same for a file that was copied with its times.
async function openFile(root: string, path: string, offset: number): Promise<Content | undefined> {
  const file = await fileOf(root, path)
  if (file === undefined) return undefined
  const { name, size, changed } = file
  const body = offset < size ? createReadStream(name, { start: offset }) : []
  return { size, body, version: changed, headers: { 'last-modified': changed } }
}

interface File {
  readonly name: string
  readonly size: number
  readonly changed: string
}

async function fileOf(root: string, path: string): Promise<File | undefined> {
  try {
    const folder = await realpath(root)
    // A link that leads out of the folder is not followed.
    const name = await realpath(join(folder, decodeURIComponent(path)))
    if (!name.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return undefined
    const found = await stat(name)
    return found.isFile() ? { name, size: found.size, changed: found.mtime.toUTCString() } : undefined
  } catch {
    // Not there, not ours to read, or no path at all: all the same to whoever asks.
    return undefined
  }
}
