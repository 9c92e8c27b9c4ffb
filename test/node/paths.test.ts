// Endpoints with several addresses, on real sockets of both families: what `association.path` tells, moves between the families,
// failover, and the fresh port of an endpoint whose port has been blocked.

import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import type { Association } from '../../src/node/association.ts'
import type { Endpoint } from '../../src/node/endpoint.ts'
import { endpointOn } from '../support/endpoints.ts'
import { answerOn, ask } from '../support/places.ts'
import { Relay } from '../support/relay.ts'

const FOUR = { address: '127.0.0.1' }
const SIX = { address: '::1' }

/** Parks soon, however busy the machine is. */
const IMPATIENT = { ptoMaxMs: 50, updateTriesMax: 3 }

const relays: Relay[] = []
afterEach(() => {
  for (const relay of relays.splice(0)) relay.close()
})

async function relayTo(endpoint: Endpoint): Promise<Relay> {
  const relay = await Relay.to(endpoint.locator)
  relays.push(relay)
  return relay
}

/** Waits until a path is as `holds` says. What becomes of alternatives has no event, so this looks again and again. */
async function until(
  association: Association,
  holds: (path: NonNullable<Association['path']>) => boolean,
): Promise<void> {
  const patience = AbortSignal.timeout(10_000)
  for (;;) {
    const { path } = association
    if (path !== undefined && holds(path)) return
    if (patience.aborted) throw new Error(`the path is ${JSON.stringify(path)}`)
    await association.ping({ timeoutMs: 500 }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('an endpoint with an address of each family', () => {
  test('tells its peer both, and which path is used and why', async () => {
    const [a, b] = [await endpointOn({ bind: [FOUR, SIX] }), await endpointOn({ bind: [FOUR, SIX] })]
    expect(b.peer).toMatch(/@127\.0\.0\.1:\d+,\[::1\]:\d+$/)
    const association = await a.associate(b.peer)
    await until(association, ({ alternatives }) => alternatives.some(({ state }) => state === 'active'))
    expect(association.path).toMatchObject({
      local: a.locator,
      remote: b.locator,
      state: 'active',
      preferred: true,
      why: 'exchange',
      alternatives: [{ local: { address: '::1' }, remote: { address: '::1' }, state: 'active', preferred: false }],
    })
    expect(association.path?.rttMs).toBeGreaterThan(0)
  })

  test('goes on over IPv6 when it has lost IPv4, and over IPv4 when it has lost IPv6', async () => {
    const [a, b] = [await endpointOn({ bind: [FOUR, SIX] }), await endpointOn({ bind: [FOUR, SIX] })]
    answerOn(await b.datagrams(7))
    const talk = await a.datagrams()
    const association = await a.associate(b.peer)
    await until(association, ({ alternatives }) => alternatives.some(({ state }) => state === 'active'))
    for (const family of [SIX, FOUR, SIX]) {
      await b.rebind(family)
      expect(await ask(talk, b.hit, `over ${family.address}`)).toBe(`over ${family.address}`)
      await until(association, ({ remote }) => remote.address === family.address && remote.port === b.locator.port)
      expect(association.path?.local?.address).toBe(family.address)
    }
    expect(association.baseExchanges).toBe(1)
  })

  test('is gone on with over another address when the way to the first is blocked', async () => {
    const [a, b] = [await endpointOn({ bind: FOUR }), await endpointOn({ bind: [FOUR, { ...FOUR, traffic: 'both' }] })]
    answerOn(await b.datagrams(7))
    const talk = await a.datagrams()
    const relay = await relayTo(b)
    const association = await a.associate({ hit: b.hit, locators: [relay.at] })
    await until(association, ({ alternatives }) => alternatives.some(({ state }) => state === 'active'))
    relay.block()
    expect(await ask(talk, b.hit, 'still there?')).toBe('still there?')
    expect(association.path?.remote.port).not.toBe(relay.at.port)
    expect(association.baseExchanges).toBe(1)
  })
})

describe('an endpoint whose port is blocked', () => {
  test('opens a fresh one, goes on with its peer from there, and is still found where it was', async () => {
    const [a, b] = [await endpointOn(), await endpointOn()]
    answerOn(await a.datagrams(7))
    const talk = await b.datagrams()
    const relay = await relayTo(a)
    const association = await b.associate({ hit: a.hit, locators: [relay.at] })
    expect(await ask(talk, a.hit, 'before')).toBe('before')
    const [known, before] = [b.peer, b.locator]
    relay.block()
    const moved = once(b, 'move')
    talk.send('hello?', 7, a.hit)
    expect(await moved).toEqual([before, b.locator])
    expect(b.locator.port).not.toBe(before.port)
    expect(await ask(talk, a.hit, 'after')).toBe('after')
    expect(association.baseExchanges).toBe(1)
    const c = await endpointOn()
    expect((await c.associate(known)).path?.remote).toEqual(before)
  })

  test('that was asked for by number keeps it', async () => {
    const taken = await endpointOn()
    const { port } = taken.locator
    await taken.close()
    const [a, b] = [await endpointOn(), await endpointOn({ bind: { ...FOUR, port }, config: IMPATIENT })]
    const relay = await relayTo(a)
    const association = await b.associate({ hit: a.hit, locators: [relay.at] })
    relay.block()
    ;(await b.datagrams()).send('hello?', 7, a.hit)
    const parked = once(association, 'parked')
    await parked
    expect(b.locator.port).toBe(port)
  })
})

describe('a list of addresses to bind', () => {
  test.each([
    ['no address', []],
    ['more than eight', Array.from({ length: 9 }, () => FOUR)],
    ['one that is all of them', [FOUR, { address: '::' }]],
    ['one without an address', [FOUR, { port: 0 }]],
  ])('with %s is refused', async (_, bind) => {
    await expect(endpointOn({ bind })).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
  })

  test('of which one cannot be had leaves none open', async () => {
    const a = await endpointOn()
    const taken = await endpointOn()
    const { port } = a.locator
    await a.close()
    await expect(endpointOn({ bind: [{ ...FOUR, port }, taken.locator] })).rejects.toMatchObject({
      code: 'ERR_SOJOURN_ADDRESS',
    })
    expect((await endpointOn({ bind: { ...FOUR, port } })).locator.port).toBe(port)
  })
})
