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
    for (const peer of peers) await associated(endpoints[0], peer)
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
    for (const endpoint of endpoints.slice(from, from + count)) await associated(endpoint, address)
  },
  settle: async ({ idleMs }: { readonly idleMs: number }) => {
    await collect(5, 50)
    const busy = process.memoryUsage().rss
    await collect(idleMs / COLLECT_EVERY_MS, COLLECT_EVERY_MS)
    return { busy, idle: process.memoryUsage().rss }
  },
})

/** A machine that is busy with something else may need more than one try. */
async function associated(endpoint: Endpoint | undefined, peer: string): Promise<void> {
  for (let left = TRIES - 1; ; left--) {
    try {
      await endpoint?.associate(peer)
      return
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

const TRIES = 5
const COLLECT_EVERY_MS = 2_000

async function collect(rounds: number, everyMs: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
