// Freezing in the middle of streams, on real sockets: whatever way an application reads and writes, what it has read before and what
// is read after make up what was sent, byte for byte.

import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../src/node/endpoint.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import type { Thawed } from '../../src/node/thaw.ts'
import { endpointOn } from '../support/endpoints.ts'
import { type Place, places, thawAt } from '../support/places.ts'
import { onlyStream, type StreamScene, streamScene, until } from '../support/stream-ends.ts'

const BYTES = 400_000
const sent: Buffer = Buffer.from(Uint8Array.from({ length: BYTES }, (_, index) => (index * 131) ^ (index >> 7)))

/** A stream that a peer has opened to a service, and the service's move. */
async function moving(): Promise<StreamScene & { move(): Promise<Thawed> }> {
  const scene = await streamScene()
  const { service, to } = scene
  return { ...scene, move: async () => thawAt(to, await freezeTo(service, to)) }
}

async function freezeTo(service: Endpoint, { host }: Place): Promise<Uint8Array> {
  return service.freeze({ to: await host.offer(service.hit) })
}

/** A way of reading: keeps what it gets in `read`, and returns when it is time to freeze. */
type Way = (near: SojournStream, read: Buffer[]) => Promise<void>

const slowly = (read: Buffer[]): Writable =>
  new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, callback) {
      read.push(chunk)
      setTimeout(callback, 1)
    },
  })

