// Memory of an idle stream that has carried a byte each way, at the end that opened it and at the end that took it: ten thousand
// streams over forty associations, whose other ends live in another process and are not counted. As bench/memory does, the bar is
// on all that an idle process grows by.

import type { Report } from './report.ts'
import { Child, spread } from './support.ts'

const ASSOCIATIONS = 40
const EACH = 240
const WARM_UP_EACH = 10
const BAR_KIB = 2
/** V8 judges by the last five seconds whether a process is busy. */
const IDLE_MS = 10_000

interface Settled {
  readonly rss: number
  readonly heap: number
  readonly streams: number
}

export async function idleStreams(report: Report): Promise<boolean> {
  let ok = true
  for (const role of ['opened', 'taken'] as const) {
    const { rss, heap } = await measure(role)
    report.figure(`sojourn/idle streams/${role}`, 'RSS of one', 'KiB', spread([rss]))
    report.figure(`sojourn/idle streams/${role}`, 'heap of one', 'KiB', spread([heap]))
    ok = rss <= BAR_KIB && ok
  }
  return ok
}

/** The process that is measured has one endpoint; the other has one for each association. */
async function measure(role: 'opened' | 'taken'): Promise<{ readonly rss: number; readonly heap: number }> {
  const [one, many] = [new Child('idle-streams'), new Child('idle-streams')]
  try {
    const here = await one.ask<{ peers: string[] }>({ ask: 'open', count: 1 })
    const there = await many.ask<{ peers: string[] }>({ ask: 'open', count: ASSOCIATIONS })
    const [opener, addresses] = role === 'opened' ? [one, there.peers] : [many, here.peers]
    await opener.ask({ ask: 'associate', addresses })
    await opener.ask({ ask: 'streams', each: WARM_UP_EACH })
    const before = await one.ask<Settled>({ ask: 'settle', idleMs: IDLE_MS })
    await opener.ask({ ask: 'streams', each: EACH })
    const after = await one.ask<Settled>({ ask: 'settle', idleMs: IDLE_MS })
    const streams = after.streams - before.streams
    return { rss: (after.rss - before.rss) / 1024 / streams, heap: (after.heap - before.heap) / 1024 / streams }
  } finally {
    await Promise.all([one.stop(), many.stop()])
  }
}
