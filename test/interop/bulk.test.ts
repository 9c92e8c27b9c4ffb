// A hundred megabytes both ways through each of the real node:http, http2, undici, ws and grpc-js, over connections that are kept: what
// comes back is what was sent. With SOJOURN_PORTABLE=1 the same over the sockets of Node. In `npm run interop`.

import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { Readable } from 'node:stream'
import { fetch, Agent as UndiciAgent } from 'undici'
import { expect, test } from 'vitest'
import { SojournAgent, sojournConnection, sojournConnector } from '../../src/node/agent.ts'
import { afterThisTest } from '../support/afterwards.ts'
import { echoingWebSocket, echoServer, grpcClient, grpcEcho, SERVICE, served } from '../support/echo-servers.ts'
import { pattern } from '../support/stream-ends.ts'

const BYTES = 100_000_000
/** So many requests, one after another, on one connection. */
const REQUESTS = 4
const PIECE = 50_000
const pieces: readonly Buffer[] = Array.from({ length: 10 }, (_, index) => pattern(PIECE + index).subarray(index))

/** What was sent, and what came back. */
class Echo {
  readonly #sent: Hash = createHash('sha256')
  readonly #heard: Hash = createHash('sha256')
  #bytes = 0

  heard(bytes: Uint8Array): void {
    this.#heard.update(bytes)
    this.#bytes += bytes.length
  }

  /** A share of all bytes, as they are sent. */
  *body(bytes = BYTES / REQUESTS): Generator<Buffer, undefined> {
    for (let left = bytes; left > 0; left -= PIECE) {
      const piece = pieces[(left / PIECE) % pieces.length] ?? Buffer.alloc(0)
      this.#sent.update(piece)
      yield piece
    }
    return undefined
  }

  async hear(stream: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const bytes of stream) this.heard(bytes)
  }

  isWhole(): void {
    expect(this.#bytes).toBe(BYTES)
    expect(this.#heard.digest('hex')).toBe(this.#sent.digest('hex'))
  }
}

test('node:http, with a connection that is kept alive by SojournAgent', async () => {
  const http = echoServer()
  const { client, server } = await served((stream) => http.emit('connection', stream))
  const agent = new SojournAgent(client, { peers: [server.peer] })
  afterThisTest(() => agent.destroy())
  const echo = new Echo()
  for (let count = 0; count < REQUESTS; count++) {
    const asked = request(`http://[${server.hit}]/`, { agent, method: 'POST' })
    Readable.from(echo.body()).pipe(asked)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    expect(response.headers['connection-number']).toBe('0')
    await echo.hear(response)
  }
  echo.isWhole()
})

test('http2, with all requests in one session', async () => {
  const http2 = createHttp2Server((incoming, response) => void incoming.pipe(response))
  const { client, server } = await served((stream) => http2.emit('connection', stream))
  const createConnection = sojournConnection(client, { peers: [server.peer] })
  const session = connectHttp2(`http://[${server.hit}]/`, { createConnection })
  afterThisTest(() => session.destroy())
  const echo = new Echo()
  for (let count = 0; count < REQUESTS; count++) {
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    Readable.from(echo.body()).pipe(stream)
    await echo.hear(stream)
  }
  echo.isWhole()
})

test('the fetch of undici, with one connection', async () => {
  const http = echoServer()
  const { client, server } = await served((stream) => http.emit('connection', stream))
  const dispatcher = new UndiciAgent({ connect: sojournConnector(client, { peers: [server.peer] }), connections: 1 })
  afterThisTest(() => dispatcher.destroy())
  const echo = new Echo()
  for (let count = 0; count < REQUESTS; count++) {
    const body = Readable.from(echo.body())
    const response = await fetch(`http://[${server.hit}]/`, { dispatcher, method: 'POST', body, duplex: 'half' })
    expect(response.headers.get('connection-number')).toBe('0')
    if (response.body === null) throw new Error('no body')
    await echo.hear(response.body)
  }
  echo.isWhole()
})

test('a WebSocket of ws, with a message for every piece', async () => {
  const socket = await echoingWebSocket()
  afterThisTest(() => socket.terminate())
  await once(socket, 'open')
  const echo = new Echo()
  let underWay = 0
  let room = (): void => undefined
  socket.on('message', (data: Buffer) => {
    echo.heard(data)
    underWay -= 1
    room()
  })
  const until = async (limit: number): Promise<void> => {
    while (underWay > limit)
      await new Promise<void>((resolve) => {
        room = resolve
      })
  }
  for (const piece of echo.body(BYTES)) {
    await until(40)
    underWay += 1
    socket.send(piece)
  }
  await until(0)
  echo.isWhole()
})

test('a call of grpc-js that streams both ways', async () => {
  const { client, server } = await grpcEcho({})
  const rpc = await grpcClient(client, server)
  const { path, requestSerialize, responseDeserialize } = SERVICE.chat
  const echo = new Echo()
  const call = rpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
  const heard = echo.hear(call)
  for (const piece of echo.body(BYTES)) if (!call.write(piece)) await once(call, 'drain')
  call.end()
  await heard
  echo.isWhole()
})
