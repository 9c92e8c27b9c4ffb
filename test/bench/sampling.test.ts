// A profile by parts of the program: what each part is charged for, and what nobody is.

import { expect, it } from 'vitest'
import { PART_NAMES, partsOf } from '../../bench/sampling.ts'

const node = (id: number, functionName: string, url: string, ...children: number[]) => ({
  id,
  callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 },
  children,
})

/** (root) → application → Node's write → our stream → seal → a native call; and what is beside it. */
const nodes = [
  node(1, '(root)', '', 2, 7, 8, 9, 11),
  node(2, 'more', 'file:///x/dist/bench/contenders/pipe.js', 3),
  node(3, 'write', 'node:internal/streams/writable', 4),
  node(4, '_write', 'file:///x/dist/src/node/stream.js', 5),
  node(5, 'seal', 'file:///x/dist/src/node/accelerated/gcm.js', 6),
  node(6, 'socket', ''),
  node(7, '(idle)', ''),
  node(8, '(garbage collector)', ''),
  node(9, 'epoll', 'node:internal/timers', 10),
  node(10, 'onAck', 'file:///x/dist/src/core/transport/recovery/recovery.js'),
  node(11, 'endSampling', 'file:///x/dist/bench/sampling.js', 12),
  node(12, 'dispatch', ''),
]

it('charges native calls to who made them, and leaves out idle time and what taking samples takes', () => {
  const samples = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
  const timeDeltas = [1, 2, 4, 8, 16, 1_000, 32, 64, 128, 2_000, 4_000]
  const parts = partsOf({ nodes, samples, timeDeltas, startTime: 0, endTime: 0 })
  expect(Object.entries(parts).filter(([, us]) => us > 0)).toEqual([
    ['AES-GCM', 8 + 16],
    ['loss recovery, congestion control', 128],
    ["Node's streams, driver", 2 + 4],
    ['application', 1],
    ['garbage collector', 32],
    ['event loop and the rest', 64],
  ])
  expect(Object.keys(parts)).toEqual(PART_NAMES)
})
