// What a thaw prepares while the ledger waits for its disk must not be seen by anybody before the start stands.

import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Ledger } from '../../src/ledger/interface.ts'
import { answerOn, ask, type Place, places, scene, thawAt } from '../support/places.ts'

const TURNS = 50

/** A place whose ledger answers a start only after `wait`, though it has foretold it; `forge` changes what it foretells. */
function slow(
  place: Place,
  wait: () => Promise<void>,
  forge: (receipt: Uint8Array) => Uint8Array = (receipt) => receipt,
): Place {
  const { ledger } = place
  const start: NonNullable<Ledger['start']> = async (claim, activate, foreseen) => {
    if (ledger.start === undefined) throw new Error('this ledger has no start')
    const reply = await ledger.start(claim, activate, (receipt) => foreseen?.(forge(receipt)))
    await wait()
    return reply
  }
  return {
    host: place.host,
    ledger: {
      start,
      key: () => ledger.key(),
      read: (hit) => ledger.read(hit),
      claim: (request) => ledger.claim(request),
      activate: (request) => ledger.activate(request),
      publish: (whereabouts) => ledger.publish(whereabouts),
      find: (hit) => ledger.find(hit),
    },
  }
}

test('nothing is sent while the ledger has only foretold the start', async () => {
  const [from, to] = await places(2)
  const { service, peer, association, talk } = await scene(from)
  const capsule = await service.freeze({ to: await to.host.offer(service.hit) })
  const heard = { ...peer.counters }
  let seen: unknown
  const wait = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) await setImmediate()
    seen = { epoch: association.peerEpoch, counters: { ...peer.counters } }
  }
  const thawed = await thawAt(slow(to, wait), capsule)
  expect(seen).toEqual({ epoch: 1, counters: heard })
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
  expect(association.peerEpoch).toBe(2)
})

test('a start that was foretold falsely is made anew of what the ledger answers', async () => {
  const [from, to] = await places(2)
  const { service, association, talk } = await scene(from)
  const capsule = await service.freeze({ to: await to.host.offer(service.hit) })
  const forged = (receipt: Uint8Array): Uint8Array => receipt.map((byte, index) => (index === 40 ? byte ^ 1 : byte))
  const thawed = await thawAt(
    slow(to, () => Promise.resolve(), forged),
    capsule,
  )
  for (const socket of thawed.sockets.values()) answerOn(socket)
  expect(await ask(talk, service.hit, 'after')).toBe('after')
  expect(association.baseExchanges).toBe(1)
})
