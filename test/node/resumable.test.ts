// A web server that moves in the middle of its responses: every byte comes once and in order, to real clients of node:http.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { SojournAgent } from '../../src/node/agent.ts'
import type { Endpoint } from '../../src/node/endpoint.ts'
import { type Content, type ResumableServer, resumable, type Source } from '../../src/node/resumable.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import { endpointOn } from '../support/endpoints.ts'
import { type Place, places, thawAt } from '../support/places.ts'
import { temporaryFolder } from '../support/temporary.ts'

const PIECE = 65_536
const agents: SojournAgent[] = []
afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy()
})

/** Byte n of /SIZE depends on n and SIZE, so that a byte lost, doubled or of another path shows. */
function bytesOf(size: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from)
  for (let n = 0; n < bytes.length; n++) bytes[n] = ((from + n) * 2_654_435_761 + size) >>> 24
  return bytes
}

function numbers(path: string, offset: number): Content | undefined {
  const size = Number(path.slice(1))
  if (!Number.isInteger(size)) return undefined
  function* body(): Iterable<Uint8Array> {
    for (let at = offset; at < size; at += PIECE) yield bytesOf(size, at, Math.min(size, at + PIECE))
  }
  return { size, body: body() }
}

interface Scene {
  readonly server: ResumableServer
  readonly client: Endpoint
  readonly agent: SojournAgent
  readonly at: readonly Place[]
}

async function scene(source: Source = { open: numbers }): Promise<Scene> {
  const at = await places(3)
  const server = resumable(await endpointOn(at[0]), 80, source)
  const client = await endpointOn()
  const agent = new SojournAgent(client, { peers: [server.endpoint.peer] })
  agents.push(agent)
  return { server, client, agent, at }
}

async function moved(server: ResumableServer, to: Place | undefined, source: Source = { open: numbers }) {
  if (to === undefined) throw new Error('a move needs a place')
  const { hit, epoch } = server.endpoint
  return resumable(await thawAt(to, await server.freeze({ to: await to.host.offer(hit, epoch) })), 80, source)
}

/** The response, not read yet. */
async function begun(url: string, agent: SojournAgent): Promise<IncomingMessage> {
  // A response that breaks off is told twice: here, and to whoever reads it.
  const asked = get(url, { agent }).on('error', () => undefined)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return response
}

async function hashOf(response: IncomingMessage): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of response) hash.update(chunk)
  return hash.digest('hex')
}

function wanted(size: number): string {
  return createHash('sha256')
    .update(bytesOf(size, 0, size))
    .digest('hex')
}

/** What a stream brings until all of `text` is there. */
async function readUntil(stream: SojournStream, text: string): Promise<string> {
  let heard = ''
  while (!heard.includes(text)) heard += ((await once(stream, 'data'))[0] as Buffer).toString('latin1')
  return heard
}

