// What a freeze refuses, what a host awaits, and what a thawed endpoint remembers, on real sockets.

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../src/node/endpoint.ts'
import { endpointOn } from '../support/endpoints.ts'
import { ask, type Place, places, scene, thawAt } from '../support/places.ts'

describe('a freeze', () => {
  test.each([
    ['closed', (service: Endpoint) => service.close()],
    ['destroyed', (service: Endpoint) => service.destroy()],
  ])('of an endpoint that is %s meanwhile rejects', async (_, end) => {
    const [from, to] = await places(2)
    const { service } = await scene(from)
    const ready = await to.host.offer(service.hit)
    const frozen = service.freeze({ to: ready })
    void end(service)
    await expect(frozen).rejects.toMatchObject({ code: 'ERR_SOJOURN_CLOSED' })
    await service.closed
  })

  test.each([
    ['text', () => 'text'],
    ['a function that gives text', () => () => 'text'],
  ])('with %s for a state rejects, and the endpoint runs on', async (_, state) => {
    const [from, to] = await places(2)
    const { service, talk } = await scene(from)
    const ready = await to.host.offer(service.hit)
    const frozen = Reflect.apply(service.freeze, service, [{ to: ready, state: state() }])
    await expect(frozen).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
    expect(await ask(talk, service.hit, 'still there')).toBe('still there')
  })
})

test('a host awaits a bounded number of capsules, and drops no offer for another', async () => {
  const [from, to] = await places(2)
  const { service } = await scene(from)
  const first = await to.host.offer(service.hit)
  for (let count = 1; count < 64; count++) await to.host.offer(service.hit)
  await expect(to.host.offer(service.hit)).rejects.toMatchObject({ code: 'ERR_SOJOURN_CAPSULE' })
  const thawed = await thawAt(to, await service.freeze({ to: first }))
  expect(thawed.endpoint.epoch).toBe(2)
  await to.host.offer(service.hit)
})

test('a thawed association remembers who began it, and that it took one exchange', async () => {
  const [from, to, third] = await places(3)
  const { service, association } = await scene(from, third)
  const before = [...service.associations()].map(({ initiator, baseExchanges }) => ({ initiator, baseExchanges }))
  const { endpoint } = await thawAt(to, await service.freeze({ to: to.host.kem }))
  const after = [...endpoint.associations()].map(({ initiator, baseExchanges }) => ({ initiator, baseExchanges }))
  expect(after).toEqual(before)
  expect(after).toEqual([{ initiator: false, baseExchanges: 1 }])
  expect(association.initiator).toBe(true)
})

test('damaged whereabouts are a LEDGER error of one line', async () => {
  const [from, other] = await places(2)
  const { service } = await scene(from)
  const path = await whereaboutsOf(from)
  writeFileSync(path, 'nonsense')
  const seeker = await endpointOn({ ...other })
  await expect(seeker.associate(service.hit)).rejects.toMatchObject({ code: 'ERR_SOJOURN_LEDGER' })
})

/** The file with the whereabouts that were published last, once there is one. */
async function whereaboutsOf({ host }: Place): Promise<string> {
  const ledger = join(host.home, '..', 'ledger')
  for (;;) {
    const found = (readdirSync(ledger, { recursive: true }) as string[]).find((name) => name.includes('whereabouts-'))
    if (found !== undefined) return join(ledger, found)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
