// Where a process spends its time, by part of the program: the CPU profiler of V8 takes a sample every tenth of a millisecond. What
// C does counts for the code of ours that called it, because all calls by koffi have one name in a profile.

import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'

const INTERVAL_US = 100

/** What taking samples costs, which is nobody's. */
const SAMPLING = 'sampling'

/** In the order in which they are asked. A path is from `dist`, or what Node calls a module of its own. */
const PARTS = [
  ['AES-GCM', /^src\/(node\/accelerated\/(gcm|icv-parameter|warm-context|openssl)|crypto\/(aead|esp-))/],
  ['signatures, agreements, hashes', /^src\/(node\/accelerated\/(ed25519|p256|kmac)|crypto\/)/],
  ['system calls', /^src\/node\/(accelerated\/|port|port-set)/],
  ['numbers, windows, memory of packets', /^src\/core\/sa\//],
  ['loss recovery, congestion control', /^src\/core\/transport\/recovery\//],
  ['frames and streams', /^src\/(core\/transport|wire)\//],
  ['association and engine', /^src\/(core|base)\//],
  ["Node's streams, driver", /^src\/node\/|^node:(internal\/streams|events)/],
  [SAMPLING, /^bench\/sampling|^node:inspector/],
  ['application', /^bench\//],
] as const

const COLLECTOR = 'garbage collector'
const RUNTIME = 'event loop and the rest'

const SHOWN = PARTS.map(([name]) => name).filter((name) => name !== SAMPLING)

export const PART_NAMES: readonly string[] = [...SHOWN, COLLECTOR, RUNTIME]

/** Microseconds, by part. */
export type Parts = Readonly<Record<string, number>>

/** Of all parts together. */
export const ALL = 'all'

/** What one of so many `times` took of each, as figures of this side. */
export function each(side: string, parts: Parts, times: number): Parts {
  const all = Object.values(parts).reduce((sum, us) => sum + us, 0)
  const entries = [...Object.entries(parts), [ALL, all] as const]
  return Object.fromEntries(entries.map(([part, us]) => [`${side}: ${part}`, us / times]))
}

let session: Session | undefined

/** Begins to take samples of this process. */
export async function beginSampling(): Promise<void> {
  session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  await session.post('Profiler.start')
}

/** Ends it, and says how many microseconds each part has had. */
export async function endSampling(): Promise<Parts> {
  const running = session
  if (running === undefined) throw new Error('nothing is being sampled')
  const { profile } = await running.post('Profiler.stop')
  running.disconnect()
  session = undefined
  return partsOf(profile)
}

/** Microseconds by part. Idle time, and what taking samples takes, is nobody's. */
export function partsOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Parts {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const parts = new Map<number, string | undefined>()
  const partOf = (id: number): string | undefined => {
    if (parts.has(id)) return parts.get(id)
    const part = named(byId.get(id)) ?? inherited(callers.get(id))
    parts.set(id, part)
    return part
  }
  const inherited = (caller: number | undefined): string | undefined =>
    caller === undefined ? RUNTIME : partOf(caller)
  const sums = Object.fromEntries(PART_NAMES.map((name) => [name, 0]))
  for (const [index, id] of samples.entries()) {
    if (byId.get(id)?.callFrame.functionName === '(idle)') continue
    const part = partOf(id)
    if (part !== undefined && part !== SAMPLING) sums[part] = (sums[part] ?? 0) + (timeDeltas[index] ?? 0)
  }
  return sums
}

/** The part that a function is of by itself; undefined if it is of its caller's. */
function named(node: Profiler.ProfileNode | undefined): string | undefined {
  if (node?.callFrame.functionName === '(garbage collector)') return COLLECTOR
  const url = node?.callFrame.url ?? ''
  const path = /\/dist\/((?:src|bench)\/.*)$/.exec(url)?.[1] ?? url
  return PARTS.find(([, pattern]) => pattern.test(path))?.[0]
}
