// The emulated link of the benches: its rate, its queue and its luck without sockets, and then that packets do pass.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type EmulatedLink, LinkEmulator, LinkQueue } from '../support/link-emulator.ts'

const LINK: EmulatedLink = { mbitPerSecond: 8, delayMs: 20, queueBytes: 10_000 }
/** With its headers 1,000 bytes, which take a millisecond. */
const BYTES = 972

describe('a link', () => {
  it('lets packets out at its rate, behind its delay, and idles in between', () => {
    const link = new LinkQueue(LINK, 1)
    expect([0, 0, 0.5, 50].map((now) => link.offer(now, BYTES))).toEqual([21, 22, 23, 71])
  })

  it('takes what fits its queue, counted in bytes, and no more', () => {
    const link = new LinkQueue(LINK, 1)
    const taken = Array.from({ length: 15 }, () => link.offer(0, BYTES)).filter((at) => at !== undefined)
    expect([taken.length, link.offered, link.overflowed]).toEqual([10, 15, 5])
    expect(link.offer(1, BYTES)).toBe(31)
    expect(link.offer(1, 1)).toBeUndefined()
  })

  it('loses and delays by chance the share it should, and the same ones for the same seed', () => {
    const run = (seed: number) => {
      const link = new LinkQueue({ ...LINK, loss: 0.1, reorder: 0.1, lateMs: 10 }, seed)
      return Array.from({ length: 10_000 }, (_, n) => link.offer(2 * n, BYTES))
    }
    const arrivals = run(1)
    const lost = arrivals.filter((at) => at === undefined).length
    const late = arrivals.filter((at, n) => at !== undefined && at > 2 * n + 21).length
    for (const count of [lost, late]) expect(Math.abs(count - 1_000)).toBeLessThan(150)
    expect(run(1)).toEqual(arrivals)
    expect(run(2)).not.toEqual(arrivals)
  })

  it('carries nothing larger than Ethernet does', () => {
    const link = new LinkQueue({ ...LINK, mbitPerSecond: 1_000 }, 1)
    expect(link.offer(0, 1_472)).toBeGreaterThan(20)
    expect(link.offer(0, 1_473)).toBeUndefined()
  })

  it('carries datagrams between real sockets, both ways', async () => {
    const [asks, answers] = [createSocket('udp4'), createSocket('udp4')]
    answers.on('message', (bytes, { port }) => answers.send(Buffer.concat([bytes, bytes]), port, '127.0.0.1'))
    answers.bind(0, '127.0.0.1')
    await once(answers, 'listening')
    const emulator = await LinkEmulator.to({ address: '127.0.0.1', port: answers.address().port }, LINK, 1)
    try {
      asks.send('ab', emulator.at.port, '127.0.0.1')
      const [answer] = await once(asks, 'message')
      expect(String(answer)).toBe('abab')
      expect(emulator.counts).toEqual({
        forth: { offered: 1, overflowed: 0, unlucky: 0 },
        back: { offered: 1, overflowed: 0, unlucky: 0 },
      })
    } finally {
      emulator.close()
      asks.close()
      answers.close()
    }
  })
})
