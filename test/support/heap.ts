// What a process keeps in memory, read after collections: the heap, and the buffers beside it.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
// Else a thread of its own takes its time to give buffers back.
setFlagsFromString('--no-concurrent-array-buffer-sweeping')
const collect: () => void = runInNewContext('gc')

/** Bytes that something leads to. */
export function keptBytes(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
