// One flow over every combination of rate, round trip, queue, loss and reordering of msquic's wide-area matrix, in virtual time: how much
// of what theory allows CUBIC there arrives. Then what flows do to each other's share and to the queue, beside CUBIC by the RFC alone.

import { describe, expect, it } from 'vitest'
import { Flow } from '../support/recovery-flow.ts'
import { type LinkOptions, VirtualClock, VirtualLink } from '../support/virtual-link.ts'

const QUEUES = [0.2, 1, 5]
const LOSSES = [0, 0.0001, 0.001, 0.01]
const REORDERS = [0, 0.001]
const PACKET_BYTES = 1_472
const PACKETS_MAX = 30_000

interface Cell {
  readonly mbit: number
  readonly rttMs: number
  /** In products of bandwidth and delay. */
  readonly queue: number
  readonly loss: number
  readonly reorder: number
}

/** Packets a round trip that CUBIC has on average where this share of packets is lost (RFC 9438 §5.1), or Reno, if that is more. */
function windowAt(lost: number, rttMs: number): number {
  return Math.max(1.22 / Math.sqrt(lost), 1.054 * (rttMs / 1_000 / lost) ** 0.75)
}

/**
 * The share of the link that theory allows in so many seconds: headers and a slow start off, and no more than random loss leaves.
 * Who is three packets late counts as lost (RFC 9002 §6.1.1).
 */
function allowed({ mbit, rttMs, loss, reorder }: Cell, seconds: number): number {
  const product = (mbit * 125 * rttMs) / PACKET_BYTES
  const lost = loss + reorder
  const bearable = lost === 0 ? 1 : Math.min(1, windowAt(lost, rttMs) / product)
  const startSeconds = (rttMs / 1_000) * (Math.log2(Math.max(1, product / 10)) + 2)
  return 0.97 * bearable * (1 - startSeconds / seconds)
}

/** What arrives, as a share of what theory allows. */
function share(cell: Cell): number {
  const { mbit, rttMs, queue, loss, reorder } = cell
  const seconds = Math.min(Math.max(rttMs / 10, 3), (PACKETS_MAX * PACKET_BYTES) / (mbit * 125_000))
  const clock = new VirtualClock()
  const queueBytes = Math.max(queue * mbit * 125 * rttMs, 4_500)
  const link: LinkOptions = { mbitPerSecond: mbit, delayMs: rttMs / 2, queueBytes }
  const forth = new VirtualLink(clock, 1, { ...link, loss, reorder, lateMs: rttMs / 4 })
  const flow = new Flow({ clock, forth, back: new VirtualLink(clock, 2, { ...link, queueBytes: 1e9 }) })
  flow.pump()
  clock.runUntil(seconds * 1_000)
  return (flow.delivered * 8) / seconds / 1_000_000 / mbit / allowed(cell, seconds)
}

describe('of what theory allows, over all queues, losses and reorderings,', () => {
  // The mean when it was written down; a tenth less is a regression, a tenth more is to be written down anew.
  it.each<[mbit: number, rttMs: number, mean: number]>([
    [5, 5, 1.0],
    [5, 50, 1.16],
    [5, 200, 1.87],
    [10, 5, 1.0],
    [10, 50, 1.5],
    [10, 200, 2.28],
    [50, 5, 1.04],
    [50, 50, 2.85],
    [50, 200, 4.72],
    [100, 5, 1.22],
    [100, 50, 3.78],
    [100, 200, 9.06],
  ])(
    'at %d Mbit/s and %d ms arrives %d on average, and never less than 0.6',
    (mbit, rttMs, mean) => {
      const shares = QUEUES.flatMap((queue) =>
        LOSSES.flatMap((loss) => REORDERS.map((reorder) => share({ mbit, rttMs, queue, loss, reorder }))),
      )
      const average = shares.reduce((sum, one) => sum + one, 0) / shares.length
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.6)
      expect(Math.abs(average / mean - 1)).toBeLessThan(0.1)
    },
    120_000,
  )
})

type Kind = 'ours' | 'plain'

/** Two flows with these round trips at one bottleneck of 20 Mbit/s: what each gets in the second half of two minutes, and the queue. */
function beside(kind: Kind, rttsMs: readonly number[]) {
  const clock = new VirtualClock()
  const forth = new VirtualLink(clock, 1, { mbitPerSecond: 20, delayMs: 0, queueBytes: 20 * 125 * 40 })
  const later = (link: VirtualLink, ms: number) => ({
    send: (bytes: number, arrive: () => void) => link.send(bytes, () => clock.at(clock.now + ms, arrive)),
  })
  const config = kind === 'plain' ? { quietPackets: 0 } : {}
  const flows = rttsMs.map((rttMs, n) => {
    const back = new VirtualLink(clock, 9 + n, { mbitPerSecond: 100, delayMs: rttMs / 2, queueBytes: 1e9 })
    return new Flow({ clock, forth: later(forth, rttMs / 2), back, seed: n + 1, config })
  })
  for (const flow of flows) flow.pump()
  clock.runUntil(60_000)
  const before = flows.map(({ delivered }) => delivered)
  const queues: number[] = []
  for (let ms = 60_000; ms < 120_000; ms += 10) {
    clock.runUntil(ms)
    queues.push(forth.queuedMs)
  }
  queues.sort((a, b) => a - b)
  const [short = 0, long = 1] = flows.map(({ delivered }, n) => delivered - (before[n] ?? 0))
  return { unfairness: short / long, p95: queues[Math.floor(0.95 * queues.length)] ?? 0 }
}

describe('beside CUBIC by the RFC alone ours', () => {
  it('is no more than a tenth less fair to a flow of 80 ms beside one of 20 ms', () => {
    expect(beside('ours', [20, 80]).unfairness).toBeLessThanOrEqual(1.1 * beside('plain', [20, 80]).unfairness)
  })

  it('makes others wait in the queue no more than a tenth longer, by the 95th percentile', () => {
    expect(beside('ours', [40, 40]).p95).toBeLessThanOrEqual(1.1 * beside('plain', [40, 40]).p95)
  })
})
