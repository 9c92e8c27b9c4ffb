// Where each microsecond goes of a packet of a full stream, of a round trip of 64 bytes, and of a new association with its first byte
// echoed: a CPU profile of both ends, by part of the program and by provider. Sampling takes its own share, so these figures add up to
// more than `bulk`, `rtt` and `connect` have.

import { type BenchOptions, wanted } from './options.ts'
import { ACCELERATED, type Pair, type PairPlan, PORTABLE, withPairs } from './pairs.ts'
import type { Report } from './report.ts'
import { type Case, interleaved, type Measured } from './rounds.ts'
import { PART_NAMES } from './sampling.ts'

/** The largest UDP payload, and the bytes that figures of packets are for. */
const PACKET_BYTES = 1_400
const FILL_BYTES = 48 * 1024 * 1024
const PINGS = 2_000
const PING_BYTES = 64
const ASSOCIATIONS = 200
const MS_MAX = 120_000
const ANSWER_MS_MAX = 60_000

type Parts = Readonly<Record<string, number>>

/** Something that both ends do again and again. */
interface Job {
  /** What a figure is for. */
  readonly name: string
  /** What `--only` calls it. */
  readonly only: string
  readonly sides: { readonly client: string; readonly server: string }
  /** Rounds until ours is compiled. */
  readonly warmUps: number
  /** What each round needs beforehand; without it the client is connected once, for all of them. */
  prepare?(pair: Pair): Promise<unknown>
  /** Does it, and says how often. */
  run(pair: Pair): Promise<number>
}

const JOBS: readonly Job[] = [
  {
    name: `packet of ${PACKET_BYTES} B`,
    only: 'packets',
    sides: { client: 'sender', server: 'receiver' },
    warmUps: 3,
    run: async ({ client }) => {
      const { bytes } = await client.ask<{ bytes: number }>({ ask: 'fill', bytes: FILL_BYTES }, ANSWER_MS_MAX)
      return bytes / PACKET_BYTES
    },
  },
  {
    name: `round trip of ${PING_BYTES} B`,
    only: 'pings',
    sides: { client: 'who asks', server: 'who answers' },
    warmUps: 3,
    run: async ({ client }) => {
      await client.ask({ ask: 'pings', count: PINGS, bytes: PING_BYTES }, ANSWER_MS_MAX)
      return PINGS
    },
  },
  {
    name: 'association and echo',
    only: 'associations',
    sides: { client: 'initiator', server: 'responder' },
    warmUps: 6,
    prepare: (pair) => pair.prepare(ASSOCIATIONS),
    run: async ({ client, address }) => {
      await client.ask({ ask: 'connects', address, count: ASSOCIATIONS, atOnce: 1 }, ANSWER_MS_MAX)
      return ASSOCIATIONS
    },
  },
]

const PROVIDERS = [
  ['accelerated', ACCELERATED],
  ['portable', PORTABLE],
] as const

export async function profile(report: Report, options: BenchOptions): Promise<boolean> {
  for (const job of JOBS) if (wanted(options, job.only)) await sampled(report, job)
  return true
}

async function sampled(report: Report, job: Job): Promise<void> {
  const plans = PROVIDERS.map(
    ([name, env]): PairPlan => ({ name, contender: 'sojourn', env, packetBytesMax: PACKET_BYTES }),
  )
  const measured = await withPairs(
    report,
    plans,
    undefined,
    (pairs) => {
      const cases = pairs.map((pair) => caseOf(job, pair))
      return interleaved(report, cases, { warmUps: job.warmUps, msMax: MS_MAX })
    },
    job.prepare === undefined,
  )
  for (const { name } of plans) for (const side of Object.values(job.sides)) rows(report, measured, job, name, side)
}

const ALL = 'all'

function rows(report: Report, measured: Measured, job: Job, provider: string, side: string): void {
  for (const part of [...PART_NAMES, ALL]) {
    const values = measured.spread(provider, `${side}: ${part}`)
    if (values !== undefined) report.figure(`${job.name}, ${side}, ${provider}`, part, 'µs', values)
  }
}

function caseOf(job: Job, pair: Pair): Case {
  const { server, client } = pair
  const measure = async () => {
    await Promise.all([server.ask({ ask: 'sample' }), client.ask({ ask: 'sample' })])
    const times = await job.run(pair)
    const [atServer, atClient] = await Promise.all([
      server.ask<Parts>({ ask: 'sampled' }),
      client.ask<Parts>({ ask: 'sampled' }),
    ])
    return { ...each(job.sides.client, atClient, times), ...each(job.sides.server, atServer, times) }
  }
  return { name: pair.name, prepare: async () => job.prepare?.(pair), measure }
}

function each(side: string, parts: Parts, times: number): Parts {
  const all = Object.values(parts).reduce((sum, us) => sum + us, 0)
  const entries = [...Object.entries(parts), [ALL, all] as const]
  return Object.fromEntries(entries.map(([part, us]) => [`${side}: ${part}`, us / times]))
}
