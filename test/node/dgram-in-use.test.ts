// The portable provider opens, binds and closes its sockets by dgram-as-promised (DESIGN §3); data flows on the socket beneath. Spies
// stand around the package, so that this fails if it is no longer called.

import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { Endpoint } from '../../src/index.ts'
import { openPort } from '../../src/node/port.ts'

const calls = vi.hoisted(() => [] as string[])

vi.hoisted(() => vi.stubEnv('SOJOURN_PORTABLE', '1'))
afterAll(() => vi.unstubAllEnvs())

vi.mock('dgram-as-promised', async (original) => {
  const { DgramAsPromised } = await original<typeof import('dgram-as-promised')>()
  const createSocket: typeof DgramAsPromised.createSocket = (options) => {
    calls.push('createSocket')
    const socket =
      typeof options === 'string' ? DgramAsPromised.createSocket(options) : DgramAsPromised.createSocket(options)
    for (const name of ['bind', 'send', 'recv', 'close'] as const) {
      const real: (...args: never[]) => unknown = socket[name].bind(socket)
      Object.assign(socket, {
        [name]: (...args: never[]) => {
          calls.push(name)
          return real(...args)
        },
      })
    }
    return socket
  }
  return { DgramAsPromised: { createSocket } }
})

beforeEach(() => void calls.splice(0))

it('a portable port is opened, bound and closed by dgram-as-promised, and what it sends and hears passes it by', async () => {
  const [one, two] = [await openPort({ address: '127.0.0.1' }), await openPort({ address: '::1' })]
  expect(calls).toEqual(['createSocket', 'bind', 'createSocket', 'bind'])
  const heard = new Promise<number>((resolve) => {
    one.onMessage = (bytes) => resolve(bytes.length)
  })
  one.send(Uint8Array.of(1, 2, 3), one.locator)
  one.flush()
  expect(await heard).toBe(3)
  await one.close()
  await two.close()
  expect(calls.slice(4)).toEqual(['close', 'close'])
})

it('a port that is taken is closed by dgram-as-promised as well', async () => {
  const first = await openPort({ address: '127.0.0.1' })
  await expect(openPort(first.locator)).rejects.toMatchObject({ code: 'ERR_SOJOURN_ADDRESS' })
  expect(calls).toEqual(['createSocket', 'bind', 'createSocket', 'bind', 'close'])
  await first.close()
})

it('so is the port of an endpoint', async () => {
  const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
  expect(calls).toEqual(['createSocket', 'bind'])
  await endpoint.close()
  expect(calls).toEqual(['createSocket', 'bind', 'close'])
})
