// The store of sent packets against a plain Map, and what an acknowledgement costs it.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SentPacket, SentPackets } from '../../src/core/transport/recovery/sent-packets.ts'

function packet(space: number, number: number, bytes = 100) {
  return { space, number, bytes, sentAt: number, frames: [`${space}/${number}`], probe: undefined, path: 0 } as const
}

const names = (packets: Iterable<SentPacket<string>>) => [...packets].map(({ frames }) => frames[0])

/** Ranges, highest first, that hold these numbers and no others. */
function rangesOf(numbers: readonly number[]) {
  const ranges: { smallest: number; largest: number }[] = []
  for (const number of [...new Set(numbers)].sort((a, b) => b - a)) {
    const last = ranges.at(-1)
    if (last !== undefined && last.smallest === number + 1) last.smallest = number
    else ranges.push({ smallest: number, largest: number })
  }
  return ranges
}

describe('sent packets', () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('send' as const), space: fc.nat(2), gap: fc.integer({ min: 1, max: 3 }) }),
    fc.record({
      what: fc.constant('ack' as const),
      space: fc.nat(3),
      numbers: fc.array(fc.nat(60), { maxLength: 20 }),
    }),
    fc.record({ what: fc.constant('lose' as const), count: fc.nat(4) }),
  )

  it('hold what a Map would, in the order of sending, whatever is acknowledged or lost', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const sent = new SentPackets<string>()
        const oracle = new Map<string, { space: number; number: number }>()
        const next = [0, 0, 0, 0]
        for (const one of steps) {
          if (one.what === 'send') {
            const number = (next[one.space] ?? 0) + one.gap
            next[one.space] = number
            sent.add(packet(one.space, number))
            oracle.set(`${one.space}/${number}`, { space: one.space, number })
          } else if (one.what === 'ack') {
            const hit = [...oracle].filter(([, p]) => p.space === one.space && one.numbers.includes(p.number))
            const acked = sent.acknowledge(one.space, rangesOf(one.numbers))
            expect(names(acked)).toEqual(hit.map(([name]) => name))
            for (const [name] of hit) oracle.delete(name)
          } else {
            const lost = [...sent].slice(0, one.count)
            for (const p of lost) sent.lose(p)
            for (const name of [...oracle.keys()].slice(0, one.count)) oracle.delete(name)
          }
          sent.settle()
          expect(names(sent)).toEqual([...oracle.keys()])
          expect(sent.size).toBe(oracle.size)
          expect(sent.spaces).toBe(new Set([...oracle.values()].map(({ space }) => space)).size)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('are seen settled once each, in order, and only when nothing older is outstanding', () => {
    const sent = new SentPackets<string>()
    const seen: string[] = []
    const settle = () => sent.settle(({ order, state }) => seen.push(`${order} ${state}`))
    for (let number = 1; number <= 6; number++) sent.add(packet(number % 2, number))
    sent.acknowledge(0, [{ smallest: 2, largest: 4 }])
    settle()
    expect(seen).toEqual([])
    for (const p of [...sent].slice(0, 1)) sent.lose(p)
    settle()
    expect(seen).toEqual(['1 lost', '2 acked'])
    sent.acknowledge(1, [{ smallest: 1, largest: 5 }])
    settle()
    expect(seen).toEqual(['1 lost', '2 acked', '3 acked', '4 acked', '5 acked'])
  })

  it('are not walked again by an acknowledgement that repeats what is known', () => {
    const sent = new SentPackets<string>()
    let looks = 0
    for (let number = 1; number <= 20_000; number++) {
      Object.defineProperty(sent.add(packet(1, number)), 'number', { get: () => ++looks && number })
    }
    for (let largest = 2; largest <= 20_000; largest += 2) {
      sent.acknowledge(1, [{ smallest: 1, largest }])
      sent.settle()
    }
    // A search of 15 steps, two packets and the one behind them, for each of ten thousand acknowledgements.
    expect(looks).toBeLessThanOrEqual(10_000 * 18)
    expect(sent.size).toBe(0)
  })

  it('are acknowledged once, though they are named again while older ones are outstanding', () => {
    const sent = new SentPackets<string>()
    for (let number = 1; number <= 5; number++) sent.add(packet(1, number))
    const named = () => names(sent.acknowledge(1, [{ smallest: 3, largest: 4 }]))
    expect(named()).toEqual(['1/3', '1/4'])
    sent.settle()
    expect(named()).toEqual([])
    expect(names(sent)).toEqual(['1/1', '1/2', '1/5'])
  })

  it('refuse a number that does not rise: that is our own bug', () => {
    const sent = new SentPackets<string>()
    sent.add(packet(1, 5))
    expect(() => sent.add(packet(1, 5))).toThrow('rise')
    sent.add(packet(2, 5))
    expect(sent.size).toBe(2)
  })
})
