// Memory of an idle association and side: one endpoint with a thousand associations, and with ten thousand, as Responder and as
// Initiator; the peers live in another process and are not counted. The bar is on all that an idle process grows by. Beside it,
// what it has grown by when the last exchange has just ended: V8 keeps a young generation of many MiB as long as a process has
// been busy in the last seconds, and gives it back with the first collection after that.

import type { Report } from './report.ts'
import { Child, spread } from './support.ts'

/** So many associations, measured so many times, take at most so much each. */
const SIZES = [
  { associations: 1_000, rounds: 3, barKib: 24 },
  { associations: 10_000, rounds: 1, barKib: 16 },
] as const

export async function memory(report: Report): Promise<boolean> {
  let ok = true
  for (const { associations, rounds, barKib } of SIZES) {
    for (const role of ['responder', 'initiator'] as const) {
      const values: number[] = []
      const busy: number[] = []
      for (let round = 0; round < rounds; round++) {
        const kib = await measure(role, associations)
        values.push(kib.idle)
        busy.push(kib.busy)
      }
      report.figure(`sojourn/${role}/${associations}`, 'RSS of an idle association', 'KiB', spread(values))
      report.figure(`sojourn/${role}/${associations}`, 'RSS right after the exchanges', 'KiB', spread(busy))
      ok = spread(values).median <= barKib && ok
    }
  }
  return ok
}

interface Grown {
  readonly idle: number
  readonly busy: number
}

async function measure(role: 'responder' | 'initiator', associations: number): Promise<Grown> {
  const one = new Child('memory')
  const many = new Child('memory')
  try {
    const {
      peers: [address = ''],
    } = await one.ask<{ peers: string[] }>({ ask: 'open', count: 1 })
    const { peers } = await many.ask<{ peers: string[] }>({ ask: 'open', count: associations + WARM_UP })
    // The first ones pay for code and pools, not for themselves.
    await connect(role, one, many, address, peers.slice(0, WARM_UP), 0)
    const before = await one.ask<Grown>({ ask: 'settle', idleMs: IDLE_MS })
    await connect(role, one, many, address, peers.slice(WARM_UP), WARM_UP)
    const after = await one.ask<Grown>({ ask: 'settle', idleMs: IDLE_MS })
    const each = (bytes: number): number => bytes / 1024 / associations
    return { idle: each(after.idle - before.idle), busy: each(after.busy - before.idle) }
  } finally {
    await Promise.all([one.stop(), many.stop()])
  }
}

/** V8 judges by the last five seconds whether a process is busy, and idle associations send a keepalive every fifteen. */
const IDLE_MS = 20_000
const WARM_UP = 200

async function connect(
  role: string,
  one: Child,
  many: Child,
  address: string,
  peers: readonly string[],
  from: number,
): Promise<void> {
  if (role === 'initiator') await one.ask({ ask: 'dial', peers })
  else await many.ask({ ask: 'dialAll', address, from, count: peers.length })
}
