// Congestion control: CUBIC against its formulas in whole numbers, the curves of whole transfers, and what holds of every
// controller, whatever it is told.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CongestionController, initialWindow } from '../../src/core/transport/recovery/congestion/controller.ts'
import { Cubic } from '../../src/core/transport/recovery/congestion/cubic.ts'
import { HyStart } from '../../src/core/transport/recovery/congestion/hystart.ts'
import { NewReno } from '../../src/core/transport/recovery/congestion/new-reno.ts'
import { Rtt } from '../../src/core/transport/recovery/rtt.ts'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'
import { CubicReference } from '../support/cubic-reference.ts'
import { Flow } from '../support/recovery-flow.ts'
import { VirtualClock, VirtualLink } from '../support/virtual-link.ts'

/** By the RFCs alone: no loss is taken for noise. */
const config = { ...RECOVERY_DEFAULTS, quietPackets: 0 }
const PACKET = 1_200

const CONTROLLERS: readonly (readonly [name: string, make: () => CongestionController])[] = [
  ['CUBIC', () => new Cubic(config, PACKET)],
  ['CUBIC that tells noise apart', () => new Cubic(RECOVERY_DEFAULTS, PACKET)],
  ['NewReno', () => new NewReno(config, PACKET)],
]
function rttOf(ms: number): Rtt {
  const rtt = new Rtt(config)
  rtt.sample(0, ms, 0)
  return rtt
}

/** One that lost a packet at a window of about so many packets, and has recovered. */
function afterLoss(controller: CongestionController, packets: number): number {
  const rtt = rttOf(100)
  let order = 0
  while (controller.windowBytes < packets * PACKET) {
    controller.sent(++order)
    controller.acked(0, { order, bytes: PACKET, limited: false }, rtt)
  }
  controller.sent(++order)
  controller.lost(0, order)
  return order
}

describe('the initial window', () => {
  it('is ten packets, but 14,720 bytes if they are large, and always two packets', () => {
    expect(initialWindow(config, 1_200)).toBe(12_000)
    expect(initialWindow(config, 1_472)).toBe(14_720)
    expect(initialWindow(config, 9_000)).toBe(18_000)
    expect(initialWindow(config, 65_507)).toBe(131_014)
  })
})

