// What the figures have in common: child processes that answer questions, and medians.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Where and how a child process runs, if not as this one does. */
export interface ChildPlace {
  /** Another Node. */
  readonly node?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** A network namespace (`ip netns`). */
  readonly namespace?: string | undefined
}

/** Nothing that is asked takes so long; a process that does not answer must not hold up the others. */
const ANSWER_MS_MAX = 240_000

/** A child process that is asked one thing at a time. */
export class Child {
  readonly #child: ChildProcess

  constructor(role: string, argv: readonly string[] = [], place: ChildPlace = {}) {
    const path = fileURLToPath(new URL(`roles/${role}.js`, import.meta.url))
    const enter = place.namespace === undefined ? [] : ['ip', 'netns', 'exec', place.namespace]
    const [command = '', ...args] = [...enter, place.node ?? process.execPath, '--expose-gc', path, ...argv]
    // What a role prints is for people: lines for machines are ours alone.
    const stdio: ['ignore', 2, 2, 'ipc'] = ['ignore', 2, 2, 'ipc']
    const env = { ...process.env, ...place.env }
    this.#child = spawn(command, args, { stdio, env, serialization: 'advanced' })
  }

  /** Sends `question` and waits for what comes back. */
  ask<T>(question: Record<string, unknown>, timeoutMs = ANSWER_MS_MAX): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(new Error(`no answer to ${String(question.ask)}`)), timeoutMs)
      const gone = (code: number | null): void => end(new Error(`a bench process ended with code ${code}`))
      const answered = (answer: T & { readonly error?: string }): void => {
        if (typeof answer === 'object' && answer !== null && answer.error !== undefined) end(new Error(answer.error))
        else end(undefined, answer)
      }
      const end = (error: Error | undefined, answer?: T): void => {
        clearTimeout(timer)
        this.#child.off('exit', gone).off('error', end).off('message', answered)
        if (error !== undefined || answer === undefined) reject(error)
        else resolve(answer)
      }
      this.#child.once('exit', gone).once('error', end).once('message', answered)
      this.#child.send(question, (error) => error && end(error))
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
