// Base exchanges a second, one after another: endpoints with identities made beforehand associate with one server in another
// process; each counts from I1 to the promise that gives the association.

import { Child, type Report, spread } from './support.ts'

const ROUNDS = 5
const EXCHANGES = 300
const BAR = 300

export async function handshakes(report: Report): Promise<boolean> {
  const server = new Child('handshakes', ['server'])
  const client = new Child('handshakes', ['client'])
  try {
    const { address } = await server.ask<{ address: string }>({ ask: 'open' })
    const rates: number[] = []
    const latencies: number[] = []
    for (let round = 0; round <= ROUNDS; round++) {
      await client.ask({ ask: 'prepare', count: EXCHANGES })
      const { ms, each } = await client.ask<{ ms: number; each: number[] }>({ ask: 'run', address })
      if (round === 0) continue
      rates.push((1000 * EXCHANGES) / ms)
      latencies.push(...each)
    }
    report.figure('sojourn/portable/sequential', 'base exchanges', '1/s', spread(rates))
    report.figure('sojourn/portable/sequential', 'latency', 'ms', spread(latencies))
    return spread(rates).median >= BAR
  } finally {
    await Promise.all([server.stop(), client.stop()])
  }
}
