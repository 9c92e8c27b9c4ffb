// The two ends of bench/flood's puzzles: a server that asks for one, and a client that notes how long its event loop stands still at most
// while it exchanges and solves.

import { performance } from 'node:perf_hooks'
import { Endpoint } from '../../src/index.ts'
import { answer } from '../support.ts'

const bind = { address: '127.0.0.1' }
let server: Endpoint | undefined

async function serve({ difficulty }: { readonly difficulty: number }): Promise<{ readonly address: string }> {
  await server?.close()
  const config = { puzzleDifficulty: difficulty, puzzleDifficultyAskedMax: difficulty }
  server = await Endpoint.open({ bind, config })
  return { address: server.peer }
}

async function solve({
  address,
}: {
  readonly address: string
}): Promise<{ readonly ms: number; readonly stallMs: number }> {
  const client = await Endpoint.open({ bind })
  let stallMs = 0
  let solving = true
  let before = performance.now()
  const startedAt = before
  const turn = (): void => {
    const at = performance.now()
    stallMs = Math.max(stallMs, at - before)
    before = at
    if (solving) setImmediate(turn)
  }
  setImmediate(turn)
  await client.associate(address)
  const ms = performance.now() - startedAt
  solving = false
  turn()
  await client.close()
  return { ms, stallMs }
}

answer({ serve, solve })
