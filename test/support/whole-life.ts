// The whole life of an association on real sockets: exchange, data, rekeys, a freeze and thaw, a readdress, a former host that goes
// on, a peer that forgot, and a goodbye.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect } from 'vitest'
import type { Choices } from '../../src/core/association/exchange-offer.ts'
import type { Identity, IdentityAlgorithm } from '../../src/index.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { openKeyLog } from '../../src/node/observe.ts'
import { carried, Station, type StationOptions, startBy } from './station.ts'

const ECHO_PORT = 7

// Waits of seconds shortened; nothing here changes what a packet looks like.
const IMPATIENT = { keepaliveMs: 300, silenceMsMin: 200, ptoInitialMs: 200 }

/** Under what an association lives. */
export interface Case {
  readonly algorithm: IdentityAlgorithm
  readonly suite: number
  readonly family: 4 | 6
  readonly choices: Choices
}

/** Who takes part in a case, and how they are put on the wire: by epoch, at an address that ends in `last`. */
interface Cast {
  readonly service: Identity
  readonly caller: Identity
  open(identity: Identity, epoch: number, last: number, more?: Partial<StationOptions>): Promise<Station>
}

function cast({ algorithm, suite, family, choices }: Case, keyLog: string): Cast {
  const keylog = openKeyLog(keyLog)
  if (keylog === undefined) throw new Error('no key log')
  const ledger = createIdentity()
  const open: Cast['open'] = (identity, epoch, last, more) => {
    const bind = { address: family === 4 ? `127.0.0.${last}` : '::1' }
    const start = startBy(ledger, identity, epoch)
    return Station.open({ keylog, ...choices, espSuites: [suite], config: IMPATIENT, identity, start, bind, ...more })
  }
  const { algorithms } = choices
  return { service: createIdentity(algorithm, algorithms), caller: createIdentity(algorithm, algorithms), open }
}

/** The whole life of an association between a service that moves and a peer that stays. */
export async function live(one: Case, keyLog: string): Promise<void> {
  const everybody = cast(one, keyLog)
  const { service, caller } = everybody
  const first = await everybody.open(service, 1, 1)
  const peer = await everybody.open(caller, 1, 2)
  await meet(first, peer)

  first.do((engine, time) => engine.freeze(time))
  await first.next('frozen')
  const state = first.engine.frozenState([{ port: ECHO_PORT, unread: [] }], new Uint8Array(0))
  const frozen = carried(state, one.choices.algorithms)
  const second = await everybody.open(service, 2, 3, { frozen })
  second.echo(ECHO_PORT)
  await Promise.all([second.next('resumed'), peer.next('rebound')])
  expect(await peer.ask(service.hit, ECHO_PORT, 'moved')).toBe('moved')

  // The former host goes on against all rules, and learns that it is superseded.
  first.do((engine, time) => engine.unfreeze(time))
  first.do((engine, time) => engine.readdress(time, [first.port.locator]))
  expect((await first.next('fenced')).epoch).toBe(2)

  await peer.relocate({ address: peer.port.locator.address })
  await second.next('path')
  expect(await peer.ask(service.hit, ECHO_PORT, 'readdressed')).toBe('readdressed')
  second.do((engine, time) => engine.rekey(time, caller.hit))
  await Promise.all([second.next('rekeyed'), peer.next('rekeyed')])
  expect(peer.engine.association(service.hit)?.baseExchanges).toBe(1)

  await peer.vanish()
  const again = await everybody.open(caller, 2, 2, { bind: peer.port.locator })
  await part(second, again)
  await Promise.all([first.vanish(), second.vanish(), again.vanish()])
}

/** A base exchange, data, an echo, a rekey, a keepalive of either kind. */
async function meet(service: Station, peer: Station): Promise<void> {
  const { hit } = service.engine
  service.echo(ECHO_PORT)
  peer.do((engine, time) => engine.associate(time, { hit, locators: [service.port.locator] }))
  await Promise.all([peer.next('associated'), service.next('associated')])
  expect(await peer.ask(hit, ECHO_PORT, 'before')).toBe('before')
  peer.do((engine, time) => engine.ping(time, hit, 1, 1, Buffer.from('ping')))
  await peer.next('pong')
  peer.do((engine, time) => engine.rekey(time, hit))
  await Promise.all([peer.next('rekeyed'), service.next('rekeyed')])
  expect(await peer.ask(hit, ECHO_PORT, 'rekeyed')).toBe('rekeyed')
  await Promise.all([service.counted('dummy-received'), sendKeepalive(service), service.counted('keepalive-received')])
}

/** A peer that was started again from nothing says that it cannot go on; after another exchange it says goodbye. */
async function part(service: Station, peer: Station): Promise<void> {
  service.do((engine, time) => engine.ping(time, peer.engine.hit, 2, 1, Buffer.from('anybody there?')))
  expect((await service.next('ended')).reason).toBe('reset')
  const { hit } = service.engine
  peer.do((engine, time) => engine.associate(time, { hit, locators: [service.port.locator] }))
  await peer.next('associated')
  peer.do((engine, time) => engine.close(time, hit))
  expect((await peer.next('ended')).reason).toBe('closed')
}

async function sendKeepalive(to: Station): Promise<void> {
  const { address, port } = to.port.locator
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address)
  await once(socket, 'listening')
  socket.send(Uint8Array.of(0xff), port, address, () => socket.close())
}
