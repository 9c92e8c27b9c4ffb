// Bytes a second over streams on loopback, each time the same number of them: in one stream, and in a thousand streams of one
// association, at most 256 of them at once. Beside them, for orientation, one connection of node:net and one of node:tls. One pair
// of processes each, in turns. Then the memory of idle streams.

import { certificate } from './certificate.ts'
import { Gate } from './gate.ts'
import { idleStreams } from './idle-streams.ts'
import type { Report } from './report.ts'
import { Child, spread } from './support.ts'

const BYTES = 32 * 1024 * 1024
const MANY = 1_000
const ROUNDS = 7
/** Twenty thousand streams are over before all of our code is compiled. */
const WARM_UPS = 20
/** Rounds at which the machine was busy with something else are run again, up to so many in all. */
const ROUNDS_MAX = 34
/** A thousand streams carry so much of what one does. */
const SHARE_BAR = 0.7

const CASES = [
  { name: 'sojourn/1 stream', variant: 'sojourn', streams: 1 },
  { name: `sojourn/${MANY} streams`, variant: 'sojourn', streams: MANY },
  { name: 'node:net/1 connection', variant: 'net', streams: 1 },
  { name: 'node:tls/1 connection', variant: 'tls', streams: 1 },
] as const

type Case = (typeof CASES)[number]

export async function streams(report: Report): Promise<boolean> {
  const senders = new Map<string, Child>()
  const children: Child[] = []
  let share = Number.NaN
  try {
    const credentials = certificate()
    const cases = CASES.filter(({ variant }) => variant !== 'tls' || credentials !== undefined)
    for (const variant of new Set(cases.map((one) => one.variant))) {
      const [receiver, sender] = [new Child('streams'), new Child('streams')]
      children.push(receiver, sender)
      const { address } = await receiver.ask<{ address: string }>({ ask: 'listen', variant, credentials })
      await sender.ask({ ask: 'dial', variant, credentials, address })
      senders.set(variant, sender)
    }
    const rates = await rounds(cases, senders)
    for (const { name } of cases) report.figure(name, 'goodput', 'MB/s', spread(rates.get(name) ?? []))
    const [one, many, net, tls] = CASES.map(({ name }) => rates.get(name) ?? [])
    const ratios = (above: readonly number[] = [], below: readonly number[] = []): number[] =>
      above.map((rate, round) => rate / (below[round] ?? Number.NaN))
    report.ratio(CASES[1].name, CASES[0].name, ratios(many, one))
    report.ratio(CASES[0].name, CASES[2].name, ratios(one, net))
    if (credentials !== undefined) report.ratio(CASES[0].name, CASES[3].name, ratios(one, tls))
    share = spread(ratios(many, one)).median
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
  return (await idleStreams(report)) && share >= SHARE_BAR
}

/** Every case once a round; the first rounds warm up and do not count. */
async function rounds(cases: readonly Case[], senders: ReadonlyMap<string, Child>): Promise<Map<string, number[]>> {
  const rates = new Map<string, number[]>()
  const gate = new Gate()
  const all: Map<string, number>[] = []
  const counted: Map<string, number>[] = []
  for (let round = 0; round <= ROUNDS_MAX && counted.length < ROUNDS; round++) {
    const [measured, counts] = await gate.sample(async () => {
      const once = new Map<string, number>()
      for (const { name, variant, streams: count } of cases) {
        const { ms } = (await senders
          .get(variant)
          ?.ask<{ ms: number }>({ ask: 'fill', streams: count, bytes: BYTES })) ?? {
          ms: Number.NaN,
        }
        once.set(name, BYTES / ms / 1_000)
      }
      return once
    })
    if (round < WARM_UPS) continue
    all.push(measured)
    if (counts) counted.push(measured)
  }
  const { passed, refused } = gate.share
  console.error(`streams: ${passed} rounds ran undisturbed, ${refused} while the machine was busy`)
  // On a machine that is never free, ratios still say something.
  for (const one of counted.length > 0 ? counted : all)
    for (const [name, rate] of one) rates.set(name, [...(rates.get(name) ?? []), rate])
  return rates
}
