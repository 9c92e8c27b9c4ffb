// The real node:http, http2, undici, ws and grpc-js over streams: what they expect of a socket is what they do with one.

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { fetch, Agent as UndiciAgent } from 'undici'
import { describe, expect, test } from 'vitest'
import { SojournAgent, sojournConnection, sojournConnector } from '../../src/node/agent.ts'
import { afterThisTest } from '../support/afterwards.ts'
import { echoingWebSocket, echoServer, grpcClient, grpcEcho, SERVICE, served } from '../support/echo-servers.ts'
import { endpointOn } from '../support/endpoints.ts'

async function ask(url: string, agent: SojournAgent, body = ''): Promise<{ response: IncomingMessage; text: string }> {
  const asked = request(url, { agent, method: 'POST' })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { response, text: Buffer.concat(chunks).toString() }
}

describe('node:http', () => {
  test('keeps one stream alive for many requests with SojournAgent, and the server sees the HIT', async () => {
    const http = echoServer()
    const { client, server } = await served((stream) => http.emit('connection', stream))
    const agent = new SojournAgent(client, { peers: [server.peer] })
    afterThisTest(() => agent.destroy())
    for (let count = 0; count < 5; count++) {
      const { response, text } = await ask(`http://[${server.hit}]/`, agent, `body ${count}`)
      expect(text).toBe(`body ${count}`)
      expect(response.headers).toMatchObject({ 'connection-number': '0', from: client.hit })
    }
  })

  test('opens as many streams as there are requests at once', async () => {
    const http = echoServer()
    const { client, server } = await served((stream) => http.emit('connection', stream))
    const agent = new SojournAgent(client, { peers: [server.peer] })
    afterThisTest(() => agent.destroy())
    const bodies = Array.from({ length: 20 }, (_, count) => `${count}`.repeat(5_000))
    const answers = await Promise.all(bodies.map((body) => ask(`http://[${server.hit}]/`, agent, body)))
    expect(answers.map(({ text }) => text)).toEqual(bodies)
    expect(new Set(answers.map(({ response }) => response.headers['connection-number'])).size).toBe(20)
  })

  test('a closed port is ECONNREFUSED, with our error as the cause', async () => {
    const { client, server } = await served(() => undefined)
    const agent = new SojournAgent(client, { peers: [server.peer] })
    afterThisTest(() => agent.destroy())
    const refused = ask(`http://[${server.hit}]:81/`, agent)
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED', cause: { code: 'ERR_SOJOURN_REFUSED' } })
  })

  test('a host that is no HIT is an argument error', async () => {
    const client = await endpointOn()
    const agent = new SojournAgent(client)
    await expect(ask('http://example.org/', agent)).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
  })
})

test('http2 runs many requests over one stream', async () => {
  const http2 = createHttp2Server((incoming, response) => void incoming.pipe(response))
  const { client, server } = await served((stream) => http2.emit('connection', stream))
  const createConnection = sojournConnection(client, { peers: [server.peer] })
  const session = connectHttp2(`http://[${server.hit}]/`, { createConnection })
  afterThisTest(() => session.destroy())
  const bodies = Array.from({ length: 10 }, (_, count) => `${count}`.repeat(20_000))
  const answers = await Promise.all(
    bodies.map(async (body) => {
      const stream = session.request({ ':method': 'POST', ':path': '/' })
      stream.end(body)
      let text = ''
      for await (const chunk of stream.setEncoding('utf8')) text += chunk
      return text
    }),
  )
  expect(answers).toEqual(bodies)
  const closed = once(session, 'close')
  session.close()
  await closed
})

test('the fetch of undici goes over a stream, by its connector', async () => {
  const http = echoServer()
  const { client, server } = await served((stream) => http.emit('connection', stream))
  const dispatcher = new UndiciAgent({ connect: sojournConnector(client, { peers: [server.peer] }), connections: 1 })
  afterThisTest(() => dispatcher.destroy())
  for (const body of ['one', 'two', 'three'.repeat(100_000)]) {
    const response = await fetch(`http://[${server.hit}]/path`, { dispatcher, method: 'POST', body })
    expect(await response.text()).toBe(body)
    expect(response.headers.get('connection-number')).toBe('0')
  }
  const refused = fetch(`http://[${server.hit}]:81/`, { dispatcher })
  await expect(refused).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})

test('a WebSocket of ws talks both ways, through an http server that upgrades', async () => {
  const socket = await echoingWebSocket()
  await once(socket, 'open')
  for (const message of ['hello', 'x'.repeat(300_000)]) {
    socket.send(message)
    const [data] = await once(socket, 'message')
    expect(String(data)).toBe(message)
  }
  const closed = once(socket, 'close')
  socket.close(1000)
  expect((await closed)[0]).toBe(1000)
})

describe('a gRPC server of grpc-js', () => {
  test('answers a client of grpc-js that comes through a local forwarder', async () => {
    const { client, server } = await grpcEcho({})
    const rpc = await grpcClient(client, server)
    const said = await new Promise((resolve, reject) => {
      const { path: say, requestSerialize, responseDeserialize } = SERVICE.say
      rpc.makeUnaryRequest(say, requestSerialize, responseDeserialize, Buffer.from('hello'), (error, value) =>
        error === null ? resolve(String(value)) : reject(error),
      )
    })
    expect(said).toBe('hello')
    const { path: chat, requestSerialize, responseDeserialize } = SERVICE.chat
    const call = rpc.makeBidiStreamRequest(chat, requestSerialize, responseDeserialize)
    for (let count = 0; count < 3; count++) {
      call.write(Buffer.alloc(10_000, count))
      const [answer] = await once(call, 'data')
      expect(answer).toEqual(Buffer.alloc(10_000, count))
    }
    call.end()
    await once(call, 'end')
  })

  test('keeps its connection alive by pings that are answered over the stream', async () => {
    const { client, server } = await grpcEcho({ 'grpc.keepalive_time_ms': 5, 'grpc.keepalive_timeout_ms': 5_000 })
    const createConnection = sojournConnection(client, { peers: [server.peer] })
    const session = connectHttp2(`http://[${server.hit}]/`, { createConnection })
    afterThisTest(() => session.destroy())
    const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }
    const call = session.request({ ...headers, ':path': SERVICE.chat.path })
    for (let pings = 0; pings < 3; pings++) await once(session, 'ping')
    const message = Buffer.from([0, 0, 0, 0, 2, 104, 105])
    call.write(message)
    expect((await once(call, 'data'))[0]).toEqual(message)
    call.end()
  })
})
