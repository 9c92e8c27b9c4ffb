// Streams between endpoints on loopback, by the rules of node:stream and node:net.

import { once } from 'node:events'
import { type Readable, Transform, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../src/node/endpoint.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import { StreamCode } from '../../src/node/stream-errors.ts'
import { StreamCode as WireCode } from '../../src/wire/frame.ts'
import { endpointOn, pair } from '../support/endpoints.ts'

/** A stream from `a`, and the other end of it at `b`. */
async function ends(a: Endpoint, b: Endpoint, port = 7): Promise<{ near: SojournStream; far: SojournStream }> {
  const listener = b.listen(port)
  const near = a.connect(b.peer, port)
  for await (const far of listener) {
    await listener.close()
    return { near, far }
  }
  throw new Error('the listener closed first')
}

async function connected(): Promise<{ a: Endpoint; b: Endpoint; near: SojournStream; far: SojournStream }> {
  const { a, b } = await pair()
  return { a, b, ...(await ends(a, b)) }
}

const pattern = (bytes: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index * 31 + (index >> 8)))

/** What an 'error' event says, of a stream that fails. */
async function failure(stream: SojournStream): Promise<Error & { code?: string }> {
  const [error] = await once(stream, 'error')
  return error
}

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

  test('carries 5 MB both ways at once, byte for byte', async () => {
    const { near, far } = await connected()
    const [up, down] = [pattern(5_000_000), pattern(5_000_001).reverse()]
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

/** Reads to the end and leaves the stream open, which `for await` would not. */
async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}

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

describe('a connect', () => {
  test('to a closed port is refused', async () => {
    const { a, b } = await pair()
    const stream = a.connect(b.peer, 7)
    const error = await failure(stream)
    expect(error).toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
    expect(error.message).toContain('nobody listens on port 7')
    await expect(stream.opened).rejects.toBe(error)
  })

  test('to a peer that nobody reaches fails as the association does', async () => {
    const a = await endpointOn()
    const nobody = { hit: createIdentity().hit, locators: [{ address: '127.0.0.1', port: 9 }] }
    expect(await failure(a.connect(nobody, 7, { timeoutMs: 50 }))).toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
    expect(await failure(a.connect(createIdentity().hit, 7))).toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
  })

  test('carries the codes of TCP if it is asked to', async () => {
    const { a, b } = await pair()
    const nobody = { hit: createIdentity().hit, locators: [{ address: '127.0.0.1', port: 9 }] }
    const unreached = failure(a.connect(nobody, 7, { timeoutMs: 50, errno: true }))
    expect(await failure(a.connect(b.peer, 7, { errno: true }))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await unreached).toMatchObject({ code: 'EHOSTUNREACH', cause: { code: 'ERR_SOJOURN_UNREACHABLE' } })
  })

  test('is aborted by its signal, before and after it is open', async () => {
    const { a, b } = await pair()
    b.listen(7, (stream) => stream.on('error', () => undefined))
    const controller = new AbortController()
    const open = a.connect(b.peer, 7, { signal: controller.signal })
    await open.opened
    const nobody = { hit: createIdentity().hit, locators: [{ address: '127.0.0.1', port: 9 }] }
    const waiting = a.connect(nobody, 7, { signal: controller.signal })
    const failures = [failure(open), failure(waiting)]
    controller.abort()
    for (const failed of failures) expect(await failed).toMatchObject({ name: 'AbortError' })
  })

  test('throws at once what is the caller’s mistake', async () => {
    const { a } = await pair()
    const mistake = expect.objectContaining({ code: 'ERR_SOJOURN_ARGUMENT' })
    expect(() => a.connect('nobody', 7)).toThrow(mistake)
    expect(() => a.connect(a.hit, 7)).toThrow(mistake)
    expect(() => a.connect(createIdentity().hit, 0)).toThrow(mistake)
    expect(() => a.connect(createIdentity().hit, 65_536)).toThrow(mistake)
  })

  test('beyond what the peer allows waits until others have closed', async () => {
    const { a, b } = await pair()
    b.listen(7, (stream) => stream.pipe(stream))
    const streams = Array.from({ length: 300 }, () => a.connect(b.peer, 7))
    expect(streams.at(-1)?.id).toBeUndefined()
    await streams[0]?.opened
    const answers = streams.map(async (stream, index) => {
      stream.end(String(index))
      return (await buffer(stream)).toString()
    })
    expect(await Promise.all(answers)).toEqual(streams.map((_, index) => String(index)))
  })

  test('by an association goes to its peer', async () => {
    const { b, association } = await pair()
    b.listen(7, (stream) => stream.end('here'))
    expect((await buffer(association.connect(7))).toString()).toBe('here')
    await association.close()
    expect(() => association.connect(7)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_CLOSED' }))
  })
})

describe('a listener', () => {
  test('gives streams to for await, one after another, until it is closed', async () => {
    const { a, b } = await pair()
    const listener = b.listen(7)
    const asked = [0, 1, 2].map((index) => a.connect(b.peer, 7).end(String(index)))
    const heard: string[] = []
    for await (const stream of listener) {
      heard.push((await buffer(stream)).toString())
      if (heard.length === asked.length) await listener.close()
    }
    expect(heard.sort()).toEqual(['0', '1', '2'])
    expect(await failure(a.connect(b.peer, 7))).toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  })

  test('keeps what comes before anybody asks', async () => {
    const { a, b } = await pair()
    const listener = b.listen(7)
    const stream = a.connect(b.peer, 7)
    stream.end('early')
    await stream.opened
    const [far] = await once(listener, 'stream')
    expect((await buffer(far)).toString()).toBe('early')
  })

  test('takes any free port for 0, and says which', async () => {
    const { a, b } = await pair()
    const [one, two] = [b.listen(0, (stream) => stream.end('1')), b.listen(0, (stream) => stream.end('2'))]
    expect(one.port).not.toBe(two.port)
    expect(one.address()).toEqual({ hit: b.hit, port: one.port })
    expect((await buffer(a.connect(b.peer, two.port))).toString()).toBe('2')
  })

  test('on a taken port throws, and a port of datagrams is another one', async () => {
    const { b } = await pair()
    await b.datagrams(7)
    const listener = b.listen(7)
    expect(() => b.listen(7)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ADDRESS' }))
    expect(() => b.listen(65_536)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ARGUMENT' }))
    await listener.close()
    b.listen(7)
  })

  test('refuses whom its lists leave out, and takes them when the lists say so', async () => {
    const { a, b } = await pair()
    const listener = b.listen(7, { deny: [a.hit] }, (stream) => stream.end('in'))
    const error = await failure(a.connect(b.peer, 7))
    expect(error).toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
    expect(error.message).toContain('refuses our streams')
    listener.setAccess({ allow: [a.hit] })
    expect((await buffer(a.connect(b.peer, 7))).toString()).toBe('in')
  })

  test('closes when its signal aborts', async () => {
    const { b } = await pair()
    const controller = new AbortController()
    const listener = b.listen(7, { signal: controller.signal })
    const closed = once(listener, 'close')
    controller.abort()
    await closed
    expect(listener.listening).toBe(false)
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

describe('the end of an endpoint', () => {
  test('that is closed lets everything written arrive, and both ends close without an error', async () => {
    const { a, far, near } = await connected()
    near.write(pattern(2_000_000))
    const reading = buffer(far)
    const closed = once(near, 'close')
    await a.close()
    expect((await reading).length).toBe(2_000_000)
    await closed
    expect(near.errored).toBeNull()
  })

  test('that is destroyed tells the holder, and kills nobody who does not listen', async () => {
    const { a, near } = await connected()
    const closed = new Promise((resolve) => near.once('close', resolve))
    a.destroy()
    await closed
    expect(near.errored).toMatchObject({ code: 'ERR_SOJOURN_CLOSED' })
    expect(() => a.connect(near.remoteAddress, 7)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_CLOSED' }))
  })

  test('of the peer fails what had not ended', async () => {
    const { b, near, far } = await connected()
    near.write('unread')
    await once(far, 'readable')
    const theirs = failure(near)
    await [...b.associations()][0]?.close()
    expect(await theirs).toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  })
})
