// Ourselves. Which provider moves the bytes is for the environment of the process to say.

import { createIdentity, Endpoint } from '../../src/index.ts'
import type { Contender, ContenderOptions } from './contender.ts'
import { pipeOf, serve } from './pipe.ts'
import { streamLine } from './stream-line.ts'

const PORT = 9

function open({ host, packetBytesMax }: ContenderOptions): Promise<Endpoint> {
  const limit = packetBytesMax === undefined ? {} : { packetBytesMax }
  return Endpoint.open({ identity: createIdentity(), bind: { address: host }, ...limit })
}

export const sojourn: Contender = {
  once: true,
  listen: async (options) => {
    const endpoint = await open(options)
    endpoint.listen(PORT, (stream) => serve(pipeOf(stream)))
    return endpoint.peer
  },
  client: async (options) => {
    const endpoint = await open(options)
    return {
      line: async (address) => {
        const { peer } = await endpoint.associate(address)
        return streamLine(() => pipeOf(endpoint.connect(peer, PORT)))
      },
      close: () => endpoint.close(),
    }
  },
}
