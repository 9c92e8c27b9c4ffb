// An address that never stays: a new port each second for half a minute, in both families, while datagrams flow. Who changes it is a
// process of its own.

import { once } from 'node:events'
import { expect, test } from 'vitest'
import { Endpoint } from '../../src/node/endpoint.ts'
import { afterThisTest } from '../support/afterwards.ts'
import { Child } from '../support/children.ts'

const CHANGES = 30
const PERIOD_MS = 10

test('associations over IPv4 and IPv6 live through 30 port changes of another process in 30 seconds', async () => {
  await Promise.all([
    liveThrough('127.0.0.1', '127.0.0.1'),
    liveThrough('127.0.0.1', process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'),
    liveThrough('::1', '::1'),
  ])
}, 90_000)

async function liveThrough(from: string, to: string): Promise<void> {
  await using a = await Endpoint.open({ bind: { address: from } })
  const child = new Child('port-changes-child', [to, String(CHANGES)])
  afterThisTest(() => child.kill())
  const { peer } = (await child.said(1)) ?? {}
  if (typeof peer !== 'string') throw new Error(`no process at ${to}`)
  const association = await a.associate(peer)
  const talk = await a.datagrams()
  const unanswered = new Set<number>()
  let sent = 0
  talk.on('message', (bytes) => unanswered.delete(bytes.readUInt32BE(0)))
  const send = (number: number): void => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(number)
    unanswered.add(number)
    talk.send(bytes, 7, association.peer)
  }
  const timer = setInterval(() => send(sent++), PERIOD_MS)
  child.tell('go\n')
  await child.said(1 + CHANGES).finally(() => clearInterval(timer))
  const ports = child.lines.map(({ port }) => port)
  expect(ports.length).toBe(1 + CHANGES)
  while (association.locator?.port !== ports.at(-1)) await once(association, 'path')
  // Datagrams get lost; but a second try of each must come through, now that nothing moves any more.
  const lost = unanswered.size
  for (const number of [...unanswered]) send(number)
  // Another process may be a turn behind with what it answers.
  for (let pings = 0; pings < 2 || (unanswered.size > 0 && pings < 20); pings++) {
    await association.ping({ timeoutMs: 5_000 })
  }
  expect(new Set(ports).size).toBeGreaterThan(CHANGES / 2)
  expect([association.locator?.address, association.baseExchanges]).toEqual([to, 1])
  expect([...unanswered]).toEqual([])
  expect(lost).toBeLessThan(sent / 4)
}
