// What a hostile reviewer found in what still leaves before FREEZE: it waits longer than it did, or than it says.

import { describe, expect, it } from 'vitest'
import type { Config } from '../../src/core/config.ts'
import { End, freeze, pair, place, thaw } from '../support/pair.ts'
import { noise, StreamApp } from '../support/stream-app.ts'

const DELAY_MS = 10

/** A client that has written enough for the windows to grow, and then `bytes` more; its server reads at once. */
function writer(bytes: number, before: number, config: Partial<Config> = {}) {
  const all = pair({ delayMs: DELAY_MS, config })
  const { wire, a, b } = all
  b.engine.listen(9)
  const client = new StreamApp(wire, a, b.engine.hit)
  const server = new StreamApp(wire, b, a.engine.hit, { eager: true })
  const id = client.open(9)
  for (let n = 0; n < 2_000_000 / before; n++) {
    client.say(id, noise(before), false)
    wire.run(60)
  }
  client.say(id, noise(bytes), false)
  wire.run(1)
  return { ...all, client, server, id }
}

/** How long until `end` is frozen, in ms. */
function frozenMs({ wire, a }: Pick<ReturnType<typeof writer>, 'wire' | 'a'>): number {
  const begin = wire.now
  a.engine.freeze(begin)
  while (!a.told.includes('frozen')) wire.run(1)
  return wire.now - begin
}

describe('FREEZE', () => {
  it('waits no longer for streams than its limit although an S is unconfirmed', () => {
    const one = writer(400_000, 200_000, { freezeStreamsMsMax: 50 })
    const { wire, a, b, bob, server } = one
    const state = freeze(wire, b)
    server.attend(thaw(wire, bob, state, 2, place(4)))
    wire.drain()
    // The peer's P1 has come, and our answer is on its way: it is confirmed after a round trip.
    wire.run(DELAY_MS + 1)
    expect(frozenMs({ wire, a })).toBeLessThanOrEqual(50)
  })

  it('asks for what is under way although the window is full, where nothing of it arrived', () => {
    const one = writer(300_000, 100_000)
    const { wire, a, b, server } = one
    const at = place(2, 10_777)
    wire.remove(b)
    const end = new End(b.engine, at)
    end.events.push(...b.events)
    server.attend(wire.add(end), false)
    end.engine.readdress(wire.now, [at])
    wire.drain()
    wire.run(31)
    const before = wire.sent.length
    const ms = frozenMs({ wire, a })
    expect(wire.sent.slice(before).some(({ from }) => from.address === a.at.address)).toBe(true)
    expect(ms).toBeLessThan(3 * DELAY_MS)
  })

  it('lets nothing leave that is written after it began', () => {
    const { wire, a, b } = pair({ delayMs: 5 })
    b.engine.listen(9)
    const client = new StreamApp(wire, a, b.engine.hit)
    new StreamApp(wire, b, a.engine.hit, { eager: true })
    const id = client.open(9)
    const piece = noise(16_384)
    let written = 0
    const fill = (): void => {
      for (;;) {
        written += piece.length
        if (a.engine.writeStream(wire.now, b.engine.hit, id, piece) !== 'taken') return
      }
    }
    a.listener = (event) => {
      if (event.type === 'stream-writable') fill()
    }
    fill()
    wire.run(100)
    const before = written
    frozenMs({ wire, a })
    wire.remove(a)
    const carried = a.engine.frozenState([], new Uint8Array(0)).associations[0]?.streams?.streams[0]?.sending
    expect(carried?.sent).toBeLessThanOrEqual(before)
  })
})
