// Memory of an idle association and side: one endpoint with a thousand associations, as Responder and as Initiator; the
// thousand peers live in another process and are not counted. V8's young generation grows to its full size (17 MiB here)
// in any process that keeps a few MiB; it is grown beforehand, so that it is not counted as ours, and told beside.

import { Child, type Report, spread } from './support.ts'

const ASSOCIATIONS = 1_000
const ROUNDS = 3
const BAR_KIB = 24

export async function memory(report: Report): Promise<boolean> {
  let ok = true
  for (const role of ['responder', 'initiator'] as const) {
    const values: number[] = []
    const young: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { each, youngGeneration } = await measure(role)
      values.push(each)
      young.push(youngGeneration)
    }
    report.figure(`sojourn/${role}/${ASSOCIATIONS}`, 'RSS of an idle association', 'KiB', spread(values))
    report.figure(`v8/${role}`, 'young generation, of the whole process', 'KiB', spread(young))
    ok &&= spread(values).median <= BAR_KIB
  }
  return ok
}

async function measure(role: 'responder' | 'initiator'): Promise<{ each: number; youngGeneration: number }> {
  const one = new Child('memory')
  const many = new Child('memory')
  try {
    const {
      peers: [address = ''],
    } = await one.ask<{ peers: string[] }>({ ask: 'open', count: 1 })
    const { peers } = await many.ask<{ peers: string[] }>({ ask: 'open', count: ASSOCIATIONS + WARM_UP })
    // The first ones pay for code and pools, not for themselves.
    await connect(role, one, many, address, peers.slice(0, WARM_UP), 0)
    const small = await one.ask<{ rss: number }>({ ask: 'settle' })
    await one.ask({ ask: 'grow' })
    const before = await one.ask<{ rss: number }>({ ask: 'settle' })
    await connect(role, one, many, address, peers.slice(WARM_UP), WARM_UP)
    const after = await one.ask<{ rss: number }>({ ask: 'settle' })
    return {
      each: (after.rss - before.rss) / 1024 / ASSOCIATIONS,
      youngGeneration: (before.rss - small.rss) / 1024,
    }
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
