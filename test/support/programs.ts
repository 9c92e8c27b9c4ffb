// Programs of the documentation and the examples as child processes: started at an address, stopped kindly, started again.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { afterThisTest } from './afterwards.ts'
import { temporaryFolder } from './temporary.ts'

let root: string | undefined

/** Of the file that runs. */
function folder(): string {
  if (root === undefined || !existsSync(root)) root = temporaryFolder()
  return root
}

/** A program that runs, and the first words of what it has printed: where it is. */
export interface Program {
  readonly child: ChildProcess
  readonly printed: string
}

/** A fresh folder to run programs in. */
export function runFolder(): string {
  return mkdtempSync(join(folder(), 'run-'))
}

/** All programs of a test file are on one host. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, SOJOURN_HOME: join(folder(), 'home') }
}

/** Starts a program at an address, and waits until it has printed where it is. */
export async function begin(program: string, address: string, cwd: string): Promise<Program> {
  const child = spawn(process.execPath, [program, address], { cwd, env: environment() })
  afterThisTest(() => child.kill('SIGKILL'))
  child.stderr.on('data', (bytes) => process.stderr.write(bytes))
  const [bytes] = await once(child.stdout, 'data')
  return { child, printed: String(bytes).trim().split(',')[0] ?? '' }
}

/** Asks it to freeze, and waits until it is gone. */
export async function stop({ child }: Program): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await gone).toEqual([0, null])
}
