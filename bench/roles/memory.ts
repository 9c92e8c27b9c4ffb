// One side of bench/memory: one endpoint or many.

import { createIdentity, Endpoint } from '../../src/index.ts'
import { answer } from '../support.ts'

const endpoints: Endpoint[] = []

answer({
  open: async ({ count }: { readonly count: number }) => {
    for (let made = 0; made < count; made++) {
      endpoints.push(await Endpoint.open({ identity: createIdentity(), bind: { address: '127.0.0.1' } }))
    }
    return { peers: endpoints.map((endpoint) => endpoint.peer) }
  },
  dial: async ({ peers }: { readonly peers: readonly string[] }) => {
    for (const peer of peers) await endpoints[0]?.associate(peer)
  },
  dialAll: async ({
    address,
    from,
    count,
  }: {
    readonly address: string
    readonly from: number
    readonly count: number
  }) => {
    for (const endpoint of endpoints.slice(from, from + count)) await endpoint.associate(address)
  },
  grow: () => {
    // Garbage that lives for a while, as any program makes it: V8 gives it its whole young generation.
    let kept: object[][] = []
    for (let batch = 0; batch < 12; batch++) {
      kept = [...kept.slice(-1), Array.from({ length: 60_000 }, (_, index) => ({ index, inner: [index] }))]
    }
    return { batches: kept.length }
  },
  settle: async () => {
    for (let round = 0; round < 5; round++) {
      globalThis.gc?.()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return { rss: process.memoryUsage().rss }
  },
})
