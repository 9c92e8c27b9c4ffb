// Sealed datagrams of 1200 bytes, one way, with a fixed number outstanding: ours, a bare seal–send–receive–open loop of the
// same cipher and socket (the ceiling), and plain dgram. One pair of processes each, in turns.

import { PORTABLE } from './pairs.ts'
import type { Report } from './report.ts'
import { Child, spread } from './support.ts'

const VARIANTS = ['sojourn/portable/1200', 'ceiling/portable/1200', 'dgram'] as const
const ROUNDS = 7
const RUN_MS = 1_500
const BAR = 0.8

export async function datagrams(report: Report): Promise<boolean> {
  const pairs = new Map<string, { readonly sender: Child; readonly receiver: Child }>()
  try {
    for (const variant of VARIANTS) {
      const receiver = new Child('datagrams', [variant, 'receiver'], { env: PORTABLE })
      const sender = new Child('datagrams', [variant, 'sender'], { env: PORTABLE })
      const { address } = await receiver.ask<{ address: string }>({ ask: 'open' })
      await sender.ask({ ask: 'open', address })
      pairs.set(variant, { sender, receiver })
    }
    const rates = await rounds(pairs)
    for (const variant of VARIANTS) report.figure(variant, 'packets', 'kpps', spread(rates.get(variant) ?? []))
    const ours = rates.get(VARIANTS[0]) ?? []
    for (const other of VARIANTS.slice(1)) {
      report.ratio(
        VARIANTS[0],
        other,
        ours.map((rate, round) => rate / (rates.get(other)?.[round] ?? Number.NaN)),
      )
    }
    const ceiling = rates.get(VARIANTS[1]) ?? []
    return spread(ours.map((rate, round) => rate / (ceiling[round] ?? Number.NaN))).median >= BAR
  } finally {
    for (const { sender, receiver } of pairs.values()) await Promise.all([sender.stop(), receiver.stop()])
  }
}

/** Every variant once a round; the first round warms up and does not count. */
async function rounds(pairs: ReadonlyMap<string, { readonly sender: Child }>): Promise<Map<string, number[]>> {
  const rates = new Map<string, number[]>()
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [variant, { sender }] of pairs) {
      const { packets, ms } = await sender.ask<{ packets: number; ms: number }>({ ask: 'run', ms: RUN_MS })
      if (round > 0) rates.set(variant, [...(rates.get(variant) ?? []), packets / ms])
    }
  }
  return rates
}
