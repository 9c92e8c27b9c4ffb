// A child process as the demo's parent sees it: requests with answers, news, and its end. Each has a home of its own, and so a
// host key of its own. All that are left are killed by their ids when the parent ends.

import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FromChild, News, Request, Role } from './messages.ts'

const CLI = fileURLToPath(new URL('../main.js', import.meta.url))
/** A child that does not answer by then never will. */
const ANSWER_MS = 15_000

const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** One process of the demo. */
export class Child {
  readonly role: Role
  readonly pid: number
  /** Settles when the process is gone. */
  readonly exited: Promise<void>
  readonly #process: ChildProcess
  readonly #open = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  readonly #tell: (news: News) => void
  #number = 0

  private constructor(role: Role, process: ChildProcess, tell: (news: News) => void) {
    this.role = role
    this.pid = process.pid ?? 0
    this.#process = process
    this.#tell = tell
    alive.add(process)
    this.exited = new Promise((resolve) => {
      process.once('exit', (code, signal) => {
        alive.delete(process)
        this.#fail(new Error(`${role} (pid ${this.pid}) ended too early: ${signal ?? `exit code ${code}`}`))
        resolve()
      })
    })
    process.on('message', (message: FromChild) => this.#heard(message))
    process.on('error', (error) => this.#fail(error))
  }

  /** Starts a process with a fresh home below `folder`, and waits until it is ready. */
  static async start(role: Role, folder: string, serial: number, tell: (news: News) => void): Promise<Child> {
    const child = fork(CLI, [`demo-${role}`, join(folder, 'ledger')], {
      env: { ...process.env, SOJOURN_HOME: join(folder, `host-${serial}`) },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const started = new Child(role, child, tell)
    await started.#answer(0)
    return started
  }

  /** Asks for something. `T` is what this request is answered with, as messages.ts says. */
  ask<T>(request: Request): Promise<T> {
    const number = ++this.#number
    const answer = this.#answer(number)
    this.#process.send({ ...request, number })
    return answer as Promise<T>
  }

  /** Ends the process at once. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #answer(number: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.role} (pid ${this.pid}) does not answer`)), ANSWER_MS)
      const settled = (): void => {
        clearTimeout(timer)
        this.#open.delete(number)
      }
      this.#open.set(number, {
        resolve: (result) => {
          settled()
          resolve(result)
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
    })
  }

  #heard(message: FromChild): void {
    if (message.type === 'done') this.#open.get(message.number)?.resolve(message.result)
    else if (message.type === 'failed') {
      this.#open.get(message.number)?.reject(new Error(`${this.role} (pid ${this.pid}): ${message.message}`))
    } else this.#tell(message)
  }

  #fail(error: Error): void {
    for (const open of [...this.#open.values()]) open.reject(error)
  }
}
