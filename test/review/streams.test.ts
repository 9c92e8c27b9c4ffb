// Findings of a hostile review of streams, on real sockets: each test fails as long as the defect is there.

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { SojournAgent } from '../../src/node/agent.ts'
import { resumable } from '../../src/node/resumable.ts'
import { endpointOn, pair } from '../support/endpoints.ts'
import { places, thawAt } from '../support/places.ts'
import { failure, onlyStream, readAll, streamScene, until } from '../support/stream-ends.ts'

const FATAL = ['uncaughtException', 'unhandledRejection'] as const

/** What would have ended the process meanwhile. */
async function fatalsDuring(work: () => Promise<void>): Promise<readonly string[]> {
  const fatals: string[] = []
  const note = (error: unknown): void => void fatals.push(String(error))
  const before = FATAL.map((name) => [name, process.rawListeners(name)] as const)
  for (const name of FATAL) process.removeAllListeners(name).on(name, note)
  try {
    await work()
  } finally {
    for (const [name, listeners] of before) {
      process.removeAllListeners(name)
      for (const listener of listeners) process.on(name, listener as () => void)
    }
  }
  return fatals
}

/** Settles it from outside. */
function gate(): { readonly passed: Promise<void>; pass(): void } {
  let pass = (): void => undefined
  const passed = new Promise<void>((resolve) => {
    pass = resolve
  })
  return { passed, pass: () => pass() }
}

describe('a stream that its peer breaks off before anybody takes it', () => {
  test('does not end the process, and is never given to anybody', async () => {
    const { a, b } = await pair()
    const listener = b.listen(7)
    const fatals = await fatalsDuring(async () => {
      const broken = a.connect(b.peer, 7)
      await broken.opened
      broken.resetAndDestroy()
      const next = a.connect(b.peer, 7)
      // When it is open, all that was sent before has been heard.
      await next.opened
      for await (const taken of listener) {
        expect(taken.remotePort).toBe(next.localPort)
        break
      }
    })
    expect(fatals).toEqual([])
  })

  test('comes to whoever waits even if it comes and goes in one packet, and breaks off once that one has had its turn', async () => {
    const { a, b } = await pair()
    const taken = b.listen(7)[Symbol.asyncIterator]()
    const next = taken.next()
    const fatals = await fatalsDuring(async () => {
      const broken = a.connect(b.peer, 7)
      broken.write('x')
      broken.resetAndDestroy()
      const whole = a.connect(b.peer, 7)
      const { value: came } = await next
      const [error] = await once(came, 'error')
      expect(error).toMatchObject({ code: 'ERR_SOJOURN_RESET' })
      await whole.opened
      expect((await taken.next()).value).toMatchObject({ remotePort: whole.localPort })
    })
    expect(fatals).toEqual([])
  })
})

describe('a resumable server', () => {
  test('answers a POST, not the GET behind it in the same packet, and lives', async () => {
    const { a, b } = await pair()
    resumable(b, 80, { open: () => ({ size: 2, body: [Buffer.from('ok')] }) })
    let heard = ''
    const fatals = await fatalsDuring(async () => {
      const stream = a.connect(b.peer, 80)
      stream.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\nHost: x\r\n\r\n')
      heard = await text(stream)
    })
    expect(fatals).toEqual([])
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 405'])
  })

  test('that is frozen before the first byte of a body has sent the head', async () => {
    const [from, to] = await places(2)
    const { passed, pass } = gate()
    const wanted = gate()
    async function* late(): AsyncIterable<Uint8Array> {
      wanted.pass()
      await passed
      yield Buffer.from('never')
    }
    const server = resumable(await endpointOn({ ...from }), 80, { open: () => ({ size: 10, body: late() }) })
    const { hit, epoch, peer } = server.endpoint
    const agent = new SojournAgent(await endpointOn(), { peers: [peer] })
    const answered = once(get(`http://[${hit}]/`, { agent }), 'response') as Promise<[IncomingMessage]>
    await wanted.passed
    const capsule = await server.freeze({ to: await to.host.offer(hit, epoch) })
    const open = (_path: string, offset: number) => ({ size: 10, body: [Buffer.from('0123456789').subarray(offset)] })
    resumable(await thawAt(to, capsule), 80, { open })
    const [response] = await answered
    expect([response.statusCode, await text(response)]).toEqual([200, '0123456789'])
    pass()
    agent.destroy()
  })
})

test('an encoding that is set in the turn of a read takes nothing from what a move brings along', async () => {
  const { service, to, near, far } = await streamScene()
  far.write('HEAD 10\n\n\n')
  await until(() => near.bytesRead === 10)
  far.end('text begins')
  await until(() => near.bytesRead === 21)
  const offer = await to.host.offer(service.hit)
  expect(String(near.read(10))).toBe('HEAD 10\n\n\n')
  near.setEncoding('utf8')
  const thawed = await thawAt(to, await service.freeze({ to: offer }))
  expect(await text(onlyStream(thawed))).toBe('text begins')
})

test('a stream that waits for another to close fails with its association, and the next one opens', async () => {
  const { a, b, association } = await pair()
  b.listen(9, (stream) => stream.on('error', () => undefined).resume())
  const streams = Array.from({ length: STREAM_START.maxStreams }, () => a.connect(b.peer, 9))
  await Promise.all(streams.map((stream) => stream.opened))
  const waiting = a.connect(b.peer, 9)
  const [failed] = await Promise.all([failure(waiting), association.close()])
  expect(failed).toMatchObject({ code: 'ERR_SOJOURN_CLOSED' })
  await a.connect(b.peer, 9).opened
})

test('a stream that is ended with writes unanswered finishes after a freeze that came to nothing', async () => {
  const { service, to, near, far } = await streamScene()
  const bytes = 4_194_304
  const wrote = new Promise<unknown>((resolve) => near.write(Buffer.alloc(bytes), resolve))
  near.end()
  near.resume()
  // The window is full, and the engine has all it should.
  await until(() => far.readableLength >= STREAM_START.maxStreamData)
  const state = (): Uint8Array => {
    throw new Error('not today')
  }
  await expect(service.freeze({ to: await to.host.offer(service.hit), state })).rejects.toThrow('not today')
  const finished = once(near, 'finish')
  const read = await readAll(far)
  far.end()
  expect([read.length, (await wrote) ?? undefined]).toEqual([bytes, undefined])
  await finished
})
