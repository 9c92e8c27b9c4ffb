// Streams while their ends move: at any moment of a transfer either end, or both, can be frozen and thawed elsewhere, the keys can be
// renewed, the path can change or die for a while. What is written arrives once, in order and to the last byte.

import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import type { Config } from '../../src/core/config.ts'
import { momentsOf } from '../moments/moments.ts'
import { End, type Flying, freeze, pair, place, thaw } from '../support/pair.ts'
import { noise, StreamApp } from '../support/stream-app.ts'
import { exact, LENGTH, move, transfer, until } from '../support/transfer.ts'

/** How many datagrams the transfer takes when nothing happens. */
const STEPS = (() => {
  const still = transfer()
  exact(still)
  return still.steps()
})()
/** The first packets each: there the stream is opened. */
const MOMENTS = [...new Set([0, 1, 2, 3, ...momentsOf(STEPS, 16)])]

describe('a transfer arrives to the last byte', () => {
  it.each(MOMENTS)('when the writer moves after %i packets', (steps) => {
    const one = transfer()
    until(one, steps)
    move(one, one.client, one.alice, 3)
    exact(one)
  })

  it.each(MOMENTS)('when the reader moves after %i packets', (steps) => {
    const one = transfer()
    until(one, steps)
    move(one, one.server, one.bob, 4)
    exact(one)
  })

  it.each(MOMENTS)('when both move at once after %i packets', (steps) => {
    const one = transfer()
    until(one, steps)
    const [a, b] = [freeze(one.wire, one.client.end), freeze(one.wire, one.server.end)]
    one.client.attend(thaw(one.wire, one.alice, a, 2, place(3)))
    one.server.attend(thaw(one.wire, one.bob, b, 2, place(4)))
    // They find each other by the ledger.
    const known = one.server.end.engine.whereabouts(1)
    if (known !== undefined) one.client.end.engine.learn(one.wire.now, one.client.peer, known)
    one.wire.drain()
    exact(one)
  })

  it.each(MOMENTS)('when the keys are renewed after %i packets', (steps) => {
    const one = transfer()
    until(one, steps)
    one.server.end.engine.rekey(one.wire.now, one.server.peer)
    exact(one)
    expect(one.client.end.told).toContain('rekeyed')
  })

  it.each(MOMENTS)('when the writer has another port, and then another address, after %i packets', (steps) => {
    const one = transfer()
    until(one, steps)
    const { wire, client } = one
    for (const at of [place(1, 10_777), place(5)]) {
      wire.remove(client.end)
      const end = new End(client.end.engine, at)
      end.events.push(...client.end.events)
      client.attend(wire.add(end), false)
      end.engine.readdress(wire.now, [at])
      wire.run(40)
    }
    exact(one)
  })

  it.each(MOMENTS)('when a slow reader moves with much unread, after %i packets', (steps) => {
    const one = transfer({}, undefined, LENGTH, false)
    until(one, Math.min(steps, STEPS / 3))
    one.wire.run(100)
    const taken = one.server.read(one.id, 7_777)
    const end = move(one, one.server, one.bob, 4)
    const told = end.events.filter(({ type }) => type === 'stream-data')
    expect(told.reduce((sum, event) => sum + ('bytes' in event ? event.bytes.length : 0), 0)).toBeGreaterThanOrEqual(
      taken === 0 ? 0 : 1,
    )
    for (let n = 0; n < 100 && !one.client.line(one.id).closed; n++) {
      one.server.read(one.id, 3_000)
      one.wire.run(50)
    }
    exact(one)
  })

  it('when the keys are renewed every twenty packets', () => {
    exact(transfer({ rekeyPackets: 20 }))
  })

  it.each([1, 2, 3])('over a wire that loses, copies and reorders (%i)', (seed) => {
    const prng = new Prng(seed)
    const late: Flying[] = []
    const one = transfer({}, (flying) => {
      if (prng.chance(0.05)) return []
      if (prng.chance(0.05)) {
        late.push(flying)
        return []
      }
      return prng.chance(0.05) ? [flying, flying, ...late.splice(0)] : [flying, ...late.splice(0)]
    })
    exact(one, 120_000)
  })

  it.each([1, 2, 3, 4])('over five moves of both ends on a wire that loses (%i)', (seed) => {
    const prng = new Prng(seed)
    const one = transfer({}, (flying) => (prng.chance(0.03) ? [] : [flying]), 400_000)
    const steps = [30, 90, 200, 260, 330]
    steps.forEach((step, n) => {
      if (!until(one, step)) return
      if (n % 2 === 0) move(one, one.client, one.alice, 10 + n, 2 + n)
      else move(one, one.server, one.bob, 10 + n, 2 + n)
    })
    exact(one, 200_000)
  })
})

