// A transfer between two engines, of which either may move at any moment: a client has opened a stream to an echo and has written
// everything; in the end both have read every byte, once and in order.

import { expect } from 'vitest'
import type { Config } from '../../src/core/config.ts'
import { type Actor, type End, type Flying, freeze, pair, place, thaw, type Wire } from './pair.ts'
import { noise, StreamApp } from './stream-app.ts'

const PORT = 9
/** Of a transfer that is not said to be longer. */
export const LENGTH = 40_000

/** What a test of it has in hand. */
export interface Transfer {
  readonly wire: Wire
  readonly alice: Actor
  readonly bob: Actor
  readonly client: StreamApp
  readonly server: StreamApp
  readonly id: number
  readonly bytes: Uint8Array
  /** Datagrams that have left since the stream was opened. */
  readonly steps: () => number
}

/** A client has opened a stream to an echo and written everything. */
export function transfer(
  config: Partial<Config> = {},
  bend?: (flying: Flying) => readonly Flying[],
  length = LENGTH,
  eager = true,
  end = true,
): Transfer {
  const { wire, alice, bob, a, b } = pair({ config })
  b.engine.listen(PORT)
  const client = new StreamApp(wire, a, b.engine.hit)
  const server = new StreamApp(wire, b, a.engine.hit, { echo: true, eager })
  const begin = wire.sent.length
  if (bend !== undefined) wire.bend = bend
  const id = client.open(PORT)
  const bytes = noise(length)
  client.say(id, bytes, end)
  return { wire, alice, bob, client, server, id, bytes, steps: () => wire.sent.length - begin }
}

/** Lets time pass until so many datagrams have left, or what is waited for has come; false if neither does for long. */
export function until(one: Transfer, steps: number, met: () => boolean = () => false): boolean {
  for (let ms = 0; one.steps() < steps && !met(); ms++) {
    if (ms > 20_000) return false
    one.wire.run(1)
  }
  return true
}

export function move(
  { wire }: Transfer,
  app: StreamApp,
  who: Actor,
  at: number,
  epoch = 2,
  config: Partial<Config> = {},
): End {
  const state = freeze(wire, app.end)
  const end = thaw(wire, who, state, epoch, place(at), config)
  app.attend(end)
  wire.drain()
  return end
}

export function exact({ wire, client, server, id, bytes }: Transfer, ms = 60_000): void {
  for (let waited = 0; waited < ms && !client.line(id).closed; waited += 100) wire.run(100)
  expect(client.text(id).length).toBe(bytes.length)
  expect(Buffer.compare(client.text(id), bytes)).toBe(0)
  expect(Buffer.compare(server.text(id), bytes)).toBe(0)
  expect(client.line(id)).toMatchObject({ ended: true, finished: true, lost: undefined, resetCode: undefined })
  expect(client.end.engine.streams(client.peer)).toEqual([])
}
