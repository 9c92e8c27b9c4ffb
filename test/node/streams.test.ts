// Streams between endpoints on loopback, by the rules of node:stream and node:net.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Transform, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, test, vi } from 'vitest'
import { eachOf } from '../../src/core/machine.ts'
import { Driver } from '../../src/node/driver.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import { StreamCode } from '../../src/node/stream-errors.ts'
import { StreamCode as WireCode } from '../../src/wire/frame.ts'
import { endpointOn, pair } from '../support/endpoints.ts'
import { connected, failure, pattern, readAll } from '../support/stream-ends.ts'

test('the codes on the wire are those of the frames', () => {
  expect(StreamCode).toEqual(WireCode)
})

describe('a stream', () => {
  test('echoes what is written before there is an association, and closes when both ends have ended', async () => {
    const [a, b] = await Promise.all([endpointOn(), endpointOn()])
    b.listen(7, (stream) => stream.pipe(stream))
    const stream = a.connect(b.peer, 7)
    stream.write('hel')
    stream.end('lo')
    expect([stream.id, stream.connecting, stream.pending, stream.readyState]).toEqual([
      undefined,
      true,
      true,
      'opening',
    ])
    const closed = once(stream, 'close')
    expect((await buffer(stream)).toString()).toBe('hello')
    await closed
    expect([stream.connecting, stream.readyState, stream.destroyed]).toEqual([false, 'closed', true])
    expect([stream.bytesWritten, stream.bytesRead]).toEqual([5, 5])
  })

  test('names both ends by HIT and port, as a socket of IPv6', async () => {
    const { a, b, near, far } = await connected()
    await near.opened
    expect(near).toMatchObject({ remoteAddress: b.hit, remotePort: 7, remoteFamily: 'IPv6', localAddress: a.hit })
    expect(far).toMatchObject({ remoteAddress: a.hit, localPort: 7, remotePort: near.localPort, id: near.id })
    expect(near.address()).toEqual({ address: a.hit, family: 'IPv6', port: near.localPort })
    expect([near.readyState, far.readyState]).toEqual(['open', 'open'])
  })

  test('is a net.Socket to the compiler, and throws where it cannot be one', async () => {
    const { near } = await connected()
    const socket: Socket = near
    expect(() => socket.connect(80)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ARGUMENT' }))
    expect(socket.setNoDelay().setKeepAlive(true, 1_000)).toBe(near)
    expect([socket.bufferSize, socket.autoSelectFamilyAttemptedAddresses]).toEqual([0, []])
  })

  test('says connect and ready once, when the peer has accepted it', async () => {
    const { a, b } = await pair()
    b.listen(7, () => undefined)
    const stream = a.connect(b.peer, 7)
    const said: string[] = []
    for (const name of ['connect', 'ready']) stream.on(name, () => said.push(name))
    await stream.opened
    stream.write('more')
    await new Promise((resolve) => setImmediate(resolve))
    expect(said).toEqual(['connect', 'ready'])
  })

  test('never uses a UDP payload longer than packetBytesMax, and one near it', async () => {
    const transmit = vi.spyOn(Driver.prototype, 'transmit')
    const { a, b } = await pair({ packetBytesMax: 1_400 }, { packetBytesMax: 1_400 })
    b.listen(7, (stream) => stream.pipe(stream))
    const stream = a.connect(b.peer, 7)
    stream.end(new Uint8Array(100_000))
    expect(await buffer(stream)).toHaveLength(100_000)
    const payloads = transmit.mock.calls.flatMap(([sent]) => [...eachOf(sent)].map(({ length }) => length))
    transmit.mockRestore()
    expect(Math.max(...payloads)).toBeLessThanOrEqual(1_400)
    expect(Math.max(...payloads)).toBeGreaterThan(1_384)
  })

  test('carries 10 MB both ways at once, byte for byte', async () => {
    const { near, far } = await connected()
    const [up, down] = [pattern(10_000_000), pattern(10_000_001).reverse()]
    near.end(up)
    far.end(down)
    const [gotDown, gotUp] = await Promise.all([buffer(near), buffer(far)])
    expect(gotUp.equals(up)).toBe(true)
    expect(gotDown.equals(down)).toBe(true)
  })

  test('ends one direction and goes on in the other', async () => {
    const { near, far } = await connected()
    near.end('question')
    expect((await readAll(far)).toString()).toBe('question')
    expect([near.writableEnded, near.readable, far.readyState]).toEqual([true, true, 'writeOnly'])
    far.write('ans')
    far.end('wer')
    expect((await buffer(near)).toString()).toBe('answer')
  })

  test('ends by itself when the peer has ended, if allowHalfOpen is false', async () => {
    const { a, b } = await pair()
    b.listen(7, { allowHalfOpen: false }, (stream) => stream.resume())
    const stream = a.connect(b.peer, 7)
    stream.end('all')
    expect((await buffer(stream)).length).toBe(0)
  })

  test('has finished when everything has arrived, and not before', async () => {
    const { near, far } = await connected()
    near.end(pattern(3_000_000))
    let finishedEarly = false
    near.once('finish', () => {
      finishedEarly = far.bytesRead < 3_000_000
    })
    far.resume()
    await finished(near, { readable: false })
    expect(far.bytesRead).toBe(3_000_000)
    expect(finishedEarly).toBe(false)
  })
})

describe('back-pressure', () => {
  test('stops a writer whose peer does not read, and nobody keeps more than the windows', async () => {
    const { near, far } = await connected()
    const chunk = Buffer.alloc(65_536)
    let accepted = 0
    while (near.write(chunk)) {
      accepted += chunk.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    // What the writer is told to wait for: the window of a stream, and what the engine and Node keep.
    expect(accepted).toBeLessThan(4_000_000)
    expect(far.readableLength).toBeLessThanOrEqual(262_144)
    const drained = once(near, 'drain')
    far.resume()
    await drained
    near.end()
    await once(far, 'end')
    expect(far.bytesRead).toBe(near.bytesWritten)
  })

  test('goes through a pipeline from end to end', async () => {
    const { near, far } = await connected()
    let seen = 0
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, callback) {
        seen += chunk.length
        setImmediate(callback)
      },
    })
    const through = new Transform({ transform: (chunk, _encoding, callback) => callback(null, chunk) })
    const reading = pipeline(far, through, slow)
    near.end(pattern(1_000_000))
    await reading
    expect(seen).toBe(1_000_000)
  })
})