describe('responses under way', () => {
  test('go on at the offset that the stream has reached, over two moves', async () => {
    const { server, agent, at } = await scene()
    const sizes = [1, 300_000, 6_000_000, 7_000_001]
    const url = (size: number) => `http://[${server.endpoint.hit}]/${size}`
    const responses = await Promise.all(sizes.map((size) => begun(url(size), agent)))
    const second = await moved(server, at[1])
    // Two read on between the moves, one of them a little; the others stand where they stood.
    const [early, , some] = responses
    if (early === undefined || some === undefined) throw new Error('four responses')
    expect(await hashOf(early)).toBe(wanted(1))
    await once(some, 'readable')
    const read: Buffer = some.read()
    expect(read).toEqual(bytesOf(6_000_000, 0, read.length))
    const third = await moved(second, at[2])
    expect(third.connections).toBe(sizes.length)
    const tail = createHash('sha256')
      .update(bytesOf(6_000_000, read.length, 6_000_000))
      .digest('hex')
    const hashes = await Promise.all(responses.slice(1).map(hashOf))
    expect(hashes).toEqual([wanted(300_000), tail, wanted(7_000_001)])
  })

  test('go on while their client reads as fast as it can', async () => {
    const { server, agent, at } = await scene()
    const size = 12_000_000
    const response = await begun(`http://[${server.endpoint.hit}]/${size}`, agent)
    const hash = hashOf(response)
    const second = await moved(server, at[1])
    await moved(second, at[2])
    expect(await hash).toBe(wanted(size))
  })

  test('stand still while they are halted, and nothing is counted then', async () => {
    let pass = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      pass = resolve
    })
    let asked = (): void => undefined
    const wanting = new Promise<void>((resolve) => {
      asked = resolve
    })
    async function* body(): AsyncIterable<Uint8Array> {
      yield Buffer.from('01234')
      asked()
      await gate
      yield Buffer.from('56789')
    }
    const { server, agent } = await scene({ open: () => ({ size: 10, body: body() }) })
    const response = await begun(`http://[${server.endpoint.hit}]/`, agent)
    await wanting
    server.halt()
    pass()
    await once(response, 'readable')
    expect(String(response.read())).toBe('01234')
    expect(JSON.parse(String(server.state()))).toMatchObject([{ progress: { path: '/', size: 10, offset: 5 } }])
    server.proceed()
    expect(await hashOf(response)).toBe(createHash('sha256').update('56789').digest('hex'))
  })

  test('end their connection elsewhere, too, if they are the last on it', async () => {
    const { server, client, at } = await scene()
    const stream = client.connect(server.endpoint.peer, 80)
    stream.write('GET /5000000 HTTP/1.0\r\n\r\n')
    const begin = await readUntil(stream, '\r\n\r\n')
    stream.pause()
    await moved(server, at[1])
    let length = begin.length - begin.indexOf('\r\n\r\n') - 4
    for await (const chunk of stream) length += chunk.length
    expect(length).toBe(5_000_000)
  })

  test('break off rather than go on with another content', async () => {
    const versioned = (version: string): Source => ({ open: (path, offset) => withVersion(path, offset, version) })
    const withVersion = (path: string, offset: number, version: string) => {
      const content = numbers(path, offset)
      return content === undefined ? undefined : { ...content, version }
    }
    const { server, agent, at } = await scene(versioned('1'))
    const response = await begun(`http://[${server.endpoint.hit}]/8000000`, agent)
    await moved(server, at[1], versioned('2'))
    await expect(hashOf(response)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('break off when the content ends too early', async () => {
    const short = (path: string) => ({ size: 10, body: [Buffer.from(path === '/all' ? '0123456789' : '01234')] })
    const { server, agent } = await scene({ open: short })
    const url = `http://[${server.endpoint.hit}]`
    const all = await begun(`${url}/all`, agent)
    expect(await hashOf(all)).toBe(createHash('sha256').update('0123456789').digest('hex'))
    await expect(hashOf(await begun(`${url}/some`, agent))).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('connections', () => {
  test('that are idle go on, and are used again by a client that keeps them alive', async () => {
    const { server, agent, at } = await scene()
    agent.maxSockets = 1
    const url = `http://[${server.endpoint.hit}]/1000`
    const [first] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
    expect(await hashOf(first)).toBe(wanted(1_000))
    await moved(server, at[1])
    const again = get(url, { agent })
    const [second] = (await once(again, 'response')) as [IncomingMessage]
    expect(await hashOf(second)).toBe(wanted(1_000))
    expect(again.reusedSocket).toBe(true)
  })

  test('carry along a request of which half has come, and those that wait behind another one', async () => {
    const { server, client, at } = await scene()
    const stream = client.connect(server.endpoint.peer, 80)
    stream.write('GET /3 HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await readUntil(stream, '\r\n\r\n')).toContain('content-length: 3')
    // Six megabytes that nobody reads yet, a whole request behind them, and the half of another one.
    stream.pause()
    stream.write('GET /6000000 HTTP/1.1\r\nHost: a\r\n\r\nGET /5 HTTP/1.1\r\nHost: a\r\n\r\nGET /7 HTT')
    await once(stream, 'readable')
    const second = await moved(server, at[1])
    stream.write('P/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await moved(second, at[2])
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    const bodies = Buffer.concat(chunks)
      .toString('latin1')
      .split(/HTTP\/1\.1 200 OK\r\n[\s\S]*?\r\n\r\n/)
    const texts = [6_000_000, 5, 7].map((size) => bytesOf(size, 0, size).toString('latin1'))
    expect(bodies.slice(-3).map((body) => body.length)).toEqual([6_000_000, 5, 7])
    expect(bodies.slice(-3)).toEqual(texts)
  })

  test('end after a request with a body, which is not taken', async () => {
    const { server, client, agent } = await scene()
    const posted = request(`http://[${server.endpoint.hit}]/5`, { agent, method: 'POST' })
    posted.end('body')
    const [refused] = (await once(posted, 'response')) as [IncomingMessage]
    expect([refused.statusCode, refused.headers.connection]).toEqual([405, 'close'])
    refused.resume()
    const stream = client.connect(server.endpoint.peer, 80)
    stream.write('GET /5 HTTP/1.0\r\n\r\n')
    let heard = ''
    for await (const chunk of stream) heard += String(chunk)
    expect(heard).toContain('content-length: 5')
  })

  test('of a client that sends requests without end are cut off', async () => {
    const { server, client } = await scene()
    const stream = client.connect(server.endpoint.peer, 80)
    const closed = once(stream, 'error')
    stream.write('GET /9000000 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3_000))
    expect((await closed)[0]).toMatchObject({ code: 'ERR_SOJOURN_RESET' })
  })
})

describe('a freeze', () => {
  test('that is aborted leaves the server running, in the middle of its responses', async () => {
    const { server, agent, at } = await scene()
    const [, target] = at
    if (target === undefined) throw new Error('a place')
    const response = await begun(`http://[${server.endpoint.hit}]/5000000`, agent)
    const stop = new AbortController()
    const state = (): Uint8Array => {
      stop.abort(new Error('not today'))
      return Buffer.from('unused')
    }
    const freezing = server.freeze({ to: target.host.kem, state, signal: stop.signal })
    await expect(freezing).rejects.toThrow('not today')
    expect(await hashOf(response)).toBe(wanted(5_000_000))
  })

  test('carries the application’s own state, and is told from that of others', async () => {
    const { server, at } = await scene()
    const [, target, third] = at
    if (target === undefined || third === undefined) throw new Error('places')
    const capsule = await server.freeze({ to: target.host.kem, state: Buffer.from('mine') })
    const second = resumable(await thawAt(target, capsule), 80, { open: numbers })
    expect(String(second.carried)).toBe('mine')
    const other = await thawAt(third, await second.endpoint.freeze({ to: third.host.kem }))
    expect(() => resumable(other, 80, { open: numbers })).toThrow(/not packed by a resumable server/)
  })
})

test('a folder is served from any offset, and nothing outside it', async () => {
  const [root, outside] = [temporaryFolder(), temporaryFolder()]
  writeFileSync(join(root, 'a b'), bytesOf(4_000_000, 0, 4_000_000))
  writeFileSync(join(root, 'empty'), '')
  writeFileSync(join(outside, 'secret'), 'secret')
  symlinkSync(join(outside, 'secret'), join(root, 'link'))
  utimesSync(join(root, 'a b'), 1_000, 1_000)
  const { server, agent, at } = await scene({ root })
  const url = `http://[${server.endpoint.hit}]`
  const response = await begun(`${url}/a%20b?x`, agent)
  expect(response.headers).toMatchObject({
    'content-length': '4000000',
    'last-modified': 'Thu, 01 Jan 1970 00:16:40 GMT',
  })
  await moved(server, at[1], { root })
  expect(await hashOf(response)).toBe(wanted(4_000_000))
  for (const path of ['/link', '/nothing', '/', '/..%2fsecret', '/%', '/%00', `/..${outside}/secret`]) {
    const { statusCode } = await begun(url + path, agent)
    expect([path, statusCode]).toEqual([path, 404])
  }
  const head = request(`${url}/empty`, { agent, method: 'HEAD' }).end()
  expect(((await once(head, 'response')) as [IncomingMessage])[0].headers['content-length']).toBe('0')
})
