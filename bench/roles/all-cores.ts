// So many threads, each with two endpoints of its own and a stream between them that is filled: what docs/guide/all-cores.md says.

import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { Client, Line } from '../contenders/contender.ts'
import { sojourn } from '../contenders/sojourn.ts'
import { answer } from '../support.ts'

const HOST = '127.0.0.1'

async function line(packetBytesMax: number): Promise<Line> {
  const options = { host: HOST, packetBytesMax }
  const address = await sojourn.listen(options)
  const client: Client = await sojourn.client(options)
  return client.line(address)
}

async function work(): Promise<void> {
  let filled: Line | undefined
  parentPort?.on('message', async ({ bytes, packetBytesMax }: { bytes: number; packetBytesMax: number }) => {
    filled ??= await line(packetBytesMax)
    await filled.fill(bytes)
    parentPort?.postMessage('filled')
  })
}

if (isMainThread) {
  const workers: Worker[] = []
  answer({
    fill: async ({
      threads,
      bytes,
      packetBytesMax,
    }: {
      readonly threads: number
      readonly bytes: number
      readonly packetBytesMax: number
    }) => {
      while (workers.length < threads) workers.push(new Worker(new URL(import.meta.url)))
      const startedAt = performance.now()
      const one = (worker: Worker): Promise<void> =>
        new Promise((resolve, reject) => {
          worker.once('message', () => {
            worker.off('error', reject)
            resolve()
          })
          worker.once('error', reject)
          worker.postMessage({ bytes, packetBytesMax })
        })
      await Promise.all(workers.slice(0, threads).map(one))
      return { bytes: bytes * threads, ms: performance.now() - startedAt }
    },
  })
} else {
  void work()
}
