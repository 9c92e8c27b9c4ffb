// One process of the emulated link of bench/lossy: the link itself, a receiver that counts, or a sender that fills one stream.

import { Endpoint } from '../../src/index.ts'
import { type EmulatedLink, LinkEmulator } from '../../test/support/link-emulator.ts'
import { answer } from '../support.ts'

const PORT = 9
const CHUNK = new Uint8Array(65_536).fill(0x5a)

let read = 0
let emulator: LinkEmulator | undefined

answer({
  listen: async () => {
    const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    endpoint.listen(PORT, (stream) => {
      stream.on('error', () => undefined)
      stream.on('data', (bytes) => {
        read += bytes.length
      })
    })
    return { hit: endpoint.hit, port: endpoint.locator.port }
  },
  link: async ({ port, link, seed }: { readonly port: number; readonly link: EmulatedLink; readonly seed: number }) => {
    emulator?.close()
    emulator = await LinkEmulator.to({ address: '127.0.0.1', port }, link, seed)
    return { address: `${emulator.at.address}:${emulator.at.port}` }
  },
  counts: () => ({ counts: emulator?.counts }),
  fill: async ({ hit, address }: { readonly hit: string; readonly address: string }) => {
    const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const stream = endpoint.connect(`${hit}@${address}`, PORT)
    const more = (): void => {
      while (stream.write(CHUNK));
      stream.once('drain', more)
    }
    more()
    await stream.opened
  },
  read: () => ({ read }),
})
