// The receiver's side: what is told, when, and how much of it is kept.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Received } from '../../src/core/transport/recovery/received.ts'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'

const config = RECOVERY_DEFAULTS

function having(...numbers: readonly number[]) {
  const received = new Received(config)
  for (const number of numbers) received.note(0, 1, number, true)
  return received
}

const told = (received: Received, now = 0) =>
  received.acknowledge(now).map(({ space, ranges }) => [space, ...ranges.map((r) => [r.largest, r.smallest])])

describe('an acknowledgement is due', () => {
  it('25 ms after a single packet, and at once after the second', () => {
    const received = new Received(config)
    expect(received.deadline).toBe(Infinity)
    received.note(100, 1, 1, true)
    expect(received.deadline).toBe(125)
    received.note(110, 1, 2, true)
    expect(received.deadline).toBe(110)
    expect(told(received, 110)).toEqual([[1, [2, 1]]])
    expect(received.deadline).toBe(Infinity)
  })

  it('at once when a packet comes late, or leaves a gap', () => {
    expect(having(1).deadline).toBe(25)
    const gap = having(1, 2)
    gap.acknowledge(0)
    gap.note(10, 1, 4, true)
    expect(gap.deadline).toBe(10)
    gap.acknowledge(10)
    gap.note(20, 1, 3, true)
    expect(gap.deadline).toBe(20)
  })

  it('never because of packets that do not ask for one, though it tells of them', () => {
    const received = new Received(config)
    received.note(0, 1, 1, false)
    received.note(0, 1, 5, false)
    expect(received.deadline).toBe(Infinity)
    expect(received.pending).toBe(false)
    received.note(0, 1, 6, true)
    expect(received.pending).toBe(true)
    expect(told(received)).toEqual([[1, [6, 5], [1, 1]]])
  })

  it('once a quantum, or every tenth packet, when packets rush', () => {
    const received = new Received(config)
    let acks = 0
    for (let number = 1; number <= 1_000; number++) {
      const now = number / 100
      received.note(now, 1, number, true)
      if (received.deadline > now) continue
      received.acknowledge(now)
      acks += 1
    }
    expect(acks).toBeGreaterThanOrEqual(100)
    expect(acks).toBeLessThanOrEqual(102)
  })

  it('with how long the newest packet has waited', () => {
    const received = new Received(config)
    received.note(100, 1, 9, true)
    received.note(105, 1, 8, true)
    expect(received.acknowledge(112)[0]?.delayMs).toBe(12)
  })
})

describe('what is told', () => {
  it('are the numbers that came, whatever their order, and of several SAs each its own', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(numbers, numbers, (one, other) => {
        const received = new Received(config)
        for (const number of one) received.note(0, 1, number, true)
        for (const number of other) received.note(0, 2, number, true)
        const acks = received.acknowledge(0)
        expect(acks.map(({ space }) => space)).toEqual([2, 1])
        for (const { space, ranges } of acks) {
          const spread = ranges.flatMap((r) =>
            Array.from({ length: r.largest - r.smallest + 1 }, (_, n) => r.largest - n),
          )
          expect(spread).toEqual([...(space === 1 ? one : other)].sort((a, b) => b - a))
        }
      }),
    )
  })

  it('is told once, until something new comes', () => {
    const received = having(1, 2)
    expect(told(received)).toHaveLength(1)
    expect(told(received)).toHaveLength(0)
    received.note(0, 1, 3, true)
    expect(told(received)).toEqual([[1, [3, 1]]])
  })

  it('shrinks when the peer has an acknowledgement of it, but never loses the newest', () => {
    const received = having(1, 3, 5, 6, 9)
    received.acknowledged(1, 5)
    received.note(0, 1, 10, true)
    expect(told(received)).toEqual([[1, [10, 9], [6, 6]]])
    received.acknowledged(1, 10)
    received.note(0, 1, 12, true)
    expect(told(received)).toEqual([[1, [12, 12], [10, 10]]])
    received.acknowledged(77, 10)
  })

  it('is no more than 64 ranges, the newest, whatever comes', () => {
    const received = new Received(config)
    for (let number = 1; number <= 20_000; number += 2) received.note(0, 1, number, true)
    const ranges = received.acknowledge(0)[0]?.ranges ?? []
    expect(ranges).toHaveLength(config.ackRangesMax)
    expect(ranges[0]).toEqual({ smallest: 19_999, largest: 19_999 })
    for (let number = 20_000; number > 2; number -= 2) received.note(0, 1, number, true)
    expect(received.acknowledge(0)[0]?.ranges.length).toBeLessThanOrEqual(config.ackRangesMax)
  })

  it('makes an end without data ask for acknowledgements once it has many ranges, and stop when it got one', () => {
    const received = new Received(config)
    for (let n = 1; n <= config.ackRangesElicit; n++) {
      expect(received.elicit).toBe(false)
      received.note(0, 1, 2 * n, true)
    }
    expect(received.elicit).toBe(true)
    received.acknowledged(1, 2 * config.ackRangesElicit - 2)
    expect(received.elicit).toBe(false)
  })

  it('asks with one acknowledgement in sixteen only, until the peer is known to have one', () => {
    const received = new Received(config)
    let asked = 0
    for (let n = 1; n <= 320; n++) {
      received.note(n, 1, 2 * n, true)
      received.acknowledge(n)
      if (received.elicit) asked += 1
    }
    expect(asked).toBe(20)
  })

  it('is of so many SAs at most; the oldest goes', () => {
    const received = new Received(config)
    for (let spi = 1; spi <= config.spacesMax + 1; spi++) received.note(0, spi, 1, true)
    expect(received.acknowledge(0).map(({ space }) => space)).not.toContain(1)
    received.note(0, 1, 2, true)
    expect(told(received)).toEqual([[1, [2, 2]]])
  })

  it('is nothing of an SA that is gone, nor of anything before a new start', () => {
    const received = having(1)
    received.note(0, 2, 1, true)
    received.dropSpace(1)
    expect(told(received)).toEqual([[2, [1, 1]]])
    received.note(0, 2, 2, true)
    received.restart()
    expect(received.deadline).toBe(Infinity)
    expect(told(received)).toEqual([])
  })
})
