// Where the demo's processes stay: three loopback addresses where the system has them (Linux has all of 127.0.0.0/8), otherwise
// one address and three ports (macOS).

import { createServer } from 'node:net'

export interface Addresses {
  /** The peer's, and the two that the service moves between. */
  readonly peer: string
  readonly first: string
  readonly second: string
  /** False if all three are the same. */
  readonly aliases: boolean
}

/** Tries the aliases by TCP: the parent holds no UDP socket, not even for a moment. */
export async function loopbackAddresses(): Promise<Addresses> {
  const [first, second] = ['127.0.0.2', '127.0.0.3'] as const
  const aliases = (await exists(first)) && (await exists(second))
  const peer = '127.0.0.1'
  return aliases ? { peer, first, second, aliases } : { peer, first: peer, second: peer, aliases }
}

function exists(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(0, address, () => server.close(() => resolve(true)))
  })
}
