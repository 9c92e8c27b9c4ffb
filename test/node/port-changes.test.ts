// An address that never stays: a new port each second for half a minute, in both families, while datagrams flow.

import { once } from 'node:events'
import { expect, test } from 'vitest'
import { Endpoint } from '../../src/node/endpoint.ts'

const SECONDS = 30
const PERIOD_MS = 10

test('associations over IPv4 and IPv6 live through 30 port changes in 30 seconds', async () => {
  await Promise.all([
    liveThrough('127.0.0.1', '127.0.0.1'),
    liveThrough('127.0.0.1', process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'),
    liveThrough('::1', '::1'),
  ])
}, 90_000)

async function liveThrough(from: string, to: string): Promise<void> {
  await using a = await Endpoint.open({ bind: { address: from } })
  await using b = await Endpoint.open({ bind: { address: to } })
  const association = await a.associate(b.peer)
  const [talk, echo] = [await a.datagrams(), await b.datagrams(7)]
  echo.on('message', (bytes, { hit, port }) => echo.send(bytes, port, hit))
  const unanswered = new Set<number>()
  let sent = 0
  talk.on('message', (bytes) => unanswered.delete(bytes.readUInt32BE(0)))
  const send = (number: number): void => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(number)
    unanswered.add(number)
    talk.send(bytes, 7, b.hit)
  }
  const timer = setInterval(() => send(sent++), PERIOD_MS)
  const ports = await changePorts(b).finally(() => clearInterval(timer))
  while (association.locator?.port !== b.locator.port) await once(association, 'path')
  // Datagrams get lost; but a second try of each must come through, now that nothing moves any more.
  const lost = unanswered.size
  for (const number of [...unanswered]) send(number)
  // A ping is answered before the application has its turn, so that an answer of it may come behind the first pong.
  for (let pings = 0; pings < 2; pings++) await association.ping({ timeoutMs: 5_000 })
  expect(ports.size).toBeGreaterThan(SECONDS / 2)
  expect(association.baseExchanges).toBe(1)
  expect([...unanswered]).toEqual([])
  expect(lost).toBeLessThan(sent / 4)
}

async function changePorts(endpoint: Endpoint): Promise<Set<number>> {
  const ports = new Set<number>()
  for (let second = 0; second < SECONDS; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    ports.add((await endpoint.rebind()).port)
  }
  return ports
}
