// Base exchanges a second, one after another: endpoints with identities made beforehand associate with one server in another
// process; each counts from I1 to the promise that gives the association.

import { Gate } from './gate.ts'
import { Child, type Report, spread } from './support.ts'

const EXCHANGES = 100
/** Code that has not run often enough is compiled meanwhile: a server that has just started is slower. */
const WARM_UP_ROUNDS = 20
const ROUNDS = 15
/** Rounds at which the machine was busy with something else are run again, up to so many in all. */
const ROUNDS_MAX = 90
const BAR = 300

export async function handshakes(report: Report): Promise<boolean> {
  const server = new Child('handshakes', ['server'])
  const client = new Child('handshakes', ['client'])
  try {
    const { address } = await server.ask<{ address: string }>({ ask: 'open' })
    const rates: number[] = []
    const latencies: number[] = []
    const gate = new Gate()
    for (let round = 0; round < ROUNDS_MAX && rates.length < ROUNDS; round++) {
      await client.ask({ ask: 'prepare', count: EXCHANGES })
      const run = (): Promise<{ ms: number; each: number[] }> => client.ask({ ask: 'run', address })
      const [{ ms, each }, counts] = await gate.sample(run)
      if (round < WARM_UP_ROUNDS || !counts) continue
      rates.push((1000 * EXCHANGES) / ms)
      latencies.push(...each)
    }
    const { passed, refused } = gate.share
    console.error(`handshakes: ${passed} rounds counted, ${refused} left out because the machine was busy`)
    report.figure('sojourn/portable/sequential', 'base exchanges', '1/s', spread(rates))
    report.figure('sojourn/portable/sequential', 'latency', 'ms', spread(latencies))
    return spread(rates).median >= BAR
  } finally {
    await Promise.all([server.stop(), client.stop()])
  }
}
