// What the application of a process does with streams: it opens some, answers those that come, writes at its own pace, reads at another,
// ends or breaks off. It goes on after a thaw where it was, as an application would whose state travels along.

import { Prng } from '../base/prng.ts'
import type { StreamEvent } from '../core/stream-event.ts'
import type { Hit } from '../crypto/hit.ts'
import { contentBytes } from './content.ts'
import type { Instance } from './instance.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** The port where every application of a world takes streams. */
export const STREAM_PORT = 9

const RETRY_MS = 200
const PIECE_BYTES_MAX = 2_500
const PAUSE_MS_MAX = 40
const LENGTH_MAX = 9_000
/** StreamCode.CANCELLED, as an application would say it. */
const CANCELLED = 3

/** One direction of a stream, as it is to be written. */
interface Script {
  readonly serial: number
  readonly content: Uint8Array
  /** What comes after the last byte that is written. */
  readonly finish: 'end' | 'reset'
  written: number
  /** Waits for `stream-writable`. */
  held: boolean
}

interface Line {
  readonly peer: Hit
  readonly id: number
  script: Script | undefined
  /** Told and not read. */
  unread: number
  /** After so many bytes it has had enough. */
  readonly stopsAfter: number
  read: number
}

/** What the application of a process does with streams: opens, writes, reads, ends and breaks off, all of it drawn. */
export class StreamDesk {
  readonly #world: World
  readonly #subject: Process
  /** Decides what it does. */
  luck: Prng = new Prng(1)
  #lines = new Map<string, Line>()
  #planned = 0

  constructor(world: World, subject: Process) {
    this.#world = world
    this.#subject = subject
  }

  /** Nothing is open, and nothing is still to be opened. */
  get idle(): boolean {
    return this.#planned === 0 && this.#lines.size === 0
  }

  /** What still keeps it busy, for the report of a seed that does not come to rest. */
  get busyWith(): string {
    return `${this.#planned} streams to open, ${[...this.#lines.keys()].join(', ')} open`
  }

  /** Opens a stream at that moment, or as soon as there is an association. */
  plan(at: number, peer: Hit): void {
    this.#planned += 1
    this.#world.clock.at(at, () => this.#open(peer))
  }

  /** A start that has no associations of before. */
  forget(): void {
    this.#lines = new Map()
  }

  /** A start that goes on: what was not read is told again. */
  resume(): void {
    for (const line of this.#lines.values()) line.unread = 0
  }

  /** Once it runs: what the engine does not list any more is over, what it lists was perhaps never told. */
  compare(instance: Instance): void {
    const listed = new Set<string>()
    for (const { peer } of instance.engine.associations()) {
      for (const { id, opener } of instance.engine.streams(peer)) {
        listed.add(keyOf(peer, id))
        if (!this.#lines.has(keyOf(peer, id)) && !opener) this.#answer(peer, id)
      }
    }
    for (const [key, { script, peer, id }] of this.#lines) {
      if (!listed.has(key)) this.#lines.delete(key)
      else if (script !== undefined) {
        script.held = false
        this.#writeLater(peer, id)
      }
    }
  }

  /** The engine has told something of a stream. */
  hear(event: StreamEvent): void {
    const { peer, id } = event
    const key = keyOf(peer, id)
    const line = this.#lines.get(key)
    switch (event.type) {
      case 'stream':
        return this.#answer(peer, id)
      case 'stream-data':
        if (line === undefined) return
        line.unread += event.bytes.length
        return this.#readLater(peer, id)
      case 'stream-writable':
        if (line?.script !== undefined) line.script.held = false
        return this.#writeLater(peer, id)
      case 'stream-stopped':
        if (line !== undefined) line.script = undefined
        return
      case 'stream-closed':
      case 'stream-lost':
        this.#lines.delete(key)
    }
  }

  #open(peer: Hit): void {
    const { instance } = this.#subject
    const id = this.#running(instance) ? instance.command((e, now) => e.openStream(now, peer, STREAM_PORT)) : 'later'
    if (typeof id === 'string') return this.#world.clock.after(RETRY_MS, () => this.#open(peer))
    this.#planned -= 1
    const run = this.#subject.here.run
    this.#world.see({ type: 'stream-opened', run, peer, id })
    this.#begin(peer, id)
  }

  #answer(peer: Hit, id: number): void {
    this.#begin(peer, id)
  }

