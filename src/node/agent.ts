// HTTP and its relatives over streams: `http://[HIT]/` with an agent for node:http, a connector for undici and its fetch, and a
// createConnection for whatever takes one (http2, ws). A HIT is an IPv6 address to look at, so every URL parser takes it.

import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Hit, parseHit } from '../crypto/hit.ts'
import type { ConnectOptions } from './connect.ts'
import type { Endpoint } from './endpoint.ts'
import { SojournError } from './errors.ts'
import { type PeerLike, peerOf } from './peer.ts'
import type { SojournStream } from './stream.ts'

/** How the servers behind URLs are reached. */
export interface ReachOptions extends Pick<ConnectOptions, 'timeoutMs'> {
  /** Where to look first for those that are named by a HIT in a URL. Others are found by the ledger, or are associated with already. */
  readonly peers?: readonly PeerLike[] | undefined
}

/** What clients say of the server they want: the host is a HIT, with or without brackets, or a URL holds it. */
export interface Target {
  /** A HIT, or with a port behind it. */
  readonly host?: string | null | undefined
  /** A HIT, in brackets or not. */
  readonly hostname?: string | null | undefined
  /** The port inside the association; that of the protocol by default. */
  readonly port?: number | string | null | undefined
  /** With its colon. */
  readonly protocol?: string | null | undefined
  /** Aborting gives up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * An `http.Agent` whose connections are streams of an endpoint, kept alive between requests unless `keepAlive` is false.
 * @example
 * const { get } = await import('node:http')
 * const server = (await import('node:http')).createServer((request, response) => response.end(request.url))
 * const other = await Endpoint.open()
 * endpoint.listen(80, (stream) => server.emit('connection', stream))
 * const agent = new SojournAgent(other, { peers: [endpoint.peer] })
 * await new Promise((resolve) => get(`http://[${endpoint.hit}]/`, { agent }, resolve))
 */
export class SojournAgent extends Agent {
  readonly #connect: (target: Target) => SojournStream

  constructor(endpoint: Endpoint, options: AgentOptions & ReachOptions = {}) {
    const { peers, timeoutMs, ...rest } = options
    super({ keepAlive: true, ...rest })
    this.#connect = sojournConnection(endpoint, { peers, timeoutMs })
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    const { host, port, signal } = options
    const stream = this.#connect({ host, port, signal })
    callback?.(null, stream)
    return callback === undefined ? stream : undefined
  }
}

/**
 * A `createConnection` for http2.connect, `new WebSocket` of ws, or `http.request` without an agent: `(options)` or `(url)` to a
 * stream. Throws ERR_SOJOURN_ARGUMENT when the host is no HIT.
 * @example
 * const { connect } = await import('node:http2')
 * connect(`http://[${peer.split('@')[0]}]/`, { createConnection: sojournConnection(endpoint, { peers: [peer] }) }).destroy()
 */
export function sojournConnection(endpoint: Endpoint, options: ReachOptions = {}): (target: Target) => SojournStream {
  const places = new Map((options.peers ?? []).map(peerOf).map((peer) => [peer.hit, peer]))
  return (target) => {
    const hit = hitOf(target)
    const port = portOf(target)
    const { timeoutMs } = options
    // Programs for TCP match on TCP's codes, and end their side when the other one has.
    return endpoint.connect(places.get(hit) ?? hit, port, {
      allowHalfOpen: false,
      errno: true,
      timeoutMs,
      signal: target.signal,
    })
  }
}

/** What undici calls with the connection that was made, or the reason why there is none. */
export type ConnectorCallback = (...result: [error: null, socket: SojournStream] | [error: Error, socket: null]) => void

/**
 * A connector for the dispatchers of undici: `new Agent({ connect: sojournConnector(endpoint) })`, also for `fetch`.
 * @example
 * const connect = sojournConnector(endpoint, { peers: [peer] })
 * connect({ hostname: peer.split('@')[0], port: '80' }, (error, socket) => console.log(error?.message ?? socket?.id))
 */
export function sojournConnector(
  endpoint: Endpoint,
  options: ReachOptions = {},
): (target: Target, callback: ConnectorCallback) => void {
  const connection = sojournConnection(endpoint, options)
  return (target, callback) => {
    const { hostname, host, port, protocol } = target
    let stream: SojournStream
    try {
      stream = connection({ hostname: hostname ?? host, port, protocol })
    } catch (error) {
      return void process.nextTick(callback, error as Error, null)
    }
    const failed = (error: Error): void => callback(error, null)
    stream.once('error', failed)
    stream.once('connect', () => {
      stream.off('error', failed)
      callback(null, stream)
    })
  }
}

function hitOf({ hostname, host }: Target): Hit {
  const name = (hostname ?? host ?? '').replace(/^\[(.*)\](?::\d+)?$/, '$1')
  const hit = parseHit(name)
  if (hit !== undefined) return hit
  throw new SojournError('ERR_SOJOURN_ARGUMENT', `${JSON.stringify(name)} is not a HIT: write the URL as http://[HIT]/`)
}

function portOf({ port, protocol }: Target): number {
  if (port !== undefined && port !== null && port !== '') return Number(port)
  return protocol === 'https:' || protocol === 'wss:' ? 443 : 80
}
