// An agent that keeps what it was told and works on what it was asked, over one stream a session, a line of text at a time. Run it compiled:
//   node dist/examples/agent.js [ADDRESS]
//   npx sojourn connect HIT@ADDRESS:PORT 7          then: `note TEXT`, `notes`, `work STEPS`
// Ctrl-C freezes it in the middle of its work; the same again goes on with the next step, at another address if you like. A session
// is its notes, the steps that are left, and the beginning of a line that has not come to its end. Its timer is made anew.

import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Endpoint, Host, type SojournStream, thaw } from '../src/index.ts'

const CAPSULE = 'agent.capsule'
const PORT = 7
const STEP_MS = 100
const LINE_MAX = 10_000

interface Memory {
  readonly notes: readonly string[]
  readonly done: number
  readonly steps: number
  readonly line: string
}

class Session {
  readonly stream: SojournStream
  memory: Memory
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(stream: SojournStream, memory: Memory = { notes: [], done: 0, steps: 0, line: '' }) {
    this.stream = stream
    this.memory = memory
    stream.on('data', (bytes: Buffer) => this.#read(bytes.toString('latin1')))
    stream.on('error', () => undefined)
    stream.on('close', () => {
      clearTimeout(this.#timer)
      sessions.delete(this)
    })
    this.#workOn()
  }

  #read(text: string): void {
    const lines = (this.memory.line + text).split('\n')
    this.memory = { ...this.memory, line: lines.pop() ?? '' }
    if (this.memory.line.length > LINE_MAX) this.stream.destroy()
    for (const line of lines) this.#obey(Buffer.from(line, 'latin1').toString().trim())
  }

  #obey(line: string): void {
    const [, verb, rest = ''] = /^(\w*) ?(.*)$/.exec(line) ?? []
    const { notes } = this.memory
    if (verb === 'note') this.memory = { ...this.memory, notes: [...notes, rest] }
    else if (verb === 'notes') this.stream.write(`${notes.length} notes: ${notes.join('; ')}\n`)
    else if (verb === 'work') this.memory = { ...this.memory, done: 0, steps: Number(rest) || 0 }
    else this.stream.write('note TEXT, notes, or work STEPS\n')
    this.#workOn()
  }

  #workOn(): void {
    if (this.#stopped || this.#timer !== undefined || this.memory.done >= this.memory.steps) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const done = this.memory.done + 1
      this.memory = { ...this.memory, done }
      this.stream.write(`step ${done} of ${this.memory.steps}\n`)
      this.#workOn()
    }, STEP_MS)
  }

  /** Nothing is done any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }
}

const host = await Host.open()
const place = { host, ledger: host.ledger(), bind: { address: process.argv[2] ?? '127.0.0.1' } }
const thawed = existsSync(CAPSULE) ? await thaw(readFileSync(CAPSULE), place) : undefined
if (thawed !== undefined) rmSync(CAPSULE)
const endpoint = thawed?.endpoint ?? (await Endpoint.open(place))

const sessions = new Set<Session>()
const listener = thawed?.listeners.get(PORT) ?? endpoint.listen(PORT)
listener.on('stream', (stream) => sessions.add(new Session(stream)))
const memories: Record<string, Memory> = thawed === undefined ? {} : JSON.parse(String(Buffer.from(thawed.state)))
for (const [peer, streams] of thawed?.streams ?? [])
  for (const [id, stream] of streams) sessions.add(new Session(stream, memories[`${peer} ${id}`]))

const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
console.log(`${endpoint.peer}, ${sessions.size} sessions`)
await stopped
for (const session of sessions) session.stop()
const state = (): Uint8Array =>
  Buffer.from(
    JSON.stringify(
      Object.fromEntries([...sessions].map(({ stream, memory }) => [`${stream.remoteAddress} ${stream.id}`, memory])),
    ),
  )
writeFileSync(CAPSULE, await endpoint.freeze({ to: host.kem, state }), { mode: 0o600 })
