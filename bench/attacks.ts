// The part of `lossy` about peers who attack: what those who hold all the streams they may leave to an honest one, in virtual time, and what
// an acknowledgement costs that is full of gaps.

import { GapBomb } from '../test/support/gaps.ts'
import { type Besieged, besieged, type Stall } from '../test/support/virtual-siege.ts'
import type { Report } from './report.ts'
import { spread } from './support.ts'

const PEERS = 100
const SECONDS = 5
const SHARE_MIN = 0.9
const FRAME_US_MAX = 50
const PACKETS = 60_000
const [WARM_UPS, RUNS] = [5, 9]

/** 256 streams of each of a hundred peers, and an honest client on a link of 20 Mbit/s and 40 ms. */
export function stalling(report: Report): boolean {
  const bars: boolean[] = []
  for (const way of ['from', 'to'] as const) {
    const alone = besieged('silent', 0, way, SECONDS).mbit
    for (const stall of ['silent', 'unread', 'one by one'] satisfies readonly Stall[]) {
      const name = `simulated/${way} an honest client beside ${PEERS} × 256 streams, ${stall}`
      const found: Besieged = besieged(stall, PEERS, way, SECONDS)
      report.figure(name, 'goodput', 'Mbit/s', spread([found.mbit]))
      bars.push(report.bar(`${name}, of alone`, found.mbit / alone, { atLeast: SHARE_MIN }))
    }
  }
  return bars.every(Boolean)
}

/** Microseconds of a frame of 64 ranges, from its bytes to what has arrived and what is lost, with thousands of packets under way. */
export function acknowledging(report: Report): boolean {
  const fresh: number[] = []
  const stale: number[] = []
  for (let run = 0; run < WARM_UPS + RUNS; run++) {
    const bomb = new GapBomb(PACKETS)
    for (const times of [fresh, stale]) {
      bomb.rewind()
      const before = process.cpuUsage()
      for (let frame = 0; frame < bomb.frames; frame++) bomb.explode()
      const { user, system } = process.cpuUsage(before)
      if (run >= WARM_UPS) times.push((user + system) / bomb.frames)
    }
  }
  const name = 'an acknowledgement with 64 gaps'
  report.figure(name, 'CPU', 'µs', spread(fresh))
  report.figure(`${name}, once more`, 'CPU', 'µs', spread(stale))
  return report.bar(`${name}, µs`, Math.max(spread(fresh).median, spread(stale).median), { atMost: FRAME_US_MAX })
}
