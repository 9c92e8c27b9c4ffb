// What an endpoint with many associations does to the one that is used: goodput and round trips of one among 1, 100 and 10,000 that
// are idle, and one datagram to all of them in turn. Then what tables and timers cost by their number, and how far threads carry.

import { availableParallelism } from 'node:os'
import { type BenchOptions, wanted } from './options.ts'
import { ACCELERATED } from './pairs.ts'
import type { Report } from './report.ts'
import { type Case, figures, interleaved, type Measured } from './rounds.ts'
import { Child, quantile } from './support.ts'
import { LOOKUPS, SIZES, TIMERS, tableCases } from './tables.ts'

/** And as many as the options say. */
const IDLE = [1, 100] as const
const LIMIT = 1_400
const BYTES = 24 * 1024 * 1024
const PINGS = 1_000
const ROBIN_MS = 600
const WITHIN = 0.15
const ROUNDS = 7
/** A process has sent 100 MB before all of our code is compiled. */
const WARM_UPS = 6
const MS_MAX = 180_000
const ANSWER_MS_MAX = 60_000
const HOLD_MS_MAX = 600_000
const HOST = '127.0.0.1'

const GOODPUT = 'goodput'
const ROBIN = 'round robin'
const ROBIN_CPU = 'CPU of a datagram there and back'

const nameOf = (idle: number): string => `sojourn/one among ${idle} idle`
const threadsOf = (threads: number): string => `sojourn/${threads} ${threads === 1 ? 'thread' : 'threads'}`

export async function scale(report: Report, options: BenchOptions): Promise<boolean> {
  const met = wanted(options, 'associations') ? await associations(report, [...IDLE, options.associations]) : true
  if (wanted(options, 'tables')) await tables(report)
  if (wanted(options, 'threads')) await threads(report)
  return met
}

interface Scene {
  readonly server: Child
  readonly holder: Child
  readonly client: Child
}

async function associations(report: Report, counts: readonly number[]): Promise<boolean> {
  const scenes: Scene[] = []
  try {
    const cases: Case[] = []
    for (const idle of counts) {
      const place = { env: ACCELERATED }
      const [server, holder] = [new Child('scale', [], place), new Child('scale', [], place)]
      const client = new Child('contender', ['sojourn'], place)
      scenes.push({ server, holder, client })
      const { address } = await server.ask<{ address: string }>({ ask: 'open', packetBytesMax: LIMIT })
      await holder.ask({ ask: 'hold', address, count: idle }, HOLD_MS_MAX)
      await server.ask({ ask: 'held' })
      await client.ask({ ask: 'dial', address, host: HOST, packetBytesMax: LIMIT }, ANSWER_MS_MAX)
      cases.push(busyCase(nameOf(idle), { server, holder, client }))
    }
    const measured = await interleaved(report, cases, { rounds: ROUNDS, warmUps: WARM_UPS, msMax: MS_MAX })
    const names = counts.map(nameOf)
    figures(report, names, measured, GOODPUT, 'Gbit/s')
    figures(report, names, measured, 'p50', 'µs')
    figures(report, names, measured, ROBIN, 'kpps')
    figures(report, names, measured, ROBIN_CPU, 'µs')
    return bars(report, measured, names)
  } finally {
    await Promise.all(scenes.flatMap(({ server, holder, client }) => [server.stop(), holder.stop(), client.stop()]))
  }
}

function bars(report: Report, measured: Measured, names: readonly string[]): boolean {
  const [alone, ...more] = names
  const met = more.flatMap((name) => {
    const [goodput, p50] = [measured.ratio(name, alone ?? '', GOODPUT), measured.ratio(name, alone ?? '', 'p50')]
    return [
      report.bar(`${name} beside ${alone}, goodput`, goodput, { atLeast: 1 - WITHIN }),
      report.bar(`${name} beside ${alone}, p50`, p50, { atMost: 1 + WITHIN }),
    ]
  })
  return met.every((bar) => bar)
}

function busyCase(name: string, { server, client }: Scene): Case {
  const measure = async () => {
    const fill = await client.ask<{ bytes: number; ms: number }>({ ask: 'fill', bytes: BYTES }, ANSWER_MS_MAX)
    const { each } = await client.ask<{ each: number[] }>({ ask: 'pings', count: PINGS, bytes: 64 }, ANSWER_MS_MAX)
    const robin = await server.ask<{ datagrams: number; ms: number; cpuMs: number }>(
      { ask: 'robin', ms: ROBIN_MS },
      ANSWER_MS_MAX,
    )
    return {
      [GOODPUT]: (8 * fill.bytes) / fill.ms / 1e6,
      p50: quantile(each, 0.5),
      [ROBIN]: robin.datagrams / robin.ms,
      [ROBIN_CPU]: (1_000 * robin.cpuMs) / robin.datagrams,
    }
  }
  return { name, measure }
}

async function tables(report: Report): Promise<void> {
  const measured = await interleaved(report, tableCases(), { rounds: ROUNDS, msMax: 20_000, warmUps: 2 })
  const named = (what: string): readonly string[] => SIZES.map((size) => `${what}/${size}`)
  figures(report, named('timers'), measured, TIMERS, 'ns')
  figures(report, named('look-ups'), measured, LOOKUPS, 'ns')
}

async function threads(report: Report): Promise<void> {
  const most = availableParallelism()
  const counts = most > 1 ? [1, most] : [1]
  const children: Child[] = []
  try {
    const cases = counts.map((count): Case => {
      const child = new Child('all-cores', [], { env: ACCELERATED })
      children.push(child)
      const measure = async () => {
        const asked = { ask: 'fill', threads: count, bytes: BYTES, packetBytesMax: LIMIT }
        const { bytes, ms } = await child.ask<{ bytes: number; ms: number }>(asked, ANSWER_MS_MAX)
        return { [GOODPUT]: (8 * bytes) / ms / 1e6 }
      }
      return { name: threadsOf(count), measure }
    })
    const measured = await interleaved(report, cases, { rounds: ROUNDS, msMax: 40_000 })
    const [one = '', all = ''] = counts.map(threadsOf)
    figures(report, [one, all], measured, GOODPUT, 'Gbit/s')
    if (all !== '') report.ratio(all, one, [measured.ratio(all, one, GOODPUT)], GOODPUT)
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}
