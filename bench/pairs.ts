// Two processes of one contender, one that listens and one that is connected to it, for as long as a bench runs.

import type { Credentials } from './certificate.ts'
import type { Report } from './report.ts'
import { readiness } from './rivals.ts'
import { Child, type ChildPlace } from './support.ts'
import type { Side } from './veth.ts'

export interface PairPlan {
  /** As figures name it. */
  readonly name: string
  readonly contender: string
  readonly env?: Readonly<Record<string, string>>
  readonly packetBytesMax?: number
  /** Where the two are, if not both on loopback. */
  readonly sides?: readonly [Side, Side]
}

/** Which of our two providers a process uses. */
export const PORTABLE = { SOJOURN_PORTABLE: '1' } as const
export const ACCELERATED = { SOJOURN_PORTABLE: '' } as const

const START_MS_MAX = 60_000
const LOOPBACK = '127.0.0.1'

export class Pair {
  readonly name: string
  readonly server: Child
  readonly client: Child
  /** For another client. */
  readonly address: string
  readonly #options: Record<string, unknown>

  private constructor(name: string, server: Child, client: Child, address: string, options: Record<string, unknown>) {
    this.name = name
    this.server = server
    this.client = client
    this.address = address
    this.#options = options
  }

  /** Undefined if it cannot be started, which is said. `dials`: whether the client connects at once. */
  static async start(
    report: Report,
    plan: PairPlan,
    credentials: Credentials | undefined,
    dials = true,
  ): Promise<Pair | undefined> {
    const { name, contender, env, sides, packetBytesMax } = plan
    const ready = readiness(contender)
    if ('missing' in ready) {
      report.note(`${name} is left out: ${ready.missing}`)
      return undefined
    }
    const place = (at: Side | undefined): ChildPlace => ({ node: ready.node, env, namespace: at?.namespace })
    const server = new Child('contender', [contender], place(sides?.[0]))
    const client = new Child('contender', [contender], place(sides?.[1]))
    const at = (side: Side | undefined) => ({ host: side?.address ?? LOOPBACK, credentials, packetBytesMax })
    try {
      if (env === ACCELERATED) await notePortable(report, name, server)
      const asked = { ask: 'listen', ...at(sides?.[0]) }
      const { address } = await server.ask<{ address: string }>(asked, START_MS_MAX)
      if (dials) await client.ask({ ask: 'dial', address, ...at(sides?.[1]) }, START_MS_MAX)
      return new Pair(name, server, client, address, at(sides?.[1]))
    } catch (error) {
      await Promise.all([server.stop(), client.stop()])
      report.note(`${name} is left out: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }

  /** Asks the client, with the options that it dials with. */
  prepare(count: number): Promise<object> {
    return this.client.ask({ ask: 'prepare', count, ...this.#options }, START_MS_MAX)
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.client.stop()])
  }
}

/** Says so if what is meant to be accelerated is not. */
async function notePortable(report: Report, name: string, child: Child): Promise<void> {
  const { why } = await child.ask<{ why: string | undefined }>({ ask: 'provider' }, START_MS_MAX)
  if (why !== undefined) report.note(`${name} is portable here: ${why}`)
}

/** Starts all, runs, and stops all, whatever happens. */
export async function withPairs<T>(
  report: Report,
  plans: readonly PairPlan[],
  credentials: Credentials | undefined,
  run: (pairs: readonly Pair[]) => Promise<T>,
  dials = true,
): Promise<T> {
  const pairs: Pair[] = []
  try {
    for (const plan of plans) {
      const pair = await Pair.start(report, plan, credentials, dials)
      if (pair !== undefined) pairs.push(pair)
    }
    return await run(pairs)
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()))
  }
}
