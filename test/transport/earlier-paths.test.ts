// Who comes back to a path that was left a short while ago goes on with half of what was known of it.

import { describe, expect, it } from 'vitest'
import { Flow } from '../support/recovery-flow.ts'
import { VirtualClock, VirtualLink } from '../support/virtual-link.ts'

/** A flow that has filled a link for three seconds. */
function scene() {
  const clock = new VirtualClock()
  const options = { mbitPerSecond: 20, delayMs: 25, queueBytes: 125_000 }
  const flow = new Flow({ clock, forth: new VirtualLink(clock, 1, options), back: new VirtualLink(clock, 2, options) })
  const { recovery } = flow
  flow.pump()
  clock.runUntil(3_000)
  const go = (from: string, to: string): void => recovery.pathChanged('address', undefined, { at: clock.now, from, to })
  const known = (): readonly unknown[] => [recovery.windowBytes, recovery.rtt.smoothedMs, recovery.mtu.current]
  return { clock, flow, recovery, go, known }
}

const UNKNOWN = [12_000, 333, 1_200]

describe('a path that is taken again', () => {
  it('has half of its window, its round trip and its packet size, and goes on without slow start', () => {
    const { clock, recovery, go, known } = scene()
    const { windowBytes, rtt, mtu } = recovery
    const expected = [windowBytes / 2, rtt.smoothedMs, mtu.current]
    expect(windowBytes).toBeGreaterThan(100_000)
    go('home', 'train')
    expect(known()).toEqual(UNKNOWN)
    clock.runUntil(clock.now + 100)
    go('train', 'home')
    expect(known()).toEqual(expected)
    expect([recovery.slowStart, recovery.bytesInFlight]).toEqual([false, 0])
  })

  it('is taken as one that nobody knows after 30 s, or eight other paths', () => {
    for (const [waitMs, others] of [
      [30_001, 0],
      [0, 8],
    ] as const) {
      const { clock, recovery, go, known } = scene()
      go('home', 'train')
      const rtt = recovery.rtt
      expect(rtt.latestMs).toBeUndefined()
      // Nothing is kept of a path on which nothing was measured.
      go('train', 'bus')
      go('bus', 'train')
      expect(known()).toEqual(UNKNOWN)
      for (let n = 0; n < others; n++) {
        clock.runUntil(clock.now + 400)
        go(n === 0 ? 'train' : `${n - 1}`, `${n}`)
      }
      clock.runUntil(clock.now + waitMs)
      go('elsewhere', 'home')
      expect(known()).toEqual(UNKNOWN)
    }
  })

  it('is taken as one that nobody knows after a thaw of either end', () => {
    const { recovery, go, known } = scene()
    go('home', 'train')
    recovery.restart()
    go('train', 'home')
    expect(known()).toEqual(UNKNOWN)
  })

  it('does not collapse for what was lost on the other', () => {
    const { clock, flow, recovery, go } = scene()
    go('home', 'train')
    flow.pump()
    clock.runUntil(clock.now + 500)
    go('train', 'home')
    const { windowBytes } = recovery
    flow.pump()
    clock.runUntil(clock.now + 3_000)
    expect(recovery.windowBytes).toBeGreaterThan(0.7 * windowBytes)
  })
})
