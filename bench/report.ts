// What a bench says: figures, ratios, bars and remarks, for people or, as JSON, for machines; kept under bench/results if wanted.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { quantile, type Spread } from './support.ts'

export interface Figure {
  readonly case: string
  readonly metric: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

export interface Ratio {
  readonly ratio: readonly [above: string, below: string]
  readonly metric?: string
  readonly median: number
}

/** What was promised, and what was measured. */
export interface Bar {
  readonly bar: string
  readonly wanted: string
  readonly measured: number
  readonly met: boolean
}

/** One run of one bench, as bench/results keeps it. */
export interface Result {
  readonly bench: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number }
  readonly node: string
  readonly commit: string
  /** In UTC. */
  readonly date: string
  readonly ok: boolean
  readonly figures: readonly Figure[]
  readonly ratios: readonly Ratio[]
  readonly bars: readonly Bar[]
  readonly notes: readonly string[]
}

/** Where kept runs are, from the root of the repository. */
export const RESULTS = 'bench/results'

/** Collects what one bench says, and prints it as it comes. */
export class Report {
  readonly #bench: string
  readonly #json: boolean
  readonly #save: boolean
  readonly #figures: Figure[] = []
  readonly #ratios: Ratio[] = []
  readonly #bars: Bar[] = []
  readonly #notes: string[] = []

  constructor(bench: string, json: boolean, save = false) {
    this.#bench = bench
    this.#json = json
    this.#save = save
  }

  figure(name: string, metric: string, unit: string, values: Spread): void {
    const { median, min, max } = values
    const line = {
      case: name,
      metric,
      unit,
      median: rounded(median),
      min: rounded(min),
      max: rounded(max),
      runs: values.runs,
    }
    this.#figures.push(line)
    this.#print(
      line,
      `${name.padEnd(34)} ${metric} ${line.median} ${unit} (${line.min}–${line.max}, ${line.runs} runs)`,
    )
  }

  ratio(above: string, below: string, values: readonly number[], metric?: string): void {
    const median = Number(quantile(values, 0.5).toFixed(3))
    const line: Ratio = { ratio: [above, below], ...(metric === undefined ? {} : { metric }), median }
    this.#ratios.push(line)
    this.#print(line, `${metric === undefined ? '' : `${metric}: `}${above} / ${below}: ${median}`)
  }

  /** Says whether a bar was met, which is returned; what could not be measured has not met it. */
  bar(what: string, measured: number, limit: { readonly atLeast: number } | { readonly atMost: number }): boolean {
    const met = 'atLeast' in limit ? measured >= limit.atLeast : measured <= limit.atMost
    const wanted = 'atLeast' in limit ? `≥ ${limit.atLeast}` : `≤ ${limit.atMost}`
    const line = { bar: what, wanted, measured: rounded(measured), met }
    this.#bars.push(line)
    this.#print(line, `bar: ${what}: ${line.measured}, wanted ${wanted}${met ? '' : ' — MISSED'}`)
    return met
  }

  /** Something that has to be known beside the figures, such as who was left out. */
  note(text: string): void {
    this.#notes.push(text)
    this.#print({ note: text }, `note: ${text}`)
  }

  end(ok: boolean): void {
    const machine = {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    }
    const run = { machine, node: process.version, commit: commit(), ok }
    this.#print(run, `${this.#bench}: ${ok ? 'ok' : 'BELOW ITS BAR'}`)
    if (!ok) process.exitCode = 1
    if (this.#save) this.#keep({ bench: this.#bench, ...run, ...this.#collected(), date: new Date().toISOString() })
  }

  #collected(): Pick<Result, 'figures' | 'ratios' | 'bars' | 'notes'> {
    return { figures: this.#figures, ratios: this.#ratios, bars: this.#bars, notes: this.#notes }
  }

  /** One entry a line: a later run shows as what it changes. */
  #keep(result: Result): void {
    const folder = fileURLToPath(new URL(`../../${RESULTS}/`, import.meta.url))
    mkdirSync(folder, { recursive: true })
    const lines = Object.entries(result).map(([key, value]) => {
      if (!Array.isArray(value) || value.length === 0) return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`
      return `  ${JSON.stringify(key)}: [\n${value.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]`
    })
    writeFileSync(`${folder}${result.bench}.json`, `{\n${lines.join(',\n')}\n}\n`)
  }

  #print(line: object, text: string): void {
    console.log(this.#json ? JSON.stringify({ bench: this.#bench, ...line }) : text)
  }
}

/** Four digits; what was not measured is null in JSON. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

function commit(): string {
  const git = (...argv: string[]): string =>
    execFileSync('git', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'bench', ':!bench/results') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`
  } catch {
    return 'unknown'
  }
}
