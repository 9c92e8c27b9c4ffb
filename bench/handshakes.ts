// Base exchanges a second, one after another and sixteen at once: endpoints with identities made beforehand associate with one
// server in another process; each counts from I1 to the promise that gives the association. Mutual TLS 1.3 between two processes
// runs in turn with them, and so does hyperdht, whose connections count until their first byte is back. All our clients are in
// one process and meet the R1s of one server: the signature of an R1, the same for all of a generation, is checked by the first of
// them alone. Clients in processes of their own take a verification longer.

import { certificate } from './certificate.ts'
import { Gate } from './gate.ts'
import { Pair } from './pairs.ts'
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

/** Of hyperdht, as it takes longer. */
const DHT_CONNECTIONS = 30

interface Measured {
  readonly sojourn: number[]
  readonly tls: number[]
  readonly dht: number[]
  readonly latencies: number[]
}

export async function handshakes(report: Report): Promise<boolean> {
  const [server, client] = [new Child('handshakes', ['server']), new Child('handshakes', ['client'])]
  const [tlsServer, tlsClient] = [new Child('tls'), new Child('tls')]
  const dht = await Pair.start(report, { name: 'hyperdht', contender: 'hyperdht' }, undefined, false)
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
      const connect = dht && (() => connected(dht, atOnce))
      const { sojourn, tls, dht: dhts, latencies } = await interleaved(exchange, credentials && handshake, connect)
      report.figure(`sojourn/${name}`, 'base exchanges', '1/s', spread(sojourn))
      report.figure(`sojourn/${name}`, 'latency', 'ms', spread(latencies))
      if (tls.length > 0) {
        report.figure(`mutual TLS 1.3/${name}`, 'handshakes', '1/s', spread(tls))
        report.ratio(`sojourn/${name}`, `mutual TLS 1.3/${name}`, [spread(sojourn).median / spread(tls).median])
      }
      if (dhts.length > 0) {
        report.figure(`hyperdht/${name}`, 'connections', '1/s', spread(dhts))
        report.ratio(`sojourn/${name}`, `hyperdht/${name}`, [spread(sojourn).median / spread(dhts).median])
      }
      ok = report.bar(`sojourn/${name}, 1/s`, spread(sojourn).median, { atLeast: bar }) && ok
    }
    return ok
  } finally {
    await Promise.all([server, client, tlsServer, tlsClient, dht].map((child) => child?.stop()))
  }
}

/** NaN if one of them failed: that is not for us to fail at. */
async function connected(dht: Pair, atOnce: number): Promise<{ ms: number }> {
  try {
    await dht.prepare(DHT_CONNECTIONS)
    return await dht.client.ask({ ask: 'connects', address: dht.address, count: DHT_CONNECTIONS, atOnce })
  } catch {
    return { ms: Number.NaN }
  }
}

async function interleaved(
  exchange: () => Promise<{ ms: number; each: number[] }>,
  handshake: (() => Promise<{ ms: number }>) | undefined,
  connect: (() => Promise<{ ms: number }>) | undefined,
): Promise<Measured> {
  const measured: Measured = { sojourn: [], tls: [], dht: [], latencies: [] }
  const gate = new Gate()
  for (let round = 0; round < ROUNDS_MAX && measured.sojourn.length < ROUNDS; round++) {
    const [{ ms, each }, counts] = await gate.sample(exchange)
    const [beside, besideCounts] = handshake ? await gate.sample(handshake) : []
    const [dht, dhtCounts] = connect && round >= WARM_UP_ROUNDS - 2 ? await gate.sample(connect) : []
    if (round < WARM_UP_ROUNDS) continue
    if (dht !== undefined && dhtCounts === true && dht.ms > 0) measured.dht.push((1000 * DHT_CONNECTIONS) / dht.ms)
    if (beside !== undefined && besideCounts === true) measured.tls.push((1000 * EXCHANGES) / beside.ms)
    if (!counts) continue
    measured.sojourn.push((1000 * EXCHANGES) / ms)
    measured.latencies.push(...each)
  }
  const { passed, refused } = gate.share
  console.error(`handshakes: ${passed} rounds counted, ${refused} left out because the machine was busy`)
  return measured
}
