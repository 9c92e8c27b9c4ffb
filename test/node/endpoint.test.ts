// Endpoints and associations on real sockets: opening, refusing, moving the address, closing.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { Endpoint } from '../../src/node/endpoint.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { closeLater, endpointOn, nextOn, pair } from '../support/endpoints.ts'

/** A UDP port where nobody answers. */
async function silence(): Promise<{ readonly port: number; close(): void }> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, close: () => socket.close() }
}

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::', '127.0.0.1'],
  ['127.0.0.1', '::'],
])('an endpoint on %s associates with one on %s', async (from, to) => {
  const a = await endpointOn({ bind: { address: from } })
  const b = await endpointOn({ bind: { address: to } })
  const other = once(b, 'association')
  const address = to === '::' ? '127.0.0.1' : to
  const association = await a.associate({ hit: b.hit, locators: [{ address, port: b.locator.port }] })
  expect(association.peer).toBe(b.hit)
  expect(association.state).toBe('established')
  expect(association.locator).toEqual({ address, port: b.locator.port })
  expect((await other)[0].peer).toBe(a.hit)
  expect((await association.ping()).rttMs).toBeGreaterThan(0)
})

test('an ECDSA identity talks to an Ed25519 one', async () => {
  const { association } = await pair({ identity: createIdentity('ecdsa-p256') })
  expect((await association.ping()).rttMs).toBeGreaterThan(0)
})

test('a second call for the same peer gets the same association, also while the first is under way', async () => {
  const [a, b] = [await endpointOn(), await endpointOn()]
  const [first, second] = await Promise.all([a.associate(b.peer), a.associate(b.peer)])
  expect(second).toBe(first)
  expect(await a.associate(b.hit)).toBe(first)
  expect(first.baseExchanges).toBe(1)
  expect([...a.associations()]).toEqual([first])
})

