// One side of one contender: listens, or connects and measures.

import { type Client, type Contender, type ContenderOptions, contender, type Line } from '../contenders/contender.ts'
import { beginSampling, endSampling } from '../sampling.ts'
import { answer } from '../support.ts'

const [name = ''] = process.argv.slice(2)
const WARM_UP = 20

let options: ContenderOptions | undefined
let clients: Client[] = []
let line: Line | undefined
const held: Line[] = []

async function known(): Promise<Contender> {
  const found = await contender(name)
  if (found === undefined) throw new Error(`there is no contender ${name}`)
  return found
}

function given(): ContenderOptions {
  if (options === undefined) throw new Error('listen or dial comes first')
  return options
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Connects one after another, or so many at once; who may connect only once takes another client each time. */
async function connect(address: string, count: number, atOnce: number, taken: (line: Line) => void): Promise<number[]> {
  const each: number[] = []
  let left = count
  const runner = async (): Promise<void> => {
    while (left-- > 0) {
      const client = clients[clients.length === 1 ? 0 : left]
      if (client === undefined) throw new Error('prepare comes first')
      const at = performance.now()
      const made = await client.line(address)
      each.push(performance.now() - at)
      taken(made)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, runner))
  return each
}

answer({
  /** Why ours is portable; undefined of what is accelerated. */
  provider: async () => {
    const { ports, aead } = (await import('../../src/node/accelerated/choice.ts')).choice()
    return { why: 'why' in ports ? ports.why : 'why' in aead ? aead.why : undefined }
  },
  listen: async (given: ContenderOptions) => ({ address: await (await known()).listen(given) }),
  dial: async ({ address, ...given }: ContenderOptions & { readonly address: string }) => {
    options = given
    const client = await (await known()).client(given)
    line = await client.line(address)
    clients = [client]
  },
  fill: async ({ bytes }: { readonly bytes: number }) => {
    const [at, cpu] = [performance.now(), cpuSeconds()]
    const delivered = (await line?.fill(bytes)) ?? 0
    return { bytes: delivered, ms: performance.now() - at, cpuSeconds: cpuSeconds() - cpu }
  },
  cpu: () => ({ seconds: cpuSeconds() }),
  sample: () => beginSampling(),
  sampled: () => endSampling(),
  pings: async ({ count, bytes }: { readonly count: number; readonly bytes: number }) => {
    const payload = new Uint8Array(bytes).fill(0x5a)
    const each: number[] = []
    for (let ping = 0; ping < count + WARM_UP; ping++) {
      const at = performance.now()
      await line?.ping(payload)
      if (ping >= WARM_UP) each.push(1_000 * (performance.now() - at))
    }
    return { each }
  },
  /** Those who will connect, made beforehand. */
  prepare: async ({ count, ...given }: ContenderOptions & { readonly count: number }) => {
    options = given
    const made = await known()
    const wanted = made.once === true ? count : 1
    if (wanted === 1 && clients.length === 1) return
    await Promise.all(clients.map((client) => client.close()))
    clients = []
    while (clients.length < wanted) clients.push(await made.client(given))
  },
  connects: async ({ address, count, atOnce }: { address: string; count: number; atOnce: number }) => {
    const at = performance.now()
    const each = await connect(address, count, atOnce, (made) => made.close())
    return { ms: performance.now() - at, each }
  },
  /** Connections that stay. */
  hold: async ({ address, count, atOnce }: { address: string; count: number; atOnce: number }) => {
    const made = await known()
    const wanted = made.once === true ? count : 1
    // The earlier ones hold what they have.
    if (wanted > 1) clients = []
    while (clients.length < wanted) clients.push(await made.client(given()))
    await connect(address, count, atOnce, (kept) => held.push(kept))
    return { held: held.length }
  },
  settle: async ({ idleMs }: { readonly idleMs: number }) => {
    for (let waited = 0; waited < idleMs; waited += COLLECT_EVERY_MS) {
      globalThis.gc?.()
      await new Promise((resolve) => setTimeout(resolve, COLLECT_EVERY_MS))
    }
    return { rss: process.memoryUsage().rss }
  },
})

const COLLECT_EVERY_MS = 2_000
