// What the figures have in common: child processes that answer questions, medians, and lines for people or machines.

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

/** A child process that is asked one thing at a time. */
export class Child {
  readonly #child: ChildProcess

  constructor(role: string, argv: readonly string[] = []) {
    const path = fileURLToPath(new URL(`roles/${role}.js`, import.meta.url))
    this.#child = fork(path, argv, { execArgv: ['--expose-gc'], serialization: 'advanced' })
  }

  /** Sends `question` and waits for what comes back. */
  ask<T>(question: Record<string, unknown>): Promise<T> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`a bench process ended with code ${code}`))
      this.#child.once('exit', gone)
      this.#child.once('message', (answer: T & { readonly error?: string }) => {
        this.#child.off('exit', gone)
        if (typeof answer === 'object' && answer !== null && answer.error !== undefined) reject(new Error(answer.error))
        else resolve(answer)
      })
      this.#child.send(question)
    })
  }

  async stop(): Promise<void> {
    // A killed process has a signal in place of an exit code.
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.kill('SIGKILL')
    await gone
  }
}

/** In a role: answers questions until the process is killed. */
export function answer(handlers: Record<string, (question: never) => unknown>): void {
  process.on('message', (question: { readonly ask: string }) => {
    const handler = handlers[question.ask]
    void Promise.resolve()
      .then(() => handler && Reflect.apply(handler, undefined, [question]))
      .then(
        (result) => process.send?.(result ?? {}),
        (error: unknown) => process.send?.({ error: String(error) }),
      )
  })
  process.on('disconnect', () => process.exit(0))
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

export function spread(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values), runs: values.length }
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

/** Collects the lines of one bench and prints them. */
export class Report {
  readonly #bench: string
  readonly #json: boolean

  constructor(bench: string, json: boolean) {
    this.#bench = bench
    this.#json = json
  }

  figure(name: string, metric: string, unit: string, values: Spread): void {
    const { median, min, max, runs } = values
    const round = (value: number): number => Number(value.toPrecision(4))
    const line = {
      bench: this.#bench,
      case: name,
      metric,
      unit,
      median: round(median),
      min: round(min),
      max: round(max),
      runs,
    }
    this.#print(line, `${name.padEnd(34)} ${metric} ${line.median} ${unit} (${line.min}–${line.max}, ${runs} runs)`)
  }

  ratio(a: string, b: string, values: readonly number[]): void {
    const median = Number(quantile(values, 0.5).toFixed(3))
    this.#print({ bench: this.#bench, ratio: [a, b], median }, `${a} / ${b}: ${median}`)
  }

  end(ok: boolean): void {
    const machine = {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    }
    this.#print(
      { bench: this.#bench, machine, node: process.version, commit: commit(), ok },
      `${this.#bench}: ${ok ? 'ok' : 'BELOW ITS BAR'}`,
    )
    if (!ok) process.exitCode = 1
  }

  #print(line: object, text: string): void {
    console.log(this.#json ? JSON.stringify(line) : text)
  }
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
