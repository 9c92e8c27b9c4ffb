// 64 bytes there and back on a stream that is open, one after another, beside everybody else on loopback.

import { certificate } from './certificate.ts'
import type { BenchOptions } from './options.ts'
import { ACCELERATED, type Pair, type PairPlan, PORTABLE, withPairs } from './pairs.ts'
import type { Report } from './report.ts'
import { type Case, figures, interleaved } from './rounds.ts'
import { quantile } from './support.ts'

const BYTES = 64
const PINGS = 2_000
const ROUNDS = 7
/** Some thousand pings are over before all of our code is compiled. */
const WARM_UPS = 3
const MS_MAX = 150_000
const ANSWER_MS_MAX = 60_000
/** Datagrams of the loops: the sealed ones have to be told apart from full ones. */
const PACKET_BYTES = 1_400

const TLS = 'node:tls, mutual'
const RIVALS = [TLS, 'node:net', 'hyperdht', 'udx + secret-stream', 'tcp + secret-stream', 'libp2p'] as const

const PLANS: readonly PairPlan[] = [
  { name: 'sojourn/accelerated', contender: 'sojourn', env: ACCELERATED },
  { name: 'sojourn/portable', contender: 'sojourn', env: PORTABLE },
  { name: 'sealed loop/accelerated', contender: 'sealed loop', env: ACCELERATED, packetBytesMax: PACKET_BYTES },
  { name: 'sealed loop/portable', contender: 'sealed loop', env: PORTABLE, packetBytesMax: PACKET_BYTES },
  { name: 'node:dgram', contender: 'node:dgram', packetBytesMax: PACKET_BYTES },
  ...RIVALS.map((contender) => ({ name: contender, contender })),
]

export async function rtt(report: Report, _options: BenchOptions): Promise<boolean> {
  const measured = await withPairs(report, PLANS, certificate(), (pairs) =>
    interleaved(report, pairs.map(pinged), { rounds: ROUNDS, warmUps: WARM_UPS, msMax: MS_MAX }),
  )
  const names = PLANS.map(({ name }) => name)
  for (const metric of ['p50', 'p99']) figures(report, names, measured, metric, 'µs')
  const beside = (name: string): number => {
    const value = measured.ratio(name, TLS, 'p50')
    report.ratio(name, TLS, [value], 'p50')
    return value
  }
  const met = [
    report.bar('sojourn/accelerated, p50 beside node:tls', beside('sojourn/accelerated'), { atMost: 1.15 }),
    report.bar('sojourn/portable, p50 beside node:tls', beside('sojourn/portable'), { atMost: 1.4 }),
  ]
  return met.every((bar) => bar)
}

function pinged({ name, client }: Pair): Case {
  const measure = async () => {
    const { each } = await client.ask<{ each: number[] }>({ ask: 'pings', count: PINGS, bytes: BYTES }, ANSWER_MS_MAX)
    return { p50: quantile(each, 0.5), p99: quantile(each, 0.99) }
  }
  return { name, measure }
}
