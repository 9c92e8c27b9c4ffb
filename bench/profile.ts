// Where each microsecond goes of a packet of a full stream, on loopback and over a link, of 64 KiB of one whose packets are as long as
// loopback carries, of a round trip of 64 bytes, of a new association with its first byte echoed, and of a second in which ten
// thousand are idle: a CPU profile of both ends, by part of the program and by provider. Sampling takes its own share, so these
// figures add up to more than `bulk`, `rtt`, `connect` and `scale` have.

import { type BenchOptions, wanted } from './options.ts'
import { ACCELERATED, type Pair, type PairPlan, PORTABLE, withPairs } from './pairs.ts'
import { idle } from './profile-idle.ts'
import type { Report } from './report.ts'
import { type Case, interleaved, type Measured } from './rounds.ts'
import { ALL, each, PART_NAMES, type Parts } from './sampling.ts'
import { type Side, Veth } from './veth.ts'

/** The largest UDP payload, and the bytes that figures of packets are for. */
const PACKET_BYTES = 1_400
const FILL_BYTES = 48 * 1024 * 1024
/** What figures of packets of any length are for. */
const PIECE_BYTES = 65_536
const PINGS = 2_000
const PING_BYTES = 64
const ASSOCIATIONS = 200
const AT_ONCE = 16
const MS_MAX = 120_000
const ANSWER_MS_MAX = 60_000

/** Something that both ends do again and again. */
interface Job {
  /** What a figure is for. */
  readonly name: string
  /** What `--only` calls it. */
  readonly only: string
  readonly sides: { readonly client: string; readonly server: string }
  /** Rounds until ours is compiled. */
  readonly warmUps: number
  /** Packets are as long as loopback carries. */
  readonly unlimited?: true
  /** Over a link of MTU 1500 between two network namespaces. */
  readonly link?: true
  /** What each round needs beforehand; without it the client is connected once, for all of them. */
  prepare?(pair: Pair): Promise<unknown>
  /** Does it, and says how often. */
  run(pair: Pair): Promise<number>
}

const PACKETS = {
  sides: { client: 'sender', server: 'receiver' },
  warmUps: 3,
} as const

function filled(each: number): Job['run'] {
  return async ({ client }) => {
    const { bytes } = await client.ask<{ bytes: number }>({ ask: 'fill', bytes: FILL_BYTES }, ANSWER_MS_MAX)
    return bytes / each
  }
}

const NEW = {
  sides: { client: 'initiator', server: 'responder' },
  warmUps: 6,
  prepare: (pair: Pair) => pair.prepare(ASSOCIATIONS),
} as const

function connected(atOnce: number): Job['run'] {
  return async ({ client, address }) => {
    await client.ask({ ask: 'connects', address, count: ASSOCIATIONS, atOnce }, ANSWER_MS_MAX)
    return ASSOCIATIONS
  }
}

const JOBS: readonly Job[] = [
  { name: `packet of ${PACKET_BYTES} B`, only: 'packets', ...PACKETS, run: filled(PACKET_BYTES) },
  { name: `packet of ${PACKET_BYTES} B over veth`, only: 'veth', ...PACKETS, link: true, run: filled(PACKET_BYTES) },
  { name: '64 KiB in long packets', only: 'long', ...PACKETS, unlimited: true, run: filled(PIECE_BYTES) },
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
  { name: 'association and echo', only: 'associations', ...NEW, run: connected(1) },
  { name: `association and echo, ${AT_ONCE} at once`, only: 'at-once', ...NEW, run: connected(AT_ONCE) },
]

const PROVIDERS = [
  ['accelerated', ACCELERATED],
  ['portable', PORTABLE],
] as const

export async function profile(report: Report, options: BenchOptions): Promise<boolean> {
  for (const job of JOBS) if (wanted(options, job.only)) await (job.link ? linked : sampled)(report, job)
  if (wanted(options, 'idle')) await idle(report, options.associations)
  return true
}

async function linked(report: Report, job: Job): Promise<void> {
  const veth = Veth.make()
  if (typeof veth === 'string') return report.note(`${job.name} is left out: ${veth}`)
  try {
    await sampled(report, job, veth.sides)
  } finally {
    veth.remove()
  }
}

async function sampled(report: Report, job: Job, sides?: readonly [Side, Side]): Promise<void> {
  const plan = { contender: 'sojourn', ...(job.unlimited ? {} : { packetBytesMax: PACKET_BYTES }) }
  const plans = PROVIDERS.map(([name, env]): PairPlan => ({ ...plan, name, env, ...(sides && { sides }) }))
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
