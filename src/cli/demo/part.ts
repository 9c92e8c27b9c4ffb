// What a child process does in its role: begun at an endpoint, or taken up from what came out of a capsule.

import type { Association } from '../../node/association.ts'
import type { Endpoint } from '../../node/endpoint.ts'
import { parsePeer } from '../../node/peer.ts'
import type { Thawed } from '../../node/thaw.ts'
import { Browser } from './browser.ts'
import { Client } from './client.ts'
import type { Begin, News, Role } from './messages.ts'
import { TalkingPeer } from './peer.ts'
import { SERVICE_PORT, Service } from './service.ts'
import { WebServer } from './web-server.ts'

/** A role that is being played. */
export interface Part {
  /** Freezes the endpoint, with all that there is to remember. */
  freeze(to: Uint8Array): Promise<Uint8Array>
  /** Resolves with what it has counted, when nothing is out any more. */
  finish(): Promise<unknown>
}

/** Plays a role from its beginning. */
export async function beginPart(
  role: Role,
  endpoint: Endpoint,
  { talkTo = '', paths = [], folder = '' }: Begin,
  tell: (news: News) => void,
): Promise<Part> {
  if (role === 'server') return WebServer.begin(endpoint)
  if (role === 'service') return service(endpoint, new Service(await endpoint.datagrams(SERVICE_PORT)))
  const association = await endpoint.associate(parsePeer(talkTo))
  if (role === 'client') return new Client(endpoint, association, paths, tell)
  if (role === 'browser') return Browser.begin(endpoint, association, paths, folder, tell)
  return peer(endpoint, new TalkingPeer(await endpoint.datagrams(), association, tell))
}

/** Plays it on. */
export function resumePart(role: Role, thawed: Thawed, tell: (news: News) => void): Part {
  if (role === 'server') return WebServer.resume(thawed)
  const { endpoint, sockets, state } = thawed
  const association = only(endpoint.associations(), 'association')
  if (role === 'browser') return Browser.resume(thawed, association, tell)
  const socket = only(sockets.values(), 'socket')
  if (role === 'service') return service(endpoint, new Service(socket, state))
  return peer(endpoint, new TalkingPeer(socket, association, tell, state))
}

function service(endpoint: Endpoint, played: Service): Part {
  return {
    freeze: (to) => endpoint.freeze({ to, state: () => played.suitcase() }),
    finish: async () => played.counts,
  }
}

function peer(endpoint: Endpoint, played: TalkingPeer): Part {
  endpoint.on('association', (another: Association) => played.replaced(another))
  return {
    freeze: (to) => endpoint.freeze({ to, state: () => played.suitcase() }),
    finish: () => played.finish(),
  }
}

function only<T>(values: Iterable<T>, what: string): T {
  for (const value of values) return value
  throw new Error(`the capsule holds no ${what}`)
}
