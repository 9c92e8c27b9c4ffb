// Memory of an idle association and side: one endpoint with a thousand associations, as Responder and as Initiator; the
// thousand peers live in another process and are not counted. The bar is on all that an idle process grows by. Beside it, what it
// has grown by when the last exchange has just ended: V8 keeps a young generation of many MiB as long as a process has been
// busy in the last seconds, and gives it back with the first collection after that.

import { Child, type Report, spread } from './support.ts'

const ASSOCIATIONS = 1_000
const ROUNDS = 3
const BAR_KIB = 24

export async function memory(report: Report): Promise<boolean> {
  let ok = true
  for (const role of ['responder', 'initiator'] as const) {
    const values: number[] = []
    const busy: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const kib = await measure(role)
      values.push(kib.idle)
      busy.push(kib.busy)
    }
    report.figure(`sojourn/${role}/${ASSOCIATIONS}`, 'RSS of an idle association', 'KiB', spread(values))
    report.figure(`sojourn/${role}/${ASSOCIATIONS}`, 'RSS right after the exchanges', 'KiB', spread(busy))
    ok &&= spread(values).median <= BAR_KIB
  }
  return ok
}

interface Grown {
  readonly idle: number
  readonly busy: number
}

async function measure(role: 'responder' | 'initiator'): Promise<Grown> {
  const one = new Child('memory')
  const many = new Child('memory')
  try {
    const {
      peers: [address = ''],
    } = await one.ask<{ peers: string[] }>({ ask: 'open', count: 1 })
    const { peers } = await many.ask<{ peers: string[] }>({ ask: 'open', count: ASSOCIATIONS + WARM_UP })
    // The first ones pay for code and pools, not for themselves.
    await connect(role, one, many, address, peers.slice(0, WARM_UP), 0)
    const before = await one.ask<Grown>({ ask: 'settle', idleMs: IDLE_MS })
    await connect(role, one, many, address, peers.slice(WARM_UP), WARM_UP)
    const after = await one.ask<Grown>({ ask: 'settle', idleMs: IDLE_MS })
    const each = (bytes: number): number => bytes / 1024 / ASSOCIATIONS
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
