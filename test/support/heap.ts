// What a process keeps in memory, read after collections: the heap, and the buffers beside it.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
// Else a thread of its own takes its time to give buffers back.
setFlagsFromString('--no-concurrent-array-buffer-sweeping')
const collect: () => void = runInNewContext('gc')

const ALIKE_BYTES = 4_096
const COLLECTIONS_MAX = 8

/** Bytes that something leads to, and a few that a collection had marked before nothing did any more. */
export function roughlyKeptBytes(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Bytes that something leads to: two collections agree. */
export function keptBytes(): number {
  let kept = roughlyKeptBytes()
  for (let n = 1; n < COLLECTIONS_MAX; n++) {
    const before = kept
    kept = roughlyKeptBytes()
    if (Math.abs(kept - before) < ALIKE_BYTES) break
  }
  return kept
}
