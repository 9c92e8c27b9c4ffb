// Blackout of a move on loopback, at the peer: last packet accepted before → first after, with ≥ 2,000 packets a second.
// `pushed`: the service sends by itself, as a game does. `echoed`: the peer asks and the service answers, so that a whole round trip
// lies between. `transfer`: the service fills a stream, of which the peer checks every byte. Prepared: the target process runs and has given READY. Cold: freeze to bytes, start a Node
// process, thaw there.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gate } from './gate.ts'
import { type BenchOptions, wanted } from './options.ts'
import type { Report } from './report.ts'
import { Child, quantile, spread } from './support.ts'

/** Moves at which the machine was busy with something else are made again, up to so many times as many in all. */
const AGAIN_MAX = 4
const COLD_MOVES = 10

/** The role that plays each kind, and the bars for half of the moves and for all but a hundredth. */
const KINDS = {
  pushed: { role: 'moves', p50Ms: 10, p99Ms: 50 },
  echoed: { role: 'moves', p50Ms: 10, p99Ms: 50 },
  transfer: { role: 'transfers', p50Ms: 15, p99Ms: 60 },
} as const

type Kind = keyof typeof KINDS

interface Blackout {
  readonly ms: number
  readonly packetsPerSecond?: number
  readonly bytesPerMs?: number
  readonly capsuleBytes: number
}

/** What the peer of a transfer has found out. */
interface Checked {
  readonly wrong: number
  readonly read: number
}

export async function moves(report: Report, options: BenchOptions): Promise<boolean> {
  let ok = true
  for (const kind of Object.keys(KINDS) as Kind[])
    if (wanted(options, kind)) ok = (await inOneFolder((folder) => run(report, kind, folder, options.moves))) && ok
  return ok
}

async function run(report: Report, kind: Kind, folder: string, count: number): Promise<boolean> {
  const { role, p50Ms, p99Ms } = KINDS[kind]
  const ledger = join(folder, 'ledger')
  const spawn = (name: string): Child => new Child(role, [kind, join(folder, name), ledger])
  const children = [spawn('peer'), spawn('a'), spawn('b')]
  const [peer, a, b] = children
  try {
    if (peer === undefined || a === undefined || b === undefined) throw new Error('three processes are needed')
    const { address } = await a.ask<{ address: string }>({ ask: 'serve' })
    await peer.ask({ ask: 'probe', address })
    const { counted, checked } = await preparedMoves({ peer, a, b }, address.split('@')[0] ?? '', folder, count)
    const times = counted.map(({ ms }) => ms)
    report.figure(`prepared/${kind}`, 'blackout', 'ms', spread(times))
    report.figure(`prepared/${kind}`, 'blackout p99', 'ms', spread([quantile(times, 0.99)]))
    const figure = (metric: string, unit: string, of: (one: Blackout) => number | undefined): void => {
      const values = counted.flatMap((one) => of(one) ?? [])
      if (values.length > 0) report.figure(`prepared/${kind}`, metric, unit, spread(values))
    }
    figure('packets', '1/s', (one) => one.packetsPerSecond)
    figure('goodput before', 'MB/s', ({ bytesPerMs }) => bytesPerMs && bytesPerMs / 1_000)
    figure('capsule', 'KiB', ({ capsuleBytes }) => capsuleBytes / 1_024)
    if (kind === 'transfer') {
      report.figure(`prepared/${kind}`, 'bytes checked', 'MB', spread([checked.read / 1e6]))
      report.figure(`prepared/${kind}`, 'pieces lost, repeated or wrong', '', spread([checked.wrong]))
    }
    if (kind === 'echoed') {
      report.figure('cold', 'blackout', 'ms', spread(await coldMoves(children, peer, spawn)))
    }
    return quantile(times, 0.5) <= p50Ms && quantile(times, 0.99) <= p99Ms && checked.wrong === 0
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

interface Cast {
  readonly peer: Child
  readonly a: Child
  readonly b: Child
}

/** Moves between two processes that both run; the capsule goes from one to the other without us. */
async function preparedMoves(
  { peer, a, b }: Cast,
  hit: string,
  folder: string,
  count: number,
): Promise<{ readonly counted: readonly Blackout[]; readonly checked: Checked }> {
  const gate = new Gate()
  const counted: Blackout[] = []
  const all: Blackout[] = []
  let checked: Checked = { wrong: 0, read: 0 }
  for (let move = 0; move < AGAIN_MAX * count && counted.length < count; move++) {
    const [from, to] = move % 2 === 0 ? [a, b] : [b, a]
    const { ready } = await to.ask<{ ready: Uint8Array }>({ ask: 'offer', hit })
    const path = join(folder, `way-${move}`)
    await to.ask({ ask: 'await', path })
    await from.ask({ ask: 'dial', path })
    const before = await peer.ask<Pick<Blackout, 'packetsPerSecond' | 'bytesPerMs'>>({ ask: 'mark' })
    const [blackout, counts] = await gate.sample(async () => {
      const { bytes: capsuleBytes } = await from.ask<{ bytes: number }>({ ask: 'move', ready })
      const { ms, ...found } = await peer.ask<Checked & { ms: number }>({ ask: 'blackout', rebounds: move + 1 })
      checked = { ...checked, ...found }
      return { ms, capsuleBytes, ...before }
    })
    all.push(blackout)
    if (counts) counted.push(blackout)
  }
  const { passed, refused } = gate.share
  console.error(`moves: ${passed} counted, ${refused} left out because the machine was busy`)
  return { counted: counted.length > 0 ? counted : all, checked }
}

/** The old process is gone before the new one starts: rolling replacement without any preparation. */
async function coldMoves(children: Child[], peer: Child, spawn: (name: string) => Child): Promise<number[]> {
  const times: number[] = []
  let from: Child | undefined
  let name = 'a'
  for (const [index, child] of children.entries())
    if ((await child.ask<{ serves: boolean }>({ ask: 'serves' })).serves && index > 0) {
      from = child
      name = ['peer', 'a', 'b'][index] ?? 'a'
    }
  for (let move = 0; move < COLD_MOVES; move++) {
    await peer.ask({ ask: 'mark' })
    const frozen = await from?.ask<{ capsule: Uint8Array }>({ ask: 'freeze' })
    await from?.stop()
    from = spawn(name)
    children.push(from)
    await from.ask({ ask: 'thaw', capsule: frozen?.capsule })
    times.push((await peer.ask<{ ms: number }>({ ask: 'blackout' })).ms)
  }
  return times
}

async function inOneFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sojourn-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
