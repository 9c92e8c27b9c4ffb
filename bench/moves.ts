// Blackout of a move on loopback, at the peer: last packet accepted before → first after, with ≥ 2,000 packets a second.
// `pushed`: the service sends by itself, as a stream or a game does. `echoed`: the peer asks and the service answers, so that
// a whole round trip lies between. Prepared: the target process runs and has given READY. Cold: freeze to bytes, start a Node
// process, thaw there.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gate } from './gate.ts'
import { Child, quantile, type Report, spread } from './support.ts'

const MOVES = 100
/** Moves at which the machine was busy with something else are made again, up to so many in all. */
const MOVES_MAX = 400
const COLD_MOVES = 10
const P50_MS = 10
const P99_MS = 50

interface Blackout {
  readonly ms: number
  readonly packetsPerSecond: number
}

export async function moves(report: Report): Promise<boolean> {
  let ok = true
  for (const kind of ['pushed', 'echoed'] as const)
    ok = (await inOneFolder((folder) => run(report, kind, folder))) && ok
  return ok
}

async function run(report: Report, kind: 'pushed' | 'echoed', folder: string): Promise<boolean> {
  const ledger = join(folder, 'ledger')
  const spawn = (name: string): Child => new Child('moves', [kind, join(folder, name), ledger])
  const children = [spawn('peer'), spawn('a'), spawn('b')]
  const [peer, a, b] = children
  try {
    if (peer === undefined || a === undefined || b === undefined) throw new Error('three processes are needed')
    const { address } = await a.ask<{ address: string }>({ ask: 'serve' })
    await peer.ask({ ask: 'probe', address })
    const prepared = await preparedMoves(peer, a, b, address.split('@')[0] ?? '', join(folder, 'way'))
    const times = prepared.map(({ ms }) => ms)
    report.figure(`prepared/${kind}`, 'blackout', 'ms', spread(times))
    report.figure(`prepared/${kind}`, 'blackout p99', 'ms', spread([quantile(times, 0.99)]))
    report.figure(`prepared/${kind}`, 'packets', '1/s', spread(prepared.map((one) => one.packetsPerSecond)))
    if (kind === 'echoed') {
      report.figure('cold', 'blackout', 'ms', spread(await coldMoves(children, peer, spawn)))
    }
    return quantile(times, 0.5) <= P50_MS && quantile(times, 0.99) <= P99_MS
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

/** Moves between two processes that both run; the capsule goes from one to the other without us. */
async function preparedMoves(peer: Child, a: Child, b: Child, hit: string, way: string): Promise<Blackout[]> {
  const gate = new Gate()
  const counted: Blackout[] = []
  const all: Blackout[] = []
  for (let move = 0; move < MOVES_MAX && counted.length < MOVES; move++) {
    const [from, to] = move % 2 === 0 ? [a, b] : [b, a]
    const { ready } = await to.ask<{ ready: Uint8Array }>({ ask: 'offer', hit })
    const path = `${way}-${move}`
    await to.ask({ ask: 'await', path })
    await from.ask({ ask: 'dial', path })
    const { packetsPerSecond } = await peer.ask<{ packetsPerSecond: number }>({ ask: 'mark' })
    const [blackout, counts] = await gate.sample(async () => {
      await from.ask({ ask: 'move', ready })
      const { ms } = await peer.ask<{ ms: number }>({ ask: 'blackout' })
      return { ms, packetsPerSecond }
    })
    all.push(blackout)
    if (counts) counted.push(blackout)
  }
  const { passed, refused } = gate.share
  console.error(`moves: ${passed} counted, ${refused} left out because the machine was busy`)
  return counted.length > 0 ? counted : all
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
