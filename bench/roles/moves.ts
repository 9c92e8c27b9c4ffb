// Service, target and peer of bench/moves. The service answers, or sends by itself; the peer keeps the longest silence.

import { createServer, connect as dial, type Socket } from 'node:net'
import { type DatagramSocket, Endpoint, type Hit, Host, type Ledger, parseHit, thaw } from '../../src/index.ts'
import { answer } from '../support.ts'

const PORT = 7
const PACKET_EVERY_MS = 0.4
const POLL_MS = 5

const [kind = '', home = '', ledgerFolder = ''] = process.argv.slice(2)
const pushes = kind === 'pushed'
const packet = new Uint8Array(64)
let endpoint: Endpoint | undefined
let host: Host | undefined
let ledger: Ledger | undefined
let way: Socket | undefined

async function place(): Promise<{
  readonly host: Host
  readonly ledger: Ledger
  readonly bind: { readonly address: string }
}> {
  host ??= await Host.open({ home })
  ledger ??= host.ledger(ledgerFolder)
  return { host, ledger, bind: { address: '127.0.0.1' } }
}

// ── The service ────────────────────────────────────────────────────────────

let audience: { readonly hit: Hit; readonly port: number } | undefined

function serve(socket: DatagramSocket): void {
  let running = true
  socket.on('close', () => {
    running = false
  })
  socket.on('message', (bytes, from) => {
    if (!pushes) socket.send(bytes, from.port, from.hit)
    audience = from
  })
  if (!pushes) return
  steadily(() => {
    if (running && audience !== undefined) socket.send(packet, audience.port, audience.hit)
    return running
  })
}

/** Calls `once` 2,500 times a second, until it says false. */
function steadily(once: () => boolean): void {
  const asleep = new Int32Array(new SharedArrayBuffer(4))
  let nextAt = performance.now()
  const tick = (): void => {
    const at = performance.now()
    for (; nextAt <= at; nextAt += PACKET_EVERY_MS) {
      // After a pause of this process there is nothing to catch up on.
      if (at - nextAt > 5) nextAt = at
      if (!once()) return
    }
    // Timers are too coarse, and spinning would take one of two cores from the processes that are measured.
    Atomics.wait(asleep, 0, 0, Math.max(0, nextAt - performance.now()))
    setImmediate(tick)
  }
  tick()
}

async function thawHere(capsule: Uint8Array): Promise<void> {
  const thawed = await thaw(capsule, await place())
  endpoint = thawed.endpoint
  const said: unknown = JSON.parse(Buffer.from(thawed.state).toString())
  if (typeof said === 'object' && said !== null && 'hit' in said) audience = said as NonNullable<typeof audience>
  const socket = thawed.sockets.get(PORT)
  if (socket !== undefined) serve(socket)
}

async function freezeHere(ready: Uint8Array | undefined): Promise<Uint8Array> {
  if (endpoint === undefined) throw new Error('nothing runs here')
  const to = ready ?? (await place()).host.kem
  const capsule = await endpoint.freeze({ to, state: () => Buffer.from(JSON.stringify(audience ?? null)) })
  endpoint = undefined
  return capsule
}

// ── The peer ───────────────────────────────────────────────────────────────

let lastAt = 0
let longest = 0
let accepted = 0

function watch(socket: DatagramSocket, service: Hit): void {
  socket.on('message', () => {
    const at = performance.now()
    if (at - lastAt > longest) longest = at - lastAt
    lastAt = at
    accepted += 1
  })
  socket.send(packet, PORT, service)
  if (pushes) return
  steadily(() => {
    socket.send(packet, PORT, service)
    return true
  })
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
}

answer({
  serve: async () => {
    endpoint = await Endpoint.open(await place())
    serve(await endpoint.datagrams(PORT))
    return { address: endpoint.peer }
  },
  probe: async ({ address }: { readonly address: string }) => {
    endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const { peer } = await endpoint.associate(address)
    watch(await endpoint.datagrams(PORT), peer)
    await until(() => accepted > 1_000)
  },
  mark: async () => {
    // Steady traffic first, so that the silence that is measured is that of the move.
    const [seen, from] = [accepted, performance.now()]
    await until(() => accepted > seen + 200)
    const packetsPerSecond = (1_000 * (accepted - seen)) / (performance.now() - from)
    longest = 0
    return { packetsPerSecond }
  },
  blackout: async () => {
    const seen = accepted
    await until(() => accepted > seen + 200)
    return { ms: longest }
  },
  serves: () => ({ serves: endpoint !== undefined }),
  offer: async ({ hit }: { readonly hit: string }) => {
    const named = parseHit(hit)
    if (named === undefined) throw new Error(`${hit} is not a HIT`)
    return { ready: await (await place()).host.offer(named) }
  },
  // The way of the capsule is open before the process stands still, as it is where READY came along it.
  await: ({ path }: { readonly path: string }) =>
    new Promise<void>((resolve) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        const chunks: Buffer[] = []
        socket.on('data', (chunk) => chunks.push(chunk))
        socket.on('end', () => {
          server.close()
          void thawHere(Buffer.concat(chunks)).then(() => socket.end('thawed'))
        })
      })
      server.listen(path, resolve)
    }),
  dial: ({ path }: { readonly path: string }) =>
    new Promise<void>((resolve, reject) => {
      way = dial({ path, allowHalfOpen: true }, resolve).on('error', reject)
    }),
  move: async ({ ready }: { readonly ready: Uint8Array }) => {
    const capsule = await freezeHere(ready)
    way?.end(capsule)
    await new Promise((resolve) => way?.on('end', resolve).resume())
  },
  freeze: async () => ({ capsule: await freezeHere(undefined) }),
  thaw: ({ capsule }: { readonly capsule: Uint8Array }) => thawHere(capsule),
})