test('a silent peer fails in time and lists what was tried', async () => {
  const [one, two] = [await silence(), await silence()]
  const a = await endpointOn()
  const { hit } = createIdentity()
  const peer = `${hit}@127.0.0.1:${one.port},127.0.0.1:${two.port}`
  const error: unknown = await a.associate(peer, { timeoutMs: 300 }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
  for (const { port } of [one, two]) expect(String(error)).toContain(`127.0.0.1:${port}`)
  expect([...a.associations()]).toEqual([])
  one.close()
  two.close()
})

test('another identity at the address is told from silence', async () => {
  const [a, b] = [await endpointOn(), await endpointOn()]
  const { hit } = createIdentity()
  const { address, port } = b.locator
  await expect(a.associate(`${hit}@${address}:${port}`, { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'ERR_SOJOURN_IMPOSTER',
  })
  // The one that does live there is not harmed.
  expect((await a.associate(b.peer)).peer).toBe(b.hit)
})

test('a peer that is not admitted is told so, and gets no association', async () => {
  const asked: string[] = []
  const refuse = (peer: string): boolean => {
    asked.push(peer)
    return false
  }
  const [a, b] = [await endpointOn(), await endpointOn({ admit: refuse })]
  await expect(a.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  expect(asked).toEqual([a.hit])
  expect([...a.associations(), ...b.associations()]).toEqual([])
  expect(b.counters).toMatchObject({ 'i2-not-admitted': 1 })
})

test.each<[string, () => unknown]>([
  ['throws', () => JSON.parse('no list')],
  ['gives a promise', async () => true],
  ['gives nothing', () => undefined],
])('an admit that %s admits nobody, and the endpoint goes on', async (_, admit) => {
  const asked = (): boolean => admit() as boolean
  const [a, b, c] = [await endpointOn(), await endpointOn({ admit: asked }), await endpointOn()]
  await expect(a.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  expect(b.counters).toMatchObject({ 'i2-not-admitted': 1 })
  // Whom it calls itself it does not ask about.
  expect((await b.associate(c.peer)).peer).toBe(c.hit)
})

test.each([
  ['nothing at all', undefined],
  ['a name that is no HIT', { hit: 'foo', locators: [{ address: '127.0.0.1', port: 5 }] }],
  ['locators as text', { hit: createIdentity().hit, locators: ['127.0.0.1:5'] }],
  ['a host name', { hit: createIdentity().hit, locators: [{ address: 'localhost', port: 5 }] }],
  ['port 0', { hit: createIdentity().hit, locators: [{ address: '127.0.0.1', port: 0 }] }],
])('%s is no peer, and nothing is left behind by it', async (_, peer) => {
  const a = await endpointOn()
  const unhandled: unknown[] = []
  const note = (reason: unknown): number => unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    const call = Reflect.apply(a.associate, a, [peer, { timeoutMs: 5 }])
    await expect(call).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(unhandled).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('nobody knows where a bare HIT is', async () => {
  const a = await endpointOn()
  await expect(a.associate(createIdentity().hit)).rejects.toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
  await expect(a.associate(a.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
  await expect(a.associate('nonsense')).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
})

test('an aborted call leaves with the reason of the signal, and other calls go on', async () => {
  const quiet = await silence()
  const a = await endpointOn()
  const peer = `${createIdentity().hit}@127.0.0.1:${quiet.port}`
  const controller = new AbortController()
  const impatient = a.associate(peer, { signal: controller.signal })
  const patient = a.associate(peer, { timeoutMs: 200 })
  controller.abort(new Error('enough'))
  await expect(impatient).rejects.toThrow('enough')
  await expect(patient).rejects.toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
  await expect(a.associate(peer, { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never')
  quiet.close()
})

test('aborting the signal of an endpoint closes it', async () => {
  const controller = new AbortController()
  const { a, b, association } = await pair({ signal: controller.signal })
  controller.abort()
  expect(await a.closed).toEqual({ reason: 'closed' })
  expect((await association.closed).reason).toBe('closed')
  expect(b.hit).toBeDefined()
  await expect(Endpoint.open({ signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never')
})

test('a taken port fails the opening', async () => {
  const a = await endpointOn()
  await expect(endpointOn({ bind: a.locator })).rejects.toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
})

test('closing tells the peer, settles everything, and later calls say so', async () => {
  const { a, b, association } = await pair()
  const [other] = b.associations()
  const socket = await a.datagrams(7)
  await a.close()
  expect(await a.closed).toEqual({ reason: 'closed' })
  expect((await association.closed).reason).toBe('closed')
  expect((await other?.closed)?.reason).toBe('closed-by-peer')
  expect(() => socket.send('x', 7, b.hit)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_CLOSED' }))
  await expect(a.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_CLOSED' })
  await expect(a.rebind()).rejects.toMatchObject({ code: 'ERR_SOJOURN_CLOSED' })
  expect(() => association.ping()).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_CLOSED' }))
  await a.close()
})

test('await using closes', async () => {
  let kept: Endpoint | undefined
  {
    await using endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    kept = endpoint
  }
  expect(await kept.closed).toEqual({ reason: 'closed' })
})

test('a peer that closes its association can be associated with again', async () => {
  const { a, b, association } = await pair()
  await association.close()
  const again = await a.associate(b.peer)
  expect(again).not.toBe(association)
  expect((await again.ping()).rttMs).toBeGreaterThan(0)
})

test('both ends move their ports, and the association and its datagrams follow', async () => {
  const { a, b, association } = await pair()
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  to.on('message', (bytes, { hit, port }) => to.send(bytes, port, hit))
  const before = b.locator
  const path = once(association, 'path')
  const moved = await b.rebind()
  expect(moved.port).not.toBe(before.port)
  expect((await path)[0]).toEqual(moved)
  await a.rebind()
  from.send('after', 7, b.hit)
  expect((await nextOn(from)).bytes.toString()).toBe('after')
  expect(association.baseExchanges).toBe(1)
})

test('a new address that cannot be had leaves the old one working', async () => {
  const { a, b, association } = await pair()
  await expect(a.rebind(b.locator)).rejects.toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
  await expect(a.rebind({ address: '192.0.2.1' })).rejects.toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
  expect((await association.ping()).rttMs).toBeGreaterThan(0)
})

test('an endpoint moves back to the port that it has just left', async () => {
  const { b, association } = await pair()
  const before = b.locator
  const away = once(association, 'path')
  await b.rebind()
  await away
  const back = once(association, 'path')
  expect(await b.rebind(before)).toEqual(before)
  expect((await back)[0]).toEqual(before)
  expect((await association.ping()).path).toEqual(before)
})

test('an endpoint that moves away and back in one breath is still there', async () => {
  const { b, association } = await pair()
  const before = b.locator
  await b.rebind()
  await b.rebind(before)
  expect((await association.ping()).rttMs).toBeGreaterThan(0)
  expect(association.baseExchanges).toBe(1)
})

test('keys are renewed in a running association', async () => {
  const { association } = await pair()
  const renewed = once(association, 'rekeyed')
  expect(association.rekey()).toBe(true)
  await renewed
  expect((await association.ping()).rttMs).toBeGreaterThan(0)
})

test('a host without a ledger, or a ledger without a host, is a mistake', async () => {
  const [a] = [await endpointOn()]
  await expect(a.freeze({ to: new Uint8Array(0) })).rejects.toMatchObject({ code: 'ERR_SOJOURN_LEDGER' })
  closeLater(a)
})
