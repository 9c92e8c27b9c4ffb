// Who may associate and who may send to a port, as users say it: lists of HITs, keys and PEM texts, changed while an endpoint runs.

import { once } from 'node:events'
import { expect, test } from 'vitest'
import { conformance } from '../../src/conformance.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { closeLater, endpointOn, nextOn, pair } from '../support/endpoints.ts'
import { places, scene, thawAt } from '../support/places.ts'

test.each(['hit', 'publicKey', 'pem'] as const)('a peer is denied by its %s, and told so', async (how) => {
  const identity = createIdentity()
  const names = { hit: identity.hit, publicKey: identity.publicKey, pem: identity.publicPem() }
  const [a, b] = [await endpointOn({ identity }), await endpointOn({ deny: [names[how]] })]
  await expect(a.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  await expect(b.associate(a.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  b.setAccess({ allow: [names[how]] })
  expect((await a.associate(b.peer)).peer).toBe(b.hit)
})

test('the callback is asked after the lists, with HIT and key', async () => {
  const identity = createIdentity()
  const asked: unknown[] = []
  const admit = (...given: unknown[]): boolean => asked.push(given) > 0
  const [a, b] = [await endpointOn({ identity }), await endpointOn({ admit, allow: [identity.hit] })]
  const stranger = await endpointOn()
  await expect(stranger.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  await a.associate(b.peer)
  expect(asked).toEqual([[a.hit, identity.publicKey]])
})

test('a live peer that is denied is closed', async () => {
  const { a, b, association } = await pair()
  b.setAccess({ deny: [a.hit] })
  expect(await association.closed).toMatchObject({ reason: 'closed-by-peer' })
  await expect(a.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
})

test('a port takes datagrams of those on its list, and says at any time whose', async () => {
  const { a, b, association } = await pair()
  const socket = await b.datagrams(7, { deny: [a.identity.publicPem()] })
  const talk = await a.datagrams()
  talk.send('dropped', 7, b.hit)
  // An answer to a ping that went behind it: the datagram has been seen.
  await association.ping()
  expect(b.counters).toMatchObject({ 'port-denied': 1 })
  socket.setAccess({ allow: [a.hit] })
  talk.send('taken', 7, b.hit)
  expect((await nextOn(socket)).bytes.toString()).toBe('taken')
})

test('a socket in the shape of node:dgram has lists too', async () => {
  const { a, b, association } = await pair()
  const socket = b.createDatagramSocket({ allow: [] }).bind(7)
  await once(socket, 'listening')
  ;(await a.datagrams()).send('dropped', 7, b.hit)
  await association.ping()
  expect(b.counters).toMatchObject({ 'port-denied': 1 })
})

test('lists are given again at a thaw: of the identity with the options, of a port before anything is awaited', async () => {
  const [from, to] = await places(2)
  const { service, peer, talk } = await scene(from)
  const capsule = await service.freeze({ to: to.host.kem })
  talk.send('while it was away', 7, service.hit)
  const { endpoint, sockets } = await thawAt(to, capsule)
  sockets.get(7)?.setAccess({ deny: [peer.hit] })
  const [association] = [...endpoint.associations()]
  await association?.ping()
  talk.send('afterwards', 7, service.hit)
  await association?.ping()
  expect(endpoint.counters['port-denied']).toBeGreaterThan(0)
  const socket = sockets.get(7)
  if (socket === undefined) throw new Error('the port was bound')
  socket.setAccess({})
  talk.send('let in', 7, service.hit)
  // Nothing of what came before was kept back for it.
  expect((await nextOn(socket)).bytes.toString()).toBe('let in')
})

const text = createIdentity('rsa', conformance)

test.each([
  ['a name that is no HIT', { allow: ['foo'] }, 'allow[0]'],
  ['a number', { deny: [7] }, 'deny[0]'],
  ['a list that is none', { deny: 'everybody' }, 'deny is string'],
  ['a key of a kind that is not taken here', { deny: [text.publicPem()] }, 'deny[0]'],
  ['a private key', { allow: [createIdentity().toPem()] }, 'no public key'],
  ['a public key that is no point', { allow: [{ algorithm: 7, label: 1, bytes: new Uint8Array(65) }] }, 'allow[0]'],
])('%s is an error of one line, before anything is opened', async (_, access, says) => {
  const call = Reflect.apply(endpointOn, undefined, [access])
  await expect(call.then(closeLater)).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
  const error: unknown = await Reflect.apply(endpointOn, undefined, [access]).catch((reason: unknown) => reason)
  expect(String(error)).toContain(says)
  expect(String(error)).not.toMatch(/\n|PRIVATE/)
})

test('the word of a peer of RSA that denies us is believed at once', async () => {
  const a = await endpointOn({ algorithms: conformance })
  const b = await endpointOn({ identity: text, algorithms: conformance, deny: [a.hit] })
  await expect(a.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
})

test('a key of RSA can be named where RSA is taken', async () => {
  const [a, b] = [
    await endpointOn({ identity: text, algorithms: conformance }),
    await endpointOn({ algorithms: conformance, allow: [text.publicPem()] }),
  ]
  expect((await a.associate(b.peer)).peer).toBe(b.hit)
})
