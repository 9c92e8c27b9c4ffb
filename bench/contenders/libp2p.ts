// libp2p over TCP with Noise and Yamux. A node has one connection to another at most, so clients that connect often are many.

import type { Contender } from './contender.ts'
import { type Pipe, serve } from './pipe.ts'
import { rival } from './rival.ts'
import { streamLine } from './stream-line.ts'

interface MessageStream {
  send(bytes: Uint8Array): boolean
  abort(error: Error): void
  addEventListener(event: string, listener: (event: { readonly data?: Bytes; readonly error?: Error }) => void): void
  onDrain(): Promise<void>
}

/** A Uint8Array, or a list of them. */
interface Bytes {
  subarray(): Uint8Array
}

interface Node {
  handle(protocol: string, handler: (stream: MessageStream) => void, options: object): Promise<void>
  getMultiaddrs(): { toString(): string }[]
  dial(
    to: object,
  ): Promise<{ newStream(protocol: string, options: object): Promise<MessageStream>; close(): Promise<void> }>
  stop(): Promise<void>
}

const PROTOCOL = '/bench/1'
const STREAMS = { maxInboundStreams: 65_536, maxOutboundStreams: 65_536 }

async function node(listen: readonly string[]): Promise<Node> {
  const { createLibp2p } = (await rival('libp2p')) as { createLibp2p(options: object): Promise<Node> }
  const { tcp } = (await rival('@libp2p/tcp')) as { tcp(): object }
  const { noise } = (await rival('@chainsafe/libp2p-noise')) as { noise(): object }
  const { yamux } = (await rival('@chainsafe/libp2p-yamux')) as { yamux(): object }
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: 65_536,
      inboundConnectionThreshold: 65_536,
      maxIncomingPendingConnections: 4_096,
    },
    connectionMonitor: { enabled: false },
  })
}

function pipeOf(stream: MessageStream): Pipe {
  const pipe: Pipe = {
    write: (bytes) => stream.send(bytes),
    drained: (then) => void stream.onDrain().then(then, (error: Error) => pipe.onEnd(error)),
    onData: () => undefined,
    onEnd: () => undefined,
    close: () => stream.abort(new Error('over')),
  }
  stream.addEventListener('message', ({ data }) => data && pipe.onData(data.subarray()))
  stream.addEventListener('close', ({ error }) => pipe.onEnd(error ?? new Error('the stream has been closed')))
  return pipe
}

export const libp2p: Contender = {
  once: true,
  listen: async ({ host }) => {
    const server = await node([`/ip4/${host}/tcp/0`])
    await server.handle(PROTOCOL, (stream) => serve(pipeOf(stream)), STREAMS)
    return String(server.getMultiaddrs()[0])
  },
  client: async () => {
    const client = await node([])
    const { multiaddr } = (await rival('@multiformats/multiaddr')) as { multiaddr(text: string): object }
    return {
      line: async (address) => {
        const connection = await client.dial(multiaddr(address))
        return streamLine(async () => pipeOf(await connection.newStream(PROTOCOL, STREAMS)))
      },
      close: () => client.stop(),
    }
  },
}
