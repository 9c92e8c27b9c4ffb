// Who keeps the process alive by a UDP port.

import { expect, test, vi } from 'vitest'
import { OLD_PORT_MS } from '../../src/node/config.ts'
import type { DatagramPort } from '../../src/node/port.ts'
import { PortHolder } from '../../src/node/port-holder.ts'

function portOf(said: string[]): DatagramPort {
  return {
    locator: { address: '127.0.0.1', port: 1 },
    own: [],
    wanted: [],
    dontFragment: false,
    onMessage: () => undefined,
    onBatch: () => undefined,
    flush: () => undefined,
    send: () => undefined,
    setBuffers: () => undefined,
    close: async () => void said.push('close'),
    ref: () => void said.push('ref'),
    unref: () => void said.push('unref'),
  }
}

test('a port is let go when nobody holds it any more, and held again by the first who does', () => {
  const said: string[] = []
  const owner = { isOpen: true, requireOpen: () => undefined }
  const holder = new PortHolder(portOf(said), owner, () => undefined)
  const [one, two] = [{}, {}]
  holder.hold(one, true)
  holder.hold(owner, false)
  expect(said).toEqual([])
  holder.hold(two, true)
  holder.hold(one, false)
  holder.hold(one, false)
  expect(said).toEqual([])
  holder.hold(two, false)
  expect(said).toEqual(['unref'])
  holder.hold(one, true)
  holder.hold(owner, true)
  expect(said).toEqual(['unref', 'ref'])
})

test('the port that is left hears half a second longer, and is closed then', async () => {
  const said: string[] = []
  const owner = { isOpen: true, requireOpen: () => undefined }
  const holder = new PortHolder(portOf(said), owner, () => undefined)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await holder.rebind({ address: '127.0.0.1' })
  await vi.advanceTimersByTimeAsync(OLD_PORT_MS - 1)
  expect(said).toEqual(['unref'])
  await vi.advanceTimersByTimeAsync(1)
  expect(said).toEqual(['unref', 'close'])
  vi.useRealTimers()
  await holder.close()
})
