// Endpoints on loopback for tests, closed when each test is over.

import type { Association } from '../../src/node/association.ts'
import type { Datagram, DatagramSocket } from '../../src/node/datagram-socket.ts'
import { Endpoint, type EndpointOptions } from '../../src/node/endpoint.ts'
import { afterThisTest } from './afterwards.ts'

/** Closes this endpoint after the test. */
export function closeLater(endpoint: Endpoint): Endpoint {
  afterThisTest(() => endpoint.destroy())
  return endpoint
}

/** An endpoint on 127.0.0.1, unless told otherwise. */
export async function endpointOn(options: EndpointOptions = {}): Promise<Endpoint> {
  return closeLater(await Endpoint.open({ bind: { address: '127.0.0.1' }, ...options }))
}

/** Two endpoints with an association that the first began. */
export async function pair(
  first: EndpointOptions = {},
  second: EndpointOptions = {},
): Promise<{ readonly a: Endpoint; readonly b: Endpoint; readonly association: Association }> {
  const [a, b] = await Promise.all([endpointOn(first), endpointOn(second)])
  return { a, b, association: await a.associate(b.peer) }
}

/** The next datagram of a socket. */
export async function nextOn(socket: DatagramSocket): Promise<Datagram> {
  for await (const datagram of socket) return datagram
  throw new Error('the socket closed first')
}
