// Where each microsecond of a packet goes: a CPU profile of sender and receiver of one full stream, by part of the program and by
// provider. Sampling takes its own share, so these figures add up to more than `bulk` has.

import type { BenchOptions } from './options.ts'
import { ACCELERATED, type Pair, type PairPlan, PORTABLE, withPairs } from './pairs.ts'
import type { Report } from './report.ts'
import { type Case, interleaved } from './rounds.ts'
import { PART_NAMES } from './sampling.ts'

/** The largest UDP payload, and the bytes that figures are for. */
const PACKET_BYTES = 1_400
const FILL_BYTES = 48 * 1024 * 1024
/** Until then much of the code is not compiled. */
const WARM_UPS = 3
const MS_MAX = 60_000
const ANSWER_MS_MAX = 60_000

const PLANS: readonly PairPlan[] = [
  { name: 'accelerated', contender: 'sojourn', env: ACCELERATED, packetBytesMax: PACKET_BYTES },
  { name: 'portable', contender: 'sojourn', env: PORTABLE, packetBytesMax: PACKET_BYTES },
]

export async function profile(report: Report, _options: BenchOptions): Promise<boolean> {
  const measured = await withPairs(report, PLANS, undefined, (pairs) =>
    interleaved(report, pairs.map(sampled), { warmUps: WARM_UPS, msMax: MS_MAX }),
  )
  for (const part of [...PART_NAMES, ALL]) {
    for (const { name } of PLANS) {
      for (const side of ['sender', 'receiver']) {
        const values = measured.spread(name, `${side}: ${part}`)
        if (values !== undefined) report.figure(part, `${side}, ${name}`, `µs/${PACKET_BYTES} B`, values)
      }
    }
  }
  return true
}

const ALL = 'all'

type Parts = Readonly<Record<string, number>>

function sampled({ name, server, client }: Pair): Case {
  const measure = async () => {
    await Promise.all([server.ask({ ask: 'sample' }), client.ask({ ask: 'sample' })])
    const { bytes } = await client.ask<{ bytes: number }>({ ask: 'fill', bytes: FILL_BYTES }, ANSWER_MS_MAX)
    const [receiver, sender] = await Promise.all([
      server.ask<Parts>({ ask: 'sampled' }),
      client.ask<Parts>({ ask: 'sampled' }),
    ])
    return { ...forPacket('sender', sender, bytes), ...forPacket('receiver', receiver, bytes) }
  }
  return { name, measure }
}

function forPacket(side: string, parts: Parts, bytes: number): Parts {
  const packets = bytes / PACKET_BYTES
  const all = Object.values(parts).reduce((sum, us) => sum + us, 0)
  const entries = [...Object.entries(parts), [ALL, all] as const]
  return Object.fromEntries(entries.map(([part, us]) => [`${side}: ${part}`, us / packets]))
}
