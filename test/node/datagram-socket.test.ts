// Datagram sockets in the shape of node:dgram.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { SojournError } from '../../src/node/errors.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { endpointOn, nextOn, pair } from '../support/endpoints.ts'

test('a message says who sent it, from which port and how long it is', async () => {
  const { a, b } = await pair()
  const [from, to] = [await a.datagrams(9), await b.datagrams(7)]
  const message = once(to, 'message')
  expect(from.send('hello', 7, b.hit)).toBe(true)
  const [bytes, info] = await message
  expect(Buffer.isBuffer(bytes)).toBe(true)
  expect(bytes.toString()).toBe('hello')
  expect(info).toEqual({ hit: a.hit, port: 9, size: 5 })
  expect(to.address()).toEqual({ hit: b.hit, port: 7 })
})

test('bytes of every length up to the largest arrive as they were', async () => {
  const { a, b } = await pair()
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  for (const length of [0, 1, 7, 8, 1_200, 1_472, 9_000, 65_000]) {
    const bytes = Uint8Array.from({ length }, (_, index) => index * 7)
    from.send(bytes, 7, b.hit)
    expect(new Uint8Array((await nextOn(to)).bytes)).toEqual(bytes)
  }
})

test('what is sent may be overwritten at once', async () => {
  const { a, b } = await pair()
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  const bytes = Buffer.from('before')
  from.send(bytes, 7, b.hit)
  bytes.fill('x')
  expect((await nextOn(to)).bytes.toString()).toBe('before')
})

test('what comes before anybody listens waits, and what overflows is counted', async () => {
  const { a, b } = await pair()
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  for (let number = 0; number < 1_200; number++) {
    from.send(String(number), 7, b.hit)
    if (number % 50 === 49) await a.associations().next().value?.ping()
  }
  const heard: string[] = []
  to.on('message', (bytes) => heard.push(bytes.toString()))
  await new Promise((resolve) => setImmediate(resolve))
  expect(heard.length).toBe(1_024)
  expect(heard[0]).toBe('0')
  expect(heard.length + to.dropped).toBe(1_200)
})

test('for await gives every datagram once, in order, until the socket closes', async () => {
  const { a, b } = await pair()
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  for (let number = 0; number < 100; number++) from.send(String(number), 7, b.hit)
  const heard: string[] = []
  for await (const { bytes } of to) {
    heard.push(bytes.toString())
    // Slow on purpose: what comes meanwhile must not be lost.
    await new Promise((resolve) => setImmediate(resolve))
    if (heard.length === 100) to.close()
  }
  expect(heard).toEqual(Array.from({ length: 100 }, (_, number) => String(number)))
})

test('a taken port is an error event, a used socket a thrown one', async () => {
  const a = await endpointOn()
  const first = await a.datagrams(7)
  await expect(a.datagrams(7)).rejects.toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
  expect(() => first.bind(8)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ARGUMENT' }))
  first.close()
  expect((await a.datagrams(7)).address().port).toBe(7)
})

test('a socket that was never bound sends from a free port', async () => {
  const { a, b } = await pair()
  const to = await b.datagrams(7)
  a.createDatagramSocket().send('x', 7, b.hit)
  expect((await nextOn(to)).port).toBeGreaterThanOrEqual(49_152)
})

test.each([0, -1, 65_536, 1.5, Number.NaN])('port %d is refused', async (port) => {
  const { a, b } = await pair()
  const socket = await a.datagrams()
  expect(() => socket.send('x', port, b.hit)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ARGUMENT' }))
})

function sendError(send: (callback: (error: SojournError | null) => void) => boolean): Promise<SojournError | null> {
  return new Promise((resolve) => {
    send(resolve)
  })
}

test('the callback says why a datagram did not leave', async () => {
  const { a, b } = await pair()
  const socket = await a.datagrams()
  const stranger = createIdentity().hit
  const long = new Uint8Array(66_000)
  expect(await sendError((done) => socket.send('x', 7, b.hit, done))).toBeNull()
  expect((await sendError((done) => socket.send('x', 7, stranger, done)))?.code).toBe('ERR_SOJOURN_UNREACHABLE')
  expect((await sendError((done) => socket.send('x', 7, 'nobody', done)))?.code).toBe('ERR_SOJOURN_ARGUMENT')
  expect((await sendError((done) => socket.send(long, 7, b.hit, done)))?.code).toBe('ERR_SOJOURN_TOO_LONG')
  expect(socket.send('x', 7, stranger)).toBe(false)
})

test('another spelling of a HIT reaches the same peer', async () => {
  const { a, b } = await pair()
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  expect(from.send('x', 7, b.hit.toUpperCase())).toBe(true)
  expect((await nextOn(to)).bytes.toString()).toBe('x')
})

test('what is sent while a peer is opened waits, the queue has an end, and waiting callers are let go with the attempt', async () => {
  const quiet = createSocket('udp4')
  quiet.bind(0, '127.0.0.1')
  await once(quiet, 'listening')
  const a = await endpointOn()
  const { hit } = createIdentity()
  const peer = { hit, locators: [{ address: '127.0.0.1', port: quiet.address().port }] }
  const attempt = a.associate(peer, { timeoutMs: 300 }).catch((error: unknown) => error)
  const socket = await a.datagrams()
  let queued = 0
  while (socket.send('x', 7, hit) && queued < 10_000) queued++
  expect(queued).toBeGreaterThan(0)
  expect(queued).toBeLessThan(10_000)
  expect((await sendError((done) => socket.send('x', 7, hit, done)))?.code).toBe('ERR_SOJOURN_QUEUE_FULL')
  const waiting = socket.sendAsync('x', 7, hit).catch((error: unknown) => error)
  const aborted = socket.sendAsync('x', 7, hit, { signal: AbortSignal.timeout(20) }).catch((error: unknown) => error)
  expect(await aborted).toMatchObject({ name: 'TimeoutError' })
  expect(await attempt).toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
  expect(await waiting).toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
  quiet.close()
})

test('what was sent while a peer was opened arrives once it is', async () => {
  const [a, b] = [await endpointOn(), await endpointOn()]
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  const attempt = a.associate(b.peer)
  expect(from.send('early', 7, b.hit)).toBe(true)
  expect((await nextOn(to)).bytes.toString()).toBe('early')
  await attempt
})

test('sendAsync waits for room instead of losing anything', async () => {
  const { a, b } = await pair()
  const [from, to] = [await a.datagrams(), await b.datagrams(7)]
  let heard = 0
  to.on('message', () => heard++)
  const all = Array.from({ length: 600 }, (_, number) => from.sendAsync(String(number), 7, b.hit))
  await Promise.all(all)
  await a.associations().next().value?.ping()
  expect(heard + to.dropped).toBe(600)
})
