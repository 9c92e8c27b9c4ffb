// Service, target and peer of the moves that bench/moves makes in the middle of a transfer. The service writes one endless stream
// as fast as it is taken; the peer holds every byte against its place in the stream, and keeps the longest silence.

import { Endpoint, type SojournStream } from '../../src/index.ts'
import { answer } from '../support.ts'
import { Place } from './hand-off.ts'

const PORT = 9
const POLL_MS = 2
/** What comes between two looks at the clock is more than any buffer below holds. */
const STEADY_BYTES = 1_048_576
/** A prime number of bytes repeats: no lost or repeated packet falls on its period. */
const PERIOD = 65_521
const CHUNK_BYTES = 65_536
/** A period and a chunk, so that every stretch of a chunk's length is a view of it. */
const pattern = new Uint8Array(PERIOD + CHUNK_BYTES)
for (let at = 0; at < pattern.length; at++) pattern[at] = ((at % PERIOD) * 2_654_435_761) >>> 24

const [, home = '', ledgerFolder = ''] = process.argv.slice(2)

/** The `length` bytes that belong at this offset, of at most a chunk. */
function bytesAt(offset: number, length: number): Uint8Array {
  const start = offset % PERIOD
  return pattern.subarray(start, start + length)
}

// ── The service ────────────────────────────────────────────────────────────

/** Bytes written since the stream began, wherever that was. */
let written = 0
let writing = true

const place = new Place(home, ledgerFolder, {
  resume: ({ state, streams }) => {
    written = Number(Buffer.from(state).toString())
    const stream = [...streams.values()].flatMap((ofPeer) => [...ofPeer.values()])[0]
    if (stream !== undefined) pour(stream)
  },
  state: () => Buffer.from(String(written)),
  stopping: () => {
    writing = false
  },
})

function pour(stream: SojournStream): void {
  writing = true
  // A process that has been left is done with it.
  stream.on('error', () => undefined)
  const more = (): void => {
    while (writing) {
      const room = stream.write(bytesAt(written, CHUNK_BYTES))
      written += CHUNK_BYTES
      if (!room) return void stream.once('drain', more)
    }
  }
  more()
}

// ── The peer ───────────────────────────────────────────────────────────────

let read = 0
let wrong = 0
let lastAt = 0
let longest = 0
let rebounds = 0

function check(bytes: Uint8Array): void {
  const at = performance.now()
  if (at - lastAt > longest) longest = at - lastAt
  lastAt = at
  for (let done = 0; done < bytes.length; done += CHUNK_BYTES) {
    const piece = bytes.subarray(done, done + CHUNK_BYTES)
    if (Buffer.compare(piece, bytesAt(read, piece.length)) !== 0) wrong += 1
    read += piece.length
  }
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
}

answer({
  serve: async () => {
    const endpoint = await Endpoint.open(await place.options())
    place.endpoint = endpoint
    endpoint.listen(PORT, pour)
    return { address: endpoint.peer }
  },
  probe: async ({ address }: { readonly address: string }) => {
    const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const association = await endpoint.associate(address)
    association.on('rebound', () => {
      rebounds += 1
    })
    const stream = endpoint.connect(association.peer, PORT)
    stream.on('data', check)
    await until(() => read > STEADY_BYTES)
  },
  mark: async () => {
    // A steady transfer first, so that the silence that is measured is that of the move.
    const [seen, from] = [read, performance.now()]
    await until(() => read > seen + STEADY_BYTES)
    longest = 0
    return { bytesPerMs: (read - seen) / (performance.now() - from) }
  },
  blackout: async ({ rebounds: wanted }: { readonly rebounds: number }) => {
    await until(() => rebounds >= wanted)
    const seen = read
    await until(() => read > seen + STEADY_BYTES)
    return { ms: longest, wrong, read }
  },
  offer: async ({ hit }: { readonly hit: string }) => ({ ready: await place.offer(hit) }),
  await: ({ path }: { readonly path: string }) => place.await(path),
  dial: ({ path }: { readonly path: string }) => place.dial(path),
  move: ({ ready }: { readonly ready: Uint8Array }) => place.move(ready),
  written: () => ({ written }),
})
