// What a host has ready once it has said READY: it saves a frozen process waiting, and starts nothing by itself.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Host } from '../../src/node/host.ts'
import { openPort } from '../../src/node/port.ts'
import { Readiness } from '../../src/node/readiness.ts'
import { thaw } from '../../src/node/thaw.ts'
import { closeLater } from '../support/endpoints.ts'
import { answerOn, ask, bind, type Place, scene, thawAt } from '../support/places.ts'
import { until } from '../support/stream-ends.ts'
import { temporaryFolder } from '../support/temporary.ts'

/** Two hosts, a ledger between them whose folder can be looked into, and a service on the first. */
async function stage() {
  const root = temporaryFolder()
  const folder = join(root, 'ledger')
  const make = async (name: string): Promise<Place> => {
    const host = await Host.open({ home: join(root, name) })
    return { host, ledger: host.ledger(folder) }
  }
  const [from, to] = [await make('from'), await make('to')]
  const running = await scene(from)
  const files = (): string[] => readdirSync(join(folder, toHex(hitBytes(running.service.hit))))
  const unnamed = (): number => files().filter((name) => name.startsWith('.tmp-')).length
  const ready = () => to.host.offer(running.service.hit, running.service.epoch, { ledger: to.ledger, bind })
  return { ...running, from, to, ready, unnamed }
}

test('a move to a host that is ready is a move like any other, and leaves nothing behind', async () => {
  const { service, association, talk, to, ready, unnamed } = await stage()
  const offer = await ready()
  // The record of its first start may still be published, by way of such a file too.
  await until(() => unnamed() === 1)
  const thawed = await thawAt(to, await service.freeze({ to: offer, state: Buffer.from('mine') }))
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
  expect([thawed.endpoint.epoch, Buffer.from(thawed.state).toString()]).toEqual([2, 'mine'])
  expect([association.peerEpoch, association.baseExchanges]).toEqual([2, 1])
  // Whereabouts are published meanwhile, by way of such a file too.
  await until(() => unnamed() === 0)
})

test('being ready starts nothing: the process runs on, and the ledger knows of no other start', async () => {
  const { service, talk, from, to, ready } = await stage()
  const before = await from.ledger.read(service.hit)
  await ready()
  expect([await from.ledger.read(service.hit), await to.ledger.read(service.hit)]).toEqual([before, before])
  expect(await ask(talk, service.hit, 'still here')).toBe('still here')
})

test('what was made ready for another start, another ledger or another address is not used', async () => {
  const { service, talk, from, to, unnamed } = await stage()
  const late = await to.host.offer(service.hit, 0, { ledger: to.ledger, bind })
  // Meanwhile it goes somewhere and comes back: the next epoch is not the one that was drawn.
  const back = await thawAt(from, await service.freeze({ to: from.host.kem }))
  const capsule = await back.endpoint.freeze({ to: late })
  const ledger = to.host.ledger(join(to.host.home, '..', 'ledger'))
  const thawed = await thaw(capsule, { host: to.host, ledger, bind: { address: '127.0.0.2' } })
  closeLater(thawed.endpoint)
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
  expect([thawed.endpoint.epoch, thawed.endpoint.locator.address]).toEqual([3, '127.0.0.2'])
  await until(() => unnamed() === 0)
})

test('a port that cannot be had is told of by the thaw, and the capsule is still good', async () => {
  const { service, talk, to } = await stage()
  const taken = await openPort({ address: '127.0.0.1' })
  const place = { ledger: to.ledger, bind: taken.locator }
  const capsule = await service.freeze({ to: await to.host.offer(service.hit, 0, place) })
  await expect(thaw(capsule, { host: to.host, ...place })).rejects.toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
  await taken.close()
  const thawed = await thaw(capsule, { host: to.host, ...place })
  closeLater(thawed.endpoint)
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
})

test.each([
  ['an offer before it, for a capsule that never came', 2, 'as offered'],
  ['its own offer, in other words', 1, 'in a list'],
])('a port that is held ready for %s is there for the thaw', async (_what, offers, words) => {
  const { service, talk, to } = await stage()
  const free = await openPort({ address: '127.0.0.1' })
  await free.close()
  const place = { ledger: to.ledger, bind: free.locator }
  let ready = await to.host.offer(service.hit, 0, place)
  for (let more = 1; more < offers; more++) ready = await to.host.offer(service.hit, 0, place)
  const wanted = words === 'in a list' ? [free.locator] : free.locator
  const thawed = await thaw(await service.freeze({ to: ready }), { host: to.host, ledger: to.ledger, bind: wanted })
  closeLater(thawed.endpoint)
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
  expect(thawed.endpoint.locator.port).toBe(free.locator.port)
})

test('what was read ahead counts only as long as it is what is there', async () => {
  const { service, from, to, ready } = await stage()
  const readiness = await Readiness.make(service.hit, { ledger: to.ledger, bind }, to.host)
  const record = await to.ledger.read(service.hit)
  expect(readiness.recordOf(to.ledger, service.epoch)).toEqual(record)
  expect(readiness.recordOf(from.ledger, service.epoch)).toBeUndefined()
  expect(readiness.recordOf(to.ledger, service.epoch + 1)).toBeUndefined()
  expect(readiness.floorsFor({ bind })).toBeDefined()
  expect(readiness.floorsFor({ bind, config: { floorsMax: 1 } })).toBeUndefined()
  readiness.drop()
  const capsule = await service.freeze({ to: await ready() })
  const floors = join(to.host.home, 'floors')
  mkdirSync(floors, { recursive: true, mode: 0o700 })
  writeFileSync(join(floors, toHex(hitBytes(service.hit))), 'written since', { mode: 0o600 })
  await expect(thawAt(to, capsule)).rejects.toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
})

test('what nobody has taken is let go of: the port is free, the ledger clean, the key gone', async () => {
  const { service, to, unnamed } = await stage()
  const wanted = await openPort({ address: '127.0.0.1' })
  const { locator } = wanted
  await wanted.close()
  const readiness = await Readiness.make(service.hit, { ledger: to.ledger, bind: locator }, to.host)
  const start = readiness.takeStart(to.ledger)
  expect([start?.drawn.epoch, readiness.takeStart(to.ledger)]).toEqual([2, undefined])
  // Whereabouts may be published meanwhile, by way of such a file too.
  await until(() => unnamed() === 1)
  expect([readiness.takeDh()?.group, readiness.takeDh()]).toEqual([7, undefined])
  expect(readiness.takePort({ address: '127.0.0.2' })).toBeUndefined()
  readiness.drop()
  expect(unnamed()).toBe(0)
  const again = await Readiness.make(service.hit, { ledger: to.ledger, bind: locator }, to.host)
  const port = again.takePort({ ...locator })
  expect(port?.locator).toEqual(locator)
  again.drop()
  expect(again.takeStart(to.ledger)).toBeUndefined()
  await port?.close()
})
