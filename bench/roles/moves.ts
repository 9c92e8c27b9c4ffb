// Service, target and peer of bench/moves. The service answers, or sends by itself; the peer keeps the longest silence.

import { type DatagramSocket, Endpoint, type Hit } from '../../src/index.ts'
import { answer } from '../support.ts'
import { Place } from './hand-off.ts'

const PORT = 7
const PACKET_EVERY_MS = 0.4
const POLL_MS = 5

const [kind = '', home = '', ledgerFolder = ''] = process.argv.slice(2)
const pushes = kind === 'pushed'
const packet = new Uint8Array(64)

const place = new Place(home, ledgerFolder, {
  resume: ({ state, sockets }) => {
    const said: unknown = JSON.parse(Buffer.from(state).toString())
    if (typeof said === 'object' && said !== null && 'hit' in said) audience = said as NonNullable<typeof audience>
    const socket = sockets.get(PORT)
    if (socket !== undefined) serve(socket)
  },
  state: () => Buffer.from(JSON.stringify(audience ?? null)),
})

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
    // What has come meanwhile is dealt with, as immediate work of the turn after this one, before the next sleep.
    setImmediate(() => setImmediate(tick))
  }
  tick()
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
    const endpoint = await Endpoint.open(await place.options())
    place.endpoint = endpoint
    serve(await endpoint.datagrams(PORT))
    return { address: endpoint.peer }
  },
  probe: async ({ address }: { readonly address: string }) => {
    const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
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
  serves: () => ({ serves: place.endpoint !== undefined }),
  offer: async ({ hit }: { readonly hit: string }) => ({ ready: await place.offer(hit) }),
  await: ({ path }: { readonly path: string }) => place.await(path),
  dial: ({ path }: { readonly path: string }) => place.dial(path),
  move: ({ ready }: { readonly ready: Uint8Array }) => place.move(ready),
  freeze: async () => ({ capsule: await place.freeze() }),
  thaw: ({ capsule }: { readonly capsule: Uint8Array }) => place.thaw(capsule),
})
