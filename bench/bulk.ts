// Bytes a second over one stream that is open, and the processor time of either side, beside everybody else: with UDP payloads of at
// most 1400 bytes on loopback, over a link of MTU 1500 between two network namespaces, and on loopback with whatever size is found.

import { certificate } from './certificate.ts'
import { type BenchOptions, wanted } from './options.ts'
import { ACCELERATED, type Pair, type PairPlan, PORTABLE, withPairs } from './pairs.ts'
import type { Report } from './report.ts'
import { type Case, figures, firstRuns, interleaved, type Measured } from './rounds.ts'
import { Veth } from './veth.ts'

const LIMIT = 1_400
const ROUNDS = 7
/** As much as some thousand pings or some hundred exchanges are in the other benches: until all of our code is compiled. */
const WARM_UPS = 4
/** A run is to take about so long; how many bytes that is shows the run that warms up. */
const RUN_MS = 700
const FIRST_BYTES = 4 * 1024 * 1024
const BYTES_MIN = 1024 * 1024
const BYTES_MAX = 2 ** 31
const ANSWER_MS_MAX = 30_000

const GOODPUT = 'goodput'
const SENDER = 'CPU of the sender'
const RECEIVER = 'CPU of the receiver'
const WHO = [
  'hyperdht',
  'udx + secret-stream',
  'tcp + secret-stream',
  'libp2p',
  'node:tls, mutual',
  'node:net',
] as const

/** Ours and what it is held against, with this limit; `where` ends their names. */
function ours(where: string, packetBytesMax?: number): PairPlan[] {
  const limit = packetBytesMax === undefined ? {} : { packetBytesMax }
  const both = (name: string, contender: string): PairPlan[] => [
    { name: `${name}/accelerated/${where}`, contender, env: ACCELERATED, ...limit },
    { name: `${name}/portable/${where}`, contender, env: PORTABLE, ...limit },
  ]
  return [
    ...both('sojourn', 'sojourn'),
    ...both('sealed loop', 'sealed loop'),
    { name: `node:dgram/${where}`, contender: 'node:dgram', ...limit },
  ]
}

/** Those whose packets are as large as they like. */
function theirs(where: string): PairPlan[] {
  return WHO.map((contender) => ({ name: `${contender}/${where}`, contender }))
}

interface Part {
  readonly name: string
  readonly msMax: number
  readonly plans: () => readonly PairPlan[] | string
  readonly end?: () => void
  readonly bars: (report: Report, measured: Measured) => boolean
}

function parts(): readonly Part[] {
  let veth: Veth | string = 'not tried'
  return [
    {
      name: 'loopback',
      msMax: 300_000,
      plans: () => [...ours('1400 B', LIMIT), ...ours('loopback'), ...theirs('loopback')],
      bars: loopbackBars,
    },
    {
      name: 'veth',
      msMax: 240_000,
      plans: () => {
        veth = Veth.make()
        if (typeof veth === 'string') return veth
        const { sides } = veth
        return [...ours('veth', LIMIT), ...theirs('veth')].map((plan) => ({ ...plan, sides }))
      },
      end: () => typeof veth !== 'string' && veth.remove(),
      bars: vethBars,
    },
  ]
}

export async function bulk(report: Report, options: BenchOptions): Promise<boolean> {
  const credentials = certificate()
  let ok = true
  for (const { name, msMax, plans, end, bars } of parts()) {
    if (!wanted(options, name)) continue
    try {
      const made = plans()
      if (typeof made === 'string') {
        report.note(`veth is left out: ${made}`)
        continue
      }
      const measured = await withPairs(report, made, credentials, (pairs) =>
        interleaved(report, pairs.map(filled), { rounds: ROUNDS, warmUps: WARM_UPS, msMax }),
      )
      const names = made.map((plan) => plan.name)
      figures(report, names, measured, GOODPUT, 'Gbit/s')
      firstRuns(report, names, measured, GOODPUT, 'Gbit/s')
      figures(report, names, measured, SENDER, 's/GB')
      figures(report, names, measured, RECEIVER, 's/GB')
      ok = bars(report, measured) && ok
    } finally {
      end?.()
    }
  }
  return ok
}

interface Filled {
  readonly bytes: number
  readonly ms: number
  readonly cpuSeconds: number
}

function filled({ name, server, client }: Pair): Case {
  let bytes = FIRST_BYTES
  const cpu = async (): Promise<number> => (await server.ask<{ seconds: number }>({ ask: 'cpu' })).seconds
  const measure = async () => {
    const before = await cpu()
    const run = await client.ask<Filled>({ ask: 'fill', bytes }, ANSWER_MS_MAX)
    const after = await cpu()
    bytes = Math.round(Math.min(Math.max((run.bytes * RUN_MS) / run.ms, BYTES_MIN), BYTES_MAX))
    const gigabytes = run.bytes / 1e9
    return {
      [GOODPUT]: (8 * run.bytes) / run.ms / 1e6,
      [SENDER]: run.cpuSeconds / gigabytes,
      [RECEIVER]: (after - before) / gigabytes,
    }
  }
  return { name, measure }
}

function loopbackBars(report: Report, measured: Measured): boolean {
  const ratio = (above: string, below: string): number => {
    const value = measured.ratio(above, below, GOODPUT)
    report.ratio(above, below, [value], GOODPUT)
    return value
  }
  const [fast, slow] = ['sojourn/accelerated/1400 B', 'sojourn/portable/1400 B']
  const met = [
    ...accelerated(report, measured, fast, 'hyperdht/loopback'),
    report.bar(`${slow} of its ceiling`, ratio(slow, 'sealed loop/portable/1400 B'), { atLeast: 0.7 }),
    report.bar(
      'sojourn/accelerated/loopback of node:tls',
      ratio('sojourn/accelerated/loopback', 'node:tls, mutual/loopback'),
      { atLeast: 0.7 },
    ),
    report.bar(
      'sojourn/portable/loopback of node:tls',
      ratio('sojourn/portable/loopback', 'node:tls, mutual/loopback'),
      { atLeast: 0.45 },
    ),
  ]
  for (const below of ['sealed loop/accelerated/1400 B', 'node:dgram/1400 B', 'udx + secret-stream/loopback']) {
    ratio(fast, below)
    ratio(slow, below.replace('accelerated', 'portable'))
  }
  return met.every((bar) => bar)
}

function vethBars(report: Report, measured: Measured): boolean {
  const slow = 'sojourn/portable/veth'
  const value = measured.ratio(slow, 'sealed loop/portable/veth', GOODPUT)
  const met = [
    ...accelerated(report, measured, 'sojourn/accelerated/veth', 'hyperdht/veth'),
    report.bar(`${slow} of its ceiling`, value, { atLeast: 0.7 }),
  ]
  return met.every((bar) => bar)
}

function accelerated(report: Report, measured: Measured, name: string, hyperdht: string): boolean[] {
  const value = measured.ratio(name, hyperdht, GOODPUT)
  report.ratio(name, hyperdht, [value], GOODPUT)
  return [
    report.bar(`${name}, Gbit/s`, measured.median(name, GOODPUT), { atLeast: 1.5 }),
    report.bar(`${name} beside hyperdht`, value, { atLeast: 1.6 }),
    report.bar(`${name}, CPU s/GB of the sender`, measured.median(name, SENDER), { atMost: 5 }),
    report.bar(`${name}, CPU s/GB of the receiver`, measured.median(name, RECEIVER), { atMost: 5 }),
  ]
}
