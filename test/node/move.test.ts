// Freezing and thawing on real sockets with the ledger in files, and every capsule that must not start.

import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Host } from '../../src/node/host.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { thaw } from '../../src/node/thaw.ts'
import { Departures, type Opened } from '../support/departures.ts'
import { closeLater, endpointOn } from '../support/endpoints.ts'
import { answerOn, ask, bind, type Place, places, scene, thawAt } from '../support/places.ts'
import { failure } from '../support/stream-ends.ts'

test('a frozen service goes on elsewhere, and its peer needs no new exchange', async () => {
  const [from, to] = await places(2)
  const { service, association, talk } = await scene(from)
  expect(await ask(talk, service.hit, 'before')).toBe('before')
  const state = Buffer.from('suitcase')
  const capsule = await service.freeze({ to: await to.host.offer(service.hit, service.epoch), state })
  expect(await service.closed).toEqual({ reason: 'frozen' })
  const thawed = await thawAt(to, capsule)
  expect(Buffer.from(thawed.state).toString()).toBe('suitcase')
  expect(thawed.endpoint.hit).toBe(service.hit)
  expect(thawed.endpoint.epoch).toBe(service.epoch + 1)
  expect([...thawed.sockets.keys()]).toEqual([7])
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
  expect(association.baseExchanges).toBe(1)
  expect(association.peerEpoch).toBe(2)
  expect(association.locator).toEqual(thawed.endpoint.locator)
})

test('a peer of suite 2 follows a move as well', async () => {
  const [from, to] = await places(2)
  const service = await endpointOn({ ...from, identity: createIdentity('ecdsa-p256') })
  answerOn(await service.datagrams(7))
  const peer = await endpointOn({ identity: createIdentity('ecdsa-p256') })
  const association = await peer.associate(service.peer)
  const thawed = await thawAt(to, await service.freeze({ to: await to.host.offer(service.hit) }))
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(await peer.datagrams(), service.hit, 'after')).toBe('after')
  expect(association.baseExchanges).toBe(1)
})

test('a capsule sealed to the long-term key of a host starts there later', async () => {
  const [from, to] = await places(2)
  const { service, talk } = await scene(from)
  const capsule = await service.freeze({ to: to.host.kem })
  const later = { host: await Host.open({ home: to.host.home }), ledger: to.ledger }
  const thawed = await thawAt(later, capsule)
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
})

test('both ends move at the same moment and find each other by the ledger', async () => {
  const [one, two, three, four] = await places(4)
  if (three === undefined || four === undefined) throw new Error('four places')
  const { service, peer } = await scene(one, two)
  const capsules = await Promise.all([
    service.freeze({ to: await three.host.offer(service.hit) }),
    peer.freeze({ to: await four.host.offer(peer.hit) }),
  ])
  const [serviceAgain, peerAgain] = await Promise.all([thawAt(three, capsules[0]), thawAt(four, capsules[1])])
  for (const socket of serviceAgain.sockets.values()) answerOn(socket)
  const talk = peerAgain.sockets.get(9)
  if (talk === undefined) throw new Error('port 9 moved along')
  let renewed = 0
  for (const { endpoint } of [serviceAgain, peerAgain]) endpoint.on('association', () => renewed++)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
  expect(renewed).toBe(0)
})

test('what nobody had read moves along and is read first', async () => {
  const [from, to] = await places(2)
  const service = await endpointOn({ ...from })
  await service.datagrams(7)
  const peer = await endpointOn()
  const association = await peer.associate(service.peer)
  const talk = await peer.datagrams(9)
  for (const text of ['one', 'two', 'three']) talk.send(text, 7, service.hit)
  await association.ping()
  const rebound = once(association, 'rebound')
  const thawed = await thawAt(to, await service.freeze({ to: await to.host.offer(service.hit) }))
  await rebound
  talk.send('four', 7, service.hit)
  const socket = thawed.sockets.get(7)
  if (socket === undefined) throw new Error('port 7 moved along')
  const heard: string[] = []
  for await (const { bytes, hit, port } of socket) {
    expect([hit, port]).toEqual([peer.hit, 9])
    if (heard.push(bytes.toString()) === 4) break
  }
  expect(heard).toEqual(['one', 'two', 'three', 'four'])
})