const ways: readonly (readonly [name: string, way: Way])[] = [
  [
    'flowing, frozen in the turn of a data event',
    (near, read) =>
      new Promise((resolve) => {
        near.on('data', (chunk: Buffer) => {
          read.push(chunk)
          resolve()
        })
      }),
  ],
  [
    'flowing, frozen later',
    async (near, read) => {
      near.on('data', (chunk: Buffer) => read.push(chunk))
      await until(() => near.bytesRead > 200_000)
    },
  ],
  ['paused from the beginning', (near) => until(() => near.readableLength > 100_000)],
  [
    'paused after the first piece',
    async (near, read) => {
      near.once('data', (chunk: Buffer) => {
        read.push(chunk)
        near.pause()
      })
      await until(() => near.readableLength > 100_000)
    },
  ],
  [
    'read by a few bytes at a time',
    async (near, read) => {
      await until(() => near.readableLength > 1_000)
      for (let count = 0; count < 5; count++) read.push(near.read(3) as Buffer)
    },
  ],
  [
    'by for await, frozen inside the loop',
    (near, read) =>
      new Promise((resolve) => {
        const loop = async (): Promise<void> => {
          for await (const chunk of near) {
            read.push(chunk)
            if (read.length === 3) resolve()
          }
        }
        loop().catch(() => undefined)
      }),
  ],
  [
    'by for await that is slow, frozen outside',
    async (near, read) => {
      const loop = async (): Promise<void> => {
        for await (const chunk of near) {
          read.push(chunk)
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      }
      loop().catch(() => undefined)
      await until(() => read.length > 2)
    },
  ],
  [
    'by pipe to a slow sink',
    async (near, read) => {
      near.pipe(slowly(read))
      await until(() => read.length > 2)
    },
  ],
  [
    'as text, in the middle of characters',
    async (near, read) => {
      near.setEncoding('latin1')
      near.on('data', (text: string) => read.push(Buffer.from(text, 'latin1')))
      await until(() => near.bytesRead > 50_000)
    },
  ],
  [
    'with what was read put back',
    async (near, read) => {
      await until(() => near.readableLength > 1_000)
      read.push(near.read(100) as Buffer)
      const back = near.read(50) as Buffer
      near.unshift(back)
    },
  ],
]

describe('a stream that is read', () => {
  test.each(ways)('%s, loses nothing and repeats nothing in a move', async (_, way) => {
    const { near, far, move } = await moving()
    const read: Buffer[] = []
    far.write(sent)
    await way(near, read)
    const thawed = await move()
    // Not earlier: a reader that is fast must not come to the end before the freeze.
    far.end()
    expect(near.errored).toMatchObject({ code: 'ERR_SOJOURN_FROZEN' })
    const before = Buffer.concat(read)
    const again = onlyStream(thawed)
    expect(again.id).toBe(near.id)
    const after = await buffer(again)
    expect(before.length + after.length).toBe(BYTES)
    expect(Buffer.concat([before, after]).equals(sent)).toBe(true)
    // Not one more has come to whoever read before.
    expect(Buffer.concat(read).length).toBe(before.length)
  })
})

describe('a stream that is written', () => {
  test('under back-pressure and ended takes everything along, and the peer reads it in order', async () => {
    const { near, far, move } = await moving()
    const pieces = Array.from({ length: 40 }, (_, index) => sent.subarray(index * 10_000, (index + 1) * 10_000))
    const failed: unknown[] = []
    const write = (rounds: number): void => {
      for (let round = 0; round < rounds; round++)
        for (const piece of pieces) near.write(piece, (error) => error && failed.push(error))
    }
    write(7)
    // The peer's window is full and the engine has all it should: what is written from here on is in Node's own queue.
    await until(() => far.readableLength >= 262_144)
    expect(near.writableLength).toBeGreaterThan(0)
    write(1)
    near.end()
    const thawed = await move()
    expect(failed).toEqual([])
    const again = onlyStream(thawed)
    expect(again.writableEnded).toBe(true)
    const heard = await buffer(far)
    expect(heard.length).toBe(8 * BYTES)
    for (let round = 0; round < 8; round++)
      expect(heard.subarray(round * BYTES, (round + 1) * BYTES).equals(sent)).toBe(true)
  })

  test('while corked takes what was corked along', async () => {
    const { near, far, move } = await moving()
    near.cork()
    near.write('one ')
    near.write('two')
    const again = onlyStream(await move())
    again.end(' three')
    expect((await buffer(far)).toString()).toBe('one two three')
  })

  test('by a pipeline goes on from where its callbacks say', async () => {
    const { near, far, move } = await moving()
    let taken = 0
    const write = (): void => {
      const piece = sent.subarray(taken, taken + 10_000)
      if (piece.length > 0)
        near.write(piece, (error) => {
          if (error) return
          taken += piece.length
          setImmediate(write)
        })
    }
    write()
    far.resume()
    await until(() => taken > 100_000)
    const heard: Buffer[] = []
    far.on('data', (chunk: Buffer) => heard.push(chunk))
    const missed = far.bytesRead
    const again = onlyStream(await move())
    again.end(sent.subarray(taken))
    await once(far, 'end')
    expect(Buffer.concat(heard).equals(sent.subarray(missed))).toBe(true)
  })
})

describe('a move', () => {
  test('goes on both ways at once, three times', async () => {
    const hosts = await places(4)
    const service = await endpointOn({ ...hosts[0] })
    const peer = await endpointOn()
    service.listen(7, (stream) => void pipeline(stream, new PassThrough(), stream).catch(() => undefined))
    const far = peer.connect(service.peer, 7)
    const heard = buffer(far)
    let current = service
    for (const [index, place] of hosts.entries()) {
      if (index > 0) {
        const { endpoint, streams } = await thawAt(place, await freezeTo(current, place))
        current = endpoint
        for (const ofPeer of streams.values()) for (const stream of ofPeer.values()) stream.pipe(stream)
      }
      for (let count = 0; count < 10; count++) far.write(sent.subarray(0, 10_000))
      const length = far.bytesRead
      await until(() => far.bytesRead > length)
    }
    far.end()
    // What a PassThrough held belongs to the application: only pipes straight through lose nothing.
    expect((await heard).length).toBeLessThanOrEqual(400_000)
  })

  test('says when it stops, so that whoever writes without end writes until then, and goes on at that very byte', async () => {
    const { near, far, service, to } = await streamScene()
    const heard = buffer(far)
    let written = 0
    let writing = true
    const more = (stream: SojournStream): void => {
      for (let room = true; writing && room && written < BYTES; written += 1_000)
        room = stream.write(sent.subarray(written, written + 1_000))
      if (writing && written < BYTES) stream.once('drain', () => more(stream))
    }
    more(near)
    const stopping = (): void => {
      writing = false
    }
    const [offer, before] = [await to.host.offer(service.hit), written]
    const capsule = await service.freeze({ to: offer, stopping, state: () => Buffer.from(String(written)) })
    expect(written).toBeGreaterThanOrEqual(before)
    const thawed = await thawAt(to, capsule)
    expect(Number(Buffer.from(thawed.state))).toBe(written)
    onlyStream(thawed).end(sent.subarray(written))
    expect((await heard).equals(sent)).toBe(true)
  })

  test('that the application cannot stop for does not happen', async () => {
    const { near, far, service, to } = await streamScene()
    const stopping = (): void => {
      throw new Error('not now')
    }
    await expect(service.freeze({ to: await to.host.offer(service.hit), stopping })).rejects.toThrow('not now')
    near.write('on')
    expect(String((await once(far, 'data'))[0])).toBe('on')
  })

  test('brings listeners along, where new streams are taken', async () => {
    const { peer, move } = await moving()
    const { endpoint, listeners } = await move()
    const listener = listeners.get(7)
    expect([...listeners.keys()]).toEqual([7])
    listener?.on('stream', (stream) => stream.end('from there'))
    expect((await buffer(peer.connect(endpoint.peer, 7))).toString()).toBe('from there')
  })

  test('gives streams that nobody had taken to whoever listens there, once, and only them', async () => {
    const [from, to] = await places(2)
    const service = await endpointOn({ ...from })
    const peer = await endpointOn()
    service.listen(7)
    const far = peer.connect(service.peer, 7)
    far.write('before')
    await far.opened
    const thawed = await thawAt(to, await freezeTo(service, to))
    expect(thawed.streams.size).toBe(0)
    const taken: string[] = []
    const listener = thawed.endpoint.listen(7, (stream) => {
      taken.push(stream.remoteAddress)
      stream.pipe(stream)
    })
    expect(listener).toBe(thawed.listeners.get(7))
    expect(() => thawed.endpoint.listen(7)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ADDRESS' }))
    far.end(' after')
    expect((await buffer(far)).toString()).toBe('before after')
    expect(taken).toEqual([peer.hit])
  })

  test('with more waiting than a capsule holds breaks off what is heaviest, and the rest moves', async () => {
    const [from, to] = await places(2)
    const service = await endpointOn({ ...from })
    const peer = await endpointOn()
    const sizes = [24 << 20, 5 << 20, 5 << 20, 1_000]
    const [heavy, ...light] = sizes.map((size, index) => ({ port: 1 + index, wrote: Buffer.alloc(size, index + 1) }))
    if (heavy === undefined) throw new Error('four streams')
    const codes = new Map<number, string>()
    const fars = new Map<number, SojournStream>()
    for (const { port, wrote } of [heavy, ...light]) {
      // Whatever waits has been written at once, whether it was asked for or not; the peer reads none of it.
      service.listen(port, (near) =>
        near.on('error', ({ code }: NodeJS.ErrnoException) => codes.set(port, `${code}`)).end(wrote),
      )
      const far = peer.connect(service.peer, port)
      fars.set(port, far)
      await far.opened
    }
    const cut = once(fars.get(heavy.port) ?? new PassThrough(), 'error')
    const { streams } = await thawAt(to, await freezeTo(service, to))
    expect([...streams.values()].map((ofPeer) => ofPeer.size)).toEqual([light.length])
    expect([...codes].sort()).toEqual([
      [heavy.port, 'ERR_SOJOURN_RESET'],
      ...light.map(({ port }) => [port, 'ERR_SOJOURN_FROZEN']),
    ])
    expect((await cut)[0]).toMatchObject({ code: 'ERR_SOJOURN_RESET' })
    for (const { port, wrote } of light)
      expect((await buffer(fars.get(port) ?? new PassThrough())).equals(wrote)).toBe(true)
  })

  test('of the peer is not seen by the stream that stays', async () => {
    const { near, far, move } = await moving()
    near.write('before')
    await once(far, 'data')
    const again = onlyStream(await move())
    again.write('after')
    expect(String((await once(far, 'data'))[0])).toBe('after')
    expect([far.destroyed, far.readyState]).toEqual([false, 'open'])
  })

  test('that is aborted lets every stream run on', async () => {
    const [from, to] = await places(2)
    const service = await endpointOn({ ...from })
    const peer = await endpointOn()
    service.listen(7, (stream) => stream.pipe(stream))
    const far = peer.connect(service.peer, 7)
    const heard = buffer(far)
    far.write(sent.subarray(0, 300_000))
    await until(() => far.bytesRead > 10_000)
    const controller = new AbortController()
    const offer = await to.host.offer(service.hit)
    const state = (): Uint8Array => {
      controller.abort()
      return new Uint8Array(0)
    }
    await expect(service.freeze({ to: offer, state, signal: controller.signal })).rejects.toThrow()
    far.end(sent.subarray(300_000))
    expect((await heard).equals(sent)).toBe(true)
  })
})
