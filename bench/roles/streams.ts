// One side of one variant of bench/streams: a sender that fills streams, or a receiver that reads them to their ends and ends
// them too. Ours, node:net and node:tls differ only in how a stream is made: all three are Duplex.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { Endpoint } from '../../src/index.ts'
import type { Credentials } from '../certificate.ts'
import { answer } from '../support.ts'

const PORT = 9
const CHUNK = new Uint8Array(65_536).fill(0x5a)

interface Opening {
  readonly variant: string
  readonly credentials?: Credentials
}

let open: (() => Duplex) | undefined

answer({
  listen: async ({ variant, credentials }: Opening) => ({ address: await listen(variant, credentials, take) }),
  dial: async ({ variant, credentials, address }: Opening & { readonly address: string }) => {
    open = await dialler(variant, address, credentials)
  },
  fill: async ({ streams, bytes }: { readonly streams: number; readonly bytes: number }) => {
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: streams }, () => fill(bytes / streams)))
    return { ms: performance.now() - startedAt }
  },
})

/** Reads everything; an end that is answered with an end tells the other side that all has arrived. */
function take(stream: Duplex): void {
  stream.on('error', () => undefined)
  stream.on('end', () => stream.end())
  stream.resume()
}

/** One stream of so many bytes, from its opening until the other side has ended it. */
async function fill(bytes: number): Promise<void> {
  if (open === undefined) throw new Error('dial comes first')
  const stream = open()
  const over = once(stream, 'end')
  stream.resume()
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    const room = stream.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)
    if (!room) await once(stream, 'drain')
  }
  stream.end()
  await over
}

async function listen(
  variant: string,
  credentials: Credentials | undefined,
  onstream: (stream: Duplex) => void,
): Promise<string> {
  if (variant === 'sojourn') {
    const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    endpoint.listen(PORT, onstream)
    return endpoint.peer
  }
  const options = { ...credentials, allowHalfOpen: true }
  const server = variant === 'tls' ? createTlsServer(options, onstream) : createServer(options, onstream)
  server.listen(0, '127.0.0.1', 4_096)
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}

async function dialler(variant: string, address: string, credentials: Credentials | undefined): Promise<() => Duplex> {
  if (variant === 'sojourn') {
    const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const { peer } = await endpoint.associate(address)
    return () => endpoint.connect(peer, PORT)
  }
  const to = { host: '127.0.0.1', port: Number(address), allowHalfOpen: true }
  if (variant !== 'tls') return () => connect(to)
  return () => tlsConnect({ ...to, ca: credentials?.cert, checkServerIdentity: () => undefined })
}