describe('a capsule that must not start', () => {
  let departures: Departures
  /** Ports that were opened for one that did not start. */
  let silent: Opened[] = []
  const notSilent = (): Opened[] => silent.filter(({ sent }) => sent > 0)

  beforeEach(async () => {
    departures = await Departures.watch()
    silent = []
  })

  afterEach(() => {
    departures[Symbol.dispose]()
    expect(notSilent()).toEqual([])
  })

  /** With an error that says so, and not one datagram from any port that it opened, then or until the test is over. */
  async function refused(place: Place, capsule: Uint8Array, code = 'ERR_SOJOURN_CAPSULE'): Promise<void> {
    const before = departures.opened.length
    const error: unknown = await thaw(capsule, { ...place, bind }).then(
      ({ endpoint }) => closeLater(endpoint),
      (caught: unknown) => caught,
    )
    expect(error).toMatchObject({ code })
    expect(String(error)).not.toContain('\n')
    silent.push(...departures.opened.slice(before))
    await turn()
    expect(notSilent()).toEqual([])
  }

  test('twice: the second time it has been used, on any host, and the first start is unharmed', async () => {
    const [from, to] = await places(2)
    const { service, talk } = await scene(from)
    const capsule = await service.freeze({ to: to.host.kem })
    const thawed = await thawAt(to, capsule)
    for (const socket of thawed.sockets.values()) answerOn(socket)
    await refused(to, capsule)
    await refused(from, capsule)
    expect(await ask(talk, service.hit, 'still here')).toBe('still here')
    expect(departures.sentFrom(thawed.endpoint.locator.port)).toBeGreaterThan(0)
  })

  test('twice at once: exactly one starts', async () => {
    const [from, to] = await places(2)
    const { service } = await scene(from)
    const capsule = await service.freeze({ to: to.host.kem })
    const before = departures.opened.length
    const starts = await Promise.allSettled([thawAt(to, capsule), thawAt(to, capsule), thawAt(to, capsule)])
    expect(starts.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    for (const start of starts) {
      if (start.status === 'rejected') expect(start.reason).toMatchObject({ code: 'ERR_SOJOURN_CAPSULE' })
    }
    await vi.waitUntil(() => departures.opened.slice(before).some(({ sent }) => sent > 0))
    const [started] = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value.endpoint] : []))
    const senders = departures.opened.slice(before).filter(({ sent }) => sent > 0)
    expect(senders.map(({ port }) => port.locator)).toEqual([started?.locator])
  })

  test('an older one, after the process has moved on', async () => {
    const [from, to, third] = await places(3)
    if (third === undefined) throw new Error('three places')
    const { service } = await scene(from)
    const old = await service.freeze({ to: to.host.kem })
    const second = await thawAt(to, old)
    const newer = await second.endpoint.freeze({ to: third.host.kem })
    await refused(to, old)
    await thawAt(third, newer)
    await refused(to, old)
  })

  test('one for somebody else', async () => {
    const [from, to, other] = await places(3)
    if (other === undefined) throw new Error('three places')
    const { service } = await scene(from)
    const capsule = await service.freeze({ to: await to.host.offer(service.hit) })
    await refused(other, capsule)
    await refused(from, capsule)
    await thawAt(to, capsule)
  })

  test('edited in any byte, or cut anywhere; the whole one still starts', async () => {
    const [from, to] = await places(2)
    const { service } = await scene(from)
    const capsule = await service.freeze({ to: await to.host.offer(service.hit) })
    for (let index = 0; index < capsule.length; index += 7) {
      const edited = capsule.slice()
      edited[index] = (edited[index] ?? 0) ^ (1 << (index % 8))
      await refused(to, edited)
    }
    for (let length = 0; length < capsule.length; length += 11) await refused(to, capsule.subarray(0, length))
    await refused(to, Buffer.concat([capsule, Buffer.from([0])]))
    await thawAt(to, capsule)
  })

  test('with another ledger, which never knew the process', async () => {
    const [from, to] = await places(2)
    const [stranger] = await places(2)
    const { service } = await scene(from)
    const capsule = await service.freeze({ to: to.host.kem })
    await refused({ host: to.host, ledger: stranger.ledger }, capsule, 'ERR_SOJOURN_LEDGER')
    await thawAt(to, capsule)
  })

  test('while its port is taken: it starts once there is one', async () => {
    const [from, to] = await places(2)
    const { service, peer } = await scene(from)
    const capsule = await service.freeze({ to: await to.host.offer(service.hit) })
    const taken = thaw(capsule, { ...to, bind: peer.locator })
    await expect(taken).rejects.toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
    await thawAt(to, capsule)
  })
})

