// How streams begin and end: what `connect` and `listen` take and refuse, and what becomes of streams when their endpoint goes.

import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { createIdentity } from '../../src/node/key-file.ts'
import { endpointOn, pair } from '../support/endpoints.ts'
import { places } from '../support/places.ts'
import { connected, failure, pattern } from '../support/stream-ends.ts'

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

  test('for which too many others wait already fails at once', async () => {
    const { a, b } = await pair()
    const streams = Array.from({ length: 256 + 1_024 }, () => a.connect(b.peer, 7).on('error', () => undefined))
    expect(await failure(a.connect(b.peer, 7))).toMatchObject({ code: 'ERR_SOJOURN_QUEUE_FULL' })
    expect(streams.at(-1)?.destroyed).toBe(false)
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

  test('refuses what is too much to keep', async () => {
    const { a, b } = await pair()
    b.listen(7)
    const streams = Array.from({ length: 129 }, () => a.connect(b.peer, 7).on('error', () => undefined))
    const last = await failure(streams.at(-1) ?? a.connect(b.peer, 7))
    expect(last).toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
    expect(streams.filter(({ destroyed }) => destroyed).length).toBe(1)
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

describe('the end of an endpoint', () => {
  test('that is closed lets everything written arrive, and both ends close without an error', async () => {
    const { a, far, near } = await connected()
    near.write(pattern(2_000_000))
    // Not every Node destroys what it has read to the end.
    const reading = buffer(far).finally(() => far.destroy())
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

  test('that is frozen before a stream was open does not promise that it goes on', async () => {
    const [from, to] = await places(2)
    const a = await endpointOn({ ...from })
    const nobody = { hit: createIdentity().hit, locators: [{ address: '127.0.0.1', port: 9 }] }
    const stream = a.connect(nobody, 7)
    const failed = failure(stream)
    await a.freeze({ to: to.host.kem })
    expect(await failed).toMatchObject({ code: 'ERR_SOJOURN_CLOSED' })
  })

  test('of the peer fails whoever still writes', async () => {
    const { b, near } = await connected()
    const theirs = failure(near)
    const written = new Promise((resolve) => near.write(pattern(5_000_000), resolve))
    await [...b.associations()][0]?.close()
    expect(await theirs).toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
    expect(await written).toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  })
})
