// The real node:http, http2, undici, ws and grpc-js over streams: what they expect of a socket is what they do with one.

import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { createServer as createNetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import {
  Client,
  credentials,
  Server as GrpcServer,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { fetch, Agent as UndiciAgent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { SojournAgent, sojournConnection, sojournConnector } from '../../src/node/agent.ts'
import type { Endpoint } from '../../src/node/endpoint.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import { endpointOn } from '../support/endpoints.ts'

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value }
const method = {
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
}
const SERVICE = {
  say: { ...method, path: '/echo.Echo/Say', requestStream: false, responseStream: false },
  chat: { ...method, path: '/echo.Echo/Chat', requestStream: true, responseStream: true },
} as const

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A client and a server endpoint, and what the server's application does with a stream. */
async function served(onstream: (stream: SojournStream) => void): Promise<{ client: Endpoint; server: Endpoint }> {
  const [client, server] = await Promise.all([endpointOn(), endpointOn()])
  server.listen(80, onstream)
  return { client, server }
}

/** An http server that says which of its connections a request came by, and echoes the body. */
function echoServer(): Server {
  const connections = new Map<Socket, number>()
  return createServer((incoming, response) => {
    const { socket } = incoming
    connections.set(socket, connections.get(socket) ?? connections.size)
    response.setHeader('connection-number', String(connections.get(socket)))
    response.setHeader('from', String(socket.remoteAddress))
    incoming.pipe(response)
  })
}

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
    closers.push(() => agent.destroy())
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
    closers.push(() => agent.destroy())
    const bodies = Array.from({ length: 20 }, (_, count) => `${count}`.repeat(5_000))
    const answers = await Promise.all(bodies.map((body) => ask(`http://[${server.hit}]/`, agent, body)))
    expect(answers.map(({ text }) => text)).toEqual(bodies)
    expect(new Set(answers.map(({ response }) => response.headers['connection-number'])).size).toBe(20)
  })

  test('a closed port is ECONNREFUSED, with our error as the cause', async () => {
    const { client, server } = await served(() => undefined)
    const agent = new SojournAgent(client, { peers: [server.peer] })
    closers.push(() => agent.destroy())
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
  closers.push(() => session.destroy())
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
  closers.push(() => dispatcher.destroy())
  for (const body of ['one', 'two', 'three'.repeat(100_000)]) {
    const response = await fetch(`http://[${server.hit}]/path`, { dispatcher, method: 'POST', body })
    expect(await response.text()).toBe(body)
    expect(response.headers.get('connection-number')).toBe('0')
  }
  const refused = fetch(`http://[${server.hit}]:81/`, { dispatcher })
  await expect(refused).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})

test('a WebSocket of ws talks both ways, through an http server that upgrades', async () => {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http })
  closers.push(() => sockets.close())
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  const { client, server } = await served((stream) => http.emit('connection', stream))
  const createConnection = sojournConnection(client, { peers: [server.peer] })
  const socket = new WebSocket(`ws://[${server.hit}]/`, { createConnection })
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
  const echo: UntypedServiceImplementation = {
    say: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => callback(null, call.request),
    chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (message) => call.write(message))
      call.on('end', () => call.end())
    },
  }

  async function grpc(options: ServerOptions): Promise<{ client: Endpoint; server: Endpoint }> {
    const rpc = new GrpcServer(options)
    rpc.addService(SERVICE, echo)
    const injector = rpc.createConnectionInjector(ServerCredentials.createInsecure())
    closers.push(() => rpc.forceShutdown())
    return served((stream) => injector.injectConnection(stream))
  }

  test('answers a client of grpc-js that comes through a local forwarder', async () => {
    const { client, server } = await grpc({})
    // The client takes no connection that others have made.
    const forwarder = createNetServer((socket) => {
      const stream = client.connect(server.peer, 80)
      pipeline(socket, stream, socket, () => undefined)
    })
    const path = join(mkdtempSync(join(tmpdir(), 'sojourn-grpc-')), 'socket')
    forwarder.listen(path)
    await once(forwarder, 'listening')
    const rpc = new Client(`unix:${path}`, credentials.createInsecure())
    closers.push(
      () => forwarder.close(),
      () => rpc.close(),
    )
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
    const { client, server } = await grpc({ 'grpc.keepalive_time_ms': 5, 'grpc.keepalive_timeout_ms': 5_000 })
    const createConnection = sojournConnection(client, { peers: [server.peer] })
    const session = connectHttp2(`http://[${server.hit}]/`, { createConnection })
    closers.push(() => session.destroy())
    const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }
    const call = session.request({ ...headers, ':path': SERVICE.chat.path })
    for (let pings = 0; pings < 3; pings++) await once(session, 'ping')
    const message = Buffer.from([0, 0, 0, 0, 2, 104, 105])
    call.write(message)
    expect((await once(call, 'data'))[0]).toEqual(message)
    call.end()
  })
})
