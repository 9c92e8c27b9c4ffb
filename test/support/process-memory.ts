// Looks for bytes in the memory of another process of ours (Linux): everything that it can write to, heaps, stacks and buffers.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const CHUNK_BYTES = 4 * 1024 * 1024

/** Where the needles lie, by name; an address each. */
export function findInProcess(
  pid: number,
  needles: ReadonlyMap<string, Uint8Array>,
): { readonly found: ReadonlyMap<string, readonly string[]>; readonly bytes: number } {
  const found = new Map<string, string[]>()
  const overlap = Math.max(...[...needles.values()].map(({ length }) => length)) - 1
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const chunk = Buffer.alloc(CHUNK_BYTES + overlap)
  let bytes = 0
  try {
    for (const { from, to, what } of writable(pid)) {
      for (let at = from; at < to; at += CHUNK_BYTES) {
        const length = read(memory, chunk, at, Math.min(chunk.length, to - at))
        bytes += length
        const seen = chunk.subarray(0, length)
        for (const [name, needle] of needles) {
          for (let hit = seen.indexOf(needle); hit >= 0; hit = seen.indexOf(needle, hit + 1))
            found.set(name, [...(found.get(name) ?? []), `${what} ${(at + hit).toString(16)}`])
        }
      }
    }
  } finally {
    closeSync(memory)
  }
  return { found, bytes }
}

function read(memory: number, chunk: Buffer, at: number, length: number): number {
  try {
    return readSync(memory, chunk, 0, length, at)
  } catch {
    return 0 // a mapping that cannot be read, such as a guard page
  }
}

function writable(pid: number): readonly { readonly from: number; readonly to: number; readonly what: string }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, from = '', to = '', what = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ \d+\s*(.*)$/.exec(line) ?? []
      return from === '' ? [] : [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), what: what || 'anon' }]
    })
}
