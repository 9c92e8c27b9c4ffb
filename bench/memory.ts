// Memory of an idle association and side: one endpoint with a thousand associations, as Responder and as Initiator; the
// thousand peers live in another process and are not counted. The bar is on all that the process grows by. Half of that is V8's
// young generation, which grows to its full size in any process that keeps a few MiB; what an association takes in a process
// where that has happened before is told beside, and is the figure for many more than a thousand.

import { Child, type Report, spread } from './support.ts'

const ASSOCIATIONS = 1_000
const ROUNDS = 3
const BAR_KIB = 24

export async function memory(report: Report): Promise<boolean> {
  let ok = true
  for (const role of ['responder', 'initiator'] as const) {
    const values: number[] = []
    const grown: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      values.push(await measure(role, false))
      grown.push(await measure(role, true))
    }
    report.figure(`sojourn/${role}/${ASSOCIATIONS}`, 'RSS of an idle association', 'KiB', spread(values))
    report.figure(`sojourn/${role}/${ASSOCIATIONS}`, 'without V8’s young generation', 'KiB', spread(grown))
    ok &&= spread(values).median <= BAR_KIB
  }
  return ok
}

async function measure(role: 'responder' | 'initiator', grownBefore: boolean): Promise<number> {
  const one = new Child('memory')
  const many = new Child('memory')
  try {
    const {
      peers: [address = ''],
    } = await one.ask<{ peers: string[] }>({ ask: 'open', count: 1 })
    const { peers } = await many.ask<{ peers: string[] }>({ ask: 'open', count: ASSOCIATIONS + WARM_UP })
    // The first ones pay for code and pools, not for themselves.
    await connect(role, one, many, address, peers.slice(0, WARM_UP), 0)
    if (grownBefore) await one.ask({ ask: 'grow' })
    const before = await one.ask<{ rss: number }>({ ask: 'settle' })
    await connect(role, one, many, address, peers.slice(WARM_UP), WARM_UP)
    const after = await one.ask<{ rss: number }>({ ask: 'settle' })
    return (after.rss - before.rss) / 1024 / ASSOCIATIONS
  } finally {
    await Promise.all([one.stop(), many.stop()])
  }
}

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
