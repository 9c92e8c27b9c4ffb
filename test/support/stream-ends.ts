// Two ends of a stream for tests, and what they read, write and fail with.

import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Endpoint } from '../../src/node/endpoint.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import type { Thawed } from '../../src/node/thaw.ts'
import { endpointOn, pair } from './endpoints.ts'
import { type Place, places } from './places.ts'

/** A stream from `a`, and the other end of it at `b`. */
export async function ends(a: Endpoint, b: Endpoint, port = 7): Promise<{ near: SojournStream; far: SojournStream }> {
  const listener = b.listen(port)
  const near = a.connect(b.peer, port)
  for await (const far of listener) {
    await listener.close()
    return { near, far }
  }
  throw new Error('the listener closed first')
}

/** The same, with endpoints of their own. */
export async function connected(): Promise<{ a: Endpoint; b: Endpoint; near: SojournStream; far: SojournStream }> {
  const { a, b } = await pair()
  return { a, b, ...(await ends(a, b)) }
}

/** A stream that a peer has opened to port 7 of a service, which may move. */
export interface StreamScene {
  readonly service: Endpoint
  readonly peer: Endpoint
  readonly to: Place
  /** At the service. */
  readonly near: SojournStream
  /** At its peer. */
  readonly far: SojournStream
}

export async function streamScene(): Promise<StreamScene> {
  const [from, to] = await places(2)
  const service = await endpointOn({ ...from })
  const peer = await endpointOn()
  const listener = service.listen(7)
  const far = peer.connect(service.peer, 7)
  await far.opened
  const [near] = (await once(listener, 'stream')) as [SojournStream]
  return { service, peer, to, near, far }
}

/** The stream that has come along. */
export function onlyStream({ streams }: Thawed): SojournStream {
  const [stream] = [...streams.values()].flatMap((ofPeer) => [...ofPeer.values()])
  if (stream === undefined) throw new Error('no stream has come along')
  return stream
}

/** Lets Node do what it has to do, until it is done. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve))
}

/** Bytes that do not repeat soon. */
export function pattern(bytes: number): Buffer {
  const made = Buffer.allocUnsafe(bytes)
  for (let index = 0; index < bytes; index++) made[index] = (index * 31) ^ (index >> 8) ^ (index >> 16)
  return made
}

/** What an 'error' event says, of a stream that fails. */
export async function failure(stream: SojournStream): Promise<Error & { code?: string }> {
  const [error] = await once(stream, 'error')
  return error
}

/** Reads to the end and leaves the stream open, which `for await` would not. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}
