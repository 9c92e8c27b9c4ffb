// Base exchanges a second, one after another and sixteen at once: endpoints with identities made beforehand associate with one
// server in another process; each counts from I1 to the promise that gives the association. Mutual TLS 1.3 between two processes
// runs in turn with them.

import { certificate } from './certificate.ts'
import { Gate } from './gate.ts'
import type { Report } from './report.ts'
import { Child, spread } from './support.ts'

const EXCHANGES = 100
/** Code that has not run often enough is compiled meanwhile: a server that has just started is slower. */
const WARM_UP_ROUNDS = 20
const ROUNDS = 15
/** Rounds at which the machine was busy with something else are run again, up to so many in all. */
const ROUNDS_MAX = 90

/** How many are under way at once, and the exchanges a second that are wanted. */
const WAYS = [
  { name: 'sequential', atOnce: 1, bar: 400 },
  { name: '16 at once', atOnce: 16, bar: 800 },
] as const

interface Measured {
  readonly sojourn: number[]
  readonly tls: number[]
  readonly latencies: number[]
}

export async function handshakes(report: Report): Promise<boolean> {
  const [server, client] = [new Child('handshakes', ['server']), new Child('handshakes', ['client'])]
  const [tlsServer, tlsClient] = [new Child('tls'), new Child('tls')]
  try {
    const { address } = await server.ask<{ address: string }>({ ask: 'open' })
    const credentials = certificate()
    const { port } = credentials ? await tlsServer.ask<{ port: number }>({ ask: 'open', ...credentials }) : { port: 0 }
    let ok = true
    for (const { name, atOnce, bar } of WAYS) {
      const exchange = async (): Promise<{ ms: number; each: number[] }> => {
        await client.ask({ ask: 'prepare', count: EXCHANGES })
        return client.ask({ ask: 'run', address, atOnce })
      }
      const handshake = (): Promise<{ ms: number }> =>
        tlsClient.ask({ ask: 'run', port, count: EXCHANGES, atOnce, ...credentials })
      const { sojourn, tls, latencies } = await interleaved(exchange, credentials && handshake)
      report.figure(`sojourn/portable/${name}`, 'base exchanges', '1/s', spread(sojourn))
      report.figure(`sojourn/portable/${name}`, 'latency', 'ms', spread(latencies))
      if (tls.length > 0) {
        report.figure(`mutual TLS 1.3/${name}`, 'handshakes', '1/s', spread(tls))
        report.ratio(`sojourn/${name}`, `mutual TLS 1.3/${name}`, [spread(sojourn).median / spread(tls).median])
      }
      ok = spread(sojourn).median >= bar && ok
    }
    return ok
  } finally {
    await Promise.all([server, client, tlsServer, tlsClient].map((child) => child.stop()))
  }
}

async function interleaved(
  exchange: () => Promise<{ ms: number; each: number[] }>,
  handshake: (() => Promise<{ ms: number }>) | undefined,
): Promise<Measured> {
  const measured: Measured = { sojourn: [], tls: [], latencies: [] }
  const gate = new Gate()
  for (let round = 0; round < ROUNDS_MAX && measured.sojourn.length < ROUNDS; round++) {
    const [{ ms, each }, counts] = await gate.sample(exchange)
    const [beside, besideCounts] = handshake ? await gate.sample(handshake) : []
    if (round < WARM_UP_ROUNDS) continue
    if (beside !== undefined && besideCounts === true) measured.tls.push((1000 * EXCHANGES) / beside.ms)
    if (!counts) continue
    measured.sojourn.push((1000 * EXCHANGES) / ms)
    measured.latencies.push(...each)
  }
  const { passed, refused } = gate.share
  console.error(`handshakes: ${passed} rounds counted, ${refused} left out because the machine was busy`)
  return measured
}