describe('CUBIC', () => {
  it.each([
    [20, 100],
    [100, 100],
    [400, 30],
    [1_000, 10],
    [5_000, 200],
  ])(
    'after a loss at %d packets with a round trip of %d ms grows as whole numbers say, within a hundredth',
    (peak, rttMs) => {
      const cubic = new Cubic(config, PACKET)
      let order = afterLoss(cubic, peak)
      const reference = new CubicReference(peak)
      const rtt = rttOf(rttMs)
      let now = 0
      for (let round = 0; round < 60; round++) {
        const packets = Math.floor(cubic.windowBytes / PACKET)
        for (let n = 0; n < packets; n++) {
          const at = now + (n * rttMs) / packets
          cubic.sent(++order)
          cubic.acked(at, { order, bytes: PACKET, limited: false }, rtt)
          reference.acked(BigInt(Math.round(at * 1_000)), BigInt(rttMs * 1_000))
        }
        now += rttMs
        expect(Math.abs(cubic.windowBytes / PACKET / reference.segments - 1)).toBeLessThanOrEqual(0.01)
      }
    },
  )

  it('leaves 0.7 of its window at a loss, and no less for others of the same round trip', () => {
    const cubic = new Cubic(config, PACKET)
    const order = afterLoss(cubic, 100)
    expect(cubic.windowBytes).toBe(70 * PACKET)
    cubic.lost(1, order - 5)
    cubic.lost(1, order)
    expect(cubic.windowBytes).toBe(70 * PACKET)
    cubic.sent(order + 1)
    cubic.lost(2, order + 1)
    expect(cubic.windowBytes).toBeCloseTo(49 * PACKET, 6)
  })

  it('makes room for others when it loses before its last plateau: fast convergence', () => {
    const plateaus = [false, true].map((again) => {
      const cubic = new Cubic(config, PACKET)
      let order = afterLoss(cubic, 1_000)
      if (again) {
        cubic.sent(++order)
        cubic.lost(0, order)
      }
      // After so long the window stands on its plateau: K is under 10 s.
      const rtt = rttOf(1)
      const start = cubic.windowBytes
      const k = Math.cbrt(((again ? 0.85 * 700 : 1_000) - start / PACKET) / config.cubicC) * 1_000
      cubic.sent(++order)
      cubic.acked(10, { order, bytes: PACKET, limited: false }, rtt)
      for (let n = 0; n < 40_000; n++) {
        cubic.sent(++order)
        cubic.acked(10 + k, { order, bytes: PACKET, limited: false }, rtt)
        if (cubic.windowBytes >= (again ? 594.9 : 999.9) * PACKET) break
      }
      return cubic.windowBytes / PACKET
    })
    expect(plateaus[0]).toBeGreaterThan(990)
    expect(plateaus[1]).toBeLessThan(700)
  })

  it('does not count the time in which the sender had too little to send', () => {
    const window = (pauseMs: number) => {
      const cubic = new Cubic(config, PACKET)
      let order = afterLoss(cubic, 200)
      const rtt = rttOf(100)
      const round = (now: number, limited: boolean) => {
        for (let n = 0; n < 100; n++) {
          cubic.sent(++order)
          cubic.acked(now, { order, bytes: PACKET, limited }, rtt)
        }
      }
      for (let n = 0; n < 10; n++) round(100 * n, false)
      const before = cubic.windowBytes
      round(1_000, true)
      round(1_000 + pauseMs, true)
      expect(cubic.windowBytes).toBe(before)
      for (let n = 0; n < 10; n++) round(1_000 + pauseMs + 100 * n, false)
      return cubic.windowBytes
    }
    expect(window(60_000)).toBeCloseTo(window(0), 3)
  })
})

describe('HyStart++', () => {
  /** Rounds of ten packets with these round-trip times; in which of them slow start ends, if it does. */
  function rounds(times: readonly number[]): {
    readonly ended: number | undefined
    readonly growth: readonly number[]
  } {
    const hystart = new HyStart(config)
    const growth: number[] = []
    let order = 0
    for (const [round, ms] of times.entries()) {
      for (let n = 0; n < 10; n++) hystart.sent(++order)
      for (let n = 9; n >= 0; n--) {
        hystart.sampled(ms)
        if (hystart.acked(order - n)) return { ended: round, growth }
      }
      growth.push(hystart.growth)
    }
    return { ended: undefined, growth }
  }

  it('never ends slow start while the round trip stays as it is', () => {
    expect(rounds(new Array(50).fill(100)).ended).toBeUndefined()
    expect(rounds(new Array(50).fill(100)).growth.every((growth) => growth === 1)).toBe(true)
  })

  it('slows it down when the round trip has risen by an eighth, and ends it after five rounds, that one included', () => {
    const { ended, growth } = rounds([100, 100, 100, 112.6, 113, 113, 113, 113, 113, 113])
    expect(growth.slice(0, 4)).toEqual([1, 1, 1, 0.25])
    expect(ended).toBe(7)
  })

  it('takes a rise of less than 4 ms for noise, and 16 ms for a rise whatever the round trip', () => {
    expect(rounds([10, 10, 13.9, 13.9, 13.9]).growth.at(-1)).toBe(1)
    expect(rounds([10, 10, 14.1]).growth.at(-1)).toBe(0.25)
    expect(rounds([500, 500, 515]).growth.at(-1)).toBe(1)
    expect(rounds([500, 500, 517]).growth.at(-1)).toBe(0.25)
  })

  it('goes on as before when the rise was a mistake', () => {
    const { ended, growth } = rounds([100, 100, 120, 100, 100, 100, 100, 100, 100, 100])
    expect(growth[2]).toBe(0.25)
    expect(growth[3]).toBe(1)
    expect(ended).toBeUndefined()
  })
})

