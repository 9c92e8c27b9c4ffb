// What a flood of I1s costs (docs/THREATS.md, D1), against an engine in its own process: the memory that 200,000 spoofed ones from
// 50,000 addresses leave behind, and how much longer the exchange of an honest client takes while 20,000 a second come. And what the
// puzzles of a Responder under attack cost that client, in two processes: above all, how long its event loop stands still.

import { Gate } from './gate.ts'
import type { Report } from './report.ts'
import { Child, quantile, spread } from './support.ts'

const SPOOFED = 200_000
const PER_SECOND = 20_000
const EXCHANGES = 40
const ROUNDS = 5
/** Rounds at which the machine was busy with something else are run again, up to so many in all. */
const ROUNDS_MAX = 25
const HEAP_BAR_KIB = 1_024
const DELAY_BAR_MS = 250
/** K: none, what a Responder asks for at most unless it is told otherwise, and eight times as much work. */
const DIFFICULTIES = [0, 13, 16] as const
const PUZZLES = 30

interface Left {
  readonly heapBytes: number
  readonly associations: number
  readonly signatures: number
  readonly answered: number
  readonly ms: number
}

export async function flood(report: Report): Promise<boolean> {
  const child = new Child('flood')
  try {
    await child.ask({ ask: 'open' })
    const left = await remains(report, child)
    const delayed = await delays(report, child)
    await puzzles(report)
    return delayed && left
  } finally {
    await child.stop()
  }
}

async function remains(report: Report, child: Child): Promise<boolean> {
  // The first flood pays for code and pools.
  await child.ask<Left>({ ask: 'spoof', count: SPOOFED })
  const { heapBytes, associations, signatures, answered, ms } = await child.ask<Left>({ ask: 'spoof', count: SPOOFED })
  report.figure('sojourn/spoofed I1s', 'heap left behind', 'KiB', spread([heapBytes / 1024]))
  report.figure('sojourn/spoofed I1s', 'CPU of one', 'µs', spread([(1000 * ms) / SPOOFED]))
  report.figure('sojourn/spoofed I1s', 'R1s', 'of one', spread([answered / SPOOFED]))
  report.figure('sojourn/spoofed I1s', 'associations', '', spread([associations]))
  report.figure('sojourn/spoofed I1s', 'signatures', '', spread([signatures]))
  return heapBytes <= HEAP_BAR_KIB * 1024 && associations === 0 && signatures === 0
}

async function delays(report: Report, child: Child): Promise<boolean> {
  const run = (perSecond: number): Promise<{ each: number[]; lost: number }> =>
    child.ask({ ask: 'exchange', perSecond, count: EXCHANGES })
  const gate = new Gate()
  const calm: number[] = []
  const flooded: number[] = []
  let lost = 0
  await run(PER_SECOND)
  for (let round = 0; round < ROUNDS_MAX && flooded.length < ROUNDS * EXCHANGES; round++) {
    const both = async () => [await run(0), await run(PER_SECOND)] as const
    const [[quiet, busy], counts] = await gate.sample(both)
    if (!counts) continue
    calm.push(...quiet.each)
    flooded.push(...busy.each)
    lost += busy.lost
  }
  if (flooded.length === 0) throw new Error('the machine was never free')
  const { passed, refused } = gate.share
  console.error(
    `flood: ${passed} rounds counted, ${refused} left out because the machine was busy; ${lost} I1s too many`,
  )
  report.figure('sojourn/calm', 'base exchange', 'ms', spread(calm))
  report.figure(`sojourn/${PER_SECOND} I1s a second`, 'base exchange', 'ms', spread(flooded))
  const more = quantile(flooded, 0.99) - quantile(calm, 0.99)
  report.figure(`sojourn/${PER_SECOND} I1s a second`, 'more at the 99th percentile', 'ms', spread([more]))
  return more <= DELAY_BAR_MS
}

/** There is no bar: that it is solved in slices is what keeps the second figure small while the first grows. */
async function puzzles(report: Report): Promise<void> {
  const [server, client] = [new Child('solving'), new Child('solving')]
  try {
    for (const difficulty of DIFFICULTIES) {
      const { address } = await server.ask<{ address: string }>({ ask: 'serve', difficulty })
      const solved: { ms: number; stallMs: number }[] = []
      // The first ones compile.
      for (let puzzle = -PUZZLES; puzzle < PUZZLES; puzzle++) {
        const one = await client.ask<{ ms: number; stallMs: number }>({ ask: 'solve', address })
        if (puzzle >= 0) solved.push(one)
      }
      const name = `sojourn/puzzle of difficulty ${difficulty}`
      report.figure(name, 'base exchange', 'ms', spread(solved.map(({ ms }) => ms)))
      report.figure(name, 'longest stall of the event loop', 'ms', spread(solved.map(({ stallMs }) => stallMs)))
    }
  } finally {
    await Promise.all([server, client].map((child) => child.stop()))
  }
}
