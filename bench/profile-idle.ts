// Where a second goes of an endpoint with ten thousand idle associations, and of those at their other ends: what is done for nobody.

import { ACCELERATED } from './pairs.ts'
import type { Report } from './report.ts'
import { type Case, interleaved } from './rounds.ts'
import { ALL, each, PART_NAMES, type Parts } from './sampling.ts'
import { Child } from './support.ts'

const SECONDS = 6
const MS_MAX = 90_000
const HOLD_MS_MAX = 600_000

export async function idle(report: Report, associations: number): Promise<void> {
  const place = { env: ACCELERATED }
  const [server, holder] = [new Child('scale', [], place), new Child('scale', [], place)]
  try {
    const { address } = await server.ask<{ address: string }>({ ask: 'open', packetBytesMax: 1_400 })
    await holder.ask({ ask: 'hold', address, count: associations }, HOLD_MS_MAX)
    const sides = [
      ['one end of all', server],
      ['their other ends', holder],
    ] as const
    const name = `second of ${associations} idle`
    const measure = async (): Promise<Parts> => {
      await Promise.all(sides.map(([, child]) => child.ask({ ask: 'sample' })))
      await new Promise((resolve) => setTimeout(resolve, 1_000 * SECONDS))
      const parts = sides.map(async ([side, child]) => each(side, await child.ask<Parts>({ ask: 'sampled' }), SECONDS))
      return Object.assign({}, ...(await Promise.all(parts))) as Parts
    }
    // The first rounds are those in which all of them have been new for a while.
    const cases: Case[] = [{ name, measure }]
    const measured = await interleaved(report, cases, { rounds: 5, warmUps: 4, msMax: MS_MAX })
    for (const [side] of sides)
      for (const part of [...PART_NAMES, ALL]) {
        const values = measured.spread(name, `${side}: ${part}`)
        if (values !== undefined) report.figure(`${name}, ${side}, accelerated`, part, 'µs', values)
      }
  } finally {
    await Promise.all([server.stop(), holder.stop()])
  }
}