describe('the curve of the window', () => {
  /**
   * Packets of window after each round trip of 100 ms, in which a whole window leaves and all of it arrives, but a packet for
   * each of `losses` that the window has reached meanwhile, in bytes, in turn.
   */
  function curve(rounds: number, losses: readonly number[] = [], every = false): number[] {
    const cubic = new Cubic(config, PACKET)
    const rtt = rttOf(100)
    const windows: number[] = []
    let [order, next] = [0, 0]
    for (let round = 1; round <= rounds; round++) {
      const packets = Math.floor(cubic.windowBytes / PACKET)
      for (let n = 1; n <= packets; n++) cubic.sent(order + n)
      for (let n = 1; n <= packets; n++) {
        order += 1
        if (cubic.windowBytes >= (losses[next] ?? Infinity)) {
          next += 1
          cubic.lost(round * 100, order)
        } else if (!(every && n === 1)) cubic.acked(round * 100, { order, bytes: PACKET, limited: false }, rtt)
        else cubic.lost(round * 100, order)
      }
      windows.push(Math.round(cubic.windowBytes / PACKET))
    }
    return windows
  }

  it('of slow start without a limit doubles every round trip', () => {
    expect(curve(10)).toEqual([20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 10_240])
  })

  it('after a loss at 3 MB falls to 0.7, flattens out where it was, and rises beyond', () => {
    const windows = curve(250, [3_000_000])
    expect(windows[7]).toBe(1_750)
    // K is the cube root of 750 / 0.4: 12.3 seconds.
    expect(windows[7 + 124]).toBe(2_500)
    expect(windows.filter((_, round) => round % 16 === 8)).toMatchInlineSnapshot(`
      [
        1751,
        2011,
        2200,
        2332,
        2418,
        2468,
        2492,
        2499,
        2500,
        2504,
        2520,
        2560,
        2632,
        2747,
        2914,
        3142,
      ]
    `)
  })

  it('after a loss at 3 MB and another on the way back at 2.75 MB falls twice, and aims lower', () => {
    const windows = curve(200, [3_000_000, 2_750_000])
    expect(Math.max(...windows.slice(8, 60))).toBeLessThanOrEqual(2_292)
    expect(windows.filter((_, round) => round % 16 === 8)).toMatchInlineSnapshot(`
      [
        1751,
        2011,
        2200,
        1650,
        1781,
        1867,
        1917,
        1940,
        1947,
        1948,
        1952,
        1969,
      ]
    `)
  })

  it('is two packets when something is lost in every round trip', () => {
    const windows = curve(20, [], true)
    expect(windows).toMatchInlineSnapshot(`
      [
        7,
        5,
        3,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
      ]
    `)
    expect(windows.at(-1)).toBe(2)
  })

  it('of a sender with 1 MB under way at most stops at twice as much', () => {
    const clock = new VirtualClock()
    const wide = { mbitPerSecond: 100_000, delayMs: 50, queueBytes: Infinity }
    const links = { forth: new VirtualLink(clock, 1, wide), back: new VirtualLink(clock, 2, wide) }
    const flow = new Flow({ clock, ...links, mtuLimit: PACKET, inFlightMax: 1_000_000 })
    flow.pump()
    clock.runUntil(2_000)
    const window = flow.recovery.windowBytes
    expect(window).toBeGreaterThan(1_000_000)
    expect(window).toBeLessThan(2_100_000)
    clock.runUntil(5_000)
    expect(flow.recovery.windowBytes).toBe(window)
    expect(flow.recovery.slowStart).toBe(true)
  })
})

