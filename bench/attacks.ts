// The part of `lossy` about peers who attack: what those who hold all the streams they may leave to an honest one, in virtual time, and what
// an acknowledgement costs that is full of gaps.

import { GapBomb } from '../test/support/gaps.ts'
import { type Besieged, besieged, type Stall } from '../test/support/virtual-siege.ts'
import { Gate } from './gate.ts'
import type { Report } from './report.ts'
import { spread } from './support.ts'

const PEERS = 100
const SECONDS = 5
const SHARE_MIN = 0.9
const FRAME_US_MAX = 50
const PACKETS = 16_384
const [WARM_UPS, RUNS, RUNS_MAX] = [20, 15, 200]

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

/**
 * Microseconds of a frame of 64 ranges, from its bytes to what has arrived and what is lost, with thousands of packets under way: when each
 * settles 128 of them, and when the same ones come again.
 */
export async function acknowledging(report: Report): Promise<boolean> {
  const gate = new Gate()
  const all: (readonly [fresh: number, stale: number])[] = []
  const counted: typeof all = []
  for (let run = 0; run < RUNS_MAX && counted.length < RUNS; run++) {
    const [measured, counts] = await gate.sample(async () => exploded())
    if (run < WARM_UPS) continue
    all.push(measured)
    if (counts) counted.push(measured)
  }
  if (counted.length === 0)
    report.note('the machine was never free: acknowledgements were measured beside something else')
  const runs = counted.length > 0 ? counted : all
  const [fresh, stale] = [spread(runs.map((run) => run[0])), spread(runs.map((run) => run[1]))]
  const name = 'an acknowledgement with 64 gaps'
  report.figure(name, 'CPU', 'µs', fresh)
  report.figure(`${name}, once more`, 'CPU', 'µs', stale)
  return report.bar(`${name}, µs`, Math.max(fresh.median, stale.median), { atMost: FRAME_US_MAX })
}

function exploded(): readonly [fresh: number, stale: number] {
  const bomb = new GapBomb(PACKETS)
  const each = (): number => {
    bomb.rewind()
    const before = process.cpuUsage()
    for (let frame = 0; frame < bomb.frames; frame++) bomb.explode()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / bomb.frames
  }
  return [each(), each()]
}
