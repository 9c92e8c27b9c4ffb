// Service, target and peer of bench/moves: a service echoes, the peer probes 2,500 times a second and keeps the longest silence.

import { type DatagramSocket, Endpoint, Host, type Ledger, parseHit, thaw } from '../../src/index.ts'
import { answer } from '../support.ts'

const PORT = 7
const PROBE_EVERY_MS = 0.4
const QUIET_MS = 60

const [home = '', ledgerFolder = ''] = process.argv.slice(2)
let endpoint: Endpoint | undefined
let host: Host | undefined
let ledger: Ledger | undefined

async function place(): Promise<{
  readonly host: Host
  readonly ledger: Ledger
  readonly bind: { readonly address: string }
}> {
  host ??= await Host.open({ home })
  ledger ??= host.ledger(ledgerFolder)
  return { host, ledger, bind: { address: '127.0.0.1' } }
}

function echo(socket: DatagramSocket): void {
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.hit))
}

let lastAt = 0
let longest = 0
let probes = 0
let answers = 0
let markedAt = 0

function probe(socket: DatagramSocket, service: NonNullable<ReturnType<typeof parseHit>>): void {
  const bytes = new Uint8Array(64)
  let nextAt = performance.now()
  socket.on('message', () => {
    const at = performance.now()
    if (at - lastAt > longest) longest = at - lastAt
    lastAt = at
    answers += 1
  })
  const asleep = new Int32Array(new SharedArrayBuffer(4))
  const tick = (): void => {
    const at = performance.now()
    for (; nextAt <= at; nextAt += PROBE_EVERY_MS) {
      // After a pause of this process there is nothing to catch up on.
      if (at - nextAt > 5) nextAt = at
      socket.send(bytes, PORT, service)
      probes += 1
    }
    // Timers are too coarse, and spinning would take one of two cores from the processes that are measured.
    Atomics.wait(asleep, 0, 0, Math.max(0, nextAt - performance.now()))
    setImmediate(tick)
  }
  tick()
}

answer({
  serve: async () => {
    endpoint = await Endpoint.open(await place())
    echo(await endpoint.datagrams(PORT))
    return { address: endpoint.peer }
  },
  probe: async ({ address }: { readonly address: string }) => {
    endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const { peer } = await endpoint.associate(address)
    probe(await endpoint.datagrams(PORT), peer)
    await until(() => answers > 1_000)
  },
  mark: async () => {
    // Steady traffic first, so that the silence that is measured is that of the move.
    const seen = answers
    await until(() => answers > seen + 200)
    longest = 0
    probes = 0
    markedAt = performance.now()
  },
  blackout: async () => {
    const seen = answers
    await until(() => answers > seen + 200)
    return { ms: longest, probesPerSecond: (1000 * probes) / (performance.now() - markedAt) }
  },
  offer: async ({ hit }: { readonly hit: string }) => {
    const named = parseHit(hit)
    if (named === undefined) throw new Error(`${hit} is not a HIT`)
    return { ready: await (await place()).host.offer(named) }
  },
  freeze: async ({ ready }: { readonly ready?: Uint8Array }) => {
    const to = ready ?? (await place()).host.kem
    const capsule = await endpoint?.freeze({ to })
    endpoint = undefined
    return { capsule }
  },
  thaw: async ({ capsule }: { readonly capsule: Uint8Array }) => {
    const thawed = await thaw(capsule, await place())
    endpoint = thawed.endpoint
    const socket = thawed.sockets.get(PORT)
    if (socket !== undefined) echo(socket)
  },
})

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 12))
}