describe('a freeze that does not happen leaves the process running', () => {
  test('aborted before and during', async () => {
    const [from, to] = await places(2)
    const { service, talk } = await scene(from)
    const to_ = to.host.kem
    await expect(service.freeze({ to: to_, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
    const controller = new AbortController()
    const freezing = service.freeze({ to: to_, signal: controller.signal })
    controller.abort(new Error('changed my mind'))
    await expect(freezing).rejects.toThrow('changed my mind')
    expect(await ask(talk, service.hit, 'still here')).toBe('still here')
    await thawAt(to, await service.freeze({ to: to_ }))
  })

  test('with an offer that is damaged, for another identity or for another start', async () => {
    const [from, to] = await places(2)
    const { service, talk } = await scene(from)
    const offer = await to.host.offer(service.hit)
    const damaged = offer.slice()
    damaged[40] = (damaged[40] ?? 0) ^ 1
    const offers = [
      damaged,
      new Uint8Array(0),
      await to.host.offer(createIdentity().hit),
      await to.host.offer(service.hit, 9),
    ]
    for (const bad of offers) {
      await expect(service.freeze({ to: bad })).rejects.toMatchObject({ code: 'ERR_SOJOURN_CAPSULE' })
    }
    expect(await ask(talk, service.hit, 'still here')).toBe('still here')
  })

  test('with a state that is too large for a capsule', async () => {
    const [from, to] = await places(2)
    const { service, talk } = await scene(from)
    const state = new Uint8Array(80 * 1024 * 1024)
    await expect(service.freeze({ to: to.host.kem, state })).rejects.toMatchObject({ code: 'ERR_SOJOURN_CAPSULE' })
    expect(await ask(talk, service.hit, 'still here')).toBe('still here')
  })
})

describe('the single door', () => {
  test('a saved identity starts once: a second start is refused while the first is alive, unless it takes over', async () => {
    const [here] = await places(2)
    const identity = createIdentity()
    const first = await endpointOn({ ...here, identity })
    await expect(endpointOn({ ...here, identity })).rejects.toMatchObject({ code: 'ERR_SOJOURN_FENCED' })
    const second = await endpointOn({ ...here, identity, takeOver: true })
    expect(second.epoch).toBe(first.epoch + 1)
    await second.close()
    // Closed in order: the next one need not take over.
    expect((await endpointOn({ ...here, identity })).epoch).toBe(second.epoch + 1)
  })

  test('another host cannot start it without a grant', async () => {
    const [here, there] = await places(2)
    const identity = createIdentity()
    await endpointOn({ ...here, identity })
    await expect(endpointOn({ ...there, identity })).rejects.toMatchObject({ code: 'ERR_SOJOURN_FENCED' })
    await expect(endpointOn({ ...there, identity, takeOver: true })).rejects.toMatchObject({
      code: 'ERR_SOJOURN_FENCED',
    })
  })

  test('a start that was taken over is fenced as soon as a peer tells it, and says so', async () => {
    const [here] = await places(2)
    const identity = createIdentity()
    const first = await endpointOn({ ...here, identity })
    const peer = await endpointOn()
    await peer.associate(first.peer)
    const second = await endpointOn({ ...here, identity, takeOver: true })
    await peer.associate({ hit: second.hit, locators: [second.locator] })
    await second.associate(peer.peer)
    const [association] = first.associations()
    association?.ping().catch(() => undefined)
    association?.rekey()
    expect(await first.closed).toEqual({ reason: 'fenced', epoch: second.epoch })
    await expect(first.rebind()).rejects.toMatchObject({ code: 'ERR_SOJOURN_FENCED' })
  })

  test('a peer of a start that took over is told that its stream is broken off, not that it did something wrong', async () => {
    const [here] = await places(2)
    const identity = createIdentity()
    const first = await endpointOn({ ...here, identity })
    const peer = await endpointOn()
    first.listen(7, (stream) => stream.on('error', () => undefined).resume())
    const stream = peer.connect(first.peer, 7)
    await stream.opened
    const error = failure(stream)
    const second = await endpointOn({ ...here, identity, takeOver: true })
    await second.associate(peer.peer)
    expect(await error).toMatchObject({ code: 'ERR_SOJOURN_RESET', message: expect.stringContaining('started anew') })
  })

  test('a damaged record stops the start with one line that names the file, and is left as it is', async () => {
    const [here] = await places(2)
    const identity = createIdentity()
    await (await endpointOn({ ...here, identity })).close()
    const ledger = join(here.host.home, '..', 'ledger')
    const records = filesBelow(ledger).filter((path) => /[0-9a-f]{16}$/.test(path) && !/whereabouts|ended/.test(path))
    const newest = records.sort().at(-1) ?? ''
    const damaged = readFileSync(newest)
    damaged[20] = (damaged[20] ?? 0) ^ 0xff
    writeFileSync(newest, damaged)
    const error: unknown = await endpointOn({ ...here, identity }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ERR_SOJOURN_LEDGER' })
    expect(String(error)).toContain(newest)
    expect(String(error)).not.toContain('\n')
    expect(readFileSync(newest)).toEqual(damaged)
  })
})

function filesBelow(path: string): readonly string[] {
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesBelow(join(path, name))) : [path]
}
