// Cases that libudx, Linux and RFC 8985 made famous: tails that are lost, acknowledgements that are lost, orders that are shuffled.

import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import { type Sender, warm } from '../support/recovery-sender.ts'

/** Sends packets up to this number at this time. */
function sendTo(sender: Sender, now: number, last: number): void {
  while (sender.highest < last) sender.send(now)
}

describe('a tail that is lost', () => {
  it('is found by one probe: what the probe overtook is lost by count at once and by time soon', () => {
    const sender = warm()
    sendTo(sender, 1_000, 11)
    expect(sender.ack(1_100, [[1, 6]]).lost).toEqual([])
    const { deadline } = sender.recovery
    expect(sender.expire(deadline)).toEqual({ lost: [], probes: 2 })
    sender.send(deadline, { probe: 'pto' })
    sender.send(deadline, { probe: 'pto' })
    const { acked, lost } = sender.ack(deadline + 100, [
      [12, 12],
      [1, 6],
    ])
    expect(acked).toEqual([12])
    expect(lost).toEqual([7, 8, 9, 10, 11])
    expect(sender.recovery.outstanding).toBe(1)
  })

  it('that only seemed lost costs no window: the probe hears that all has come', () => {
    const sender = warm()
    sendTo(sender, 1_000, 11)
    const { deadline, windowBytes } = sender.recovery
    sender.expire(deadline)
    sender.send(deadline, { probe: 'pto' })
    expect(sender.ack(deadline + 100, [[1, 12]]).lost).toEqual([])
    expect(sender.recovery.windowBytes).toBeGreaterThanOrEqual(windowBytes)
    expect(sender.recovery.deadline).toBe(Infinity)
  })
})

describe('silence', () => {
  it('puts no more under way than two packets each time it lasts too long', () => {
    const sender = warm()
    while (sender.recovery.bytesInFlight + 1_200 <= sender.recovery.windowBytes) sender.send(10_000)
    const before = sender.recovery.outstanding
    for (let n = 1; n <= 5; n++) {
      const { deadline } = sender.recovery
      const { probes } = sender.expire(deadline)
      for (let probe = 0; probe < probes; probe++) sender.send(deadline, { probe: 'pto' })
      expect(sender.recovery.outstanding).toBe(before + 2 * n)
    }
    expect(sender.recovery.maySend(1e6, 1_200)).toBe(false)
  })

  it('of lost acknowledgements alone ends with the next one, which tells of everything', () => {
    const sender = warm()
    sendTo(sender, 1_000, 8)
    sender.expire(sender.recovery.deadline)
    sender.expire(sender.recovery.deadline)
    expect(sender.ack(3_000, [[1, 8]])).toEqual({ acked: [2, 3, 4, 5, 6, 7, 8], lost: [], fault: false })
    sender.send(3_000)
    expect(sender.recovery.deadline).toBe(3_000 + sender.recovery.rtt.ptoMs)
  })
})

describe('shuffled packets', () => {
  it('each come back once, acknowledged or lost, and nothing stays under way', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const prng = new Prng(seed)
      const sender = warm()
      sendTo(sender, 1_000, 41)
      const order = Array.from({ length: 40 }, (_, n) => n + 2)
      for (let n = order.length - 1; n > 0; n--) {
        const other = prng.below(n + 1)
        const [a = 0, b = 0] = [order[n], order[other]]
        order[n] = b
        order[other] = a
      }
      const back: number[] = []
      for (const [n, number] of order.entries()) {
        const { acked, lost } = sender.ack(1_100 + n / 10, [[number, number]])
        back.push(...acked, ...lost)
      }
      expect(back.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n + 2))
      expect(sender.recovery).toMatchObject({ outstanding: 0, bytesInFlight: 0, deadline: Infinity })
    }
  })

  it('that are no further apart than two lose nothing', () => {
    const sender = warm()
    sendTo(sender, 1_000, 41)
    for (let n = 2; n + 2 <= 40; n += 3) {
      for (const number of [n + 2, n, n + 1]) expect(sender.ack(1_100, [[number, number]]).lost).toEqual([])
    }
  })
})