describe('FREEZE in the middle of a transfer', () => {
  /** How long it takes, in ms, when what the server says arrives or not. */
  function frozenAfter(config: Partial<Config>, heard: boolean): number {
    const here = transfer(config, ({ from, ...flying }) =>
      heard || from.address !== place(2).address ? [{ from, ...flying }] : [],
    )
    until(here, 3)
    const { engine, events } = here.client.end
    engine.freeze(here.wire.now)
    const begin = here.wire.now
    for (let ms = 0; ms < 1_000 && !events.some(({ type }) => type === 'frozen'); ms++) here.wire.run(1)
    return here.wire.now - begin
  }

  it('waits until what is under way is acknowledged, so that it need not be sent again', () => {
    const ms = frozenAfter({}, true)
    expect(ms).toBeGreaterThan(0)
    expect(ms).toBeLessThan(100)
  })

  it('asks for what is under way, and does not wait as long as the peer may delay its acknowledgement', () => {
    const { wire, a, b } = pair({ delayMs: 1 })
    b.engine.listen(9)
    const client = new StreamApp(wire, a, b.engine.hit)
    const server = new StreamApp(wire, b, a.engine.hit, { eager: true })
    const id = client.open(9)
    for (const bytes of [noise(100), noise(200)]) {
      client.say(id, bytes, false)
      wire.run(bytes.length)
    }
    client.say(id, noise(300), false)
    wire.run(1)
    const [begin, before] = [wire.now, wire.sent.length]
    a.engine.freeze(begin)
    while (!a.events.some(({ type }) => type === 'frozen')) wire.run(1)
    expect(wire.now - begin).toBeLessThan(10)
    expect(server.text(id).length).toBe(600)
    // The question, and its answer.
    expect(wire.sent.length - before).toBeLessThanOrEqual(3)
  })

  /** Freezes a client that has just written `bytes` more than a transfer before them, and says what was sent and is carried. */
  function frozenWith(bytes: number) {
    const { wire, a, b } = pair({ delayMs: 10 })
    b.engine.listen(9)
    const client = new StreamApp(wire, a, b.engine.hit)
    const server = new StreamApp(wire, b, a.engine.hit, { eager: true })
    const id = client.open(9)
    client.say(id, noise(60_000), false)
    wire.run(1_000)
    client.say(id, noise(bytes), false)
    wire.run(1)
    const [begin, before] = [wire.now, server.text(id).length]
    const state = freeze(wire, a)
    const carried = state.associations[0]?.streams?.streams[0]?.sending
    return {
      ms: wire.now - begin,
      before,
      received: server.text(id).length - 60_000,
      sent: (carried?.sent ?? 0) - 60_000,
      carried: carried?.bytes.length,
    }
  }

  it('still sends what is acknowledged before long, and carries none of it', () => {
    const { ms, before, received, carried } = frozenWith(100_000)
    // More than a window: not all of it had left.
    expect(before).toBe(60_000)
    expect({ received, carried }).toEqual({ received: 100_000, carried: 0 })
    expect(ms).toBeLessThan(60)
  })

  it('carries what would take longer to send, and stops at once', () => {
    const { received, sent, carried, ms } = frozenWith(900_000)
    expect(received).toBe(sent)
    expect(carried).toBe(900_000 - sent)
    expect(sent).toBeLessThan(200_000)
    expect(ms).toBeLessThan(60)
  })

  it('that comes to nothing tells what came true meanwhile, with no other packet', () => {
    const { wire, a, b } = pair({ delayMs: 10 })
    b.engine.listen(9)
    const client = new StreamApp(wire, a, b.engine.hit)
    new StreamApp(wire, b, a.engine.hit, { eager: true })
    const id = client.open(9)
    wire.run(200)
    client.say(id, noise(3_000))
    wire.run(1)
    a.engine.freeze(wire.now)
    while (!a.told.includes('frozen')) wire.run(1)
    expect(a.told).not.toContain('stream-finished')
    wire.bend = () => []
    a.engine.unfreeze(wire.now)
    wire.run(0)
    expect(a.told).toContain('stream-finished')
  })

  it('waits no longer than its limit for a peer that says nothing', () => {
    expect(frozenAfter({ freezeStreamsMsMax: 30 }, false)).toBe(30)
    expect(frozenAfter({ freezeStreamsMsMax: 0 }, false)).toBeLessThanOrEqual(1)
  })
})
