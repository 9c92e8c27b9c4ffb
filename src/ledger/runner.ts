// Which operating-system process runs a start, told apart from a later process with the same number by its start time
// (MOVING §1). Only for liveness: it keeps a saved identity from being started twice by accident, and decides nothing else.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A process of this machine. */
export interface Runner {
  readonly pid: number
  /** When it started, as its system tells it; empty if it does not. */
  readonly started: string
}

/** This very process. */
export async function thisRunner(): Promise<Runner> {
  return { pid: process.pid, started: (await startOf(process.pid)) ?? '' }
}

/** True if that process is still running. A process number of another container counts as not running. */
export async function isRunning(runner: Runner): Promise<boolean> {
  const started = await startOf(runner.pid)
  return started !== undefined && (started === runner.started || started === '' || runner.started === '')
}

/** The process that has this number now; undefined if none. */
export async function runnerOf(pid: number): Promise<Runner | undefined> {
  const started = await startOf(pid)
  return started === undefined ? undefined : { pid, started }
}

/** A short name of a process, fit for a file name. */
export function runnerTag(runner: Runner): string {
  return createHash('sha256').update(`${runner.pid} ${runner.started}`).digest('hex').slice(0, 16)
}

/** When the process started; '' if it runs and its system does not tell; undefined if it does not run. */
async function startOf(pid: number): Promise<string | undefined> {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined
  if (process.platform === 'linux') return linuxStart(pid)
  return process.platform === 'win32' ? knownToRun(pid) : psStart(pid)
}

/** Fields 3 (state) and 22 (start, in ticks since boot) of proc(5) stat; field 2 is in brackets and may hold anything. */
async function linuxStart(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const state = fields[0] ?? ''
    // A zombie has ended; only its parent has not looked yet.
    if (state === 'Z' || state === 'X') return undefined
    return `${await bootId()} ${fields[19] ?? ''}`
  } catch {
    return undefined
  }
}

async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim()
  } catch {
    return ''
  }
}

async function psStart(pid: number): Promise<string | undefined> {
  try {
    const options = { env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], options)
    return stdout.trim() === '' ? undefined : stdout.trim()
  } catch (error) {
    // Exit code 1: no such process. Anything else: no ps here.
    return isExit(error) ? undefined : knownToRun(pid)
  }
}

function isExit(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number'
}

function knownToRun(pid: number): string | undefined {
  try {
    process.kill(pid, 0)
    return ''
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? '' : undefined
  }
}
