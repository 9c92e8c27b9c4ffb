// UDP as the driver sees it: canonical addresses both ways, plain arrays, one object a source.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import { type DatagramPort, openPort, reachableLocators } from '../../src/node/port.ts'

const open: DatagramPort[] = []

async function opened(bind: Partial<Locator>): Promise<DatagramPort> {
  const port = await openPort(bind)
  open.push(port)
  return port
}

afterEach(async () => {
  for (const port of open.splice(0)) await port.close()
})

interface Arrival {
  readonly bytes: Uint8Array
  readonly source: Locator
}

function next(port: DatagramPort): Promise<Arrival> {
  return new Promise((resolve) => {
    // What arrives is lent.
    port.onMessage = (bytes, source) => resolve({ bytes: bytes.slice(), source })
  })
}

function say(port: DatagramPort, bytes: Uint8Array, to: Locator): void {
  port.send(bytes, to)
  port.flush()
}

test.each([
  ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
  ['::1', '::1', '::1'],
  ['::', '127.0.0.1', '127.0.0.1'], // dual stack: mapped addresses never show
])('a port on %s talks to one on %s', async (a, b, seen) => {
  const [one, two] = [await opened({ address: a }), await opened({ address: b })]
  const first = next(one)
  say(two, Uint8Array.of(1, 2, 3), { address: b, port: one.locator.port })
  const { bytes, source } = await first
  expect([...bytes]).toEqual([1, 2, 3])
  expect(source).toEqual({ address: seen, port: two.locator.port })
  const answer = next(two)
  say(one, Uint8Array.of(4), source)
  expect((await answer).source.port).toBe(one.locator.port)
})

test('what arrives is a plain Uint8Array: a slice of it is a copy', async () => {
  const [one, two] = [await opened({ address: '127.0.0.1' }), await opened({ address: '127.0.0.1' })]
  const arrival = new Promise<void>((resolve) => {
    one.onMessage = (bytes) => {
      expect(bytes.constructor).toBe(Uint8Array)
      bytes.slice().fill(9)
      expect(bytes[0]).toBe(1)
      resolve()
    }
  })
  say(two, Uint8Array.of(1), one.locator)
  await arrival
})

test('a source is one object however often it sends', async () => {
  const [one, two] = [await opened({ address: '127.0.0.1' }), await opened({ address: '127.0.0.1' })]
  const sources: Locator[] = []
  const enough = new Promise<void>((resolve) => {
    one.onMessage = (_bytes, source) => {
      sources.push(source)
      if (sources.length === 3) resolve()
    }
  })
  for (let count = 0; count < 3; count++) say(two, Uint8Array.of(count), one.locator)
  await enough
  expect(new Set(sources).size).toBe(1)
})

test('a taken port says so and how to go on', async () => {
  const { locator } = await opened({ address: '127.0.0.1' })
  const error: unknown = await openPort(locator).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
  expect(String(error)).toContain(`127.0.0.1:${locator.port} is taken`)
})

test.each([
  [{ address: '192.0.2.1' }, 'ERR_SOJOURN_ADDRESS'],
  [{ address: 'localhost' }, 'ERR_SOJOURN_ADDRESS'],
  [{ address: '' }, 'ERR_SOJOURN_ADDRESS'],
  [{ port: 65_536 }, 'ERR_SOJOURN_ARGUMENT'],
  [{ port: -1 }, 'ERR_SOJOURN_ARGUMENT'],
  [{ port: 1.5 }, 'ERR_SOJOURN_ARGUMENT'],
])('%j cannot be had', async (bind, code) => {
  await expect(openPort(bind)).rejects.toMatchObject({ code })
})

test('a datagram that cannot be sent is lost, not thrown', async () => {
  const four = await opened({ address: '127.0.0.1' })
  say(four, Uint8Array.of(1), { address: '::1', port: 9 })
  say(four, Uint8Array.of(1), { address: '127.0.0.1', port: 0 })
  say(four, new Uint8Array(70_000), { address: '127.0.0.1', port: 9 })
  await four.close()
  say(four, Uint8Array.of(1), { address: '127.0.0.1', port: 9 })
})

test('nobody else hears on a port, and closing it twice gives it back once', async () => {
  const port = await openPort({ address: '127.0.0.1' })
  await Promise.all([port.close(), port.close()])
  const socket = createSocket('udp4')
  socket.bind(port.locator.port, '127.0.0.1')
  await once(socket, 'listening')
  socket.close()
})

test('a wildcard is reached at addresses of this machine, never at the wildcard', () => {
  expect(reachableLocators({ address: '127.0.0.2', port: 5 })).toEqual([{ address: '127.0.0.2', port: 5 }])
  for (const address of ['::', '0.0.0.0']) {
    const found = reachableLocators({ address, port: 5 })
    expect(found.length).toBeGreaterThan(0)
    for (const locator of found) expect(locator.address).not.toBe(address)
  }
})
