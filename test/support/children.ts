// Child processes of tests: compiled fixtures in dist, their stdout as JSON lines, killed by pid when a test ends.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Where it runs, if not as this process does. */
export interface ChildPlace {
  readonly env?: Readonly<Record<string, string>>
  /** A network namespace (`ip netns`). */
  readonly namespace?: string
}

/** A running fixture. */
export class Child {
  readonly process: ChildProcess
  readonly lines: Record<string, unknown>[] = []
  readonly exited: Promise<void>
  #waiting: (() => void)[] = []

  constructor(fixture: string, args: readonly string[], flags: readonly string[] = [], place: ChildPlace = {}) {
    const script = fileURLToPath(new URL(`../../dist/test/support/${fixture}.js`, import.meta.url))
    if (!existsSync(script)) throw new Error(`${script} is not built: npx tsc -b`)
    const enter = place.namespace === undefined ? [] : ['ip', 'netns', 'exec', place.namespace]
    const [command = '', ...argv] = [...enter, process.execPath, ...flags, script, ...args]
    const env = { ...process.env, ...place.env }
    this.process = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'], env })
    const { stdout } = this.process
    if (stdout === null) throw new Error('no stdout')
    createInterface({ input: stdout }).on('line', (line) => {
      // The last line of a killed process may be cut off.
      if (line.endsWith('}')) this.lines.push(JSON.parse(line))
      this.#wake()
    })
    this.exited = new Promise((resolve) => this.process.once('exit', () => resolve(this.#wake())))
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  /** Resolves once the child has said that many lines, or has exited. */
  async said(count: number): Promise<Record<string, unknown> | undefined> {
    while (this.lines.length < count && this.process.exitCode === null && this.process.signalCode === null) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return this.lines[count - 1]
  }

  tell(text: string): void {
    this.process.stdin?.write(text)
  }

  /** kill −9 */
  async kill(): Promise<void> {
    if (this.process.exitCode === null) this.process.kill('SIGKILL')
    await this.exited
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
