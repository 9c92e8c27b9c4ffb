// The compiled command line as child processes, each with a home of its own. `npm test` compiles first.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterThisTest } from './afterwards.ts'

const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** What a finished command left. */
export interface Finished {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Running {
  readonly pid: number
  /** The first line of stdout, once it is there. */
  readonly firstLine: Promise<string>
  /** The first line of stderr, once it is there. */
  readonly firstNote: Promise<string>
  readonly finished: Promise<Finished>
  kill(signal: NodeJS.Signals): void
  /** As `| head -1` does. */
  closeStdout(): void
}

/** Starts `sojourn ...args`, with `input` as its stdin if there is any. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}, input?: string): Running {
  if (!existsSync(CLI)) throw new Error('compile first: npx tsc -b')
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  afterThisTest(() => child.kill('SIGKILL'))
  // Whoever does not read its input may be gone before it has all of it.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const firstOf = (stream: Readable, text: () => string): Promise<string> => {
    const line = new Promise<string>((resolve, reject) => {
      stream.on('data', () => {
        const end = text().indexOf('\n')
        if (end >= 0) resolve(text().slice(0, end))
      })
      child.once('close', () => reject(new Error(`ended without a line: ${stderr}`)))
    })
    line.catch(() => undefined)
    return line
  }
  const firstLine = firstOf(child.stdout, () => stdout)
  const firstNote = firstOf(child.stderr, () => stderr)
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr })
    })
  })
  return {
    pid: child.pid ?? 0,
    firstLine,
    firstNote,
    finished,
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout.destroy(),
  }
}

/** Runs `sojourn ...args` to its end. */
export function runCli(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished> {
  return startCli(args, env).finished
}
