// hyperdht, over a DHT of three nodes of its own in the listening process. Every connection has a fresh key.

import type { Contender } from './contender.ts'
import { type DuplexLike, pipeOf, serve } from './pipe.ts'
import { rival } from './rival.ts'
import { streamLine } from './stream-line.ts'

interface Dht {
  createServer(onconnection: (stream: DuplexLike) => void): { listen(keyPair: object): Promise<void> }
  connect(
    publicKey: Uint8Array,
    options: { readonly keyPair: object },
  ): DuplexLike & { readonly opened: Promise<boolean> }
  fullyBootstrapped(): Promise<void>
  destroy(options: { readonly force: boolean }): Promise<void>
}

interface Where {
  readonly host: string
  readonly port: number
}

interface Hyperdht {
  readonly default: {
    new (options: { readonly bootstrap: readonly Where[]; readonly host: string }): Dht
    keyPair(): { readonly publicKey: Uint8Array }
  }
}

interface Testnet {
  readonly default: (
    size: number,
    options: { readonly host: string },
  ) => Promise<{
    readonly bootstrap: readonly Where[]
    createNode(options: { readonly host: string; readonly firewalled: boolean }): Dht
  }>
}

const NODES = 3

export const hyperdht: Contender = {
  listen: async ({ host }) => {
    const { default: DHT } = (await rival('hyperdht')) as Hyperdht
    const { default: createTestnet } = (await rival('hyperdht/testnet.js')) as Testnet
    const testnet = await createTestnet(NODES, { host })
    // Nothing is between the two: without this it would look for a NAT, and often not find its way out of that.
    const node = testnet.createNode({ host, firewalled: false })
    const keyPair = DHT.keyPair()
    await node.createServer((stream) => serve(pipeOf(stream))).listen(keyPair)
    return JSON.stringify({ key: Buffer.from(keyPair.publicKey).toString('hex'), bootstrap: testnet.bootstrap })
  },
  client: async ({ host }) => {
    const { default: DHT } = (await rival('hyperdht')) as Hyperdht
    let node: Dht | undefined
    return {
      line: async (address) => {
        const { key, bootstrap }: { key: string; bootstrap: readonly Where[] } = JSON.parse(address)
        if (node === undefined) {
          node = new DHT({ bootstrap, host })
          await node.fullyBootstrapped()
        }
        const at = node
        return streamLine(() => pipeOf(at.connect(Buffer.from(key, 'hex'), { keyPair: DHT.keyPair() })))
      },
      close: async () => node?.destroy({ force: true }),
    }
  },
}
