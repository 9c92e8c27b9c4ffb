// What the published types promise, for the compiler to refuse (`npm run types`): nothing here ever runs. Each `@ts-expect-error` is an
// error itself as soon as what follows it is allowed.

import { type Agent, get, type Server } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import { Agent as UndiciAgent } from 'undici'
import { expectTypeOf } from 'vitest'
import { WebSocket } from 'ws'
import {
  type AssociationEnd,
  type DatagramInfo,
  Endpoint,
  type EndpointEnd,
  type EndpointOptions,
  type FreezeOptions,
  type Hit,
  Host,
  type Listener,
  type ListenOptions,
  type Locator,
  type Peer,
  resumable,
  SojournAgent,
  type SojournError,
  type SojournErrorCode,
  type SojournStream,
  sojournConnection,
  sojournConnector,
  type Thawed,
  thaw,
} from '../../src/index.ts'

/** A stream goes where Node and others want a connection, in the way that the guide shows. */
export function streamsAreConnections(endpoint: Endpoint, stream: SojournStream, http: Server): void {
  expectTypeOf(stream).toExtend<Duplex>()
  expectTypeOf(stream.setNoDelay).toBeCallableWith(true)
  expectTypeOf(stream.remoteAddress).toExtend<Socket['remoteAddress']>()
  expectTypeOf(stream.localPort).toExtend<Socket['localPort']>()
  expectTypeOf(stream.bytesRead).toEqualTypeOf<Socket['bytesRead']>()
  expectTypeOf(stream.bytesWritten).toEqualTypeOf<Socket['bytesWritten']>()
  http.emit('connection', stream)
  const createConnection = sojournConnection(endpoint)
  expectTypeOf(new SojournAgent(endpoint)).toExtend<Agent>()
  get('http://[2001:20::1]/', { agent: new SojournAgent(endpoint, { peers: [], maxSockets: 1 }) })
  get('http://[2001:20::1]/', { createConnection })
  connectHttp2('http://[2001:20::1]/', { createConnection })
  new WebSocket('ws://[2001:20::1]/', { createConnection })
  new UndiciAgent({ connect: sojournConnector(endpoint) })
}

/** A server of grpc-js takes one that its peer has opened. */
export function grpcTakesStreams(server: GrpcServer, by: ServerCredentials, listener: Listener): void {
  const injector = server.createConnectionInjector(by)
  listener.on('stream', (stream) => injector.injectConnection(stream))
}

/** Listeners know what they are told. */
export async function eventsAreTyped(endpoint: Endpoint, listener: Listener, stream: SojournStream): Promise<void> {
  endpoint.on('association', (association) => expectTypeOf(association.peer).toEqualTypeOf<Hit>())
  endpoint.on('move', (from, to) => expectTypeOf([from, to]).toEqualTypeOf<Locator[]>())
  endpoint.on('close', (end) => expectTypeOf(end).toEqualTypeOf<EndpointEnd>())
  listener.on('stream', (taken) => expectTypeOf(taken).toEqualTypeOf<SojournStream>())
  endpoint.listen(80, (taken) => expectTypeOf(taken).toEqualTypeOf<SojournStream>())
  stream.on('data', (chunk: Buffer) => chunk)
  for await (const taken of listener) expectTypeOf(taken).toEqualTypeOf<SojournStream>()
  const socket = await endpoint.datagrams(7)
  socket.on('message', (bytes, from) => {
    expectTypeOf(bytes).toEqualTypeOf<Buffer>()
    expectTypeOf(from).toEqualTypeOf<DatagramInfo>()
  })
  const association = await endpoint.associate('')
  association.on('close', (end) => expectTypeOf(end).toEqualTypeOf<AssociationEnd>())
  association.on('rebound', (epoch) => expectTypeOf(epoch).toEqualTypeOf<number>())
  // @ts-expect-error there is no such event
  endpoint.on('asociation', () => undefined)
  // @ts-expect-error there is no such event
  listener.on('connection', () => undefined)
  // @ts-expect-error there is no such event
  association.on('moved', () => undefined)
  // @ts-expect-error an epoch is a number
  association.on('rebound', (epoch: string) => epoch)
}

/** What is misspelt, or of another kind, is refused. */
export async function optionsRefuseTypos(endpoint: Endpoint, host: Host): Promise<void> {
  const ledger = host.ledger()
  expectTypeOf<EndpointOptions>().toExtend<{ readonly takeOver?: boolean }>()
  await Endpoint.open({ host, ledger, bind: { address: '127.0.0.1', port: 0 } })
  // @ts-expect-error host
  await Endpoint.open({ hosts: host })
  // @ts-expect-error an address is text
  await Endpoint.open({ bind: { address: 127 } })
  // @ts-expect-error takeOver
  await Endpoint.open({ takeover: true })
  // @ts-expect-error a port is a number
  endpoint.connect('', '80')
  // @ts-expect-error highWaterMark
  endpoint.connect('', 80, { highWatermark: 1 })
  // @ts-expect-error allow
  endpoint.listen(80, { allowed: [] })
  // @ts-expect-error a list
  endpoint.listen(80, { allow: '' } satisfies ListenOptions)
  // @ts-expect-error whom to is not said
  await endpoint.freeze({ state: new Uint8Array(0) })
  // @ts-expect-error state is bytes
  await endpoint.freeze({ to: host.kem, state: 'mine' } satisfies FreezeOptions)
  // @ts-expect-error a ledger is needed
  await thaw(new Uint8Array(0), { host })
  // @ts-expect-error home
  await Host.open({ folder: 'here' })
  // @ts-expect-error a size
  resumable(endpoint, 80, { open: () => ({ body: [] }) })
  // @ts-expect-error nothing that a stream is is written to
  endpoint.connect('', 80).remotePort = 81
}

/** What comes out is what it says. */
export async function resultsAreTyped(endpoint: Endpoint, host: Host, error: SojournError): Promise<void> {
  expectTypeOf(endpoint.hit).toEqualTypeOf<Hit>()
  expectTypeOf(endpoint.peer).toExtend<Parameters<Endpoint['connect']>[0]>()
  expectTypeOf<Peer>().toExtend<Parameters<Endpoint['associate']>[0]>()
  expectTypeOf(endpoint.closed).toEqualTypeOf<Promise<EndpointEnd>>()
  expectTypeOf(await endpoint.freeze({ to: host.kem })).toEqualTypeOf<Uint8Array>()
  const thawed = await thaw(new Uint8Array(0), { host, ledger: host.ledger() })
  expectTypeOf(thawed).toEqualTypeOf<Thawed>()
  expectTypeOf(thawed.streams.get(endpoint.hit)?.get(1)).toEqualTypeOf<SojournStream | undefined>()
  expectTypeOf(thawed.listeners.get(80)).toEqualTypeOf<Listener | undefined>()
  expectTypeOf(error.code).toEqualTypeOf<SojournErrorCode>()
  // @ts-expect-error text is no HIT before it has been looked at
  const hit: Hit = '2001:20::1'
  expectTypeOf(hit).toEqualTypeOf<Hit>()
}
