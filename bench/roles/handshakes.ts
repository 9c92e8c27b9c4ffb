// Server and clients of bench/handshakes.

import { createIdentity, Endpoint } from '../../src/index.ts'
import { answer } from '../support.ts'

let endpoints: Endpoint[] = []

answer({
  open: async () => {
    const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    return { address: endpoint.peer }
  },
  prepare: async ({ count }: { readonly count: number }) => {
    // Kindly: the server would look for clients that are gone without a word while the next ones are measured.
    await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    endpoints = []
    for (let made = 0; made < count; made++) {
      endpoints.push(await Endpoint.open({ identity: createIdentity(), bind: { address: '127.0.0.1' } }))
    }
  },
  run: async ({ address, atOnce }: { readonly address: string; readonly atOnce: number }) => {
    const each: number[] = []
    const waiting = endpoints.values()
    const runner = async (): Promise<void> => {
      for (const endpoint of waiting) {
        const at = performance.now()
        await endpoint.associate(address)
        each.push(performance.now() - at)
      }
    }
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: atOnce }, runner))
    return { ms: performance.now() - startedAt, each }
  },
})
