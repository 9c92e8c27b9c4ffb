// Servers of http and gRPC that echo over streams, and how their clients get there.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createNetServer, type Socket } from 'node:net'
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
import { WebSocket, WebSocketServer } from 'ws'
import { sojournConnection } from '../../src/node/agent.ts'
import type { Endpoint } from '../../src/node/endpoint.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import { afterThisTest } from './afterwards.ts'
import { endpointOn } from './endpoints.ts'
import { temporaryFolder } from './temporary.ts'

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value }
const method = {
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
}
/** Bytes in, the same bytes out. */
export const SERVICE = {
  say: { ...method, path: '/echo.Echo/Say', requestStream: false, responseStream: false },
  chat: { ...method, path: '/echo.Echo/Chat', requestStream: true, responseStream: true },
} as const

/** A client and a server endpoint, and what the server's application does with a stream. */
export async function served(
  onstream: (stream: SojournStream) => void,
): Promise<{ client: Endpoint; server: Endpoint }> {
  const [client, server] = await Promise.all([endpointOn(), endpointOn()])
  server.listen(80, onstream)
  return { client, server }
}

/** An http server that says which of its connections a request came by, and echoes the body. */
export function echoServer(): Server {
  const connections = new Map<Socket, number>()
  return createServer((incoming, response) => {
    const { socket } = incoming
    connections.set(socket, connections.get(socket) ?? connections.size)
    response.setHeader('connection-number', String(connections.get(socket)))
    response.setHeader('from', String(socket.remoteAddress))
    incoming.pipe(response)
  })
}

const echo: UntypedServiceImplementation = {
  say: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => callback(null, call.request),
  chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
    call.on('data', (message) => call.write(message) || call.pause())
    call.on('drain', () => call.resume())
    call.on('end', () => call.end())
  },
}

/** A server of grpc-js that echoes. */
export async function grpcEcho(options: ServerOptions): Promise<{ client: Endpoint; server: Endpoint }> {
  const rpc = new GrpcServer(options)
  rpc.addService(SERVICE, echo)
  const injector = rpc.createConnectionInjector(ServerCredentials.createInsecure())
  afterThisTest(() => rpc.forceShutdown())
  return served((stream) => injector.injectConnection(stream))
}

/** A client of grpc-js, which takes no connection that others have made: it comes through a local forwarder. */
export async function grpcClient(client: Endpoint, server: Endpoint): Promise<Client> {
  const forwarder = createNetServer((socket) => {
    const stream = client.connect(server.peer, 80)
    pipeline(socket, stream, socket, () => undefined)
  })
  const path = join(temporaryFolder(), 'socket')
  forwarder.listen(path)
  await once(forwarder, 'listening')
  const rpc = new Client(`unix:${path}`, credentials.createInsecure())
  afterThisTest(() => forwarder.close())
  afterThisTest(() => rpc.close())
  return rpc
}

/** A WebSocket to a server that sends every message back. */
export async function echoingWebSocket(): Promise<WebSocket> {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http })
  afterThisTest(() => sockets.close())
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  const { client, server } = await served((stream) => http.emit('connection', stream))
  return new WebSocket(`ws://[${server.hit}]/`, {
    createConnection: sojournConnection(client, { peers: [server.peer] }),
  })
}
