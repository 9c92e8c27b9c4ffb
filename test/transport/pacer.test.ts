// The pacer: how fast packets leave, in what bursts, and when to ask again.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Pace, Pacer } from '../../src/core/transport/recovery/pacer.ts'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'

const config = RECOVERY_DEFAULTS
const PACKET = 1_200
const mbit = (rate: number): Pace => ({ bytesPerMs: rate * 125, packetBytes: PACKET })

/** Packets that may leave at this time, which do. */
function burst(pacer: Pacer, now: number, pace: Pace, bytes = PACKET): number {
  for (let count = 0; ; count++) {
    if (count > 1_000 || !pacer.allows(now, bytes, pace)) return count
    pacer.spend(now, bytes, pace)
  }
}

function spent(now: number, pace: Pace): Pacer {
  const pacer = new Pacer(config, PACKET)
  burst(pacer, now, pace)
  return pacer
}

describe('a pacer', () => {
  it('lets an initial window leave at once, and no more', () => {
    expect(burst(new Pacer(config, PACKET), 0, mbit(1))).toBe(10)
    const pacer = new Pacer(config, PACKET)
    expect(burst(pacer, 1_000_000, mbit(1))).toBe(10)
  })

  it('lets two packets, or 2 ms of the rate, leave together after a rest, but never more than its cap', () => {
    for (const [rate, packets] of [
      [1, 2],
      [10, 2],
      [100, 20],
      [1_000, config.pacingBurstPacketsMax],
      [100_000, config.pacingBurstPacketsMax],
    ] as const) {
      const pacer = spent(0, mbit(rate))
      expect([rate, burst(pacer, 10_000, mbit(rate))]).toEqual([rate, packets])
    }
  })

  it('says when to ask again exactly as integers do, a quantum from now at the earliest', () => {
    const [window, rtt, bytes] = [
      fc.integer({ min: 2_400, max: 2 ** 30 }),
      fc.integer({ min: 1, max: 2_000 }),
      fc.integer({ min: 40, max: 1_200 }),
    ]
    fc.assert(
      fc.property(window, rtt, bytes, fc.nat(1_000_000), (windowBytes, rttMs, size, now) => {
        const pacer = new Pacer(config, PACKET)
        const pace = { bytesPerMs: windowBytes / rttMs, packetBytes: PACKET }
        // Exactly what an initial window is, so that nothing is left.
        for (let n = 0; n < 10; n++) pacer.spend(now, PACKET, pace)
        const deadline = pacer.deadline(now, size, pace)
        // In microseconds: wanted bytes × rtt / window, with what comes in a quantum wanted if that is more.
        const quantum = (BigInt(windowBytes) * 1_000_000n) / BigInt(rttMs)
        const wanted = quantum > BigInt(size) * 1_000_000n ? quantum : BigInt(size) * 1_000_000n
        const cap = BigInt(config.pacingBurstPacketsMax * PACKET) * 1_000_000n
        const exact = ((wanted < cap ? wanted : cap) * BigInt(rttMs) * 1_000n) / (BigInt(windowBytes) * 1_000_000n)
        const expected = exact < 1_000n ? 1_000 : Number(exact)
        expect(Math.abs((deadline - now) * 1_000 - expected)).toBeLessThanOrEqual(2)
        expect(deadline).toBeGreaterThanOrEqual(now + config.pacingQuantumMs)
        expect(pacer.allows(deadline + 1e-6, size, pace)).toBe(true)
      }),
    )
  })

  it('in any stretch of time lets no more leave than its burst and what the rate gives', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), waits, (rate, pauses) => {
        const pace = mbit(rate)
        const pacer = spent(0, pace)
        const cap = Math.min(Math.max(2 * pace.bytesPerMs, 2 * PACKET), config.pacingBurstPacketsMax * PACKET)
        let [now, left] = [0, 0]
        for (const pause of pauses) {
          now += pause / 10
          left += burst(pacer, now, pace) * PACKET
          expect(left).toBeLessThanOrEqual(cap + now * pace.bytesPerMs + 1e-6)
        }
      }),
    )
  })

  it('reaches its rate though the timer wakes only every 1.15 ms', () => {
    const pace = mbit(100)
    const pacer = spent(0, pace)
    let bytes = 0
    for (let now = 0; now < 1_000; now += 1.15) bytes += burst(pacer, now, pace) * PACKET
    expect(bytes).toBeGreaterThan(0.99 * 1_000 * pace.bytesPerMs)
  })

  it('owes no more than a burst, however much leaves without asking', () => {
    const pace = mbit(10)
    const pacer = spent(0, pace)
    for (let n = 0; n < 10_000; n++) pacer.spend(0, PACKET, pace)
    expect(pacer.allows(4, PACKET, pace)).toBe(true)
  })

  it('lets a probe leave that is larger than a burst', () => {
    const pacer = spent(0, mbit(10))
    expect(pacer.allows(100, 65_507, mbit(10))).toBe(true)
  })

  it('is not filled by a clock that goes back', () => {
    const pacer = spent(1_000, mbit(10))
    for (const now of [999, 0, 1_000]) expect(pacer.allows(now, PACKET, mbit(10))).toBe(false)
  })
})