describe('destroying', () => {
  test('without an error sends what was written, and ends', async () => {
    const { near, far } = await connected()
    near.write('last words')
    near.destroy()
    expect((await readAll(far)).toString()).toBe('last words')
  })

  test('with an error breaks the stream off at the peer, who is told by a code', async () => {
    const { near, far } = await connected()
    const [mine, theirs] = [failure(near), failure(far)]
    near.destroy(new Error('mine'))
    expect((await mine).message).toBe('mine')
    expect(await theirs).toMatchObject({ code: 'ERR_SOJOURN_RESET' })
    expect(far.destroyed).toBe(true)
  })

  test('by resetAndDestroy breaks off too, without an error of our own', async () => {
    const { near, far } = await connected()
    const theirs = failure(far)
    const closed = once(near, 'close')
    near.resetAndDestroy()
    await closed
    expect(await theirs).toMatchObject({ code: 'ERR_SOJOURN_RESET' })
  })

  test('while the peer writes fails its write', async () => {
    const { near, far } = await connected()
    const theirs = failure(far)
    const write = (): void => void far.write(Buffer.alloc(65_536), (error) => error ?? write())
    write()
    near.once('data', () => near.destroy())
    expect(await theirs).toMatchObject({ code: 'ERR_SOJOURN_RESET' })
  })

  test('a reader of an echo hurts nobody', async () => {
    const { a, b } = await pair()
    let served: SojournStream | undefined
    b.listen(7, (stream) => {
      served = stream
      stream.pipe(stream)
    })
    const stream = a.connect(b.peer, 7)
    stream.write('once')
    await once(stream, 'data')
    stream.destroy()
    await once(served ?? stream, 'close')
    expect(served?.errored).toBeNull()
  })

  test('is told to whoever has written, in the callback of the write', async () => {
    const { a, b } = await pair()
    b.listen(7, () => undefined)
    const stream = a.connect({ hit: createIdentity().hit, locators: [{ address: '127.0.0.1', port: 9 }] }, 7)
    const written = new Promise<Error | null | undefined>((resolve) => stream.write('never', resolve))
    const failed = failure(stream)
    stream.destroy(new Error('given up'))
    expect((await written)?.message).toBe('given up')
    expect((await failed).message).toBe('given up')
    await expect(stream.opened).rejects.toThrow('given up')
  })

  test('destroySoon lets all of it arrive first', async () => {
    const { near, far } = await connected()
    near.write(pattern(500_000))
    near.destroySoon()
    expect((await readAll(far)).length).toBe(500_000)
  })
})

describe('an idle stream', () => {
  test('says timeout and stays open', async () => {
    const { near, far } = await connected()
    near.setTimeout(10)
    await once(near, 'timeout')
    near.end('still here')
    expect((await readAll(far)).toString()).toBe('still here')
    expect(near.timeout).toBe(10)
  })
})
