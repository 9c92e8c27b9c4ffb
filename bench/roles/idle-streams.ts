// One side of bench/idle-streams: one endpoint or many, and the streams that they have opened or taken.

import { once } from 'node:events'
import { createIdentity, Endpoint, type Hit, type SojournStream } from '../../src/index.ts'
import { answer } from '../support.ts'

const PORT = 9
const COLLECT_EVERY_MS = 2_000

const endpoints: Endpoint[] = []
const kept: SojournStream[] = []
const ways: { readonly endpoint: Endpoint; readonly peer: Hit }[] = []

answer({
  open: async ({ count }: { readonly count: number }) => {
    for (let made = 0; made < count; made++) {
      const endpoint = await Endpoint.open({ identity: createIdentity(), bind: { address: '127.0.0.1' } })
      endpoint.listen(PORT, (stream) => {
        kept.push(stream)
        stream.once('data', (bytes) => stream.write(bytes))
      })
      endpoints.push(endpoint)
    }
    return { peers: endpoints.map((endpoint) => endpoint.peer) }
  },
  /** Every endpoint here with every one of these. */
  associate: async ({ addresses }: { readonly addresses: readonly string[] }) => {
    for (const endpoint of endpoints)
      for (const address of addresses) ways.push({ endpoint, peer: (await endpoint.associate(address)).peer })
  },
  /** So many more streams over every association; on each a byte goes there and back, then nothing more. */
  streams: async ({ each }: { readonly each: number }) => {
    for (const { endpoint, peer } of ways)
      await Promise.all(Array.from({ length: each }, () => echoed(endpoint.connect(peer, PORT))))
  },
  settle: async ({ idleMs }: { readonly idleMs: number }) => {
    await collect(idleMs / COLLECT_EVERY_MS)
    const { rss, heapUsed } = process.memoryUsage()
    return { rss, heap: heapUsed, streams: kept.length }
  },
})

async function echoed(stream: SojournStream): Promise<void> {
  kept.push(stream)
  stream.write('.')
  await once(stream, 'data')
  stream.pause()
}

async function collect(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, COLLECT_EVERY_MS))
  }
}
