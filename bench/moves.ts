// Blackout of a move on loopback, at the peer: last packet accepted before → first after, with ≥ 2,000 probes a second.
// Prepared: the target process runs and has given READY. Cold: freeze to bytes, start a Node process, thaw there.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child, quantile, type Report, spread } from './support.ts'

const MOVES = 100
const COLD_MOVES = 10
const P50_MS = 10
const P99_MS = 50

interface Blackout {
  readonly ms: number
  readonly probesPerSecond: number
}

export async function moves(report: Report): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'sojourn-bench-'))
  const ledger = join(folder, 'ledger')
  const spawn = (name: string): Child => new Child('moves', [join(folder, name), ledger])
  const children = [spawn('peer'), spawn('a'), spawn('b')]
  const [peer, a, b] = children
  try {
    if (peer === undefined || a === undefined || b === undefined) throw new Error('three processes are needed')
    const { address } = await a.ask<{ address: string }>({ ask: 'serve' })
    await peer.ask({ ask: 'probe', address })
    const prepared: Blackout[] = []
    for (let move = 0; move < MOVES; move++) {
      const [from, to] = move % 2 === 0 ? [a, b] : [b, a]
      const { ready } = await to.ask<{ ready: Uint8Array }>({ ask: 'offer', hit: address.split('@')[0] })
      await peer.ask({ ask: 'mark' })
      const { capsule } = await from.ask<{ capsule: Uint8Array }>({ ask: 'freeze', ready })
      await to.ask({ ask: 'thaw', capsule })
      prepared.push(await peer.ask<Blackout>({ ask: 'blackout' }))
    }
    const cold = await coldMoves(children, peer, spawn)
    const times = prepared.map(({ ms }) => ms)
    report.figure('prepared', 'blackout', 'ms', spread(times))
    report.figure('prepared', 'blackout p99', 'ms', spread([quantile(times, 0.99)]))
    report.figure('prepared', 'probes', '1/s', spread(prepared.map(({ probesPerSecond }) => probesPerSecond)))
    report.figure('cold', 'blackout', 'ms', spread(cold))
    return quantile(times, 0.5) <= P50_MS && quantile(times, 0.99) <= P99_MS
  } finally {
    await Promise.all(children.map((child) => child.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

/** The old process is gone before the new one starts: rolling replacement without any preparation. */
async function coldMoves(children: Child[], peer: Child, spawn: (name: string) => Child): Promise<number[]> {
  const times: number[] = []
  // After an even number of prepared moves the service is back in `a`.
  let from = children[1]
  for (let move = 0; move < COLD_MOVES; move++) {
    await peer.ask({ ask: 'mark' })
    const frozen = await from?.ask<{ capsule: Uint8Array }>({ ask: 'freeze' })
    await from?.stop()
    from = spawn('a')
    children.push(from)
    await from.ask({ ask: 'thaw', capsule: frozen?.capsule })
    times.push((await peer.ask<Blackout>({ ask: 'blackout' })).ms)
  }
  return times
}