describe.each(CONTROLLERS)('%s, whatever it is told,', (_name, make) => {
  const step = fc.record({
    what: fc.constantFrom('send', 'send', 'acked', 'acked', 'limited', 'lost', 'collapse', 'resume', 'size', 'sampled'),
    n: fc.oneof(fc.nat(3_000), fc.nat(2 ** 31)),
    wait: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 100_000, noNaN: true })),
  })

  it('keeps a window from two packets to 2^40 bytes, which grows neither in recovery nor for want of data', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const controller = make()
        let rtt = rttOf(50)
        let [now, order, recovery, size] = [0, 0, 0, PACKET]
        for (const { what, n, wait } of steps) {
          now += wait
          const before = controller.windowBytes
          if (what === 'send') {
            order += 1 + (n % 50)
            controller.sent(order)
          } else if (what === 'acked' || what === 'limited') {
            const acked = Math.max(0, order - (n % 100))
            controller.acked(now, { order: acked, bytes: n % 70_000, limited: what === 'limited' }, rtt)
            if (what === 'limited' || acked <= recovery) expect(controller.windowBytes).toBe(before)
            expect(controller.windowBytes).toBeGreaterThanOrEqual(before)
          } else if (what === 'lost') {
            const lost = Math.max(0, order - (n % 100))
            controller.lost(now, lost)
            if (lost <= recovery) expect(controller.windowBytes).toBe(before)
            else recovery = order
            expect(controller.windowBytes).toBeLessThanOrEqual(before)
          } else if (what === 'collapse') {
            controller.collapse()
            recovery = 0
            expect(controller.windowBytes).toBe(2 * size)
          } else if (what === 'resume') {
            const windowBytes = Math.min(3 * before, 2 ** 40)
            if (windowBytes > 2 * before) controller.resume(windowBytes)
            expect(controller.windowBytes).toBeGreaterThanOrEqual(before)
          } else if (what === 'size') {
            size = 1_200 + (n % 64_308)
            controller.packetSize(size)
          } else rtt = rttOf(Math.max(0.01, n % 5_000))
          controller.sampled(rtt)
          expect(controller.windowBytes).toBeGreaterThanOrEqual(2 * size)
          expect(controller.windowBytes).toBeLessThanOrEqual(2 ** 40)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('never grows beyond 2^40 bytes, though nothing is ever lost', () => {
    const controller = make()
    const rtt = rttOf(100)
    for (let order = 1; order < 60; order++) {
      controller.sent(order)
      controller.acked(order * 100, { order, bytes: controller.windowBytes, limited: false }, rtt)
    }
    expect(controller.windowBytes).toBe(2 ** 40)
  })
})

describe('a loss while no queue stands on the path', () => {
  /** What is left of a window of a hundred packets, when the last round trip was so much longer than the shortest. */
  function left(latestMs: number, packets = 100): number {
    const cubic = new Cubic(RECOVERY_DEFAULTS, PACKET)
    const rtt = rttOf(100)
    let order = 0
    for (; cubic.windowBytes < packets * PACKET; cubic.acked(0, { order, bytes: PACKET, limited: false }, rtt))
      cubic.sent(++order)
    rtt.sample(0, latestMs, 0)
    cubic.sampled(rtt)
    const before = cubic.windowBytes
    cubic.sent(++order)
    cubic.lost(0, order)
    return cubic.windowBytes / before
  }

  it('leaves 0.9 of the window, and 0.7 as soon as three packets of it may be queueing', () => {
    expect(left(100)).toBeCloseTo(0.9)
    expect(left(103)).toBeCloseTo(0.9)
    expect(left(103.2)).toBeCloseTo(0.7)
    expect(left(200)).toBeCloseTo(0.7)
  })

  it('is judged by packets, not by time: what is a long wait for many is none for a few', () => {
    expect(left(110, 20)).toBeCloseTo(0.9)
    expect(left(110, 40)).toBeCloseTo(0.7)
  })
})
