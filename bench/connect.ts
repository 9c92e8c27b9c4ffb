// New associations a second, each with its first byte echoed, one after another and sixteen at once, beside everybody else on
// loopback. Identities are made beforehand; nobody resumes anything.

import { certificate } from './certificate.ts'
import type { BenchOptions } from './options.ts'
import { ACCELERATED, type Pair, type PairPlan, PORTABLE, withPairs } from './pairs.ts'
import type { Report } from './report.ts'
import { type Case, figures, firstRuns, interleaved } from './rounds.ts'
import { quantile } from './support.ts'

const ROUNDS = 7
/** Two thousand associations are over before all of our code is compiled. */
const WARM_UPS = 11
const MS_MAX = 320_000
const ANSWER_MS_MAX = 60_000

/** `line`: what iroh does on such a machine, which is to be passed. */
const WAYS = [
  { way: 'one after another', atOnce: 1, line: 361 },
  { way: '16 at once', atOnce: 16, line: 808 },
] as const

const METRIC = 'new associations'
const TLS = 'node:tls, mutual'
const RIVALS = [TLS, 'hyperdht', 'udx + secret-stream', 'tcp + secret-stream', 'libp2p', 'node:net'] as const
/** Connections in a round; fewer of those who take long. */
const COUNT = 100
const COUNTS: Readonly<Record<string, number>> = { libp2p: 32 }

const PLANS: readonly PairPlan[] = [
  { name: 'sojourn/accelerated', contender: 'sojourn', env: ACCELERATED },
  { name: 'sojourn/portable', contender: 'sojourn', env: PORTABLE },
  ...RIVALS.map((contender) => ({ name: contender, contender })),
]

export async function connect(report: Report, _options: BenchOptions): Promise<boolean> {
  const cases = (pairs: readonly Pair[]): Case[] => pairs.flatMap((pair) => WAYS.map((way) => connected(pair, way)))
  const measured = await withPairs(
    report,
    PLANS,
    certificate(),
    (pairs) => interleaved(report, cases(pairs), { rounds: ROUNDS, warmUps: WARM_UPS, msMax: MS_MAX }),
    false,
  )
  const met: boolean[] = []
  for (const { way, line } of WAYS) {
    const names = PLANS.map(({ name }) => `${name}/${way}`)
    figures(report, names, measured, METRIC, '1/s')
    firstRuns(report, names, measured, METRIC, '1/s')
    figures(report, names, measured, 'p50', 'ms')
    for (const name of ['sojourn/accelerated', 'sojourn/portable'].map((ours) => `${ours}/${way}`)) {
      for (const rival of RIVALS) {
        if (measured.count(`${rival}/${way}`) > 0)
          report.ratio(name, `${rival}/${way}`, [measured.ratio(name, `${rival}/${way}`, METRIC)], METRIC)
      }
      met.push(
        report.bar(`${name} beside mutual TLS`, measured.ratio(name, `${TLS}/${way}`, METRIC), { atLeast: 2 }),
        report.bar(`${name}, 1/s`, measured.median(name, METRIC), { atLeast: line }),
      )
    }
  }
  return met.every((bar) => bar)
}

function connected(pair: Pair, { way, atOnce }: (typeof WAYS)[number]): Case {
  const count = COUNTS[pair.name] ?? COUNT
  const measure = async () => {
    const { ms, each } = await pair.client.ask<{ ms: number; each: number[] }>(
      { ask: 'connects', address: pair.address, count, atOnce },
      ANSWER_MS_MAX,
    )
    return { [METRIC]: (1_000 * count) / ms, p50: quantile(each, 0.5) }
  }
  return { name: `${pair.name}/${way}`, prepare: () => pair.prepare(count), measure }
}