  #begin(peer: Hit, id: number): void {
    const prng = this.luck
    const length = 8 + prng.below(prng.chance(0.2) ? 3 * LENGTH_MAX : LENGTH_MAX / 3)
    const serial = this.#world.nextContent()
    const finish = prng.chance(0.1) ? 'reset' : 'end'
    const script: Script = { serial, content: contentBytes(serial, length), finish, written: 0, held: false }
    const stopsAfter = prng.chance(0.1) ? prng.below(2_000) : Infinity
    this.#lines.set(keyOf(peer, id), { peer, id, script, unread: 0, read: 0, stopsAfter })
    this.#writeLater(peer, id)
  }

  #writeLater(peer: Hit, id: number, ms = PAUSE_MS_MAX * this.luck.next() ** 3): void {
    this.#world.clock.after(ms, () => this.#write(peer, id))
  }

  #write(peer: Hit, id: number): void {
    const line = this.#lines.get(keyOf(peer, id))
    const { instance } = this.#subject
    const script = line?.script
    if (line === undefined || script === undefined || script.held) return
    if (!this.#running(instance)) return this.#writeLater(peer, id, RETRY_MS)
    if (script.written === script.content.length) return this.#finish(instance, line, script)
    const piece = script.content.subarray(script.written, script.written + 1 + this.luck.below(PIECE_BYTES_MAX))
    const outcome = instance.command((engine, now) => engine.writeStream(now, peer, id, piece))
    if (outcome === 'over') {
      line.script = undefined
      return
    }
    if (outcome !== 'full') {
      script.written += piece.length
      this.#world.see({ type: 'stream-wrote', run: instance.run, peer, id, serial: script.serial, bytes: piece })
    }
    script.held = outcome !== 'taken'
    this.#writeLater(peer, id)
  }

  #finish(instance: Instance, line: Line, { finish, serial }: Script): void {
    const { peer, id } = line
    line.script = undefined
    const { run } = instance
    if (finish === 'end') this.#world.see({ type: 'stream-finished', run, serial })
    else this.#world.see({ type: 'stream-broken', run, peer, id, how: 'reset' })
    instance.command((engine, now) =>
      finish === 'end' ? engine.endStream(now, peer, id) : engine.resetStream(now, peer, id, CANCELLED),
    )
  }

  #readLater(peer: Hit, id: number): void {
    this.#world.clock.after(2 * PAUSE_MS_MAX * this.luck.next() ** 3, () => this.#read(peer, id))
  }

  #read(peer: Hit, id: number): void {
    const line = this.#lines.get(keyOf(peer, id))
    const { instance } = this.#subject
    if (line === undefined || line.unread === 0 || !this.#running(instance)) return
    const bytes = Math.min(line.unread, 1 + this.luck.below(2 * PIECE_BYTES_MAX))
    line.unread -= bytes
    line.read += bytes
    this.#world.see({ type: 'stream-read', run: instance.run, peer, id, bytes })
    instance.command((engine, now) => engine.consumed(now, peer, id, bytes))
    if (line.read < line.stopsAfter) return line.unread > 0 ? this.#readLater(peer, id) : undefined
    this.#world.see({ type: 'stream-broken', run: instance.run, peer, id, how: 'stop' })
    instance.command((engine, now) => engine.stopStream(now, peer, id, CANCELLED))
  }

  #running(instance: Instance | undefined): instance is Instance {
    return instance?.running === true
  }
}

function keyOf(peer: Hit, id: number): string {
  return `${peer}#${id}`
}
