// Hosts that share a ledger in files, a service on one of them with a peer, and moves between them, on real sockets.

import { join } from 'node:path'
import type { Ledger } from '../../src/ledger/interface.ts'
import type { Association } from '../../src/node/association.ts'
import type { DatagramSocket } from '../../src/node/datagram-socket.ts'
import type { Endpoint } from '../../src/node/endpoint.ts'
import { Host } from '../../src/node/host.ts'
import { type Thawed, thaw } from '../../src/node/thaw.ts'
import { closeLater, endpointOn, nextOn } from './endpoints.ts'
import { temporaryFolder } from './temporary.ts'

export const bind = { address: '127.0.0.1' }

export interface Place {
  readonly host: Host
  readonly ledger: Ledger
}

/** Some hosts that share one ledger folder. */
export async function places(count: number): Promise<readonly [Place, Place, ...Place[]]> {
  const root = temporaryFolder()
  const make = async (index: number): Promise<Place> => {
    const host = await Host.open({ home: join(root, `host-${index}`) })
    return { host, ledger: host.ledger(join(root, 'ledger')) }
  }
  const [first, second, ...rest] = await Promise.all(Array.from({ length: count }, (_, index) => make(index)))
  if (first === undefined || second === undefined) throw new Error('a move needs two places')
  return [first, second, ...rest]
}

/** A service on port 7 that answers, and a peer that is associated with it. */
export interface Scene {
  readonly service: Endpoint
  readonly peer: Endpoint
  readonly association: Association
  readonly talk: DatagramSocket
}

export async function scene(place: Place, peerPlace?: Place): Promise<Scene> {
  const service = await endpointOn({ ...place })
  answerOn(await service.datagrams(7))
  const peer = await endpointOn({ ...peerPlace })
  const association = await peer.associate(service.peer)
  return { service, peer, association, talk: await peer.datagrams(9) }
}

export function answerOn(socket: DatagramSocket): void {
  socket.on('message', (bytes, { hit, port }) => socket.send(bytes, port, hit))
}

export async function thawAt(place: Place, capsule: Uint8Array): Promise<Thawed> {
  const thawed = await thaw(capsule, { ...place, bind })
  closeLater(thawed.endpoint)
  return thawed
}

/** Asks until it is answered: what is on its way to a place that has just been left is lost, as datagrams are. */
export async function ask(socket: DatagramSocket, hit: string, text: string): Promise<string> {
  socket.send(text, 7, hit)
  const again = setInterval(() => socket.send(text, 7, hit), 50)
  try {
    for (;;) {
      const answer = (await nextOn(socket)).bytes.toString()
      if (answer === text) return answer
    }
  } finally {
    clearInterval(again)
  }
}
