// Cases in turn: each is measured once a round, so that whatever the machine does at the time is done to all of them. What was
// measured while the machine was busy does not count and is measured again. A case that fails is left out, which is said.

import { Gate } from './gate.ts'
import type { Report } from './report.ts'
import { quantile, type Spread, spread } from './support.ts'

export interface Case {
  readonly name: string
  /** What has to be done before each measurement. */
  readonly prepare?: () => Promise<unknown>
  /** One measurement: values by metric. */
  readonly measure: () => Promise<Readonly<Record<string, number>>>
}

export interface RoundsOptions {
  /** Measurements of each case that are to count. */
  readonly rounds?: number
  /** No round but the first that counts begins after so long. */
  readonly msMax: number
  /** Rounds that do not count. */
  readonly warmUps?: number
}

const ROUNDS = 5

/** The values of all cases, by metric. */
export class Measured {
  readonly #values = new Map<string, Map<string, number[]>>()
  readonly #first: ReadonlyMap<string, Readonly<Record<string, number>>>

  /** `first`: of each case, what its processes did with code that had never run. */
  constructor(first: ReadonlyMap<string, Readonly<Record<string, number>>>) {
    this.#first = first
  }

  first(name: string, metric: string): number | undefined {
    return this.#first.get(name)?.[metric]
  }

  add(name: string, sample: Readonly<Record<string, number>>): void {
    const metrics = this.#values.get(name) ?? new Map<string, number[]>()
    this.#values.set(name, metrics)
    for (const [metric, value] of Object.entries(sample)) metrics.set(metric, [...(metrics.get(metric) ?? []), value])
  }

  values(name: string, metric: string): readonly number[] {
    return this.#values.get(name)?.get(metric) ?? []
  }

  count(name: string): number {
    const metrics = this.#values.get(name)?.values() ?? []
    return Math.max(0, ...[...metrics].map((values) => values.length))
  }

  spread(name: string, metric: string): Spread | undefined {
    const values = this.values(name, metric)
    return values.length === 0 ? undefined : spread(values)
  }

  /** NaN if it was not measured. */
  median(name: string, metric: string): number {
    return quantile(this.values(name, metric), 0.5)
  }

  ratio(above: string, below: string, metric: string): number {
    return this.median(above, metric) / this.median(below, metric)
  }
}

export async function interleaved(
  report: Report,
  cases: readonly Case[],
  { rounds = ROUNDS, msMax, warmUps = 1 }: RoundsOptions,
): Promise<Measured> {
  const first = new Map<string, Readonly<Record<string, number>>>()
  const [counted, all, failed] = [new Measured(first), new Measured(first), new Set<string>()]
  const gate = new Gate()
  const startedAt = performance.now()
  // One round is counted, however long it takes.
  for (let round = 0; round <= warmUps || performance.now() - startedAt < msMax; round++) {
    const wanting = cases.filter(({ name }) => !failed.has(name) && counted.count(name) < rounds)
    if (wanting.length === 0) break
    for (const { name, prepare, measure } of wanting) {
      try {
        await prepare?.()
        const [sample, counts] = await gate.sample(measure)
        if (round === 0) first.set(name, sample)
        if (round < warmUps) continue
        all.add(name, sample)
        if (counts) counted.add(name, sample)
      } catch (error) {
        failed.add(name)
        report.note(`${name} is left out: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  const { passed, refused } = gate.share
  console.error(`bench: ${passed} measurements ran undisturbed, ${refused} while the machine was busy`)
  // On a machine that is never free, ratios still say something.
  const few = cases.some(({ name }) => !failed.has(name) && counted.count(name) < rounds)
  if (few) report.note('the machine was busy with something else: what was measured then is counted too')
  return few ? all : counted
}

/** Prints what every case did in its first run, which only warms up: what a process pays that has done nothing of the kind before. */
export function firstRuns(
  report: Report,
  names: readonly string[],
  measured: Measured,
  metric: string,
  unit: string,
): void {
  for (const name of names) {
    const value = measured.first(name, metric)
    if (value !== undefined) report.figure(name, `${metric}, first run`, unit, spread([value]))
  }
}

/** Prints the spread of one metric of every case that has it. */
export function figures(
  report: Report,
  names: readonly string[],
  measured: Measured,
  metric: string,
  unit: string,
): void {
  for (const name of names) {
    const values = measured.spread(name, metric)
    if (values !== undefined) report.figure(name, metric, unit, values)
  }
}
