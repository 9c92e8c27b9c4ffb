// The endpoint of bench/scale that has many associations, or those who are at the other ends of them.

import { createIdentity, type DatagramSocket, Endpoint, type Hit } from '../../src/index.ts'
import { pipeOf, serve } from '../contenders/pipe.ts'
import { beginSampling, endSampling } from '../sampling.ts'
import { answer } from '../support.ts'

const STREAM_PORT = 9
const DATAGRAM_PORT = 7
const BYTES = 64
const WINDOW = 64
const STALL_MS = 200
/** Associations that are made at once. */
const AT_ONCE = 8

let endpoint: Endpoint | undefined
let socket: DatagramSocket | undefined
const idle: Hit[] = []
const remember = ({ peer }: { readonly peer: Hit }): void => void idle.push(peer)
const holders: Endpoint[] = []

answer({
  open: async ({ packetBytesMax }: { readonly packetBytesMax: number }) => {
    endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' }, packetBytesMax })
    endpoint.listen(STREAM_PORT, (stream) => serve(pipeOf(stream)))
    socket = await endpoint.datagrams(DATAGRAM_PORT)
    endpoint.on('association', remember)
    return { address: endpoint.peer }
  },
  /** So many endpoints with an association each, whose datagrams they give back. */
  hold: async ({ address, count }: { readonly address: string; readonly count: number }) => {
    let left = count
    const one = async (): Promise<void> => {
      while (left-- > 0) {
        const holder = await Endpoint.open({ identity: createIdentity(), bind: { address: '127.0.0.1' } })
        holders.push(holder)
        await holder.associate(address)
        const echo = await holder.datagrams(DATAGRAM_PORT)
        echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.hit))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
  },
  /** All idle ones are there: whoever comes now is the one that is used, and gives no datagrams back. */
  held: () => {
    endpoint?.off('association', remember)
    return { idle: idle.length }
  },
  sample: () => beginSampling(),
  sampled: () => endSampling(),
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return { seconds: (user + system) / 1e6 }
  },
  /** One datagram to every idle association in turn, there and back, for so long. */
  robin: async ({ ms }: { readonly ms: number }) => {
    const before = process.cpuUsage()
    const startedAt = performance.now()
    const datagrams = await robin(ms)
    const { user, system } = process.cpuUsage(before)
    return { datagrams, ms: performance.now() - startedAt, cpuMs: (user + system) / 1_000 }
  },
})

function robin(ms: number): Promise<number> {
  const [over, bytes] = [socket, new Uint8Array(BYTES)]
  if (over === undefined || idle.length === 0) throw new Error('nobody is there')
  return new Promise((resolve) => {
    const until = performance.now() + ms
    let [turn, back, outstanding] = [0, 0, 0]
    const more = (): void => {
      for (; outstanding < WINDOW; outstanding++) {
        const hit = idle[turn++ % idle.length]
        if (hit !== undefined) over.send(bytes, DATAGRAM_PORT, hit)
      }
    }
    let heardAt = performance.now()
    const heard = (): void => {
      back += 1
      outstanding -= 1
      heardAt = performance.now()
      if (heardAt < until) more()
      else done()
    }
    const watch = setInterval(() => {
      if (performance.now() >= until) return done()
      if (performance.now() - heardAt < STALL_MS) return
      // A datagram that is lost would hold the window for ever.
      outstanding = 0
      more()
    }, STALL_MS)
    const done = (): void => {
      clearInterval(watch)
      over.off('message', heard)
      resolve(back)
    }
    over.on('message', heard)
    more()
  })
}
